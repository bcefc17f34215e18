"""How long one turn of the event loop may be spent on answers that are made without waiting. What comes after that has
its turn later, in order, so that whatever waits for anything is not held up by all that is ready. And when the answers
of a turn are written."""

import asyncio
from collections import deque
from collections.abc import Callable

SECONDS = 0.01
HELD_SECONDS = 0.001


class Turns:
    """Of one event loop. A turn may run over by one piece of work."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._spent = 0.0
        self._over = False
        self._waiting: deque[Callable[[], None]] = deque()
        self.full = seconds <= 0.0  # whether the next piece of work has to wait: for a turn, or for those before it

    def spend(self, seconds: float) -> None:
        """Counts what a piece of work took."""
        self._spent += seconds
        if self._spent >= self._seconds:
            self.full = True
        if not self._over:
            self._over = True
            asyncio.get_running_loop().call_soon(self._next)

    def later(self, work: Callable[[], None]) -> None:
        """Runs it in a turn that has room, after what waits already. It says what it took by `spend`."""
        self._waiting.append(work)
        self.full = True
        self.spend(0.0)

    def _next(self) -> None:
        """A new turn."""
        self._spent, self._over = 0.0, False
        try:
            for _ in range(len(self._waiting)):
                work = self._waiting.popleft()
                self.full = self._spent >= self._seconds or bool(self._waiting)
                work()
                if self._spent >= self._seconds:
                    break
        finally:
            self.full = self._spent >= self._seconds or bool(self._waiting)
            if self._waiting:
                self.spend(0.0)


class Outbox:
    """The short answers of one turn of the loop, written together at its end. A write wakes whoever waits for it, which
    takes longer than the write; one that follows another finds its reader awake."""

    def __init__(self, seconds: float = HELD_SECONDS) -> None:
        self._seconds = seconds
        self._writes: list[Callable[[], None]] = []
        self._since = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def put(self, write: Callable[[], None], now: float) -> None:
        """Calls it at the end of the turn, or with the next one where the first has waited long enough."""
        loop = asyncio.get_running_loop()
        if not self._writes or loop is not self._loop:
            self._since, self._loop = now, loop
            loop.call_soon(self._empty)
        self._writes.append(write)
        if now - self._since > self._seconds:
            self._empty()

    def _empty(self) -> None:
        writes, self._writes = self._writes, []
        for write in writes:
            try:
                write()
            except Exception as fault:  # of one connection, and none of the others'
                told = {"message": "an answer could not be written", "exception": fault}
                asyncio.get_running_loop().call_exception_handler(told)
