"""The log below its readers: positions after commits and not after sequences, one relay at a time over all processes,
retention without a gap, and the audience of an event."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.errors import CursorExpired
from app.events import cursor
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import Principal
from app.services.organisations import create_organisation
from app.store import log
from app.store.housekeeping import forget_events
from app.store.session import Store
from app.store.statement import Order, Select
from app.store.tables import TABLES
from app.values import OrganisationKind
from tests.factories import link, make_family
from tests.scenes import SELLER, SYSTEM, SetClock, an_entry, make_tenants


async def append(store: Store, owner: Principal, *subjects: str) -> None:
    """Events of one transaction, and until they have their positions."""
    async with store.unit(owner) as unit:
        for subject in subjects:
            await unit.event("entry.held", owner.organisation_id, subject, unit.now, {})
    await store.relay.settled()


async def subjects(store: Store) -> list[str]:
    return [row.subject_id for row in await store.rows(SYSTEM, Select("event_log", order=(Order("position"),)))]


@pytest.fixture
async def other(store: Store, database_url: str) -> AsyncIterator[Store]:
    """Another process's store on the same database."""
    opened = Store.open(database_url, store.clock)
    yield opened
    await opened.close()


@pytest.fixture
async def other_process(postgres_store: Store) -> AsyncIterator[Store]:
    opened = Store.open(postgres_store.url, postgres_store.clock)
    yield opened
    await opened.close()


@asynccontextmanager
async def running(*stores: Store) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(store.relay.run()) for store in stores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_event_that_commits_late_takes_a_late_position(store: Store, importer: Principal) -> None:
    """The slow transaction appends first. A reader that has passed the quick one's event still finds the slow one's."""
    appended, release = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with store.unit(importer) as unit:
            await unit.event("entry.held", importer.organisation_id, "slow", unit.now, {})
            appended.set()
            await release.wait()

    feed = Feed(store, Bus(store))
    stream = await feed.stream(importer)
    first = asyncio.create_task(slow())
    await appended.wait()
    second = asyncio.create_task(append(store, importer, "quick"))
    if store.dialect == "postgresql":
        async with asyncio.timeout(5):
            assert (await anext(stream)).subject_id == "quick"
    release.set()
    await asyncio.gather(first, second)

    last = "slow" if store.dialect == "postgresql" else "quick"
    async with asyncio.timeout(5):
        while (row := await anext(stream)).subject_id != last:
            pass
    assert row.position == 2


async def test_racing_writers_of_two_processes_lose_nothing_and_keep_each_subjects_order(
    store: Store, other: Store, importer: Principal
) -> None:
    """Transactions hold what they appended for a random while, so that they commit in another order. A reader tails
    the log by position alone."""
    chance = random.Random(7)
    written: dict[str, int] = {}

    async def write(store: Store, subject: str, delay: float) -> None:
        async with store.unit(importer) as unit:
            await unit.lock(subject)
            number = written[subject] = written.get(subject, 0) + 1
            data = {"number": number}
            await unit.event("entry.held", importer.organisation_id, subject, unit.now, data)
            await asyncio.sleep(delay)

    read: list[tuple[int, str, int]] = []

    async def tail() -> None:
        position = 0
        while len(read) < 120:
            for row in await log.after(store, position, 7):
                position = row.position
                read.append((row.position, row.subject_id, row.data["number"]))
            await asyncio.sleep(0.001)

    async with running(store, other), asyncio.timeout(40):
        reader = asyncio.create_task(tail())
        for _ in range(10):
            jobs = [(one, f"s{n % 4}", chance.random() / 50) for n, one in enumerate([store, other] * 6)]
            await asyncio.gather(*(write(*job) for job in jobs))
        await reader

    assert [position for position, _, _ in read] == list(range(1, 121))
    for subject, count in written.items():
        assert [number for _, about, number in read if about == subject] == list(range(1, count + 1))


async def test_a_server_with_other_defaults_changes_nothing(postgres_store: Store) -> None:
    """Asynchronous commits may be forgotten in a crash, so that positions that were read came again; with a snapshot
    for the whole transaction a relay that had to wait would give positions twice."""
    importer = (await make_tenants(postgres_store)).importer
    name = (await postgres_store.fetch(sa.text("SELECT current_database()")))[0][0]
    async with postgres_store.write_connection() as connection:
        for setting in ("synchronous_commit = off", "default_transaction_isolation = 'repeatable read'"):
            await connection.execute(sa.text(f"ALTER DATABASE {name} SET {setting}"))
    stores = [Store.open(postgres_store.url) for _ in range(3)]
    try:
        async with running(*stores), asyncio.timeout(40):
            for turn in range(15):
                await asyncio.gather(*(append(store, importer, f"{turn}.{n}") for n, store in enumerate(stores)))
            await asyncio.gather(*(store.relay.move() for store in stores))
        found = [row.position for row in await log.after(postgres_store, 0, 100)]
        async with stores[0].write_connection() as connection:
            before = (await connection.execute(sa.text("SHOW synchronous_commit"))).scalar()
            await connection.execute(log._BEGIN_MOVE)
            within = (await connection.execute(sa.text("SHOW synchronous_commit"))).scalar()
    finally:
        for store in stores:
            await store.close()
    assert found == list(range(1, 46))
    assert (before, within) == ("off", "on")


async def test_a_move_waits_for_another_one_and_goes_on_after_it(postgres_store: Store, other_process: Store) -> None:
    """The second relay takes its snapshot when the first has committed, so it gives the positions after."""
    importer = (await make_tenants(postgres_store)).importer
    async with postgres_store.write_connection() as connection:
        await connection.execute(log._BEGIN_MOVE)
        async with other_process.unit(importer) as unit:
            await unit.event("entry.held", importer.organisation_id, "b", unit.now, {})
        moving = asyncio.create_task(other_process.relay.move())
        await asyncio.sleep(0.2)
        assert not moving.done()
        await connection.execute(
            sa.insert(TABLES["event_log"]).values(
                position=1, id="evt_1", organisation_id=importer.organisation_id, type="entry.held",
                subject_id="a", occurred_at=postgres_store.clock(), data={}, recorded_at=postgres_store.clock(),
            )
        )  # fmt: skip
    await moving
    assert [(row.position, row.subject_id) for row in await log.after(postgres_store, 0, 9)] == [(1, "a"), (2, "b")]


async def test_a_rolled_back_event_leaves_no_hole(store: Store, importer: Principal) -> None:
    async def fail() -> None:
        async with store.unit(importer) as unit:
            await unit.event("entry.held", importer.organisation_id, "ghost", unit.now, {})
            raise RuntimeError("no")

    await append(store, importer, "a")
    with pytest.raises(RuntimeError, match="no"):
        await fail()
    await append(store, importer, "b")

    rows = await store.rows(SYSTEM, Select("event_log", order=(Order("position"),)))
    assert [(row.position, row.subject_id) for row in rows] == [(1, "a"), (2, "b")]


async def test_what_a_dead_process_left_is_moved_by_a_living_one(
    store: Store, other: Store, importer: Principal, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.relay, "nudge", lambda: None)
    await append(store, importer, "left", "behind")
    clock.forward(seconds=12)
    waiting = await other.relay.lag()
    async with running(other), asyncio.timeout(5):
        while await subjects(other) != ["left", "behind"]:
            await asyncio.sleep(0.01)

    assert waiting == (12.0 if store.dialect == "postgresql" else 0.0)
    assert await other.relay.lag() == 0.0


async def test_a_move_keeps_the_whole_event(store: Store, importer: Principal, clock: SetClock) -> None:
    async with store.unit(importer) as unit:
        before = unit.now - timedelta(days=3)
        await unit.event("entry.held", importer.organisation_id, "x", before, {"code": "7H", "late": True})
    (row,) = await store.rows(importer, Select("event_log"))

    assert row.id.startswith("evt_")
    assert (row.type, row.organisation_id, row.subject_id) == ("entry.held", importer.organisation_id, "x")
    assert (row.occurred_at, row.recorded_at) == (before, clock.now)
    assert row.data == {"code": "7H", "late": True}
    assert await store.count(SYSTEM, Select("event_pending")) == 0


async def test_retention_takes_the_oldest_and_leaves_no_gap(store: Store, importer: Principal, clock: SetClock) -> None:
    await append(store, importer, "a", "b")
    middle = clock.forward(days=1)
    await append(store, importer, "c")
    clock.forward(days=1)
    await append(store, importer, "d")

    assert await forget_events(store, middle) == 2
    assert await subjects(store) == ["c", "d"]
    assert await forget_events(store, clock.forward(days=9)) == 1
    assert await subjects(store) == ["d"]
    assert await log.ends(store) == log.Ends(4, 4)
    await append(store, importer, "e")
    assert await log.ends(store) == log.Ends(4, 5)


async def test_a_clock_that_runs_ahead_holds_up_no_retention(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    await append(store, importer, "old")
    clock.forward(days=400)
    await append(store, importer, "of a host whose clock is a year ahead")
    clock.forward(days=-390)
    await append(store, importer, "young")

    assert await forget_events(store, clock.now - timedelta(days=1)) == 2
    assert await subjects(store) == ["young"]


async def test_a_clock_that_runs_behind_takes_nothing_before_its_turn(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    await append(store, importer, "first")
    clock.forward(days=-400)
    await append(store, importer, "of a host whose clock is a year behind")
    clock.forward(days=400)
    await append(store, importer, "third")

    assert await forget_events(store, clock.now - timedelta(days=1)) == 0
    assert len(await subjects(store)) == 3


async def test_a_stream_that_retention_overtakes_says_so(store: Store, importer: Principal, clock: SetClock) -> None:
    """Never a silent gap: the reader stood at position 1 when 2 and 3 went."""
    await append(store, importer, "a", "b", "c", "d")
    feed = Feed(store, Bus(store))
    stream = await feed.stream(importer, after=cursor.encode(1, await log.identity(store)))
    await forget_events(store, clock.forward(days=1))

    with pytest.raises(CursorExpired) as expired:
        await anext(stream)

    assert expired.value.extensions["earliest"] == feed.cursor(3)


async def test_the_audience_of_an_event_is_who_may_see_its_row(store: Store) -> None:
    families = [await make_family(store) for _ in range(3)]
    await link(store, families[1].organisation, families[0].party)
    names = [family.organisation for family in families]
    rows = await log.after(store, 0, 10)

    found = await log.audience(store, rows, names)

    assert len(rows) == 3
    for row in rows:
        for name in names:
            who = Principal("someone", name, frozenset())
            seen = {one.position for one in await store.rows(who, Select("event_log"))}
            assert (row.position in seen) == (name in found[row.position]), (row.position, name)
    assert sorted(len(members) for members in found.values()) == [1, 1, 2]


async def test_a_party_of_an_entry_is_in_its_audience_from_when_it_is_one(
    store: Store, importer: Principal, partner: Principal
) -> None:
    await an_entry(store, importer)
    rows = await log.after(store, 0, 10)
    names = [importer.organisation_id, partner.organisation_id]
    before = await log.audience(store, rows, names)
    seller = next(row.id for row in await store.rows(importer, Select("party")) if row.name == SELLER.name)
    await create_organisation(store, "Partner", OrganisationKind.PARTNER, (seller,))
    after = await log.audience(store, rows, names)

    assert all(members == {importer.organisation_id} for members in before.values())
    shared = [row.type for row in rows if partner.organisation_id in after[row.position]]
    assert shared == ["shipment.booked", "entry.draft"]


async def test_nobody_waits_for_the_log_where_nothing_was_appended(sqlite_store: Store) -> None:
    await sqlite_store.relay.settled()
    assert await sqlite_store.relay.move() == 0
    assert (await sqlite_store.fetch(sa.select(sa.func.count()).select_from(TABLES["event_pending"])))[0][0] == 0


async def test_what_sqlite_answers_at_once_is_what_it_answers_by_the_way(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and ends of the log, on the caller's thread and through SQLAlchemy, also where there is nothing."""
    store, importer = sqlite_store, (await make_tenants(sqlite_store)).importer
    assert await log.ends(store) == log.Ends(0, 0)
    await an_entry(store, importer)
    asked = store.statements
    quick, ends = [await log.after(store, 0, 100), await log.after(store, 2, 1), []], await log.ends(store)
    assert store.statements == asked

    monkeypatch.setattr(log, "_at_once", lambda *_: None)
    slow = [await log.after(store, 0, 100), await log.after(store, 2, 1), []]

    def plain(rows: Any) -> Any:
        return [[getattr(row, name) for name in log.Row.__slots__] for row in rows]

    assert list(map(plain, quick)) == list(map(plain, slow))
    assert len(quick[0]) == 3
    assert ends == await log.ends(store)
