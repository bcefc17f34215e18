"""Wake-ups for those who wait at the end of the event log: from this process at each commit, from others by looking
now and then. A wake-up is a hint; who hears it reads the log."""

import asyncio
from collections.abc import Callable

from app.store.pulse import SECONDS_BETWEEN, pulse
from app.store.session import Store
from app.telemetry import logger

_log = logger(__name__)


class Bus:
    """One per process. `run` is its lifespan task; without it only this process's own writes wake anyone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = 0
        self._next = asyncio.Event()
        self.on_beat: list[Callable[[int], None]] = []
        """Told at every look what was seen: on PostgreSQL the newest position of the log."""
        store.on_events.append(self.wake)

    @property
    def turn(self) -> int:
        """How many wake-ups there were; note it before reading the log, and wait `since` it."""
        return self._turn

    def wake(self) -> None:
        """Something was appended. To be called on the event loop's thread."""
        self._turn += 1
        heard, self._next = self._next, asyncio.Event()
        heard.set()

    async def wait(self, timeout: float, since: int | None = None) -> bool:  # noqa: ASYNC109 - a wait has an end
        """Until the next wake-up, or at once if there was one after turn `since`; False after `timeout` seconds."""
        if since is not None and since != self._turn:
            return True
        try:
            async with asyncio.timeout(timeout):
                await self._next.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Looks for other processes' writes until cancelled. A database that cannot be asked is asked again."""
        seconds = SECONDS_BETWEEN[self._store.dialect]
        while True:
            try:
                with pulse(self._store) as beat:
                    last = await beat()
                    while True:
                        await asyncio.sleep(seconds)
                        now = await beat()
                        for tell in self.on_beat:
                            tell(now)
                        if now != last:
                            last = now
                            self.wake()
            except Exception as fault:  # whatever a driver raises while its database is away
                _log.warning("events.pulse_lost", error=type(fault).__name__)
                await asyncio.sleep(1.0)
                self.wake()
