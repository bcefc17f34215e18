"""The way out: once begun, readiness says 503, new sockets are refused, and open ones are closed one by one over a
window, so that their clients do not all come back in the same moment."""

import asyncio
from contextlib import suppress
from typing import Protocol

from app.telemetry import logger

log = logger("tidegate.web")

SERVICE_RESTART = 1012
_SETTLE_SECONDS = 2.0


class Drainable(Protocol):
    """A socket that can be asked to end."""

    def end(self, code: int, reason: str) -> None:
        """Closes soon; returns at once."""
        ...


class Drain:
    """One per process. Open sockets are kept here, so that the count of them has one home."""

    def __init__(self, window_seconds: float) -> None:
        self._window = window_seconds
        self._open: set[Drainable] = set()
        self._emptied = asyncio.Event()
        self._run: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        """Whether the process is on its way out."""
        return self._run is not None

    @property
    def open_sockets(self) -> int:
        """How many sockets are open now."""
        return len(self._open)

    def add(self, socket: Drainable) -> None:
        """A socket was opened."""
        self._open.add(socket)
        self._emptied.clear()

    def remove(self, socket: Drainable) -> None:
        """A socket is closed and its work has ended."""
        self._open.discard(socket)
        if not self._open:
            self._emptied.set()

    async def run(self) -> None:
        """Drains; returns when every socket has gone, at the latest two seconds after the window. Later calls wait
        for the first."""
        if self._run is None:
            self._run = asyncio.create_task(self._close_all())
        await asyncio.shield(self._run)

    async def _close_all(self) -> None:
        sockets = list(self._open)
        log.info("drain.started", sockets=len(sockets), seconds=self._window)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for position, socket in enumerate(sockets):
            due = begun + self._window * position / len(sockets)
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            socket.end(SERVICE_RESTART, "The gateway restarts")
        if self._open:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLE_SECONDS):
                    await self._emptied.wait()
        log.info("drain.finished", left=len(self._open))
