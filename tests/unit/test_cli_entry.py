"""`tidegate entry status`: what the command makes of a report. What stands in the file is the service's to judge."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import pytest

from app.cli import main

Fault = tuple[int, str, str, str]
FAULT: Fault = (3, "status", "UNKNOWN_STATUS", "'GONE' is no status")
WORDS = ("entry", "status", "today.csv", "--organisation", "demo")


@dataclass(frozen=True, slots=True)
class Report:
    """As the service gives it."""

    rows: int
    recorded: int
    unchanged: int
    faults: Sequence[Fault]


@pytest.fixture(autouse=True)
def installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    assert main(["db", "upgrade"]) == 0
    Path("today.csv").write_bytes("\ufeffentry_number,status\r\nx,RELEASED\r\n".encode())
    capsys.readouterr()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Callable[[Report], list[str]]:
    """Puts a service in place that gives this report; the list is what it was asked."""

    def place(report: Report) -> list[str]:
        asked: list[str] = []

        async def record_file(
            store: Any, organisation_name: str, stream: TextIO, progress: Callable[[int, int], None]
        ) -> Report:
            asked.extend([organisation_name, stream.read()])
            progress(report.rows, report.rows)
            return report

        module = ModuleType("app.services.entry_status_file")
        module.record_file = record_file  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "app.services.entry_status_file", module)
        return asked

    return place


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report(2, 2, 0, ()), 0),
        (Report(2, 0, 2, ()), 0),
        (Report(0, 0, 0, ()), 0),
        (Report(2, 1, 0, (FAULT,)), 3),
        (Report(2, 0, 1, (FAULT,)), 3),
        (Report(1, 0, 0, (FAULT,)), 1),
    ],
)
def test_the_exit_code_says_whether_all_some_or_none_was_done(
    service: Callable[[Report], list[str]], report: Report, code: int
) -> None:
    service(report)
    assert main(WORDS) == code


def test_the_service_gets_the_organisation_and_the_text_without_its_mark(
    service: Callable[[Report], list[str]],
) -> None:
    asked = service(Report(1, 1, 0, ()))
    assert main(WORDS) == 0
    assert asked == ["demo", "entry_number,status\r\nx,RELEASED\r\n"]


def test_every_fault_is_in_the_result(
    service: Callable[[Report], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    service(Report(40, 10, 5, [FAULT] * 30))
    assert main([*WORDS, "--json"]) == 3
    result = json.loads(capsys.readouterr().out)
    assert (result["rows"], result["recorded"], result["unchanged"], result["refused"]) == (40, 10, 5, 25)
    assert len(result["faults"]) == 30
    assert result["faults"][0] == {
        "row": 3,
        "field": "status",
        "code": "UNKNOWN_STATUS",
        "message": "'GONE' is no status",
    }


def test_a_file_that_is_absent_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["entry", "status", "absent.csv", "--organisation", "demo"]) == 1
    assert "absent.csv cannot be read: No such file or directory" in capsys.readouterr().err
