"""`tidegate tariff`: a small export goes in whole or not at all."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main


def row(number: str, indent: str, description: str, general: str = "", **more: Any) -> dict[str, Any]:
    return {
        "htsno": number,
        "indent": indent,
        "description": description,
        "superior": None if number else "true",
        "units": [],
        "general": general,
        "special": "",
        "other": "",
        "footnotes": None,
        "quotaQuantity": None,
        "additionalDuties": None,
        "addiitionalDuties": None,
        **more,
    }


EXPORT = [
    row("0901", "0", "Coffee"),
    row("", "1", "Not roasted:"),
    row("0901.11.00", "2", "Not decaffeinated", "Free", other="Free"),
    row("0901.11.00.15", "3", "Arabica", units=["kg"]),
    row("0901.11.00.90", "3", "Other", units=["kg"]),
]
WORDS = ("--name", "Small", "--effective", "2026-01-01")


@pytest.fixture(autouse=True)
def upgraded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    assert main(["db", "upgrade"]) == 0
    capsys.readouterr()


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["tariff", "list", "--json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


@pytest.mark.parametrize("packed", [False, True])
def test_an_export_is_loaded_step_by_step_and_then_listed(packed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    raw = json.dumps(EXPORT).encode()
    Path("export").write_bytes(gzip.compress(raw) if packed else raw)
    assert main(["tariff", "load", "export", *WORDS]) == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [step["step"] for step in steps] == ["fetch", "read", "store", "loaded"]
    assert steps[1] == {"step": "read", "rows": 5, "of": 5}
    assert steps[-1].items() >= {"name": "Small", "effectiveFrom": "2026-01-01", "lines": 4, "already": False}.items()
    (revision,) = listed(capsys)
    assert revision["name"] == "Small"
    assert revision["starter"] is False
    assert revision["sha256"] == steps[-1]["sha256"]


def test_loading_it_again_says_so_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("export").write_text(json.dumps(EXPORT))
    assert main(["tariff", "load", "export", *WORDS, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(["tariff", "load", "export", *WORDS, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (first["already"], again["already"]) == (False, True)
    assert again["revisionId"] == first["revisionId"]
    assert len(listed(capsys)) == 1


def test_a_broken_export_is_refused_by_row_and_field_and_leaves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("export").write_text(json.dumps([*EXPORT, row("0902", "x", "Tea")]))
    assert main(["tariff", "load", "export", *WORDS]) == 1
    assert capsys.readouterr().err.startswith("tidegate: export: row 5, field indent: ")
    assert main(["tariff", "load", "export", *WORDS, "--json"]) == 1
    refusal = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (refusal["error"]["row"], refusal["error"]["field"]) == (5, "indent")
    assert listed(capsys) == []


def test_a_name_that_stands_for_another_revision_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("export").write_text(json.dumps(EXPORT))
    assert main(["tariff", "load", "export", *WORDS]) == 0
    Path("export").write_text(json.dumps(EXPORT[:3]))
    assert main(["tariff", "load", "export", *WORDS]) == 1
    assert "choose another name" in capsys.readouterr().err
    assert len(listed(capsys)) == 1


@pytest.mark.parametrize("day", ["2026-13-01", "today", "", "2026-1-1"])
def test_a_day_that_is_none_is_a_usage_fault(day: str) -> None:
    assert main(["tariff", "load", "export", "--name", "x", "--effective", day]) == 2


def test_the_list_is_columns_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    Path("export").write_text(json.dumps(EXPORT))
    assert main(["tariff", "load", "export", *WORDS]) == 0
    capsys.readouterr()
    assert main(["tariff", "list"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "in", "force", "from", "lines", "starter", "sha256"]
    assert line.split()[:2] == ["Small", "2026-01-01"]


def test_a_revision_is_taken_out_again_and_an_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("export").write_text(json.dumps(EXPORT))
    assert main(["tariff", "load", "export", *WORDS]) == 0
    capsys.readouterr()
    assert main(["tariff", "unload", "Small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out).items() >= {"name": "Small", "lines": 4}.items()
    assert listed(capsys) == []
    assert main(["tariff", "unload", "Small"]) == 1
    assert "no revision named Small is loaded" in capsys.readouterr().err


def test_a_second_revision_of_the_same_day_is_loaded_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    Path("export").write_text(json.dumps(EXPORT))
    assert main(["tariff", "load", "export", *WORDS]) == 0
    capsys.readouterr()
    assert main(["tariff", "load", "export", "--name", "Twin", "--effective", "2026-01-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["notice"].startswith("Small comes into force on 2026-01-01 too")
