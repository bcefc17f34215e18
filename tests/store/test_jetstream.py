"""The copy of the log in NATS: it brings every event once and in order, and where it cannot the log is read."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
import sqlalchemy as sa
from nats.js import JetStreamContext

from app.delivery.copy import copy_note, open_copy
from app.events.bus import Bus
from app.events.jetstream import JetStream
from app.events.recent import Window, pack, unpack
from app.principal import Principal
from app.store import log
from app.store.housekeeping import forget_events
from app.store.log import Row
from app.store.session import Store
from app.store.tables import TABLES
from tests.nats_server import NatsServer
from tests.scenes import NOW, SetClock, make_tenants

ROOT = Path(__file__).parents[2]


def a_row(position: int) -> Row:
    return Row(position, f"evt_{position}", "org_1", "entry.held", "ent_1", NOW, {"code": "7H", "late": False})


@asynccontextmanager
async def copying(store: Store, server: NatsServer, *, reads: bool = True) -> AsyncIterator[JetStream]:
    """A process of the installation: a bus that looks at the log, and the copy."""
    bus = Bus(store)
    copy = JetStream(store, server.url, bus.wake if reads else None)
    bus.on_beat.append(copy.seen)
    tasks = [asyncio.create_task(bus.run()), asyncio.create_task(copy.run())]
    try:
        if reads:
            await until(lambda: copy.alive)
        yield copy
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def another(store: Store) -> AsyncIterator[Store]:
    opened = Store.open(store.url, store.clock)
    yield opened
    await opened.close()


@asynccontextmanager
async def streams(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(server.url)
    yield client.jetstream()
    await client.close()


async def until(holds: Callable[[], Any], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.01)


async def append(store: Store, owner: Principal, *subjects: str) -> None:
    async with store.unit(owner) as unit:
        for subject in subjects:
            await unit.event("entry.held", owner.organisation_id, subject, unit.now, {"code": subject})


async def name_of(store: Store) -> str:
    return f"TIDEGATE_{await log.identity(store):016x}"


@pytest.fixture
async def owner(postgres_store: Store) -> Principal:
    return (await make_tenants(postgres_store)).importer


def test_a_row_is_the_same_on_the_other_side() -> None:
    assert unpack(pack(a_row(7))) == a_row(7)


@pytest.mark.parametrize("text", [b"", b"x", b"{}", b"null", b"[1,2,3,4,5,6,7]", b'["1","a","b","c","d","e",{}]'])
def test_a_message_of_somebody_else_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(text)


def test_a_window_never_holds_a_hole() -> None:
    window = Window(3)
    assert window.after(0, 10) is None
    window.start(4)
    assert (window.after(4, 10), window.after(3, 10), window.after(5, 10)) == ([], None, None)

    assert [window.add(a_row(position)) for position in (5, 6, 6, 5, 7, 8)] == [True, True, False, False, True, True]
    assert [row.position for row in window.after(5, 10) or ()] == [6, 7, 8]
    assert [row.position for row in window.after(6, 1) or ()] == [7]
    assert window.after(4, 10) is None

    assert window.add(a_row(10))
    assert (window.last, window.after(8, 10)) == (10, None)
    assert [row.position for row in window.after(9, 10) or ()] == [10]


async def test_every_process_gets_every_event_in_order(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    """Two gateways append at the same time and each publishes what it moved; a third one only reads."""
    async with AsyncExitStack() as stack:
        stores = [postgres_store, *[await stack.enter_async_context(another(postgres_store)) for _ in range(2)]]
        copies = [await stack.enter_async_context(copying(store, nats_server)) for store in stores]
        begin = copies[2].window.last
        for step in range(12):
            await asyncio.gather(*(append(store, owner, f"s{step}", f"t{step}") for store in stores[:2]))
        await until(lambda: all(copy.window.last == begin + 48 for copy in copies))
        kept = await log.after(postgres_store, begin, 100)
        for copy in copies:
            brought = copy.after(begin, 100)
            assert [(row.position, row.id, row.data) for row in brought] == [(r.position, r.id, r.data) for r in kept]
            assert copy.lag == 0
        async with streams(nats_server) as jet:
            state = (await jet.stream_info(await name_of(postgres_store))).state
            newest = await jet.get_msg(await name_of(postgres_store), seq=state.last_seq)
    assert (state.last_seq, state.messages) == (kept[-1].position, 48)
    assert newest.headers == {
        "Nats-Msg-Id": str(kept[-1].position),
        "Nats-Expected-Last-Sequence": str(kept[-1].position - 1),
        "Nats-Expected-Stream": await name_of(postgres_store),
    }


async def test_what_was_moved_and_not_published_is_filled_in_before_newer_events(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    """A relay that dies between its move and its message leaves a hole at the end of the stream."""
    async with another(postgres_store) as dying, copying(postgres_store, nats_server) as copy:
        begin = copy.window.last
        await append(dying, owner, "lost", "too")
        await dying.relay.settled()
        await append(postgres_store, owner, "newer")
        await until(lambda: copy.window.last == begin + 3)
        assert [row.subject_id for row in copy.after(begin, 9)] == ["lost", "too", "newer"]


async def test_a_worker_publishes_what_others_moved(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    async with (
        another(postgres_store) as writing,
        another(postgres_store) as working,
        copying(postgres_store, nats_server) as copy,
        copying(working, nats_server, reads=False),
    ):
        begin = copy.window.last
        await append(writing, owner, "a", "b")
        await until(lambda: copy.window.last == begin + 2)
        assert [row.subject_id for row in copy.after(begin, 9)] == ["a", "b"]


async def test_readers_go_back_to_the_log_while_nats_is_away(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    async with copying(postgres_store, nats_server) as copy:
        begin = copy.window.last
        assert (copy.after(begin, 9), copy_note(copy)) == ([], None)
        nats_server.stop()
        await append(postgres_store, owner, "away")
        await until(lambda: copy.after(begin, 9) is None and not copy.alive)
        await until(lambda: copy.lag == 1)
        assert copy_note(copy) == "NATS brings no events: they are read from the database"
        await asyncio.to_thread(nats_server.start)
        await until(lambda: copy.alive)
        await until(lambda: copy.window.last == begin + 1)
        assert [row.subject_id for row in copy.after(begin, 9)] == ["away"]
        assert copy.lag == 0


async def test_a_purged_stream_goes_on_with_the_next_event(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    async with copying(postgres_store, nats_server) as copy, streams(nats_server) as jet:
        begin = copy.window.last
        await append(postgres_store, owner, "a", "b")
        await until(lambda: copy.window.last == begin + 2)
        await jet.purge_stream(await name_of(postgres_store))
        await append(postgres_store, owner, "c")
        await until(lambda: copy.window.last == begin + 3)
        assert [row.subject_id for row in copy.after(begin, 9)] == ["a", "b", "c"]


async def test_a_stream_that_was_deleted_is_made_again(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    async with copying(postgres_store, nats_server) as copy, streams(nats_server) as jet:
        begin = copy.window.last
        await jet.delete_stream(await name_of(postgres_store))
        await append(postgres_store, owner, "a")
        await until(lambda: not copy.alive)
        await until(lambda: copy.alive)
        await append(postgres_store, owner, "b")
        await until(lambda: copy.window.last == begin + 2)
        assert [row.subject_id for row in copy.after(begin + 1, 9)] == ["b"]


async def test_a_stream_that_is_ahead_of_the_log_is_made_anew(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    """The database was restored from a backup: what the stream holds beyond it never happened."""
    async with copying(postgres_store, nats_server) as copy:
        begin = copy.window.last
        await append(postgres_store, owner, "a", "b", "never", "happened")
        await until(lambda: copy.window.last == begin + 4)
    async with postgres_store.write_connection() as connection:
        kept = TABLES["event_log"]
        await connection.execute(sa.delete(kept).where(kept.c.subject_id.in_(("never", "happened"))))
    async with copying(postgres_store, nats_server) as copy:
        assert copy.window.last == begin + 2
        await append(postgres_store, owner, "instead")
        await until(lambda: copy.window.last == begin + 3)
        assert [row.subject_id for row in copy.after(begin + 2, 9)] == ["instead"]


async def test_a_stream_of_events_that_the_log_has_lost_is_made_anew(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    """A standby that was behind has taken over and grown as long again."""
    async with copying(postgres_store, nats_server) as copy:
        begin = copy.window.last
        await append(postgres_store, owner, "a")
        await until(lambda: copy.window.last == begin + 1)
    kept = TABLES["event_log"]
    async with postgres_store.write_connection() as connection:
        await connection.execute(sa.update(kept).where(kept.c.position == begin + 1).values(id="evt_another"))
    async with copying(postgres_store, nats_server) as copy, streams(nats_server) as jet:
        await append(postgres_store, owner, "b")
        await until(lambda: copy.window.last == begin + 2)
        assert (await jet.stream_info(await name_of(postgres_store))).state.first_seq == begin + 2


async def test_a_stream_that_stayed_behind_what_the_log_keeps_is_made_anew(
    postgres_store: Store, owner: Principal, nats_server: NatsServer, clock: SetClock
) -> None:
    async with copying(postgres_store, nats_server) as copy:
        begin = copy.window.last
        await append(postgres_store, owner, "a")
        await until(lambda: copy.window.last == begin + 1)
    await append(postgres_store, owner, "b", "c")
    await postgres_store.relay.settled()
    await forget_events(postgres_store, clock.forward(days=9) - timedelta(days=1))
    async with copying(postgres_store, nats_server) as copy:
        await append(postgres_store, owner, "d")
        await until(lambda: copy.window.last == begin + 4)
        assert [row.subject_id for row in copy.after(begin + 3, 9)] == ["d"]


async def test_another_database_has_a_stream_of_its_own(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    async with copying(postgres_store, nats_server) as copy:
        begin = copy.window.last
        other = Store.open(postgres_store.url)
        other.log_identity = await log.identity(postgres_store) ^ 1
        async with copying(other, nats_server) as foreign, streams(nats_server) as jet:
            await append(postgres_store, owner, "a")
            await until(lambda: copy.window.last == foreign.window.last == begin + 1)
            names = {info.config.name for info in await jet.streams_info()}
        await other.close()
    assert names == {await name_of(postgres_store), f"TIDEGATE_{other.log_identity:016x}"}


async def test_a_message_that_is_not_ours_is_passed_over(
    postgres_store: Store, owner: Principal, nats_server: NatsServer
) -> None:
    async with copying(postgres_store, nats_server) as copy, streams(nats_server) as jet:
        begin = copy.window.last
        subject = f"tidegate.{await log.identity(postgres_store):016x}.events"
        await jet.publish(subject, b"hello")  # takes the place of the next event
        await append(postgres_store, owner, "a")
        await until(lambda: copy.after(begin, 9) is None)
        await append(postgres_store, owner, "b")
        await until(lambda: copy.window.last == begin + 2)
        assert copy.after(begin, 9) is None
        assert [row.subject_id for row in copy.after(begin + 1, 9)] == ["b"]


async def test_sqlite_needs_no_copy(sqlite_store: Store) -> None:
    assert open_copy(sqlite_store, "nats://127.0.0.1:4222") is None
    assert open_copy(sqlite_store, None) is None


def test_without_a_nats_server_nothing_of_nats_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.asgi import create_app; from app.settings import Settings; "
        f"create_app(Settings(state_dir=Path({str(tmp_path)!r}))); print('nats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "False\n"
