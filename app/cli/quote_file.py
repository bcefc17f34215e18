"""`tidegate quote --file`: a file of cases in, one row out for each, put in its place when it is whole."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
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

    text = _read(file)
    with _replacing(out) as stream:
        writer = csv.DictWriter(stream, COLUMNS_OUT, lineterminator="\n")
        writer.writeheader()
        with steps.bar("tariff", "revisions") as read, steps.bar("quote") as done:
            report = with_store(lambda store: answer_cases(store, text, writer.writerows, read, done), settings)
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


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as fault:
        raise Refused(f"{file} cannot be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise Refused(f"{file} is not UTF-8: byte {fault.start} cannot be read") from fault


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
