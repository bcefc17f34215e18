"""`tidegate documents`: push, list, withdraw and mode, with what each prints and how each ends."""

import asyncio
import json
from pathlib import Path

import pytest

from app.cli import main
from app.engine.documents.asked import sha256
from app.services.documents import modes
from app.settings import DocumentMode
from app.store.session import Store

HELD = "query Held { entries(first: 5) { nodes { id } } }"


@pytest.fixture
def installation(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migrated installation with one organisation, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    assert main(["organisation", "create", "Carrier", "--kind", "partner"]) == 0
    return tmp_path


def test_a_manifest_is_pushed_listed_and_withdrawn(installation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    relay, single = installation / "relay.json", installation / "held.graphql"
    relay.write_text(json.dumps({"abc": "{ __typename }"}))
    single.write_text(HELD)
    capsys.readouterr()
    assert main(["documents", "push", str(relay), str(single), "--organisation", "Carrier"]) == 0
    assert capsys.readouterr().out == "2 documents are new, 0 were there\n"
    assert main(["documents", "push", str(relay), "--organisation", "Carrier", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"new": 0, "already": 1}
    assert main(["documents", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(row["manifest"], row["id"]) for row in listed] == [("held.graphql", sha256(HELD)), ("relay.json", "abc")]
    assert main(["documents", "withdraw", "relay.json"]) == 1
    assert main(["documents", "withdraw", "relay.json", "--organisation", "Carrier"]) == 0
    assert "1 documents are trusted no longer" in capsys.readouterr().out


def test_a_manifest_with_a_fault_is_refused_whole(installation: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = installation / "good.json", installation / "bad.json"
    good.write_text(json.dumps({"abc": "{ __typename }"}))
    bad.write_text(json.dumps({"a": "{ nothing }", "b": "{"}))
    capsys.readouterr()
    assert main(["documents", "push", str(good), str(bad)]) == 1
    said = capsys.readouterr().err
    assert "nothing was pushed" in said
    assert "Cannot query field 'nothing'" in said
    assert main(["documents", "push", "none.json"]) == 1
    assert main(["documents", "push", str(good), "--organisation", "Nobody"]) == 1
    capsys.readouterr()
    assert main(["documents", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_client_is_held_to_a_mode(installation: Path, capsys: pytest.CaptureFixture[str], sqlite_url: str) -> None:
    assert main(["documents", "mode", "trusted", "--organisation", "Carrier", "--subject", "tracker"]) == 0
    assert "tracker of Carrier is held to trusted" in capsys.readouterr().out
    assert [(subject, mode) for (_, subject), mode in held(sqlite_url).items()] == [("tracker", DocumentMode.TRUSTED)]
    assert main(["documents", "mode", "default", "--organisation", "Carrier", "--subject", "tracker"]) == 0
    assert held(sqlite_url) == {}
    assert main(["documents", "mode", "open", "--organisation", "Nobody"]) == 1
    assert main(["documents", "mode", "closed", "--organisation", "Carrier"]) == 2


def held(url: str) -> dict[tuple[str, str], DocumentMode]:
    async def read() -> dict[tuple[str, str], DocumentMode]:
        store = Store.open(url)
        try:
            return await modes(store)
        finally:
            await store.close()

    return asyncio.run(read())
