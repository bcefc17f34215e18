"""SQLite connections whose statement ends when its caller is cancelled. The driver would let it run to its end in its
thread, and everybody behind it wait."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

_PRESS_EVERY = 0.05


class Interruptible(aiosqlite.Connection):
    """Reads alone: what is interrupted leaves nothing half done."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        state = _State()

        def run() -> Any:
            try:
                return None if state.given_up else fn(*args, **kwargs)
            finally:
                state.over = True

        try:
            return await super()._execute(run)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            state.given_up = True
            self._press(state)
            raise

    def _press(self, state: "_State") -> None:
        """Interrupts until it is over: a statement that is just about to begin does not hear the first time."""
        if not state.over and self._connection is not None:
            self._connection.interrupt()
            asyncio.get_running_loop().call_later(_PRESS_EVERY, self._press, state)


class _State:
    """Of one call, seen by both threads."""

    given_up = False
    over = False


def connect(database: str, **options: Any) -> Interruptible:
    """A connection as SQLAlchemy's dialect asks for it; its thread does not keep the process alive."""
    made = Interruptible(lambda: sqlite3.connect(database, **options), 64)
    made._thread.daemon = True
    return made
