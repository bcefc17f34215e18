"""Same answer, always: what the lane answers equals, byte for byte, what the ordinary executor answers, for operations,
rows, scopes and tenants at random. `TIDEGATE_SAME_ANSWER=5000` runs that many on each database."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from app.engine.executor import Engine, EngineSettings
from app.engine.lane import assemble
from app.engine.lane.costs import Costs
from app.engine.operation import Operation, Response
from app.engine.planning import tally
from app.engine.planning.size import Limits
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import SCOPES, Principal
from app.services.quotes import Desk
from app.store import json_dialects, json_statement
from app.store.session import Store
from app.tariff.measure_file import packaged_book
from tests.conftest import SetClock
from tests.graph.conftest import SCHEMA
from tests.graph.random_operations import Maker
from tests.graph.random_rows import Rows, fill

HOW_MANY = int(os.environ.get("TIDEGATE_SAME_ANSWER", "250"))
_CURSOR = re.compile(rb'"(WyJ[A-Za-z0-9_-]{20,})"')


@dataclass
class Found:
    """What a run of operations came to."""

    total: int
    taken: int
    uses: Counter[str]
    divergences: list[str]
    errors: int
    nulls: int
    refunds: int
    counted: int = 0


def a_caller(rows: Rows, pick: random.Random) -> Principal:
    """One of the organisations, mostly the first two; every scope, or some."""
    caller = pick.choices(rows.callers, (5, 4, 1))[0]
    if pick.random() < 0.5:
        return caller
    kept = frozenset(scope for scope in SCOPES if pick.random() < 0.7)
    return replace(caller, scopes=kept)


async def compared(engine: Engine, rows: Rows, how_many: int, seed: int) -> Found:
    """Runs so many operations; of those that the lane takes, compares the answers."""
    pick = random.Random(seed)
    maker = Maker(engine.schema, rows, pick)
    found = Found(0, 0, Counter(), [], 0, 0, 0)
    for _ in range(how_many):
        made = maker.operation()
        operation = Operation(made.document, made.variables, None, a_caller(rows, pick), "request")
        before = engine.lane.taken
        quick = await engine.execute(operation)
        found.total += 1
        maker.cursors = [*maker.cursors[-60:], *(one.decode() for one in _CURSOR.findall(quick.body())[:3])]
        if engine.lane.taken == before:
            continue
        found.taken += 1
        found.uses.update(made.uses.keys())
        ordinary = await engine.execute_ordinarily(operation)
        found.errors += bool(ordinary.errors)
        found.nulls += b"null" in quick.body()
        found.refunds += quick.extensions["cost"]["actual"] < quick.extensions["cost"]["requested"]
        if plain(quick) != plain(ordinary):
            found.divergences.append(f"{operation.document}\n{made.variables}\n{plain(quick)!r}\n{plain(ordinary)!r}")
    return found


def plain(response: Response) -> bytes:
    """The answer and its cost, status first, but for the id of a masked error."""
    assert response.extensions["cost"]["requested"] > 0
    errors = [
        {**error, "message": "", "extensions": {**error["extensions"], "errorId": ""}} for error in response.errors
    ]
    return orjson.dumps([response.status, errors]) + response.body().partition(b'"data":')[2]


@pytest.fixture
async def scene(store: Store, clock: SetClock) -> tuple[Engine, Rows]:
    """An engine over rows at random."""
    rows = await fill(store, seed=20)
    limits = Limits(aliases=500, depth=40, fields=50_000)
    settings = EngineSettings(limits=limits, max_cost=10**9)
    engine = Engine(SCHEMA, store, Feed(store, Bus(store)), Desk(store, packaged_book()), clock, settings)
    return engine, rows


async def test_the_lane_answers_as_the_executor_does(
    scene: tuple[Engine, Rows], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, rows = scene
    counters: list[bool] = []
    actual = Costs.actual
    monkeypatch.setattr(
        Costs, "actual", lambda self, *given: counters.append(bool(self.counter)) or actual(self, *given)
    )
    found = await compared(engine, rows, HOW_MANY, seed=HOW_MANY)
    found.counted = sum(counters)
    with capsys.disabled():
        share = found.taken / found.total
        print(f"\n{engine._store.dialect}: {found.taken} of {found.total} by the lane ({share:.0%});", end=" ")
        print(f"{dict(found.uses)}; with errors {found.errors}, with nulls {found.nulls};", end=" ")
        print(f"cost counted without parsing {found.counted}, given back in part {found.refunds};", end=" ")
        print(f"declined: {dict(engine.lane.declined.most_common(6))}")
    assert not found.divergences, "\n\n".join(found.divergences[:3])
    assert found.taken >= 0.8 * found.total
    assert all(
        found.uses[name]
        for name in ("alias", "fragment", "directive", "connection", "filter", "order", "cursor", "by both ways")
    )
    assert found.errors
    assert found.nulls
    assert found.refunds > 0.5 * found.taken
    assert 0.3 * found.taken < found.counted < found.taken


def _no_tenant(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(json_statement, "scope_text", lambda *_: "1 = 1")


def _reversed(patch: pytest.MonkeyPatch) -> None:
    ordering = json_statement.Writer._ordering

    def turned(self: Any, orders: Any, keys: Any) -> str:
        return ordering(self, [replace(one, descending=not one.descending) for one in orders], keys)

    patch.setattr(json_statement.Writer, "_ordering", turned)


def _one_too_many(patch: pytest.MonkeyPatch) -> None:
    writer = assemble.page_writer

    def off(page: Any) -> Any:
        write = writer(page)
        return lambda rows, values, out: write(rows, [one + 1 if type(one) is int else one for one in values], out)

    patch.setattr(assemble, "page_writer", off)


def _no_cents(patch: pytest.MonkeyPatch) -> None:
    scalar = json_dialects.SqliteWriter.scalar
    patch.setattr(
        json_dialects.SqliteWriter, "scalar", lambda self, row, value: scalar(self, row, replace(value, places=0))
    )


def _miscounted(patch: pytest.MonkeyPatch) -> None:
    count = tally.Counter.count
    patch.setattr(tally.Counter, "count", lambda self, text, known: count(self, text[: len(text) // 2], known))


@pytest.mark.parametrize("plant", [_no_tenant, _reversed, _one_too_many, _no_cents, _miscounted])
async def test_a_planted_fault_is_caught(
    sqlite_store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    rows = await fill(sqlite_store, seed=20)
    settings = EngineSettings(limits=Limits(aliases=500, depth=40, fields=50_000), max_cost=10**9)
    desk, feed = Desk(sqlite_store, packaged_book()), Feed(sqlite_store, Bus(sqlite_store))
    engine = Engine(SCHEMA, sqlite_store, feed, desk, clock, settings)
    found = await compared(engine, rows, 80, seed=3)
    assert found.divergences
