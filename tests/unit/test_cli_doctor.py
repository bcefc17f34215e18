"""The doctor's findings: each check in its good state and in the bad ones a person meets."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import doctor, main


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TIDEGATE_PORT", str(probe.getsockname()[1]))
    return tmp_path / "state"


@pytest.fixture
def made(state: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """An installation with a database and a key."""
    for words in (["db", "upgrade"], ["organisation", "create", "demo"]):
        assert main(words) == 0
    assert main(["token", "--organisation", "demo", "--scopes", "entries:read"]) == 0
    capsys.readouterr()
    return state


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        monkeypatch.setenv("TIDEGATE_PORT", str(port))
        yield port


def findings(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, tuple[str, str]]]:
    code = main(["doctor", "--json"])
    rows = json.loads(capsys.readouterr().out)
    return code, {row["check"]: (row["verdict"], row["detail"]) for row in rows}


def test_before_anything_is_made_it_says_what_to_run(capsys: pytest.CaptureFixture[str], state: Path) -> None:
    code, found = findings(capsys)
    assert code == 1
    assert found["python"][0] == found["sqlite"][0] == found["settings"][0] == found["port"][0] == "ok"
    assert found["state folder"] == ("warning", f"{state} is made on first use")
    assert found["keys"] == ("warning", "a key pair is made on first use")
    assert found["database"] == ("failed", "not made yet: run `tidegate db upgrade`")
    assert not state.exists()


def test_an_installation_without_a_tariff_is_well_but_for_a_warning(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = findings(capsys)
    assert code == 0
    assert found["state folder"] == ("ok", str(made))
    assert found["keys"][0] == "ok"
    assert found["keys"][1].startswith("1 accepted, signing with ")
    assert found["database"] == ("ok", "sqlite, up to date")
    assert found["tariff"][0] == "warning"
    assert "run `tidegate tariff load`" in found["tariff"][1]


def test_it_prints_columns_for_a_person(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["check", "result", "detail"]
    assert [line.split()[:2] for line in lines if line.startswith("sqlite")] == [["sqlite", "ok"]]


def test_a_key_that_others_can_read_fails(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signing = made / "keys" / "signing.pem"
    signing.chmod(0o644)
    code, found = findings(capsys)
    assert code == 1
    assert found["keys"] == ("failed", f"{signing} is open to other users: chmod go= {signing}")


def test_a_broken_key_fails(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (made / "keys" / "signing.pem").write_text("not a key")
    code, found = findings(capsys)
    assert code == 1
    assert found["keys"][0] == "failed"
    assert "is not an unencrypted private key in PEM" in found["keys"][1]


def test_a_state_folder_open_to_all_is_a_warning(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made.chmod(0o755)
    code, found = findings(capsys)
    assert (code, found["state folder"]) == (0, ("warning", f"{made} is open to every user: chmod o= {made}"))


def test_a_database_that_departs_from_the_program_fails(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = sqlite3.connect(made / "tidegate.sqlite3")
    connection.execute("drop index ix_product_created")
    connection.commit()
    connection.close()
    code, found = findings(capsys)
    assert (code, found["database"]) == (1, ("failed", "1 differences: `tidegate db check`"))


def test_a_database_that_does_not_answer_fails(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql+asyncpg://user:hunter2@127.0.0.1:9/tidegate")
    code, found = findings(capsys)
    assert code == 1
    assert found["database"][0] == "failed"
    assert found["database"][1].startswith("the database cannot be reached: ")
    assert "hunter2" not in str(found)


def test_a_port_that_is_taken_fails(made: Path, taken: int, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = findings(capsys)
    assert code == 1
    assert found["port"] == ("failed", f"127.0.0.1:{taken} cannot be listened on (Address already in use)")


def test_a_setting_that_cannot_be_read_ends_the_examination(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEGATE_PROT", "1")
    code, found = findings(capsys)
    assert code == 1
    assert list(found) == ["python", "sqlite", "settings"]
    assert found["settings"] == ("failed", "TIDEGATE_PROT (env) is not a setting; did you mean TIDEGATE_PORT?")


def test_an_old_library_fails() -> None:
    finding = doctor._at_least("sqlite", (3, 37, 2), doctor.OLDEST_SQLITE)
    assert (finding.verdict, finding.detail) == ("failed", "3.37.2 is too old: 3.38.0 or newer is needed")
    assert doctor._at_least("sqlite", (3, 38, 0), doctor.OLDEST_SQLITE).verdict == "ok"
