"""`tidegate entry`: statuses of entries that were learnt elsewhere, from a file."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.installation import load, with_store
from app.cli.output import AsJson, Steps
from app.errors import Refused

FAULTS_SHOWN = 20

app = typer.Typer(name="entry", help="Customs entries.  Example: tidegate entry status FILE.csv", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Customs entries.  Example: tidegate entry status FILE.csv"""


@app.command()
def status(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="entry_number,status,occurred_at,code,narrative,…")],
    organisation: Annotated[str, typer.Option(help="Name of the organisation whose entries they are.")],
    as_json: AsJson = False,
) -> None:
    """Record the statuses of a file.  Example: tidegate entry status today.csv --organisation demo"""
    settings = load()
    steps = Steps(as_json=as_json)
    from app.services.entry_status_file import record_file

    try:
        stream = file.open(encoding="utf-8-sig", newline="")
    except OSError as fault:
        raise Refused(f"{file} cannot be read: {fault.strerror}") from fault
    with stream, steps.bar("record") as told:
        report = with_store(lambda store: record_file(store, organisation, stream, told), settings)
    faults = [
        {"row": row, "field": field, "code": code, "message": message} for row, field, code, message in report.faults
    ]
    lines = [f"row {row}, {field}: {message} ({code})" for row, field, code, message in report.faults[:FAULTS_SHOWN]]
    if len(faults) > FAULTS_SHOWN:
        lines.append(f"and {len(faults) - FAULTS_SHOWN} more: --json shows all")
    refused = report.rows - report.recorded - report.unchanged
    counts = f"{report.rows} rows: {report.recorded} recorded, {report.unchanged} unchanged, {refused} refused"
    steps.finish(
        "recorded",
        "\n".join([counts, *lines]),
        rows=report.rows,
        recorded=report.recorded,
        unchanged=report.unchanged,
        refused=refused,
        faults=faults,
    )
    if faults:
        raise typer.Exit(3 if report.recorded or report.unchanged else 1)
