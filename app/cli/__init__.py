"""The `tidegate` command: one module per noun, put together here. Commands read arguments, call one service and print;
heavy imports stand inside them, so that `tidegate --help` answers at once. Exit 0 ok, 1 refused, 2 usage, 3 partly."""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from app.cli import (
    db,
    demo,
    doctor,
    documents,
    entry,
    events,
    organisation,
    quote,
    schema,
    serve,
    settings,
    tariff,
    token,
    worker,
)
from app.cli.output import print_error
from app.errors import BadUserInput, TidegateError

app = typer.Typer(
    name="tidegate",
    help="Tidegate, an open GraphQL data gateway for customs automation.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        try:
            typer.echo(f"tidegate {version('tidegate')}")
        except PackageNotFoundError:
            typer.echo("tidegate, not installed: running from its source")
        raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tidegate, an open GraphQL data gateway for customs automation."""


for _command in (demo.demo, serve.serve, worker.worker, quote.quote, token.token, settings.settings, doctor.doctor):
    app.command()(_command)
for _group in (db.app, organisation.app, tariff.app, entry.app, events.app, documents.app, schema.app):
    app.add_typer(_group)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (the process's own by default) and returns its exit code. Usage faults end in SystemExit
    with 2, as the option parser does it."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=given, prog_name="tidegate")
    except BadUserInput as refusal:
        print_error(refusal, as_json="--json" in given)
        return 2
    except TidegateError as refusal:
        print_error(refusal, as_json="--json" in given)
        return 1
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
