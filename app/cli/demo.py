"""`tidegate demo`: an embedded gateway with sample data, three ready tokens and a port that moves entries along."""

import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.installation import load, with_store
from app.cli.output import Steps
from app.cli.serve import listening_fault, run_server
from app.clock import system_clock
from app.errors import Refused
from app.principal import SCOPES
from app.values import OrganisationKind

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.session import Store

LIFETIME = timedelta(days=7)
EXAMPLE = '{"query": "{ entries(first: 5) { nodes { entryNumber status importer { name } } } }"}'

_READS = frozenset(scope for scope in SCOPES if scope.endswith(":read"))
_OPERATOR_ONLY = frozenset({"access:manage", "audit:read", "schema:debug"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Someone who tries the demo: of the sample importer, or of the partner that is a party to some of its entries."""

    who: str
    subject: str
    kind: OrganisationKind
    scopes: frozenset[str]


VISITORS = (
    Visitor("front-end team", "front-end-team", OrganisationKind.IMPORTER, frozenset(SCOPES) - _OPERATOR_ONLY),
    Visitor(
        "partner",
        "partner",
        OrganisationKind.PARTNER,
        frozenset({"entries:read", "shipments:read", "events:read", "tariff:read", "schema:read"}),
    ),
    Visitor("analyst", "analyst", OrganisationKind.IMPORTER, _READS - _OPERATOR_ONLY | {"duty:quote"}),
)


def demo(
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
    seed_only: Annotated[bool, typer.Option("--seed-only", help="Fill the database and start nothing.")] = False,
) -> None:
    """Fill the database with sample data and serve it.  Example: tidegate demo --port 9000"""
    settings = load(port=port)
    if "log_format" not in settings.model_fields_set:
        settings = load(port=port, log_format="console")
    fault = None if seed_only else listening_fault(settings.host, settings.port)
    if fault:
        raise Refused(f"{fault}: choose another with --port")
    tokens = _prepare(settings, Steps())
    if seed_only:
        return
    typer.echo(_welcome(f"http://{settings.host}:{settings.port}/graphql", tokens))
    run_server(settings, simulate_port=True)


def _prepare(settings: "Settings", steps: Steps) -> list[tuple[Visitor, str]]:
    """Brings the database up to date, fills it, and makes the tokens; each step may be repeated."""
    from app.security import open_tokens
    from app.services.sample.seed import seed
    from app.store import migrations

    tokens = open_tokens(settings)

    async def fill(store: "Store") -> dict[OrganisationKind, str]:
        taken = await migrations.upgrade(store)
        steps.say("database", f"database is up to date ({len(taken)} steps taken)", upgraded=taken)
        made = await seed(store, system_clock)
        sample = {
            OrganisationKind.IMPORTER: made.importer_id,
            OrganisationKind.BROKER: made.broker_id,
            OrganisationKind.PARTNER: made.partner_id,
        }
        steps.say("sample", "sample data is in place", organisations={kind.lower(): sample[kind] for kind in sample})
        return sample

    organisations = with_store(fill, settings, at_head=False)
    now = system_clock()
    return [
        (
            visitor,
            tokens.mint(
                subject=visitor.subject,
                organisation_id=organisations[visitor.kind],
                scopes=visitor.scopes,
                lifetime=LIFETIME,
                now=now,
            ),
        )
        for visitor in VISITORS
    ]


def _welcome(url: str, tokens: list[tuple[Visitor, str]]) -> str:
    lines = [f"Tidegate: {url}", ""]
    for visitor, token in tokens:
        lines += [f"token of the {visitor.who}:", token, ""]
    curl = [
        f"curl -s {url}",
        f"-H {shlex.quote(f'Authorization: Bearer {tokens[0][1]}')}",
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(EXAMPLE)}",
    ]
    return "\n".join([*lines, "try:", " ".join(curl), ""])
