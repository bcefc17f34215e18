"""The worker's parts: the cleaning, the alarm of readiness, the measure of the lag."""

import asyncio
from datetime import timedelta

import pytest

from app.delivery import worker
from app.delivery.worker import clean, lag_fault, run_worker
from app.principal import Principal
from app.store.session import Store
from app.store.statement import Select
from app.telemetry import new_metrics
from tests.scenes import SYSTEM, SetClock, make_tenants


async def append(store: Store, owner: Principal, subject: str) -> None:
    async with store.unit(owner) as unit:
        await unit.event("entry.held", owner.organisation_id, subject, unit.now, {})


async def test_readiness_says_no_where_events_wait_for_the_relay(
    store: Store, importer: Principal, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await lag_fault(store) is None
    monkeypatch.setattr(store.relay, "nudge", lambda: None)
    await append(store, importer, "x")
    clock.forward(seconds=11)
    fault = await lag_fault(store)
    await store.relay.move()

    expected = "events have been waiting for the relay for 11 s: is a worker running?"
    assert fault == (expected if store.dialect == "postgresql" else None)
    assert await lag_fault(store) is None


async def test_nothing_is_deleted_on_the_word_of_a_clock_that_leaps(
    sqlite_store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_SECONDS_BETWEEN_CLEANINGS", 0.01)
    importer = (await make_tenants(sqlite_store)).importer
    for subject in ("a", "b"):
        await append(sqlite_store, importer, subject)
    cleaning = asyncio.create_task(worker._clean(sqlite_store, timedelta(days=30)))
    await asyncio.sleep(0.05)
    clock.forward(days=365)
    async with asyncio.timeout(5):
        await cleaning

    assert [row.subject_id for row in await sqlite_store.rows(SYSTEM, Select("event_log"))] == ["a", "b"]


async def test_a_running_worker_moves_measures_and_cleans(
    store: Store, importer: Principal, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append(store, importer, "old")
    await store.relay.settled()
    clock.forward(days=31)
    monkeypatch.setattr(store.relay, "nudge", lambda: None)
    await append(store, importer, "left")
    lag = new_metrics().relay_lag_seconds
    lag.set(99)
    working = asyncio.create_task(run_worker(store, keep_events=timedelta(days=30), lag=lag))
    async with asyncio.timeout(10):
        while await store.count(SYSTEM, Select("event_pending")) or lag.collect()[0].samples[0].value == 99:
            await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await clean(store, keep_events=timedelta(days=30))

    assert [row.subject_id for row in await store.rows(SYSTEM, Select("event_log"))] == ["left"]
