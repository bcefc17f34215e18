"""The SQL that one piece of work runs through SQLAlchemy, for who asks to see it: text with placeholders, no values."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

_FRAME = frozenset({"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"})
_kept: ContextVar[list[str] | None] = ContextVar("statements", default=None)


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The statements of the block and of the tasks it starts, in order."""
    found: list[str] = []
    token = _kept.set(found)
    try:
        yield found
    finally:
        _kept.reset(token)


def traced(engine: AsyncEngine) -> AsyncEngine:
    """The engine, its statements seen by `recorded`."""

    @sa.event.listens_for(engine.sync_engine, "before_cursor_execute")
    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found = _kept.get()
        if found is not None and statement not in _FRAME:
            found.append(statement)

    return engine
