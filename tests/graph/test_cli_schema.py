"""`tidegate schema`: the SDL whole or as scopes reach it, and its snapshot."""

import json
from pathlib import Path

import pytest
from graphql import build_schema as from_sdl

from app.cli import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_whole_sdl_is_the_snapshot(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "print"]) == 0
    assert capsys.readouterr().out == (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8")
    assert main(["schema", "check"]) == 0
    assert capsys.readouterr().out == "schema/schema.graphql is up to date\n"


def test_scopes_narrow_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "print", "--scopes", "tariff:read"]) == 0
    query = from_sdl(capsys.readouterr().out).query_type
    assert query is not None
    assert "tariffLine" in query.fields
    assert "entries" not in query.fields


def test_an_unknown_scope_is_a_usage_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "print", "--scopes", "tariff:reed"]) == 2
    assert "did you mean tariff:read?" in capsys.readouterr().err


def test_a_changed_snapshot_is_shown_as_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # given a snapshot that lacks the first field of the products
    text = (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8")
    other = tmp_path / "schema.graphql"
    other.write_text(text.replace("  sku: String!\n", "", 1), encoding="utf-8")
    # then the command says what the program has more
    assert main(["schema", "check", str(other)]) == 1
    assert "\n+  sku: String!\n" in capsys.readouterr().out
    assert main(["schema", "check", str(other), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["same"] is False
    assert "+  sku: String!" in answer["difference"]


def test_a_snapshot_that_is_absent_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "check", str(tmp_path / "absent")]) == 1
    assert "absent cannot be read" in capsys.readouterr().err
