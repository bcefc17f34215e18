"""`tidegate worker --once` and `tidegate events tail --no-follow`."""

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import structlog
from jsonschema import Draft202012Validator

from app.cli import main, worker
from app.events.schemas import PLANNED, json_schema
from app.events.types import EventType
from app.settings import Settings

ORGANISATION = ("--organisation", "demo")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation with the sample in it."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("TIDEGATE_STATE_DIR", "state")
        assert main(["demo", "--seed-only"]) == 0
    return folder


@pytest.fixture(autouse=True)
def installation(
    filled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", "state")
    capsys.readouterr()


def tail(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["events", "tail", *ORGANISATION, "--no-follow", *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_tail_prints_one_line_an_event_and_resumes_after_a_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    everything = tail(capsys)
    rest = tail(capsys, "--after", str(everything[9]["cursor"]))
    held = tail(capsys, "--types", "entry.held entry.exam")

    assert len(everything) >= 20
    assert list(everything[0]) == ["cursor", "id", "type", "subject", "occurredAt", "data"]
    assert rest == everything[10:]
    assert {event["type"] for event in held} == {"entry.held", "entry.exam"}


def test_a_tail_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "tail", "--organisation", "nobody", "--no-follow"]) == 1
    assert main(["events", "tail", *ORGANISATION, "--after", "forged", "--no-follow"]) == 2
    assert main(["events", "tail", *ORGANISATION, "--types", "entry.gone"]) == 2
    assert "'entry.gone' is no kind of event" in capsys.readouterr().err


def test_another_organisation_sees_none_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["organisation", "create", "stranger"]) == 0
    capsys.readouterr()
    assert main(["events", "tail", "--organisation", "stranger", "--no-follow"]) == 0
    assert capsys.readouterr().out == ""


def test_a_worker_does_once_what_there_is_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker", "--once"]) == 0
    assert capsys.readouterr().out == "0 events were given their position, 0 were too old and are deleted\n"


async def test_a_worker_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both are restarted together often enough; it goes on until it is told to end."""
    monkeypatch.setattr(worker, "_AGAIN_SECONDS", 0.01)
    settings = Settings(database_url="postgresql+asyncpg://user:hunter2@127.0.0.1:9/tidegate", state_dir=tmp_path)
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(worker._run(settings))
        while len(logged) < 3:
            assert not running.done()
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        await running

    assert {entry["event"] for entry in logged} == {"worker.waits"}
    assert "hunter2" not in str(logged)


def test_every_event_that_is_really_told_fits_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    everything = tail(capsys)
    for event in everything:
        schema = json_schema(str(event["type"]))
        Draft202012Validator({**schema, "additionalProperties": False}).validate(event["data"])

    assert {event["type"] for event in everything} >= {"tariff.revision_loaded", "shipment.exam_flagged"}


def test_a_schema_is_printed_for_one_kind_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "schema", "entry.held"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert main(["events", "schema"]) == 0
    every = json.loads(capsys.readouterr().out)

    assert (one["title"], one["$id"]) == ("entry.held", "urn:tidegate:event:entry.held:1")
    assert every["entry.held"] == one
    assert set(every) == {*(kind.value for kind in EventType), *PLANNED}


def test_a_kind_that_is_none_is_refused_with_those_like_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "schema", "entry.heldd"]) == 2
    assert "'entry.heldd' is no kind of event: entry.held" in " ".join(capsys.readouterr().err.split())
