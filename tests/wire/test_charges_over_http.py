"""Cost over the wire: what every answer bears by the short and by the long way, what a spent budget gets, plans on
request, and a client that hangs up while the database works."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from app.asgi import create_app
from app.clock import system_clock
from app.security import open_tokens
from app.settings import Settings
from app.store.session import Store
from app.values import OrganisationKind
from tests.conftest import principal_of
from tests.wire.conftest import Serve
from tests.wire.sockets import socket
from tests.wire.test_gateway import Gateway

PAGE = "query($n: Int!) { products(first: $n) { nodes { id } } }"
ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) SELECT count(tick()) FROM n"
)


@pytest.fixture
async def limited(sqlite_url: str, tmp_path: Path, serve: Serve) -> AsyncIterator[Gateway]:
    """A gateway whose clients have 1,000 to spend, and wait long for more."""
    settings = Settings(
        database_url=sqlite_url, state_dir=tmp_path / "state", drain_seconds=0.1,
        cost_limit=1_000, cost_restore_per_second=0.5,
    )  # fmt: skip
    store = Store.open(sqlite_url, system_clock)
    principal = await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    async with serve(create_app(settings)) as running:
        yield Gateway(running, store, principal, open_tokens(settings))
    await store.close()


async def asked(gateway: Gateway, n: int, **headers: str) -> httpx2.Response:
    given = {"Authorization": f"Bearer {gateway.token()}", "Accept": "application/graphql-response+json", **headers}
    async with httpx2.AsyncClient(headers=given) as client:
        return await client.post(gateway.running.url, json={"query": PAGE, "variables": {"n": n}})


async def test_answers_bear_the_cost_and_the_rate_limit_by_either_way(limited: Gateway) -> None:
    short = await asked(limited, 400)
    long = await asked(limited, 400, **{"X-Unusual": "1"})

    for answer in (short, long):
        cost = answer.json()["extensions"]["cost"]
        assert answer.status_code == 200
        assert (cost["requested"], cost["actual"], cost["limit"]) == (402, 2, 1_000)
        assert answer.headers["ratelimit"].startswith(f'"cost";r={cost["available"]};t=')
        assert answer.headers["ratelimit-policy"] == '"cost";q=1000;w=2000;qu="cost"'


async def test_a_spent_budget_is_429_and_a_socket_is_told_the_same(limited: Gateway) -> None:
    viewer = limited.running.application.state.delivery._engine.meter.budgets
    viewer.take((limited.principal.organisation_id, limited.principal.subject), 700)

    answer = await asked(limited, 400)
    async with socket(limited.running, init=False) as opened:
        await opened.init(limited.token())
        await opened.subscribe("1", PAGE, variables={"n": 400})
        told = await opened.receive()

    error = answer.json()["errors"][0]
    assert (answer.status_code, error["extensions"]["code"]) == (429, "THROTTLED")
    assert 200 <= int(answer.headers["retry-after"]) <= 204
    assert error["message"].endswith("Lower `first` of products.nodes from 400 to 298 or less.")
    assert answer.json()["extensions"]["cost"]["actual"] == 0
    assert answer.headers["ratelimit"].startswith('"cost";r=300;t=')
    assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "THROTTLED")


async def test_what_costs_more_than_a_budget_can_hold_is_422(limited: Gateway) -> None:
    answer = await asked(limited, 1_000)

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (422, "COST_EXCEEDED")
    assert "from 1000 to 998 or less" in answer.json()["errors"][0]["message"]


async def test_a_plan_comes_with_the_answer_that_asks_for_it(limited: Gateway) -> None:
    headers = {"Authorization": f"Bearer {limited.token()}"}
    body = {"query": PAGE, "variables": {"n": 1}, "extensions": {"plan": True}}
    async with httpx2.AsyncClient(headers=headers) as client:
        answer = await client.post(limited.running.url, json=body)

    plan = answer.json()["extensions"]["plan"]
    assert plan["path"] == "fast"
    assert len(plan["statements"]) == 1
    assert plan["cost"]["requested"] == 3


async def test_the_database_stops_when_the_client_hangs_up(limited: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an operation that the database works on for minutes
    engine: Any = limited.running.application.state.delivery._engine
    ticks = 0

    def tick() -> int:
        nonlocal ticks
        ticks += 1
        return 1

    store: Store = engine._store

    async def endless(*_: Any) -> Any:
        async with store.reader.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.create_function("tick", 0, tick)
            return (await connection.execute(sa.text(ENDLESS))).all()

    monkeypatch.setattr("app.store.tariff.revision_on", endless)
    headers = {"Authorization": f"Bearer {limited.token()}"}
    body = {"query": "{ tariffLines(first: 1) { nodes { special { programs } } } }"}

    # when the client waits half a second and no longer
    async with httpx2.AsyncClient(headers=headers, timeout=30) as client:
        request = asyncio.ensure_future(client.post(limited.running.url, json=body))
        while not ticks:
            await asyncio.sleep(0.02)
            assert not request.done(), request.result().text
        request.cancel()
        await asyncio.wait({request}, timeout=10)

    # then nothing ticks any more
    async with asyncio.timeout(10):
        before = -1
        while before != ticks:
            before = ticks
            await asyncio.sleep(0.2)
