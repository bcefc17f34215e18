"""What commands print: a result as text or JSON, a table, steps with a bar on a terminal, as JSON lines in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TextIO

import orjson
import typer

from app.errors import TidegateError

Progress = Callable[[int, int], None]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

_SECONDS_BETWEEN_LINES = 2.0


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads this stream."""
    return stream.isatty()


def print_json(value: object, *, to_stderr: bool = False) -> None:
    """One line of JSON; dates, decimals and enumerations as text."""
    typer.echo(orjson.dumps(value, default=str).decode(), err=to_stderr)


def print_result(text: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    """The outcome of a command: a sentence for a person, the same facts for a program."""
    if as_json:
        print_json(facts)
    else:
        typer.echo(text)


def print_error(error: TidegateError, *, as_json: bool) -> None:
    """A refusal, to standard error."""
    if as_json:
        print_json({"error": {"code": error.code, "message": error.message, **error.extensions}}, to_stderr=True)
    else:
        typer.secho(f"tidegate: {error.message}", err=True, fg="red" if is_terminal(sys.stderr) else None)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """A drawn table on a terminal; in a pipe plain columns, nothing cut off."""
    if is_terminal(sys.stdout):
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, title=title, title_justify="left")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    for line in (columns, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class Steps:
    """The way of a longer command. With `as_json` only the result goes to standard output."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._terminal = is_terminal(sys.stderr) and (as_json or is_terminal(sys.stdout))

    @contextmanager
    def bar(self, step: str, unit: str = "rows") -> Iterator[Progress]:
        """Gives a function to be told (done, in all)."""
        if self._terminal:
            with _drawn_bar(step, unit) as told:
                yield told
        else:
            yield self._lines(step, unit)

    def say(self, step: str, text: str, **facts: Any) -> None:
        """A step is over."""
        if self._terminal:
            typer.echo(text, err=True)
        else:
            self._line(step, facts)

    def finish(self, step: str, text: str, **facts: Any) -> None:
        """The command is over: its result."""
        if self._as_json:
            print_json(facts)
        elif self._terminal:
            typer.echo(text)
        else:
            self._line(step, facts)

    def _line(self, step: str, facts: Mapping[str, Any]) -> None:
        print_json({"step": step, **facts}, to_stderr=self._as_json)

    def _lines(self, step: str, unit: str) -> Progress:
        last = time.monotonic()

        def told(done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if done >= total or now - last >= _SECONDS_BETWEEN_LINES:
                last = now
                self._line(step, {unit: done, "of": total})

        return told


@contextmanager
def _drawn_bar(step: str, unit: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn(step), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(step, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
