"""What runs beside the gateway: the relay, and the deletion of what is kept for a time only. Safe to run in every
process at once; `serve` runs it for one machine, `tidegate worker` by itself."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from prometheus_client import Gauge

from app.store.housekeeping import forget_answers, forget_events
from app.store.session import Store
from app.telemetry import logger

ANSWERS_KEPT = timedelta(hours=24)
LAG_ALARM_SECONDS = 10.0

_SECONDS_BETWEEN_CLEANINGS = 600.0
_SECONDS_BETWEEN_MEASURES = 2.0

_log = logger(__name__)


class Copy(Protocol):
    """A copy of the log that has to be kept up; see `app.events.jetstream`."""

    @property
    def alive(self) -> bool:
        """Whether it brings events."""
        ...

    @property
    def lag(self) -> int:
        """How many events of the log it has not got."""
        ...

    def after(self, position: int, limit: int) -> Sequence[Any] | None:
        """Rows after a position; None where only the log can tell."""
        ...

    def seen(self, head: int) -> None:
        """Where the log has got to."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...


def open_copy(store: Store, nats_url: str | None, heard: Callable[[], None] | None = None) -> Copy | None:
    """The copy in NATS, where a server is set and the database is shared by several machines. `heard` is for processes
    that read it, see `JetStream`."""
    if nats_url is None:
        return None
    if store.dialect != "postgresql":
        _log.warning("stream.not_used", reason="SQLite serves one machine")
        return None
    from app.events.jetstream import JetStream

    return JetStream(store, nats_url, heard)


def copy_note(copy: Copy) -> str | None:
    """What readiness tells of a copy that brings nothing."""
    return None if copy.alive else "NATS brings no events: they are read from the database"


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
    while True:
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
