"""The feed: a page after a cursor, and a stream that resumes and goes live with no gap and no duplicate."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import BadUserInput, CursorExpired
from app.events import cursor
from app.events.bus import Bus
from app.events.feed import Feed, Interest
from app.filing.entry import EntryStatus as S
from app.principal import Principal
from app.services.organisations import create_organisation
from app.store import log
from app.store.migrations import upgrade
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.store.tables import TABLES, EventLog
from app.values import OrganisationKind
from tests.scenes import SELLER, SYSTEM, accepted, an_entry, at, make_tenants, told


async def append(store: Store, owner: Principal, *subjects: str, kind: str = "entry.held", **data: Any) -> None:
    """Events of one transaction."""
    async with store.unit(owner) as unit:
        for subject in subjects:
            await unit.event(kind, owner.organisation_id, subject, unit.now, data)


async def take(stream: AsyncIterator[Any], count: int, *, seconds: float = 10) -> list[str]:
    """Subjects of the next events."""
    async with asyncio.timeout(seconds):
        return [(await anext(stream)).subject_id for _ in range(count)]


@asynccontextmanager
async def watching(store: Store) -> AsyncIterator[Feed]:
    """A feed with its bus running."""
    bus = Bus(store)
    task = asyncio.create_task(bus.run())
    try:
        yield Feed(store, bus)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_page_goes_from_the_oldest_on_and_resumes(store: Store, importer: Principal) -> None:
    await append(store, importer, "a", "b", "c")
    feed = Feed(store, Bus(store))
    first = await feed.page(importer, types=None, subject=None, after=None, limit=2)
    assert [row.subject_id for row in first] == ["a", "b"]
    after = feed.cursor(first[-1].position)
    assert [row.subject_id for row in await feed.page(importer, after=after, limit=2)] == ["c"]
    assert [row.subject_id for row in await feed.page(importer, after="earliest", limit=9)] == ["a", "b", "c"]


async def test_a_page_keeps_to_types_subject_and_importer(store: Store, importer: Principal) -> None:
    for number in range(5):
        await append(store, importer, f"e{number}", kind="entry.held", importerId=f"pty_{number % 2}")
        await append(store, importer, f"s{number}", kind="shipment.booked")
    feed = Feed(store, Bus(store))
    assert len(await feed.page(importer, types=frozenset({"entry.held"}), limit=50)) == 5
    assert [row.subject_id for row in await feed.page(importer, subject="s3", limit=50)] == ["s3"]
    assert [row.subject_id for row in await feed.page(importer, importer="pty_1", limit=50)] == ["e1", "e3"]
    assert [row.subject_id for row in await feed.page(importer, importer="pty_0", limit=2)] == ["e0", "e2"]


async def test_a_reader_sees_its_own_and_what_it_is_a_party_of(
    store: Store, importer: Principal, partner: Principal
) -> None:
    entry = await an_entry(store, importer)
    feed = Feed(store, Bus(store))
    assert await feed.page(partner, limit=50) == []
    seller = next(row.id for row in await store.rows(importer, Select("party")) if row.name == SELLER.name)
    await create_organisation(store, "Partner", OrganisationKind.PARTNER, (seller,))
    kinds = [row.type for row in await feed.page(partner, limit=50)]
    assert kinds == ["shipment.booked", "entry.draft"]
    accepted(await told(store, importer, entry, S.SUBMITTED, at(12)))
    assert (await feed.page(partner, limit=50))[-1].data == {
        "entryNumber": "SIM-0000001-3",
        "importerId": (await store.rows(importer, Select("entry")))[0].importer_id,
        "status": "SUBMITTED",
        "previousStatus": "DRAFT",
        "code": None,
        "narrative": None,
        "source": "vendor",
        "late": False,
    }


async def test_a_stream_without_cursor_starts_when_it_is_asked_for(store: Store, importer: Principal) -> None:
    async with watching(store) as feed:
        await append(store, importer, "before")
        stream = await feed.stream(importer, types=None, subjects=None, after=None)
        await append(store, importer, "between")
        assert await take(stream, 1) == ["between"]
        waiting = asyncio.create_task(take(stream, 1))
        await asyncio.sleep(0.05)
        await append(store, importer, "after")
        assert await waiting == ["after"]


async def test_a_stream_resumes_and_goes_live_without_gap_or_duplicate(store: Store, importer: Principal) -> None:
    async with watching(store) as feed:
        await append(store, importer, *(f"old{number}" for number in range(450)))
        (row,) = await feed.page(importer, limit=1)
        stream = await feed.stream(importer, types=None, subjects=None, after=feed.cursor(row.position))

        async def write() -> None:
            for number in range(30):
                await append(store, importer, f"new{number}")

        found, _ = await asyncio.gather(take(stream, 449 + 30, seconds=30), write())
        assert found == [f"old{number}" for number in range(1, 450)] + [f"new{number}" for number in range(30)]


async def test_many_writers_and_readers_lose_nothing(store: Store, importer: Principal) -> None:
    async with watching(store) as feed:
        streams = [await feed.stream(importer, types=None, subjects=None, after=None) for _ in range(4)]

        async def write(writer: int) -> None:
            for number in range(15):
                await append(store, importer, f"{writer}-{number}")

        results = await asyncio.gather(
            *(take(stream, 60, seconds=30) for stream in streams), *(write(writer) for writer in range(4))
        )
        readings = results[:4]
        log = await store.rows(SYSTEM, Select("event_log", order=(Order("position"),)))
        assert all(reading == [row.subject_id for row in log] for reading in readings)


async def test_a_stream_hears_of_another_process(store: Store, importer: Principal, database_url: str) -> None:
    """Another store on the same database wakes no listener here: only the poll can."""
    other = Store.open(database_url, store.clock)
    try:
        async with watching(store) as feed:
            stream = await feed.stream(importer, types=None, subjects=None, after=None)
            waiting = asyncio.create_task(take(stream, 1, seconds=5))
            await asyncio.sleep(0.3)
            await append(other, importer, "elsewhere")
            assert await waiting == ["elsewhere"]
    finally:
        await other.close()


async def test_a_stream_passes_over_what_it_is_not_asked_for(store: Store, importer: Principal) -> None:
    async with watching(store) as feed:
        stream = await feed.stream(
            importer, types=frozenset({"entry.released"}), subjects=("x", "y"), importer="pty_1", after=None
        )
        await append(store, importer, *(["noise"] * 300))
        await append(store, importer, "x", "z", kind="entry.released", importerId="pty_1")
        await append(store, importer, "y", kind="entry.released", importerId="pty_2")
        await append(store, importer, "y", kind="entry.released", importerId="pty_1")
        assert await take(stream, 2) == ["x", "y"]


FORGERIES = {
    "empty": lambda ours: "",
    "short": lambda ours: "AAAA",
    "changed": lambda ours: cursor.encode(3, ours)[:-1] + "B",
    "ahead of every event": lambda ours: cursor.encode(10**9, ours),
    "one ahead": lambda ours: cursor.encode(4, ours),
    "of an event, changed": lambda ours: cursor.encode(2, ours, "evt_1")[:-2] + "AA",
    "of an event of another database": lambda ours: cursor.encode(2, ours + 1, "evt_1"),
    "of another database": lambda ours: cursor.encode(2, ours + 1),
    "no database's": lambda ours: cursor.encode(2, 0),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_cursor_that_is_not_ours_is_refused(sqlite_store: Store, forgery: str) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    await append(sqlite_store, importer, "a", "b", "c")
    text = FORGERIES[forgery](await log.identity(sqlite_store))
    feed = Feed(sqlite_store, Bus(sqlite_store))
    with pytest.raises(BadUserInput):
        await feed.page(importer, after=text, limit=5)
    with pytest.raises(BadUserInput):
        await feed.stream(importer, types=None, subjects=None, after=text)


async def test_every_database_has_a_log_of_its_own(tmp_path: Path) -> None:
    found = set()
    for name in ("one", "other"):
        store = Store.open(f"sqlite+aiosqlite:///{tmp_path / name}.sqlite3")
        await upgrade(store)
        found.add(await log.identity(store))
        await store.close()
    assert len(found) == 2
    assert 0 not in found


async def test_a_cursor_before_the_oldest_kept_names_that_one(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    await append(sqlite_store, importer, "a", "b", "c")
    async with sqlite_store.unit(SYSTEM) as unit:
        for row in await unit.find_all(EventLog, subject_id=["a", "b"]):
            await unit.session.delete(row)
    feed = Feed(sqlite_store, Bus(sqlite_store))
    await feed.head()
    with pytest.raises(CursorExpired) as expired:
        await feed.page(importer, after=feed.cursor(1), limit=5)
    earliest = str(expired.value.extensions["earliest"])
    assert [row.subject_id for row in await feed.page(importer, after=feed.cursor(3), limit=5)] == []
    assert [row.subject_id for row in await feed.page(importer, after="earliest", limit=5)] == ["c"]
    assert [row.subject_id for row in await feed.page(importer, after=earliest, limit=5)] == ["c"]


async def taken_over(store: Store, position: int, event: str) -> None:
    """A database that never had the event at this position has taken over and given the position to another."""
    await store.relay.settled()
    kept = TABLES["event_log"]
    async with store.write_connection() as connection:
        await connection.execute(sa.update(kept).where(kept.c.position == position).values(id=event))


async def test_a_cursor_of_an_event_that_the_log_has_lost_expires(store: Store, importer: Principal) -> None:
    """A standby that was behind has taken over: its log is as long again, and holds other events at these places."""
    await append(store, importer, "a", "b", "c")
    feed = Feed(store, Bus(store))
    rows = await feed.page(importer, limit=5)
    cursors = [feed.cursor(row.position, row.id) for row in rows]
    await taken_over(store, rows[2].position, "evt_another")

    with pytest.raises(CursorExpired) as expired:
        await feed.page(importer, after=cursors[2], limit=5)
    with pytest.raises(CursorExpired):
        await feed.tail(importer, Interest(), cursors[2])

    again = await feed.page(importer, after=str(expired.value.extensions["earliest"]), limit=5)
    assert [row.subject_id for row in again] == ["a", "b", "c"]
    assert [row.subject_id for row in await feed.page(importer, after=cursors[1], limit=5)] == ["c"]


async def test_a_cursor_ahead_of_a_log_that_was_longer_expires(store: Store, importer: Principal) -> None:
    await append(store, importer, "a", "b")
    feed = Feed(store, Bus(store))
    kept, lost = await feed.page(importer, limit=5)
    stream = aiter(await feed.tail(importer, Interest(), feed.cursor(lost.position, lost.id)))
    async with store.unit(SYSTEM) as unit:
        for row in await unit.find_all(EventLog, id=lost.id):
            await unit.session.delete(row)

    with pytest.raises(CursorExpired):
        await feed.page(importer, after=feed.cursor(lost.position, lost.id), limit=5)
    with pytest.raises(CursorExpired):
        await take(stream, 1)
    assert await feed.page(importer, after=feed.cursor(kept.position, kept.id), limit=5) == []


async def test_a_cursor_of_an_earlier_version_is_still_a_place(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    await append(sqlite_store, importer, "a", "b")
    feed = Feed(sqlite_store, Bus(sqlite_store))
    place = cursor.encode(1, await log.identity(sqlite_store))
    assert [row.subject_id for row in await feed.page(importer, after=place, limit=5)] == ["b"]


async def test_a_rolled_back_event_is_never_seen_and_wakes_nobody(store: Store, importer: Principal) -> None:
    bus = Bus(store)
    turn = bus.turn

    async def fail() -> None:
        async with store.unit(importer) as unit:
            await unit.event("entry.held", importer.organisation_id, "ghost", unit.now, {})
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await fail()
    assert bus.turn == turn
    assert await store.count(SYSTEM, Select("event_log", (Where("subject_id", "eq", "ghost"),))) == 0


async def test_the_bus_survives_a_database_that_cannot_be_asked(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = iter([True])
    real = sqlite3.connect

    def connect(*given: Any, **named: Any) -> Any:
        if next(broken, False):
            raise sqlite3.OperationalError("unable to open database file")
        return real(*given, **named)

    async def at_once(_seconds: float) -> None:
        await yielding()

    async def yielding(sleep: Any = asyncio.sleep) -> None:
        await sleep(0)

    monkeypatch.setattr("app.store.pulse.sqlite3.connect", connect)
    monkeypatch.setattr("app.events.bus.asyncio.sleep", at_once)
    bus = Bus(sqlite_store)
    task = asyncio.create_task(bus.run())
    assert await bus.wait(5)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
