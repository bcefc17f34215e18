"""`tidegate tariff measures`: files of trade measures over the shipped pack: load, check, compare, list."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.download import read_source
from app.cli.installation import load as load_settings
from app.cli.installation import with_store
from app.cli.output import AsJson, Steps, print_json, print_result, print_table
from app.errors import Refused

if TYPE_CHECKING:
    from app.store.session import Store
    from app.tariff.measure import MeasureBook

app = typer.Typer(name="measures", help="Trade measures.  Example: tidegate tariff measures list", no_args_is_help=True)

Source = Annotated[str, typer.Argument(metavar="FILE|URL", help="A measure file, JSON.")]
FAULTS_SHOWN = 20
PACK, LOADED = "packaged", "loaded"


def parse_day(text: str) -> date:
    """An ISO day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day such as 2026-07-01") from None


@app.callback()
def group() -> None:
    """Trade measures.  Example: tidegate tariff measures list"""


@app.command()
def load(source: Source, as_json: AsJson = False) -> None:
    """Put a measure file in force.  Example: tidegate tariff measures load surcharge.json"""
    settings = load_settings()
    steps = Steps(as_json=as_json)
    from app.services.measures import load_measures
    from app.tariff.measure_file import MAX_BYTES

    with steps.bar("fetch", "bytes") as fetched:
        raw = read_source(source, fetched, MAX_BYTES)
    loaded = with_store(lambda store: load_measures(store, raw, source=source), settings)
    verb = "was in force before" if loaded.already else "is in force"
    instead = f" in place of version {loaded.replaced}" if loaded.replaced else ""
    steps.finish(
        "loaded",
        f"{loaded.name} {loaded.version} {verb}{instead}: {loaded.measures} measures",
        id=loaded.id,
        name=loaded.name,
        version=loaded.version,
        measures=loaded.measures,
        sha256=loaded.sha256,
        already=loaded.already,
        replaced=loaded.replaced,
    )


@app.command()
def check(source: Source, as_json: AsJson = False) -> None:
    """Say what keeps a measure file from being loaded.  Example: tidegate tariff measures check surcharge.json"""
    settings = load_settings()
    from app.services.measures import check_measures

    raw = _bytes(source)
    faults = list(with_store(lambda store: check_measures(store, raw, source=source), settings))
    shown = faults[:FAULTS_SHOWN] + ([f"and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else [])
    print_result("\n".join(shown) or "can be loaded", {"loadable": not faults, "faults": faults}, as_json=as_json)
    if faults:
        raise typer.Exit(1)


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="A file; or `packaged`, or `loaded` for what is in force.")
    ],
    after: Annotated[str | None, typer.Argument(metavar="B", help="The same; without it, what loading A does.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what two measure files make of the pack.  Example: tidegate tariff measures diff packaged loaded"""
    settings = load_settings()
    from app.tariff.measure_file import diff as differences

    old, new = with_store(lambda store: _books(store, before, after), settings)
    found = [
        {"kind": change.kind, "what": change.what, "id": change.id, "fields": list(change.fields)}
        for change in differences(old, new)
    ]
    if as_json:
        print_json(found)
    elif not found:
        typer.echo("no difference")
    else:
        rows = [(str(one["kind"]), str(one["what"]), str(one["id"]), ", ".join(one["fields"])) for one in found]
        print_table(("change", "what", "id", "fields"), rows)


@app.command("list")
def list_all(
    on: Annotated[
        date | None, typer.Option(parser=parse_day, metavar="DATE", help="Only the measures in force on this day.")
    ] = None,
    files: Annotated[bool, typer.Option("--files", help="The files they come from instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the measures that are loaded.  Example: tidegate tariff measures list --on 2026-03-01"""
    settings = load_settings()
    if files:
        _list_files(as_json=as_json)
        return
    from app.services.measures import book_in_force
    from app.services.quote_document import measure_form

    book = with_store(book_in_force, settings)
    found = [measure_form(one) for one in book.measures.values() if on is None or one.in_force(on)]
    if as_json:
        print_json(found)
        return
    keys = ("id", "authority", "htsNumber", "rateText", "effectiveFrom", "effectiveTo", "label")
    columns = ("id", "authority", "heading", "rate", "from", "until", "label")
    print_table(columns, [tuple(str(one[key] or "") for key in keys) for one in found])


@app.command()
def omissions(as_json: AsJson = False) -> None:
    """List the known measures that are left out, and why.  Example: tidegate tariff measures omissions"""
    settings = load_settings()
    from app.services.measures import book_in_force

    found = with_store(book_in_force, settings).omissions
    if as_json:
        print_json([{"id": one.id, "reason": one.reason} for one in found])
    else:
        print_table(("id", "reason"), [(one.id, one.reason) for one in found])


def _list_files(*, as_json: bool) -> None:
    from app.services.measures import loads_until
    from app.tariff.measure_file import packaged_files

    loads = with_store(loads_until, load_settings())
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "version": one.version,
            "measures": len(one.sections.get("measures", ())),
            "from": PACK,
            "sha256": one.sha256,
        }
        for one in packaged_files()
    ]
    rows += [
        {
            "name": one.name,
            "version": one.version,
            "measures": one.measures,
            "from": f"{LOADED} {one.loaded_at:%Y-%m-%d %H:%M}",
            "sha256": one.sha256,
        }
        for one in loads
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(tuple(rows[0]), [tuple(str(value)[:40] for value in row.values()) for row in rows])


async def _books(store: "Store", before: str, after: str | None) -> "tuple[MeasureBook, MeasureBook]":
    from app.services.measures import book_with

    if after is None:
        if before in (PACK, LOADED):
            raise typer.BadParameter(f"`diff {before}` needs something to compare with")
        return await book_with(store, _bytes(before), source=before)
    return await _book(store, before), await _book(store, after)


async def _book(store: "Store", name: str) -> "MeasureBook":
    from app.services.measures import book_beside_pack, book_in_force
    from app.tariff.measure_file import packaged_book

    if name == PACK:
        return packaged_book()
    return await book_in_force(store) if name == LOADED else book_beside_pack(_bytes(name), source=name)


def _bytes(source: str) -> bytes:
    from app.tariff.measure_file import MAX_BYTES

    if not source.startswith(("http://", "https://")) and not Path(source).exists():
        raise Refused(f"{source} cannot be read: there is no such file")
    return read_source(source, lambda done, total: None, MAX_BYTES)
