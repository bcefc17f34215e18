"""The console and the live board in Chromium, as a person uses them: scenarios.mjs, one test each."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.browser import stage

SCENARIOS = re.findall(
    r"^export async function (\w+)", (stage.HERE / "scenarios.mjs").read_text(encoding="utf-8"), re.MULTILINE
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def chromium() -> str:
    try:
        return stage.find_chromium()
    except stage.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def front_end() -> Path:
    try:
        return stage.build_front_end()
    except stage.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def gateway(chromium: str, front_end: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[stage.Gateway]:
    with stage.running_demo(tmp_path_factory.mktemp("console")) as running:
        yield running


def test_there_are_scenarios_to_play() -> None:
    assert len(SCENARIOS) >= 12


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_chromium(scenario: str, chromium: str, front_end: Path, gateway: stage.Gateway) -> None:
    assert stage.play(scenario, chromium, front_end, gateway) == []


def test_the_tests_of_the_front_end_pass(front_end: Path) -> None:
    done = subprocess.run(["npm", "test"], cwd=front_end, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout
    assert re.search(r"^# pass [1-9]\d*$", done.stdout, re.MULTILINE)
