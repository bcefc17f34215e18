"""`tidegate token`: a token for one organisation, printed alone."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from app.cli.installation import load, with_store
from app.cli.output import AsJson, print_result
from app.clock import system_clock
from app.errors import Refused

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """`90s`, `15m`, `1h` or `30d`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration such as 90s, 15m, 1h or 30d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_scopes(text: str) -> frozenset[str]:
    """Scopes separated by spaces or commas; one that is not on the closed list is a usage fault."""
    from app.security.tokens import refuse_unknown_scopes

    scopes = frozenset(text.replace(",", " ").split())
    refuse_unknown_scopes(scopes)
    return scopes


def token(
    organisation: Annotated[str, typer.Option(help="Name of the organisation it speaks for.")],
    scopes: Annotated[str, typer.Option(help="Scopes it holds, separated by spaces.")],
    subject: Annotated[str, typer.Option(help="Who holds it.")] = "command-line",
    ttl: Annotated[str, typer.Option(metavar="90s|15m|1h|30d", help="How long it lives.")] = "1h",
    as_json: AsJson = False,
) -> None:
    """Print a token.  Example: tidegate token --organisation demo --scopes "entries:read events:read" --ttl 8h"""
    held, lifetime = parse_scopes(scopes), parse_duration(ttl)
    settings = load()
    from app.security import open_tokens
    from app.services.organisations import find_organisation

    found = with_store(lambda store: find_organisation(store, organisation), settings)
    if found is None:
        raise Refused(f"there is no organisation {organisation!r}: `tidegate organisation list` names them")
    now = system_clock()
    minted = open_tokens(settings).mint(
        subject=subject, organisation_id=found.id, scopes=held, lifetime=lifetime, now=now
    )
    print_result(minted, {"token": minted, "expiresAt": now + lifetime, "scopes": sorted(held)}, as_json=as_json)
