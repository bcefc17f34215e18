"""`tidegate schema`: the graph's SDL, and whether the snapshot in the checkout still says the same."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import AsJson, print_result
from app.cli.token import parse_scopes
from app.errors import Refused

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
    try:
        expected = snapshot.read_text(encoding="utf-8")
    except OSError as fault:
        raise Refused(f"{snapshot} cannot be read: {fault.strerror}") from fault
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


def _sdl(scopes: frozenset[str] | None) -> str:
    """The whole SDL, or what these scopes reach; it ends with a line break."""
    from app.engine.contract import Contract
    from schema import build_schema

    built = build_schema()
    whole = built.as_str()
    return (whole if scopes is None else Contract(built._schema, whole).visible_sdl(scopes)).rstrip("\n") + "\n"
