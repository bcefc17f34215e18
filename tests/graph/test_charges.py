"""Cost through the engine, by the lane and by the ordinary way: what a response says, what is refused before it runs,
and what budgets do."""

from dataclasses import replace
from typing import Any

import pytest

from app.engine.charge import Budgets
from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation, Response, Written
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import Principal
from app.security.limits import Buckets
from app.services.quotes import Desk
from app.store.session import Store
from app.tariff.measure_file import packaged_book
from tests.conftest import SetClock
from tests.graph.conftest import SCHEMA, codes
from tests.graph.random_rows import Rows, fill

PAGE = "query($n: Int!) { products(first: $n) { nodes { id sku } } }"
WRITE = 'mutation { productUpsert(input: {sku: "%s", name: "n", description: "d"}) { product { sku } } }'


@pytest.fixture
async def rows(sqlite_store: Store) -> Rows:
    return await fill(sqlite_store, seed=20)


def an_engine(
    store: Store, clock: SetClock, *, lane: bool, budgets: Budgets | None = None, most: int = 1_500
) -> Engine:
    desk, feed = Desk(store, packaged_book()), Feed(store, Bus(store))
    return Engine(SCHEMA, store, feed, desk, clock, EngineSettings(lane=lane, max_cost=most, budgets=budgets))


@pytest.fixture(params=[True, False], ids=["lane", "ordinary"])
def lane(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def asked(engine: Engine, caller: Principal, document: str, **variables: Any) -> Response:
    return await engine.execute(Operation(document, variables, None, caller, "request"))


async def test_a_response_says_what_was_asked_for_and_what_was_used(
    sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool
) -> None:
    answer = await asked(an_engine(sqlite_store, clock, lane=lane), rows.callers[0], PAGE, n=1000)

    had = len((answer.data or {})["products"]["nodes"])
    assert isinstance(answer, Written) is lane
    assert answer.payload()["extensions"] == {
        "cost": {
            "requested": 1_002, "actual": 2 + had, "available": None, "limit": None,
            "restoreRatePerSecond": None, "resetAt": None,
        }
    }  # fmt: skip
    assert 0 < had < 1000
    assert answer.headers == {}


async def test_what_costs_too_much_is_refused_and_told_how_to_fit(
    sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool
) -> None:
    engine = an_engine(sqlite_store, clock, lane=lane)
    document = "{ products(first: 100) { nodes { all: entries(first: 50) { nodes { id } } } } }"

    answer = await asked(engine, rows.callers[0], document)
    mended = await asked(engine, rows.callers[0], document.replace("100", "28"))

    assert (answer.status, answer.executed, codes(answer)) == (422, False, ["COST_EXCEEDED"])
    assert "Lower `first` of products.nodes from 100 to 28 or less." in answer.errors[0]["message"]
    assert answer.errors[0]["extensions"]["requested"] == 2 + 100 * 52
    assert (answer.extensions["cost"]["requested"], answer.extensions["cost"]["actual"]) == (5_202, 0)
    assert (mended.status, list(mended.errors)) == (200, [])
    assert engine.meter.exceeded == 1


async def test_introspection_alone_costs_nothing_and_is_never_too_dear(
    sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool
) -> None:
    engine = an_engine(sqlite_store, clock, lane=lane, most=1)
    deep = "{ __schema { types { name fields { name type { TYPE } } } } }".replace(
        "TYPE", "ofType { " * 14 + "name" + " }" * 14
    )

    answer = await asked(engine, rows.callers[0], deep)

    assert (answer.status, list(answer.errors)) == (200, [])
    assert (answer.extensions["cost"]["requested"], answer.extensions["cost"]["actual"]) == (0, 0)


async def test_what_is_not_used_is_given_back(sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool) -> None:
    buckets = Buckets(2_000, 1e-6)
    engine = an_engine(sqlite_store, clock, lane=lane, budgets=buckets)

    answer = await asked(engine, rows.callers[0], PAGE, n=1000)

    cost = answer.extensions["cost"]
    assert cost["available"] == 2_000 - cost["actual"]
    assert (cost["limit"], cost["restoreRatePerSecond"]) == (2_000, 1e-6)
    assert cost["resetAt"] > "2026-11-20T12:00:00.000Z"
    assert answer.headers["RateLimit"].startswith(f'"cost";r={cost["available"]};t=')
    assert answer.headers["RateLimit-Policy"].startswith('"cost";q=2000;w=')


async def test_who_has_spent_the_budget_is_told_when_to_come_back_and_what_would_fit(
    sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool
) -> None:
    buckets = Buckets(1_200, 1.0, lambda: 5.0)
    engine = an_engine(sqlite_store, clock, lane=lane, budgets=buckets)
    caller = rows.callers[0]
    buckets.take((caller.organisation_id, caller.subject), 1_100)

    answer = await asked(engine, caller, PAGE, n=148)
    other = await asked(engine, replace(caller, subject="another"), PAGE, n=148)
    fits = await asked(engine, caller, PAGE, n=98)

    assert (answer.status, answer.executed, codes(answer)) == (429, False, ["THROTTLED"])
    assert answer.headers["Retry-After"] == "50"
    assert answer.headers["RateLimit"] == '"cost";r=100;t=1100'
    assert answer.headers["RateLimit-Policy"] == '"cost";q=1200;w=1200;qu="cost"'
    assert answer.errors[0]["message"] == (
        "The operation may cost 150, and 100 is left of the budget. Ask again in 50 s. "
        "Lower `first` of products.nodes from 148 to 98 or less."
    )
    assert answer.extensions["cost"]["available"] == 100
    assert (other.status, fits.status) == (200, 200)
    assert engine.meter.throttled == 1


async def test_a_mutation_that_is_refused_changes_nothing(sqlite_store: Store, clock: SetClock, rows: Rows) -> None:
    buckets = Buckets(150, 1.0, lambda: 5.0)
    engine = an_engine(sqlite_store, clock, lane=True, budgets=buckets)
    caller = rows.callers[0]

    first = await asked(engine, caller, WRITE % "COST-1")
    second = await asked(engine, caller, WRITE % "COST-2")
    looked = replace(caller, subject="another")
    there = [await asked(engine, looked, f'{{ product(by: {{sku: "COST-{n}"}}) {{ sku }} }}') for n in (1, 2)]

    assert first.extensions["cost"]["actual"] == 103
    assert codes(second) == ["THROTTLED"]
    assert [(one.data or {})["product"] for one in there] == [{"sku": "COST-1"}, None]


async def test_a_fault_of_the_limiter_lets_everybody_through(
    sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool
) -> None:
    class Broken(Buckets):
        def _level(self, client: Any, now: float) -> float:
            raise OSError("the limiter is gone")

    engine = an_engine(sqlite_store, clock, lane=lane, budgets=Broken(2_000, 1.0))

    answer = await asked(engine, rows.callers[0], PAGE, n=5)

    assert (answer.status, list(answer.errors)) == (200, [])
    assert answer.extensions["cost"]["limit"] is None
    assert engine.meter.faults >= 1


async def test_a_subscription_is_charged_when_it_starts(sqlite_store: Store, clock: SetClock, rows: Rows) -> None:
    buckets = Buckets(10, 1.0, lambda: 5.0)
    engine = an_engine(sqlite_store, clock, lane=True, budgets=buckets)
    caller = rows.callers[0]
    operation = Operation(
        "subscription { entryStatusChanged { entry { id importer { name } } } }", None, None, caller, "r"
    )

    started = [await engine.open(operation) for _ in range(3)]

    refused = started[2]
    assert isinstance(refused, Response)
    assert (refused.status, codes(refused)) == (429, ["THROTTLED"])
    assert not any(isinstance(one, Response) for one in started[:2])
    assert buckets.standing((caller.organisation_id, caller.subject)).available == 2


async def test_a_viewer_sees_the_budget(sqlite_store: Store, clock: SetClock, rows: Rows) -> None:
    document = "{ viewer { budget { limit available restoreRatePerSecond } } }"
    limited = an_engine(sqlite_store, clock, lane=True, budgets=Buckets(1_000, 2.5, lambda: 5.0))

    with_budget = await asked(limited, rows.callers[0], document)
    without = await asked(an_engine(sqlite_store, clock, lane=True), rows.callers[0], document)

    assert (with_budget.data or {})["viewer"]["budget"] == {
        "limit": "1000", "available": "997", "restoreRatePerSecond": "2.5"
    }  # fmt: skip
    assert (without.data or {})["viewer"]["budget"] == dict.fromkeys(("limit", "available", "restoreRatePerSecond"))


async def test_what_a_missing_scope_refuses_says_its_cost_and_spends_nothing(
    sqlite_store: Store, clock: SetClock, rows: Rows, lane: bool
) -> None:
    buckets = Buckets(1_000, 1.0, lambda: 5.0)
    engine = an_engine(sqlite_store, clock, lane=lane, budgets=buckets)
    caller = replace(rows.callers[0], scopes=frozenset({"products:read"}))
    document = "{ products(first: 5) { nodes { id unitPrice { amount } manufacturer { name } } } }"

    refused = await engine.execute(Operation(document, None, None, caller, "request", reject=True))
    filtered = await engine.execute(Operation(document, None, None, caller, "request"))

    assert (refused.status, refused.executed) == (403, False)
    assert (refused.extensions["cost"]["requested"], refused.extensions["cost"]["actual"]) == (7, 0)
    assert refused.extensions["cost"]["available"] == 1_000
    assert filtered.extensions["cost"]["requested"] == 7
    assert filtered.extensions["cost"]["available"] == 1_000 - filtered.extensions["cost"]["actual"]
