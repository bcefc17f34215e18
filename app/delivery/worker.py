"""What runs beside the gateway: the relay, and the deletion of what is kept for a time only. Safe to run in every
process at once; `serve` runs it for one machine, `tidegate worker` by itself."""

import asyncio
from datetime import timedelta

from prometheus_client import Gauge

from app.delivery.copy import Copy
from app.store.housekeeping import forget_answers, forget_events
from app.store.session import Store
from app.telemetry import logger

ANSWERS_KEPT = timedelta(hours=24)
LAG_ALARM_SECONDS = 10.0

_SECONDS_BETWEEN_CLEANINGS = 600.0
_SECONDS_BETWEEN_MEASURES = 2.0
_LARGEST_JUMP = timedelta(hours=6)
"""A clock that leaps further while the process runs is not believed: nothing is deleted on its word."""

_log = logger(__name__)


async def run_worker(
    store: Store, *, keep_events: timedelta, lag: Gauge | None = None, copy: Copy | None = None
) -> None:
    """Until cancelled. `lag` is told for how long the oldest event has been waiting for its position."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.relay.run())
        if copy is not None:
            tasks.create_task(copy.run())
        tasks.create_task(_clean(store, keep_events))
        if lag is not None:
            tasks.create_task(_measure(store, lag))


async def lag_fault(store: Store) -> str | None:
    """Why readiness must say no, if events wait for the relay for too long."""
    seconds = await store.relay.lag()
    if seconds <= LAG_ALARM_SECONDS:
        return None
    return f"events have been waiting for the relay for {seconds:.0f} s: is a worker running?"


async def clean(store: Store, *, keep_events: timedelta) -> int:
    """Deletes what is too old, once; returns how many events went."""
    now = store.clock()
    await forget_answers(store, now - ANSWERS_KEPT)
    return await forget_events(store, now - keep_events)


async def _clean(store: Store, keep_events: timedelta) -> None:
    loop = asyncio.get_running_loop()
    begun, at = loop.time(), store.clock()
    while True:
        jump = store.clock() - at - timedelta(seconds=loop.time() - begun)
        if abs(jump) > _LARGEST_JUMP:
            _log.error("housekeeping.clock_jumped", seconds=round(jump.total_seconds()))
            return
        try:
            gone = await clean(store, keep_events=keep_events)
            if gone:
                _log.info("events.forgotten", events=gone)
        except Exception as fault:  # the database is away, or busy: the next turn comes
            _log.warning("housekeeping.failed", error=type(fault).__name__)
        await asyncio.sleep(_SECONDS_BETWEEN_CLEANINGS)


async def _measure(store: Store, lag: Gauge) -> None:
    while True:
        try:
            lag.set(await store.relay.lag())
        except Exception as fault:
            _log.warning("relay.lag_unknown", error=type(fault).__name__)
        await asyncio.sleep(_SECONDS_BETWEEN_MEASURES)
