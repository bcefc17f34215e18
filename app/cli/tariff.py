"""`tidegate tariff`: loads revisions of the tariff and lists them."""

from datetime import date
from typing import Annotated

import typer

from app.cli.download import read_source
from app.cli.installation import load as load_settings
from app.cli.installation import with_store
from app.cli.output import AsJson, Steps, print_json, print_table
from app.errors import Refused

app = typer.Typer(name="tariff", help="The tariff.  Example: tidegate tariff list", no_args_is_help=True)


def parse_day(text: str) -> date:
    """An ISO day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day such as 2026-07-01") from None


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
        f"{name} {verb}: {loaded.lines} lines, in force from {effective}",
        revisionId=loaded.revision_id,
        name=name,
        effectiveFrom=effective,
        lines=loaded.lines,
        already=loaded.already,
        sha256=export.sha256,
    )


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
