"""The pool of PostgreSQL's readers where connections cannot be had."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.store.pool import PostgresReader, Unanswerable


class Connected:
    async def fetch(self, *_: Any) -> list[Any]:
        return [(1,)]

    def is_closed(self) -> bool:
        return False


@pytest.mark.parametrize("fault", [ConnectionRefusedError(), asyncpg.TooManyConnectionsError("no"), TimeoutError()])
async def test_whoever_waits_tries_once_a_connection_failed(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    tries: list[int] = []

    async def connect(*_: Any, **__: Any) -> Connected:
        tries.append(1)
        number = len(tries)
        await asyncio.sleep(0.01)
        if number <= 2:
            raise fault
        return Connected()

    monkeypatch.setattr(asyncpg, "connect", connect)
    reader = PostgresReader("postgresql://nowhere", size=2)
    async with asyncio.timeout(5):
        done = await asyncio.gather(*(reader.run([("SELECT 1", ())]) for _ in range(5)), return_exceptions=True)

    assert [type(one) for one in done[:2]] == [Unanswerable, Unanswerable]
    assert done[2:] == [[[(1,)]]] * 3
