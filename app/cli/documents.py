"""`tidegate documents`: manifests of the documents that clients name, and which clients are held to them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.installation import load, with_store
from app.cli.output import AsJson, print_json, print_result, print_table
from app.errors import Refused

if TYPE_CHECKING:
    from app.services.documents import NewDocument, Pushed
    from app.settings import DocumentMode, Settings
    from app.store.session import Store

app = typer.Typer(
    name="documents", help="Trusted documents.  Example: tidegate documents push manifest.json", no_args_is_help=True
)

FAULTS_SHOWN = 20
Organisation = Annotated[str | None, typer.Option(help="Only for this organisation; for all where absent.")]


def parse_mode(text: str) -> "DocumentMode | None":
    """`open`, `apq`, `trusted`; `default` gives a client back to the gateway's setting."""
    from app.settings import DocumentMode

    if text == "default":
        return None
    try:
        return DocumentMode(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is none of open, apq, trusted, default") from None


@app.command()
def push(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Manifests of Apollo or Relay, or .graphql.")],
    organisation: Organisation = None,
    name: Annotated[str | None, typer.Option(help="The manifest's name; the file's where absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Trust the documents of a manifest.  Example: tidegate documents push persisted-query-manifest.json"""
    settings = load()
    read = [(name or file.name, *_read(file, settings)) for file in files]
    faults = [f"{file}: {fault}" for file, (_, _, found) in zip(files, read, strict=True) for fault in found]
    if faults:
        more = [f"and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
        raise Refused("nothing was pushed\n" + "\n".join([*faults[:FAULTS_SHOWN], *more]), faults=faults)
    done = with_store(lambda store: _push(store, read, organisation), settings)
    facts = {"new": sum(one.new for one in done), "already": sum(one.already for one in done)}
    print_result(f"{facts['new']} documents are new, {facts['already']} were there", facts, as_json=as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the trusted documents.  Example: tidegate documents list"""
    from app.services.documents import listed

    rows = [
        {"manifest": row.manifest, "id": row.document_id, "name": row.name or "", "organisation": row.organisation_id}
        for row in with_store(listed, load())
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("manifest", "id", "name", "organisation")
        print_table(columns, [tuple(str(row[column] or "") for column in columns) for row in rows])


@app.command()
def withdraw(
    manifest: Annotated[str, typer.Argument(help="The name of the manifest.")],
    organisation: Organisation = None,
    as_json: AsJson = False,
) -> None:
    """Take a manifest's documents back.  Example: tidegate documents withdraw persisted-query-manifest.json"""
    from app.services import documents

    async def work(store: "Store") -> int:
        return await documents.withdraw(store, manifest, await _organisation(store, organisation))

    gone = with_store(work, load())
    if not gone:
        raise Refused(f"there is no manifest {manifest!r} of that organisation: `tidegate documents list` names them")
    print_result(f"{gone} documents are trusted no longer", {"withdrawn": gone}, as_json=as_json)


@app.command()
def mode(
    value: Annotated[str, typer.Argument(metavar="open|apq|trusted|default", help="What the client may run.")],
    organisation: Annotated[str, typer.Option(help="The client's organisation, by name or id.")],
    subject: Annotated[str, typer.Option(help="One client of it, the `sub` of its tokens; all where absent.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hold a client to a mode.  Example: tidegate documents mode trusted --organisation Carrier --subject tracker"""
    from app.services import documents

    wanted = parse_mode(value)

    async def work(store: "Store") -> None:
        found = await _organisation(store, organisation)
        assert found is not None
        await documents.hold(store, found, subject, wanted)

    with_store(work, load())
    who = f"{subject} of {organisation}" if subject else f"every client of {organisation}"
    told = "does what the gateway's setting says" if wanted is None else f"is held to {wanted.value}"
    facts = {"organisation": organisation, "subject": subject or None, "mode": value}
    print_result(f"{who} {told}, within seconds", facts, as_json=as_json)


def _read(file: Path, settings: "Settings") -> "tuple[list[NewDocument], list[str]]":
    from app.engine.documents.manifest import read_manifest
    from app.engine.planning.plan import Planner
    from app.engine.planning.size import Limits
    from schema import build_schema

    try:
        raw = file.read_bytes()
    except OSError as fault:
        raise Refused(f"{file} cannot be read: {fault.strerror}") from fault
    planner = Planner(build_schema()._schema, Limits.of(settings))
    return read_manifest(raw, planner, graphql=file.suffix == ".graphql")


async def _push(
    store: "Store", read: "list[tuple[str, list[NewDocument], list[str]]]", organisation: str | None
) -> "list[Pushed]":
    from app.services import documents

    owner = await _organisation(store, organisation)
    return [await documents.push(store, name, found, owner) for name, found, _ in read]


async def _organisation(store: "Store", name: str | None) -> str | None:
    from app.services.organisations import organisation_called

    if name is None:
        return None
    found = await organisation_called(store, name)
    if found is None:
        raise Refused(f"there is no organisation {name!r}: `tidegate organisation list` names them")
    return found
