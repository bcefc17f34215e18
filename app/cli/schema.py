"""`tidegate schema`: the graph's SDL, whether the snapshot in the checkout still says the same, and what a change of
it does to callers."""

import difflib
import textwrap
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import AsJson, print_result
from app.cli.token import parse_scopes
from app.clock import system_clock, today
from app.errors import Refused

if TYPE_CHECKING:
    from app.engine.contract.changes import Change

SNAPSHOT = Path("schema/schema.graphql")

app = typer.Typer(name="schema", help="The graph's schema.  Example: tidegate schema print", no_args_is_help=True)


@app.command("print")
def print_sdl(
    scopes: Annotated[str | None, typer.Option(help="Only what these scopes reach.")] = None,
) -> None:
    """Print the SDL.  Example: tidegate schema print --scopes "entries:read" """
    typer.echo(_sdl(None if scopes is None else parse_scopes(scopes)), nl=False)


@app.command()
def check(
    snapshot: Annotated[Path, typer.Argument(help="The SDL it should be.")] = SNAPSHOT,
    as_json: AsJson = False,
) -> None:
    """Compare the SDL with its snapshot; exit 1 and the difference if it changed.  Example: tidegate schema check"""
    expected = _read(snapshot)
    difference = "".join(
        difflib.unified_diff(
            expected.splitlines(keepends=True),
            _sdl(None).splitlines(keepends=True),
            str(snapshot),
            "the program",
        )
    )
    same = not difference
    print_result(
        f"{snapshot} is up to date" if same else difference, {"same": same, "difference": difference}, as_json=as_json
    )
    if not same:
        raise typer.Exit(1)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The SDL that callers know.")],
    new: Annotated[Path | None, typer.Argument(help="The SDL to come; the program's own where absent.")] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day of the change; today where absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Name breaking and other changes; exit 1 for one not announced.  Example: tidegate schema diff old.graphql"""
    from app.engine.contract.changes import schema_changes

    day = today(system_clock) if on is None else on.date()
    changes = schema_changes(_schema(_read(old), str(old)), _newer(new), day)
    print_result(_told(changes), {"changes": [_row(change) for change in changes]}, as_json=as_json)
    if any(change.refused for change in changes):
        raise typer.Exit(1)


def _newer(new: Path | None) -> Any:
    return _schema(_sdl(None), "the program") if new is None else _schema(_read(new), str(new))


def _told(changes: "Sequence[Change]") -> str:
    lines = [_line(change) for change in changes]
    refused = sum(change.refused for change in changes)
    lines.append(f"{len(changes)} changes, {refused} of them breaking and not announced" if changes else "no changes")
    return "\n".join(lines)


def _line(change: "Change") -> str:
    mark = "!" if change.refused else " "
    return f"{mark} {change.severity:<9}  {textwrap.shorten(change.description, 200)}{_note(change)}"


def _note(change: "Change") -> str:
    if change.too_early is not None:
        return f"  [too early: announced for after {change.too_early}]"
    return "  [announced]" if change.announced else ""


def _row(change: "Change") -> dict[str, str | bool | None]:
    return {
        "severity": change.severity.value,
        "kind": change.kind,
        "description": change.description,
        "announced": change.announced,
        "removedAfter": None if change.too_early is None else change.too_early.isoformat(),
        "refused": change.refused,
    }


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise Refused(f"{path} cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise Refused(f"{path} is not text in UTF-8") from fault


def _schema(sdl: str, origin: str) -> Any:
    from graphql import GraphQLError, build_schema

    try:
        return build_schema(sdl)
    except (GraphQLError, TypeError) as fault:
        raise Refused(f"{origin} is not a schema: {str(fault).splitlines()[0]}") from fault


def _sdl(scopes: frozenset[str] | None) -> str:
    """The whole SDL, or what these scopes reach; it ends with a line break."""
    from app.engine.contract.views import Contract
    from schema import build_schema

    built = build_schema()
    whole = built.as_str()
    return (whole if scopes is None else Contract(built._schema, whole).visible_sdl(scopes)).rstrip("\n") + "\n"
