import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import structlog
from starlette.applications import Starlette

from app.errors import Throttled
from tests.wire.conftest import Serve, http_client
from tests.wire.fakes import FakeAuthenticator, FakeEngine

GRAPHQL = "application/graphql-response+json"
JSON_TYPE = {"Content-Type": "application/json"}
MODERN = {"Accept": GRAPHQL}
GOOD = {"Authorization": "Bearer good"}


async def post(client: httpx2.AsyncClient, query: str, headers: Any = None, **members: Any) -> httpx2.Response:
    return await client.post("/graphql", json={"query": query, **members}, headers={**MODERN, **(headers or {})})


def only_error(response: httpx2.Response) -> dict[str, Any]:
    body = response.json()
    assert "data" not in body
    assert len(body["errors"]) == 1
    error: dict[str, Any] = body["errors"][0]
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    return error


async def test_a_query_is_answered_in_the_media_type_asked_for(client: httpx2.AsyncClient) -> None:
    response = await post(client, "query A($n: String) { hello(name: $n) }", variables={"n": "Ada"}, operationName="A")

    assert response.status_code == 200
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert response.headers["vary"] == "Accept"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"data": {"hello": "hello Ada"}}


async def test_a_legacy_client_gets_json(client: httpx2.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers={"Accept": "application/json"})

    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == {"data": {"hello": "hello world"}}


@pytest.mark.parametrize(
    ("query", "variables", "modern", "code"),
    [
        ("{", None, 400, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", None, 422, "GRAPHQL_VALIDATION_FAILED"),
        ("query A($n: String!) { hello(name: $n) }", {"n": 1}, 422, "BAD_USER_INPUT"),
        ("subscription { count(to: 1) }", None, 400, "BAD_USER_INPUT"),
    ],
)
async def test_a_request_error_keeps_200_for_a_legacy_client_alone(
    client: httpx2.AsyncClient, query: str, variables: Any, modern: int, code: str
) -> None:
    new = await post(client, query, variables=variables)
    old = await post(client, query, {"Accept": "application/json"}, variables=variables)

    assert (new.status_code, old.status_code) == (modern, 200)
    assert only_error(new)["extensions"]["code"] == code
    assert only_error(old)["extensions"]["code"] == code


async def test_a_partial_answer_is_200_with_data(client: httpx2.AsyncClient) -> None:
    response = await post(client, "{ fail }")

    assert response.status_code == 200
    assert response.json()["data"] is None
    assert "cellar" not in response.text


@pytest.mark.parametrize("accept", [GRAPHQL, "application/json"])
async def test_a_malformed_request_is_400_for_everybody(client: httpx2.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", content=b"{", headers={**JSON_TYPE, "Accept": accept})

    assert response.status_code == 400
    assert only_error(response)["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_mutation_by_get_is_405_and_names_post(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    response = await client.get("/graphql", params={"query": "mutation { touch }"}, headers=MODERN)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert only_error(response)["message"] == "Send mutations by POST."
    assert engine.operations[0].read_only


async def test_a_query_by_get_takes_variables(client: httpx2.AsyncClient) -> None:
    params = {"query": "query A($n: String) { hello(name: $n) }", "variables": '{"n":"Ada"}', "operationName": "A"}

    response = await client.get("/graphql", params=params, headers=MODERN)

    assert response.json() == {"data": {"hello": "hello Ada"}}


async def test_the_url_of_a_post_is_not_read_for_a_query(client: httpx2.AsyncClient) -> None:
    response = await client.post("/graphql?query={hello}", json={}, headers=MODERN)

    assert response.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_another_method_is_405_with_allow(client: httpx2.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", headers=MODERN)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert only_error(response)["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_accept_without_our_types_is_406(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    response = await post(client, "mutation { touch }", {"Accept": "text/csv"})

    assert response.status_code == 406
    assert only_error(response)["extensions"]["code"] == "BAD_USER_INPUT"
    assert engine.operations == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_a_body_that_is_not_plain_utf_8_json_is_415(
    client: httpx2.AsyncClient, engine: FakeEngine, headers: dict[str, str]
) -> None:
    response = await client.post("/graphql", content=b'{"query":"mutation{touch}"}', headers={**MODERN, **headers})

    assert response.status_code == 415
    assert response.headers["accept-post"] == "application/json"
    assert only_error(response)["extensions"]["code"] == "BAD_USER_INPUT"
    assert engine.operations == []


async def test_a_body_over_the_cap_is_413_by_its_declared_length(make_app: Callable[..., Starlette]) -> None:
    async with http_client(make_app(max_body_bytes=100)) as client:
        response = await post(client, "{ hello }" + " " * 100)

    assert response.status_code == 413
    assert response.headers["connection"] == "close"
    assert only_error(response)["extensions"]["code"] == "PAYLOAD_TOO_LARGE"


async def test_a_body_over_the_cap_is_413_while_it_streams(serve: Serve, engine: FakeEngine) -> None:
    async def large() -> Any:
        for _ in range(50):
            yield b" " * 1000

    async with serve(max_body_bytes=10_000) as gateway, httpx2.AsyncClient() as client:
        response = await client.post(gateway.url, content=large(), headers={**JSON_TYPE, **MODERN})

    assert response.status_code == 413
    assert engine.operations == []


async def test_an_endless_body_is_cut(serve: Serve) -> None:
    async with serve(max_body_bytes=1_000) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        writer.write(b"3e8\r\n" + b" " * 1_000 + b"\r\n")
        for _ in range(16):
            writer.write(b"3e8\r\n" + b" " * 1_000 + b"\r\n")
        await writer.drain()

        answer = await asyncio.wait_for(reader.read(), 5)

        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_the_cap_itself_fits(make_app: Callable[..., Starlette]) -> None:
    body = b'{"query":"{hello}"}'
    async with http_client(make_app(max_body_bytes=len(body))) as client:
        response = await client.post("/graphql", content=body, headers={**JSON_TYPE, **MODERN})

    assert response.status_code == 200


async def test_a_bad_token_is_401_with_a_challenge(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    response = await post(client, "mutation { touch }", {"Authorization": "Bearer forged"})

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="tidegate"'
    assert only_error(response) == {
        "message": "The token cannot be accepted.",
        "extensions": {"code": "UNAUTHENTICATED", "requestId": response.headers["x-request-id"]},
    }
    assert engine.operations == []


async def test_two_authorization_headers_are_401(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    headers = [("Authorization", "Bearer good"), ("Authorization", "Bearer plain"), *JSON_TYPE.items()]

    response = await client.post("/graphql", content=b'{"query":"{hello}"}', headers=headers)

    assert response.status_code == 401
    assert engine.operations == []


async def test_the_engine_learns_who_asks(client: httpx2.AsyncClient) -> None:
    assert (await post(client, "{ whoami }", GOOD)).json() == {"data": {"whoami": "ada"}}
    assert (await post(client, "{ whoami }")).json() == {"data": {"whoami": None}}


async def test_prefer_reject_reaches_the_engine_and_is_confirmed(
    client: httpx2.AsyncClient, engine: FakeEngine
) -> None:
    plain = await post(client, "{ hello }")
    asked = await post(client, "{ hello }", {"Prefer": "reject"})

    assert [operation.reject for operation in engine.operations] == [False, True]
    assert "preference-applied" not in plain.headers
    assert asked.headers["preference-applied"] == "reject"


async def test_the_setting_rejects_without_being_asked(make_app: Callable[..., Starlette], engine: FakeEngine) -> None:
    async with http_client(make_app(reject_missing_scopes=True)) as client:
        await post(client, "{ hello }")

    assert engine.operations[0].reject


async def test_an_expected_fault_of_the_engine_keeps_its_status(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    engine.breaks_with = Throttled("Later.", retryAfter=3)

    response = await post(client, "{ hello }", {"Accept": "application/json"})

    assert response.status_code == 429
    assert only_error(response)["extensions"]["retryAfter"] == 3


@pytest.mark.parametrize("room", ["engine", "authenticator"])
async def test_a_failure_of_ours_leaves_as_an_error_id_alone(
    client: httpx2.AsyncClient, engine: FakeEngine, authenticator: FakeAuthenticator, room: str
) -> None:
    failing = engine if room == "engine" else authenticator
    failing.breaks_with = RuntimeError("password=hunter2")

    response = await post(client, "{ hello }")

    assert response.status_code == 500
    error = only_error(response)
    assert error["message"] == "Something failed on our side."
    assert set(error["extensions"]) == {"code", "requestId", "errorId"}
    assert "hunter2" not in response.text


async def test_a_result_that_is_no_json_is_a_failure_of_ours(client: httpx2.AsyncClient) -> None:
    response = await post(client, "{ odd }")

    assert response.status_code == 500
    assert only_error(response)["extensions"]["code"] == "INTERNAL"


async def test_an_operation_out_of_time_is_cancelled_and_504(
    make_app: Callable[..., Starlette], engine: FakeEngine
) -> None:
    async with http_client(make_app(execution_timeout_seconds=0.05)) as client:
        response = await post(client, "{ sleep }")

    assert response.status_code == 504
    assert only_error(response)["extensions"]["code"] == "TIMEOUT"
    assert engine.cancelled.is_set()


async def test_a_client_that_hangs_up_cancels_its_operation(serve: Serve, engine: FakeEngine) -> None:
    with structlog.testing.capture_logs() as lines:
        await hang_up(serve, engine)

    assert [line["status"] for line in lines if line["event"] == "request.answered"] == [499]


async def hang_up(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        body = json.dumps({"query": "{ sleep }"}).encode()
        head = b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        await writer.drain()
        await asyncio.wait_for(engine.sleeping.wait(), 5)

        writer.close()
        await writer.wait_closed()

        await asyncio.wait_for(engine.cancelled.wait(), 5)
    assert reader.at_eof()


async def test_a_body_that_does_not_arrive_is_408(serve: Serve) -> None:
    async with serve(read_timeout_seconds=0.1) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        await writer.drain()

        answer = await asyncio.wait_for(reader.read(), 5)

        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"TIMEOUT"' in answer


async def test_large_answers_are_compressed_and_small_ones_are_not(client: httpx2.AsyncClient) -> None:
    large = await post(client, "query { text(size: 5000) }", {"Accept-Encoding": "gzip"})
    small = await post(client, "{ hello }", {"Accept-Encoding": "gzip"})
    refused = await post(client, "query { text(size: 5000) }", {"Accept-Encoding": "gzip;q=0"})

    assert large.headers["content-encoding"] == "gzip"
    assert int(large.headers["content-length"]) < 200
    assert "Accept-Encoding" in large.headers["vary"]
    assert "content-encoding" not in small.headers
    assert "content-encoding" not in refused.headers
    assert len(gzip.compress(refused.content)) < len(refused.content)


async def test_the_schema_is_text_for_who_may_see_it(client: httpx2.AsyncClient) -> None:
    good = await client.get("/schema.graphql", headers=GOOD)
    plain = await client.get("/schema.graphql", headers={"Authorization": "Bearer plain"})
    nobody = await client.get("/schema.graphql")
    assert good.headers["content-disposition"] == 'inline; filename="schema.graphql"'
    assert {"Authorization", "Cookie"} <= {part.strip() for part in good.headers["vary"].split(",")}

    assert good.headers["content-type"] == "text/plain; charset=utf-8"
    assert "type Query" in good.text
    assert plain.status_code == 403
    assert only_error(plain)["extensions"]["code"] == "FORBIDDEN"
    assert nobody.status_code == 401
    assert "www-authenticate" in nobody.headers


async def test_an_unknown_path_is_a_graphql_error(client: httpx2.AsyncClient) -> None:
    missing = await client.get("/graphql/")
    wrong = await client.post("/healthz")

    assert missing.status_code == 404
    assert only_error(missing)["extensions"]["code"] == "NOT_FOUND"
    assert wrong.status_code == 405
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert only_error(wrong)["extensions"]["code"] == "BAD_USER_INPUT"
