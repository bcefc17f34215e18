"""`tidegate organisation`: the tenants of this installation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.installation import load, with_store
from app.cli.output import AsJson, print_json, print_result, print_table
from app.values import OrganisationKind

if TYPE_CHECKING:
    from app.services.organisations import LinkedParty
    from app.store.session import Store

app = typer.Typer(
    name="organisation",
    help="The organisations that use the gateway.  Example: tidegate organisation create 'Harbor Foods'",
    no_args_is_help=True,
)


def parse_kind(text: str) -> OrganisationKind:
    """`importer`, `broker` or `partner`, in any case."""
    try:
        return OrganisationKind(text.upper())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is none of importer, broker, partner") from None


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Its name, unique in this installation.")],
    kind: Annotated[
        OrganisationKind | None,
        typer.Option(parser=parse_kind, metavar="importer|broker|partner", help="What it does; importer unless said."),
    ] = None,
    party: Annotated[
        list[str] | None, typer.Option(help="Link it to a party, so that it sees what that party takes part in.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an organisation.  Example: tidegate organisation create Carrier --kind partner --party pty_…"""
    from app.services.organisations import create_organisation

    made = with_store(lambda store: create_organisation(store, name, kind, tuple(party or ())), load())
    text = f"{'created' if made.created else 'exists already:'} {name} ({made.organisation_id})"
    if made.linked:
        text += f", linked to {', '.join(made.linked)}"
    facts = {"organisationId": made.organisation_id, "created": made.created, "linked": list(made.linked)}
    print_result(text, facts, as_json=as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the organisations and the parties they are.  Example: tidegate organisation list --json"""
    from app.services.organisations import linked_parties, list_organisations

    async def read(store: "Store") -> "tuple[Sequence[Any], dict[str, list[LinkedParty]]]":
        return await list_organisations(store), await linked_parties(store)

    found, linked = with_store(read, load())
    if as_json:
        print_json([_facts(row, linked.get(row.id, [])) for row in found])
    else:
        columns = ("name", "kind", "id", "sees what these take part in")
        print_table(columns, [(row.name, row.kind.lower(), row.id, _in_words(linked.get(row.id, []))) for row in found])


def _facts(row: Any, linked: "list[LinkedParty]") -> dict[str, Any]:
    parties = [{"id": party.party_id, "name": party.name, "recordedBy": party.recorded_by} for party in linked]
    return {"id": row.id, "name": row.name, "kind": row.kind, "parties": parties}


def _in_words(linked: "list[LinkedParty]") -> str:
    return "; ".join(f"{party.name} of {party.recorded_by} ({party.party_id})" for party in linked)
