"""Arrays of operations: refused unless a setting allows them, capped, in order, each with errors of its own, and no
more in all than one operation may be."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from app.asgi import create_app
from app.clock import system_clock
from app.security import open_tokens
from app.settings import Settings
from app.store.session import Store
from app.values import OrganisationKind
from tests.conftest import principal_of
from tests.wire.conftest import Running, Serve, http_client
from tests.wire.fakes import FakeEngine
from tests.wire.test_gateway import Gateway
from tests.wire.test_npm_clients import clients, run_node  # noqa: F401

HELLO, WHO = {"query": "{ hello }"}, {"query": "{ whoami }"}
GOOD = {"Authorization": "Bearer good", "Accept": "application/graphql-response+json"}


@pytest.fixture
async def client(make_app: Callable[..., Starlette]) -> AsyncIterator[httpx2.AsyncClient]:
    async with http_client(make_app(max_batch=3, max_root_fields=4, execution_timeout_seconds=0.5)) as opened:
        yield opened


async def send(client: httpx2.AsyncClient, body: Any, **headers: str) -> httpx2.Response:
    return await client.post("/graphql", json=body, headers={**GOOD, **headers})


def codes(answer: httpx2.Response) -> list[str | None]:
    return [one["errors"][0]["extensions"]["code"] if "errors" in one else None for one in answer.json()]


async def test_arrays_are_refused_unless_the_setting_allows_them(
    make_app: Callable[..., Starlette], engine: FakeEngine
) -> None:
    async with http_client(make_app()) as client:
        answer = await send(client, [HELLO])
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    assert engine.operations == []


async def test_each_operation_has_its_answer_in_its_place(client: httpx2.AsyncClient) -> None:
    answer = await send(client, [HELLO, {"query": "{"}, WHO])

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/graphql-response+json")
    first, second, third = answer.json()
    assert (first, third) == ({"data": {"hello": "hello world"}}, {"data": {"whoami": "ada"}})
    assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


async def test_they_run_in_their_order(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    bodies = [{"query": "mutation { touch }"}, HELLO, {"query": "mutation { a: touch }"}]
    answer = await send(client, bodies)
    assert [operation.document for operation in engine.operations] == [body["query"] for body in bodies]
    assert codes(answer) == [None, None, None]


@pytest.mark.parametrize("body", [[], [HELLO] * 4])
async def test_none_and_too_many_are_refused_before_anything_runs(
    client: httpx2.AsyncClient, engine: FakeEngine, body: list[Any]
) -> None:
    answer = await send(client, body)
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, "A batch has 1 to 3 operations.")
    assert engine.operations == []


async def test_together_they_are_no_more_than_one_operation_may_be(
    client: httpx2.AsyncClient, engine: FakeEngine
) -> None:
    two, three = {"query": "{ hello whoami }"}, {"query": "{ hello whoami a: hello }"}
    assert codes(await send(client, [two, two])) == [None, None]
    engine.operations.clear()
    refused = await send(client, [two, three])
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
        422,
        "GRAPHQL_VALIDATION_FAILED",
    )
    assert engine.operations == []


@pytest.mark.parametrize("item", [1, None, [], [HELLO], {}, {"query": 1}, {"query": "{ hello }", "variables": []}])
async def test_what_is_no_operation_has_an_error_and_the_others_run(client: httpx2.AsyncClient, item: Any) -> None:
    answer = await send(client, [HELLO, item, WHO])
    assert (answer.status_code, codes(answer)) == (200, [None, "BAD_USER_INPUT", None])


async def test_a_subscription_and_an_unknown_hash_have_errors_of_their_own(client: httpx2.AsyncClient) -> None:
    by_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    answer = await send(client, [{"query": "subscription { forever }"}, by_hash, HELLO])
    assert codes(answer) == ["BAD_USER_INPUT", "PERSISTED_QUERY_NOT_SUPPORTED", None]


async def test_one_that_fails_does_not_take_the_others_along(client: httpx2.AsyncClient) -> None:
    answer = await send(client, [{"query": "{ fail }"}, {"query": "{ odd }"}, HELLO])
    assert codes(answer) == ["INTERNAL", "INTERNAL", None]
    assert "flooded" not in answer.text


async def test_all_of_them_have_the_time_of_one(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    answer = await send(client, [HELLO, {"query": "{ sleep }"}, WHO])
    assert codes(answer) == [None, "TIMEOUT", "TIMEOUT"]
    assert engine.cancelled.is_set()


async def test_without_a_token_nothing_runs(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    for headers in ({"Authorization": "Bearer bad"}, {}):
        answer = await client.post("/graphql", json=[{"query": "{ __typename }"}], headers=headers)
        assert answer.status_code == 401
    assert engine.operations == []


async def test_a_batch_is_no_stream(client: httpx2.AsyncClient) -> None:
    answer = await send(client, [HELLO], Accept="text/event-stream")
    assert answer.status_code == 406
    both = await send(client, [HELLO], Accept="text/event-stream, application/json")
    assert both.json() == [{"data": {"hello": "hello world"}}]


async def test_apollos_batching_link_is_answered(
    clients: Path,  # noqa: F811
    sqlite_url: str,
    tmp_path: Path,
    serve: Serve,
) -> None:
    settings = Settings(database_url=sqlite_url, state_dir=tmp_path / "state", drain_seconds=0.1, max_batch=10)
    store = Store.open(sqlite_url, system_clock)
    principal = await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    running: Running
    async with serve(create_app(settings)) as running:
        token = Gateway(running, store, principal, open_tokens(settings)).token()
        said = await run_node(clients / "apollo-batch.mjs", clients, TIDEGATE_URL=running.url, TIDEGATE_TOKEN=token)
    await store.close()
    assert said["sent"] == [3]
    assert said["answers"][0]["viewer"]["organisation"]["name"] == "Importer"
    assert said["answers"][1] == "GRAPHQL_VALIDATION_FAILED"
    assert said["answers"][2]["products"]["totalCount"] == 0
