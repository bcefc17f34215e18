"""Plans are kept up to so many bytes, whatever documents come; and answers are right while plans come and go."""

import asyncio
import gc
import tracemalloc

import pytest

from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import Principal
from app.services.quotes import Desk
from app.store.session import Store
from app.tariff.measure_file import packaged_book
from tests.conftest import SetClock
from tests.graph.conftest import SCHEMA
from tests.graph.random_rows import Rows, fill

ROOM = 500_000
FORMS = (
    "query($more: Boolean!, $n: Int) { a%d: products(first: $n) { nodes { id sku name classification { htsNumber } "
    "unitPrice @include(if: $more) { amount } entries(first: 2) { nodes { id lines { number } } } } } }"
)


@pytest.fixture
async def rows(sqlite_store: Store) -> Rows:
    return await fill(sqlite_store, seed=20)


@pytest.fixture
def engine(sqlite_store: Store, clock: SetClock) -> Engine:
    desk, feed = Desk(sqlite_store, packaged_book()), Feed(sqlite_store, Bus(sqlite_store))
    made = Engine(SCHEMA, sqlite_store, feed, desk, clock, EngineSettings())
    made.lane._room = made.planner._room = ROOM
    return made


async def kept(engine: Engine, caller: Principal, documents: range) -> int:
    """The bytes that are held more after these documents, each in two forms."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in documents:
        for more in (True, False):
            made = Operation(FORMS % number, {"more": more, "n": 1}, None, caller, "request")
            assert (await engine.execute(made)).status == 200
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


async def test_plans_take_no_more_room_than_they_have(engine: Engine, rows: Rows) -> None:
    caller = rows.callers[0]
    await engine.execute(Operation(FORMS % 0, {"more": True, "n": 1}, None, caller, "request"))
    tracemalloc.start()
    try:
        held = await kept(engine, caller, range(1, 40))
    finally:
        tracemalloc.stop()

    assert engine.lane._used <= ROOM
    assert engine.planner._used <= ROOM
    assert 5 < len(engine.lane._templates) < 39
    assert engine.lane._used == sum(
        8_000 + 60 * len(key[0]) + getattr(template, "weight", 0) for key, template in engine.lane._templates.items()
    )
    assert held < 2 * 2 * ROOM


async def test_answers_are_right_while_plans_come_and_go(engine: Engine, rows: Rows) -> None:
    engine.lane._room = engine.planner._room = 60_000
    one, other = rows.callers[0], rows.callers[1]
    document = "query($n: Int!) { a%d: products(first: $n) { totalCount nodes { sku } } }"

    async def answer(number: int, caller: Principal) -> tuple[str, tuple[str, ...]]:
        await asyncio.sleep(0)
        found = await engine.execute(Operation(document % (number % 12), {"n": 3}, None, caller, "request"))
        ((key, page),) = (found.data or {}).items()
        return key, (page["totalCount"], *(node["sku"] for node in page["nodes"]))

    alone = {caller.organisation_id: (await answer(0, caller))[1] for caller in (one, other)}
    asked = [(number, caller) for number in range(120) for caller in (one, other)]
    answers = await asyncio.gather(*(answer(*each) for each in asked))

    assert alone[one.organisation_id] != alone[other.organisation_id]
    assert answers == [(f"a{number % 12}", alone[caller.organisation_id]) for number, caller in asked]
    assert engine.lane.misses > 12
    assert engine.lane._used <= 60_000
