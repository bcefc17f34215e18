"""`tidegate tariff`: loads revisions of the tariff, lists and compares them."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import measures
from app.cli.download import read_source
from app.cli.installation import load as load_settings
from app.cli.installation import with_store
from app.cli.measures import parse_day
from app.cli.output import AsJson, Steps, print_json, print_table
from app.errors import Refused

if TYPE_CHECKING:
    from app.store.session import Store
    from app.tariff.schedule import ComparedLine, LineChange

app = typer.Typer(name="tariff", help="The tariff.  Example: tidegate tariff list", no_args_is_help=True)
app.add_typer(measures.app)


@app.command()
def load(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="An official export, JSON, plain or gzip.")],
    name: Annotated[str, typer.Option(help="What to call the revision.")],
    effective: Annotated[date, typer.Option(parser=parse_day, metavar="DATE", help="First day it is in force.")],
    as_json: AsJson = False,
) -> None:
    """Load a revision.  Example: tidegate tariff load hts.json.gz --name "2026 rev. 10" --effective 2026-07-01"""
    settings = load_settings()
    steps = Steps(as_json=as_json)
    from app.services.tariff import load_tariff
    from app.tariff.export import MAX_BYTES, ExportError, read_export

    with steps.bar("fetch", "bytes") as fetched:
        raw = read_source(source, fetched, MAX_BYTES)
    try:
        with steps.bar("read") as read:
            export = read_export(raw, progress=read)
    except ExportError as fault:
        raise Refused(f"{source}: {fault}; nothing was loaded", row=fault.row, field=fault.field) from fault
    with steps.bar("store") as stored:
        loaded = with_store(
            lambda store: load_tariff(store, export, name=name, effective_from=effective, progress=stored), settings
        )
    verb = "was loaded before" if loaded.already else "is loaded"
    steps.finish(
        "loaded",
        f"{name} {verb}: {loaded.lines} lines, in force from {effective}"
        + (f". Note: {loaded.notice}" if loaded.notice else ""),
        revisionId=loaded.revision_id,
        name=name,
        effectiveFrom=effective,
        lines=loaded.lines,
        already=loaded.already,
        notice=loaded.notice,
        sha256=export.sha256,
    )


@app.command()
def unload(
    name: Annotated[str, typer.Argument(help="The revision's name.")],
    as_json: AsJson = False,
) -> None:
    """Take a revision out again that no kept quote stands on.  Example: tidegate tariff unload "2026 rev. 10" """
    settings = load_settings()
    from app.services.tariff import unload_tariff

    lines = with_store(lambda store: unload_tariff(store, name), settings)
    Steps(as_json=as_json).finish("unloaded", f"{name} is unloaded: {lines} lines are gone", name=name, lines=lines)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A loaded revision's name, or an export's file.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The revision to compare it with, likewise.")],
    as_json: AsJson = False,
) -> None:
    """Show what one revision changes of another.  Example: tidegate tariff diff 2026-rev-4 2026-rev-10"""
    settings = load_settings()
    from app.tariff.schedule import line_changes

    old, new = with_store(lambda store: _lines_of(store, before, after), settings)
    changes = line_changes(old, new)
    if as_json:
        print_json([_change_form(change) for change in changes])
        return
    counts = Counter(change.kind.value for change in changes)
    typer.echo(", ".join(f"{count} {kind.lower().replace('_', ' ')}" for kind, count in counts.items()) or "no change")
    if changes:
        rows = [(one.kind.value, one.number, *_in_words(one)) for one in changes]
        print_table(("change", "number", "before", "after"), rows)


async def _lines_of(store: "Store", *names: str) -> "list[list[ComparedLine]]":
    from app.services.tariff import revision_lines

    found: list[list[ComparedLine]] = []
    for name in names:
        lines = await revision_lines(store, name)
        found.append(_lines_of_file(name) if lines is None else lines)
    return found


def _lines_of_file(name: str) -> "list[ComparedLine]":
    from app.tariff.export import MAX_BYTES, ExportError, read_export
    from app.tariff.schedule import TariffLine

    if not Path(name).is_file():
        raise Refused(f"{name} is neither a loaded revision nor a file: `tidegate tariff list` names the revisions")
    try:
        export = read_export(read_source(name, lambda done, total: None, MAX_BYTES))
    except ExportError as fault:
        raise Refused(f"{name}: {fault}", row=fault.row, field=fault.field) from fault
    return [TariffLine.of(row) for row in export.rows if row.number is not None]


def _change_form(change: "LineChange") -> dict[str, Any]:
    sides = {"before": change.before, "after": change.after}
    names = ("description", "units", "general", "special", "other")
    forms = {
        side: None if line is None else {name: getattr(line, name) for name in names} for side, line in sides.items()
    }
    return {"kind": change.kind.value, "number": change.number, "fields": list(change.fields), **forms}


def _in_words(change: "LineChange") -> tuple[str, str]:
    """Both sides of what differs; of a line that is new or gone its words and its general rate."""
    fields = change.fields or ("description", "general")

    def side(line: "ComparedLine | None") -> str:
        if line is None:
            return ""
        values = (getattr(line, name) for name in fields)
        return "; ".join(", ".join(value) if isinstance(value, list | tuple) else str(value)[:80] for value in values)

    return side(change.before), side(change.after)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the loaded revisions.  Example: tidegate tariff list --json"""
    from app.services.tariff import list_revisions

    found = with_store(list_revisions, load_settings())
    if as_json:
        print_json(
            [
                {
                    "name": row.name,
                    "effectiveFrom": row.effective_from,
                    "lines": row.line_count,
                    "starter": row.starter,
                    "loadedAt": row.loaded_at,
                    "sha256": row.sha256,
                }
                for row in found
            ]
        )
        return
    print_table(
        ("name", "in force from", "lines", "starter", "sha256"),
        [
            (row.name, str(row.effective_from), str(row.line_count), "starter" if row.starter else "", row.sha256[:12])
            for row in found
        ],
    )
