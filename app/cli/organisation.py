"""`tidegate organisation`: the tenants of this installation."""

from typing import Annotated

import typer

from app.cli.installation import load, with_store
from app.cli.output import AsJson, print_json, print_result, print_table
from app.values import OrganisationKind

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
        OrganisationKind, typer.Option(parser=parse_kind, metavar="importer|broker|partner", help="What it does.")
    ] = OrganisationKind.IMPORTER,
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
    """List the organisations.  Example: tidegate organisation list --json"""
    from app.services.organisations import list_organisations

    found = with_store(list_organisations, load())
    if as_json:
        print_json([{"id": row.id, "name": row.name, "kind": row.kind} for row in found])
    else:
        print_table(("name", "kind", "id"), [(row.name, row.kind.lower(), row.id) for row in found])
