"""`tidegate demo` as a person runs it: fills the database, prints what is needed, answers, ends."""

import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import sys; from app.cli import main; sys.exit(main())"]
NAMES = ("front-end team", "partner", "analyst")
SCOPES = "{ viewer { subject organisation { name } scopes } }"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("TIDEGATE_")}
    folder = tmp_path_factory.mktemp("demo")
    return {**kept, "PYTHONPATH": str(ROOT), "TIDEGATE_STATE_DIR": str(folder / "state")}


@pytest.fixture(scope="module")
def filled(environment: dict[str, str]) -> Path:
    """The database that `demo --seed-only` left, after two runs."""
    for _ in range(2):
        done = subprocess.run(
            [*COMMAND, "demo", "--seed-only"], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        steps = [json.loads(line)["step"] for line in done.stdout.splitlines()]
        assert steps == ["database", "sample"]
    return Path(environment["TIDEGATE_STATE_DIR"]) / "tidegate.sqlite3"


class Demo:
    """The running demo, and what it printed before it served."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.process = subprocess.Popen(
            [*COMMAND, "demo", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.printed = []
        for line in self.process.stdout:
            self.printed.append(line.rstrip("\n"))
            if line.startswith("curl "):
                break
        self.tokens = {name: self.printed[self.printed.index(f"token of the {name}:") + 1] for name in NAMES}

    def ask(self, query: str, token: str) -> Any:
        return self.send({"Authorization": f"Bearer {token}", "Content-Type": "application/json"}, {"query": query})

    def send(self, headers: dict[str, str], body: dict[str, str]) -> Any:
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        for _ in range(200):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError:
                raise
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None
                time.sleep(0.1)
        raise AssertionError("it never answered")


@pytest.fixture(scope="module")
def demo(environment: dict[str, str], filled: Path) -> Iterator[Demo]:
    running = Demo(environment)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.communicate()


def test_seeding_makes_the_demo_organisation_with_life_in_its_log(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as database:
        organisations = dict(database.execute("select kind, name from organisation").fetchall())
        (events,) = database.execute(
            "select count(*) from event_log join organisation o on o.id = organisation_id where o.name = 'demo'"
        ).fetchone()
    assert organisations["IMPORTER"] == "demo"
    assert set(organisations) == {"IMPORTER", "BROKER", "PARTNER"}
    assert events >= 20


def test_the_demo_prints_where_it_is_and_a_token_for_each_visitor(demo: Demo) -> None:
    assert f"Tidegate: {demo.url}" in demo.printed
    assert len(set(demo.tokens.values())) == 3
    viewers = {name: demo.ask(SCOPES, token)["data"]["viewer"] for name, token in demo.tokens.items()}
    assert {name: viewer["subject"] for name, viewer in viewers.items()} == {
        "front-end team": "front-end-team",
        "partner": "partner",
        "analyst": "analyst",
    }
    assert viewers["front-end team"]["organisation"] == viewers["analyst"]["organisation"] == {"name": "demo"}
    assert viewers["partner"]["organisation"] != {"name": "demo"}
    assert not any(scope.endswith(":write") for name in ("partner", "analyst") for scope in viewers[name]["scopes"])


def test_the_curl_it_prints_works_as_it_stands(demo: Demo) -> None:
    words = shlex.split(demo.printed[-1])
    assert words[:3] == ["curl", "-s", demo.url]
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    answer = demo.send(headers, json.loads(words[words.index("-d") + 1]))
    assert "errors" not in answer
    assert len(answer["data"]["entries"]["nodes"]) == 5
    assert re.fullmatch(r"[A-Z0-9]{3}-\d{7}-\d", answer["data"]["entries"]["nodes"][0]["entryNumber"])


def test_the_partner_sees_fewer_entries_than_the_importer(demo: Demo) -> None:
    counts = {
        name: demo.ask("{ entries(first: 1) { totalCount } }", demo.tokens[name])["data"]["entries"]["totalCount"]
        for name in ("front-end team", "partner")
    }
    assert 0 < counts["partner"] < counts["front-end team"]


def test_the_simulated_port_moves_entries_along(demo: Demo, filled: Path) -> None:
    def events() -> int:
        with closing(sqlite3.connect(f"file:{filled}?mode=ro", uri=True)) as database:
            (count,) = database.execute("select count(*) from event_log").fetchone()
        return int(count)

    demo.ask(SCOPES, demo.tokens["partner"])
    before, deadline = events(), time.monotonic() + 30
    while events() == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_demo_ends_well(environment: dict[str, str], filled: Path) -> None:
    ending = Demo(environment)
    ending.ask(SCOPES, ending.tokens["partner"])
    ending.process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    ending.process.communicate(timeout=20)
    assert time.monotonic() - begun < 8
    assert ending.process.returncode == 0
