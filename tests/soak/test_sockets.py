"""Sockets that go, in every way, leave nothing. The long run is `python -m tests.soak.sockets`: 10,000 of them."""

from tests.soak.sockets import ENDS, left, soak


async def test_sockets_that_connect_and_go_leave_nothing() -> None:
    report = await soak(300, at_once=8, seed=5)

    assert sum(report["cycles"].values()) == 300
    assert set(report["cycles"]) == set(ENDS)
    assert left(report) == [], report
