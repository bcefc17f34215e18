"""`tidegate quote --file`: a file of cases in, one row out for each, put in its place when it is whole."""

import csv
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import typer

from app.cli.installation import load, with_store
from app.cli.output import Steps
from app.errors import Refused


def answer_file(file: Path, out: Path, *, as_json: bool) -> None:
    """Writes one row for each row of the file. A row without an answer says why in its column `error`; that is an
    answer of the command too, so the exit code is 0 once the file is whole, and 1 where no row could be answered."""
    settings = load()
    steps = Steps(as_json=as_json)
    from app.duty.casefile import COLUMNS_OUT
    from app.services.quote_file import answer_cases

    with _again(file) as opened, _replacing(out) as stream:
        writer = csv.DictWriter(stream, COLUMNS_OUT, lineterminator="\n")
        writer.writeheader()
        with steps.bar("tariff", "revisions") as read, steps.bar("quote") as done:
            report = with_store(lambda store: answer_cases(store, opened, writer.writerows, read, done), settings)
    steps.finish(
        "quoted",
        "\n".join((f"{report.rows} rows: {report.answered} answered, {report.unanswered} not", *report.notices)),
        rows=report.rows,
        answered=report.answered,
        unanswered=report.unanswered,
        revisions=report.revisions,
        notices=report.notices,
        out=str(out),
    )
    if report.rows and not report.answered:
        raise typer.Exit(1)


@contextmanager
def _again(file: Path) -> Iterator[Callable[[], AbstractContextManager[Iterable[str]]]]:
    """What opens the file's text from its start, each time; of a pipe, a copy on disk. Raises Refused where it cannot
    be read."""
    with tempfile.TemporaryDirectory(prefix="tidegate-") as folder:
        try:
            if file.exists() and not file.is_file():
                copy = Path(folder) / "cases"
                with file.open("rb") as given, copy.open("wb") as kept:
                    shutil.copyfileobj(given, kept)
            else:
                copy = file
            with copy.open("rb"):
                pass
        except OSError as fault:
            raise Refused(f"{file} cannot be read: {fault.strerror}") from fault
        yield lambda: _text(file, copy)


@contextmanager
def _text(file: Path, copy: Path) -> Iterator[Iterable[str]]:
    with copy.open(encoding="utf-8-sig", newline="") as text:
        try:
            yield text
        except UnicodeDecodeError as fault:
            raise Refused(f"{file} is not UTF-8: byte {fault.object[fault.start]:#04x} cannot be read") from fault


@contextmanager
def _replacing(out: Path) -> Iterator[Any]:
    """A stream whose text becomes the file when the block ends well; what was there stays when it does not."""
    if out.exists() and not out.is_file():
        with out.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        beside.replace(out)
    except OSError as fault:
        raise Refused(f"{out} cannot be written: {fault.strerror}") from fault
    finally:
        beside.unlink(missing_ok=True)
