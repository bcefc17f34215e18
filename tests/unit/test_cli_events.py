"""`tidegate worker --once` and `tidegate events tail --no-follow`."""

import json
from pathlib import Path

import pytest

from app.cli import main
from app.events.types import EventType, json_schema

KINDS = {"string": str, "integer": int, "boolean": bool, "array": list, "null": type(None)}

ORGANISATION = ("--organisation", "demo")


@pytest.fixture(autouse=True)
def installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    assert main(["demo", "--seed-only"]) == 0
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


def test_every_event_that_is_really_told_fits_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    faults = []
    for event in tail(capsys):
        schema, data = json_schema(EventType(event["type"])), event["data"]
        assert isinstance(data, dict)
        faults += [f"{event['type']} lacks {name}" for name in schema["required"] if name not in data]
        faults += [f"{event['type']}.{name} is not documented" for name in data if name not in schema["properties"]]
        for name, shape in schema["properties"].items():
            kinds = [shape["type"]] if isinstance(shape["type"], str) else shape["type"]
            if not any(type(data[name]) is KINDS[kind] for kind in kinds):
                faults.append(f"{event['type']}.{name} is {data[name]!r}")

    assert faults == []
