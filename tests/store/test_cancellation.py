"""A cancelled reader stops the database's work: on the lane's connections, on SQLAlchemy's, and in the batches of an
operation, on SQLite and on PostgreSQL."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation
from app.events.bus import Bus
from app.events.feed import Feed
from app.services.quotes import Desk
from app.store.pool import SqliteReader
from app.store.session import Store
from app.tariff.measure_file import packaged_book
from tests.conftest import SetClock
from tests.graph.conftest import SCHEMA
from tests.graph.random_rows import fill

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) "
    "SELECT count(tick()) FROM n",
    "postgresql": "SELECT count(*) AS endless FROM generate_series(1, 60000) a, generate_series(1, 60000) b",
}
"""Minutes of work on any machine."""

ACTIVE = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE state = 'active' AND query LIKE '%AS endless%' AND pid <> pg_backend_pid()"
)


class Work:
    """Whether the database is at it: rows of SQLite tick, PostgreSQL tells its activity."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ticks = 0
        if store.dialect == "sqlite":
            sa.event.listen(store.reader.sync_engine, "connect", self._prepare)
            assert isinstance(store.lane, SqliteReader)

    def _prepare(self, connection: Any, _record: Any) -> None:
        connection.create_function("tick", 0, self.tick)

    def tick(self) -> int:
        self.ticks += 1
        return 1

    async def going_on(self) -> bool:
        if self.store.dialect == "sqlite":
            before = self.ticks
            await asyncio.sleep(0.1)
            return self.ticks > before
        async with self.store.reader.connect() as connection:
            return bool((await connection.execute(sa.text(ACTIVE))).scalar())

    async def within(self, seconds: float, wanted: bool) -> bool:
        """Whether it comes to that in so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.going_on() is not wanted:
                    await asyncio.sleep(0.02)
                return True
        return False


async def begun_and_cancelled(work: Work, run: Callable[[], Awaitable[Any]]) -> None:
    task = asyncio.ensure_future(run())
    assert await work.within(20, wanted=True), task
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=10)
    assert done
    assert task.cancelled()
    assert await work.within(10, wanted=False)


async def test_the_lane_stops(store: Store) -> None:
    work, lane = Work(store), store.lane
    assert lane is not None
    if isinstance(lane, SqliteReader):
        await lane.run([("SELECT 1", ())])
        assert lane._beside is not None
        lane._beside._made.create_function("tick", 0, work.tick)

    await begun_and_cancelled(work, lambda: lane.run([(ENDLESS[store.dialect], ())]))

    assert [tuple(row) for row in (await lane.run([("SELECT 1", ())]))[0]] == [(1,)]


async def test_the_connection_is_the_threads_until_it_ends_however_often_that_is_cancelled(sqlite_store: Store) -> None:
    lane = sqlite_store.lane
    assert isinstance(lane, SqliteReader)
    work, running = Work(sqlite_store), 0
    await lane.run([("SELECT 1", ())])
    assert lane._beside is not None
    lane._beside._made.create_function("tick", 0, work.tick)
    run, most = lane._beside.run, 0

    def counted(*given: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return run(*given)
        finally:
            time.sleep(0.1)  # a disk that takes its time
            running -= 1

    lane._beside.run = counted  # type: ignore[method-assign]
    task = asyncio.ensure_future(lane.run([(ENDLESS["sqlite"], ())]))
    assert await work.within(20, wanted=True)
    behind = asyncio.ensure_future(lane.run([("SELECT 2", ())]))
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)

    assert await behind == [[(2,)]]
    assert task.cancelled()
    assert most == 1


async def test_a_statement_of_the_ordinary_way_stops(store: Store) -> None:
    work = Work(store)

    await begun_and_cancelled(work, lambda: store.fetch(sa.text(ENDLESS[store.dialect])))

    assert [tuple(row) for row in await store.fetch(sa.text("SELECT 1"))] == [(1,)]


@pytest.mark.parametrize("way", ["lane", "ordinary"])
async def test_a_statement_stops_though_the_request_to_cancel_is_lost(
    way: str, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL drops the request where its backend has not read the statement yet, as it may on a busy machine."""
    lost = 0

    async def lose(**_: Any) -> None:
        nonlocal lost
        lost += 1

    monkeypatch.setattr("asyncpg.connect_utils._cancel", lose)
    lane, endless = postgres_store.lane, ENDLESS["postgresql"]
    assert lane is not None
    run = (lambda: lane.run([(endless, ())])) if way == "lane" else (lambda: postgres_store.fetch(sa.text(endless)))

    await begun_and_cancelled(Work(postgres_store), run)

    assert lost


async def test_what_waits_behind_a_running_statement_does_not_begin(sqlite_store: Store) -> None:
    lane = sqlite_store.lane
    assert isinstance(lane, SqliteReader)
    work = Work(sqlite_store)
    await lane.run([("SELECT 1", ())])
    assert lane._beside is not None
    lane._beside._made.create_function("tick", 0, work.tick)

    tasks = [asyncio.ensure_future(lane.run([("SELECT tick()", ())])) for _ in range(3)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=10)

    assert all(task.cancelled() for task in tasks)
    assert work.ticks <= 1


async def test_the_batches_of_an_operation_stop_with_it(
    store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await fill(store, seed=20)
    work = Work(store)

    async def endless(*_: Any) -> Any:
        return await store.fetch(sa.text(ENDLESS[store.dialect]))

    monkeypatch.setattr(store, "children", endless)
    desk, feed = Desk(store, packaged_book()), Feed(store, Bus(store))
    engine = Engine(SCHEMA, store, feed, desk, clock, EngineSettings(lane=False))
    document = "{ entries(first: 3) { nodes { lines { number } } } }"

    await begun_and_cancelled(work, lambda: engine.execute(Operation(document, None, None, rows.callers[0], "request")))
