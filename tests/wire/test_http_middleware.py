from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import structlog
from starlette.applications import Starlette
from starlette.datastructures import Headers

from app.telemetry import new_metrics
from app.web.origins import OriginPolicy
from tests.wire.conftest import BASE, http_client
from tests.wire.fakes import FakeEngine

FRIEND = "https://app.example"


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


async def test_a_well_formed_request_id_is_kept(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    response = await client.post("/graphql", json={"query": "{hello}"}, headers={"X-Request-Id": "trace-1.a:b_2"})

    assert response.headers["x-request-id"] == "trace-1.a:b_2"
    assert engine.operations[0].request_id == "trace-1.a:b_2"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", '{"a":1}', "-a", "a\tb"])
async def test_another_request_id_is_replaced(client: httpx2.AsyncClient, given: str) -> None:
    response = await client.get("/healthz", headers=[(b"x-request-id", given.encode())])

    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 24


async def test_two_request_ids_are_none(client: httpx2.AsyncClient) -> None:
    response = await client.get("/healthz", headers=[("x-request-id", "one"), ("x-request-id", "two")])

    assert len(response.headers["x-request-id"]) == 24


@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/nowhere", "/schema.graphql"])
async def test_every_answer_carries_the_security_headers(client: httpx2.AsyncClient, path: str) -> None:
    response = await client.get(path)

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_one_line_says_what_happened_and_nothing_secret(client: httpx2.AsyncClient, lines: list[Any]) -> None:
    await client.post(
        "/graphql?note=querysecret",
        json={
            "query": "query Mine($v: JSON) { echo(value: $v) }",
            "operationName": "Mine",
            "variables": {"v": "s3cret"},
        },
        headers={"Authorization": "Bearer good", "X-Request-Id": "r1"},
    )

    [line] = [line for line in lines if line["event"] == "request.answered"]
    assert line.pop("ms") >= 0
    assert line == {
        "event": "request.answered",
        "log_level": "info",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "request_id": "r1",
        "operation": "Mine",
        "organisation": "org_1",
    }
    assert "s3cret" not in str(lines)
    assert "good" not in str(lines)
    assert "echo" not in str(lines)


async def test_an_operation_name_that_is_no_name_is_not_logged(client: httpx2.AsyncClient, lines: list[Any]) -> None:
    await client.post("/graphql", json={"query": "{hello}", "operationName": "drop table\n"})

    assert [line["operation"] for line in lines if line["event"] == "request.answered"] == [None]


async def test_a_masked_failure_is_logged_once_under_its_id(
    client: httpx2.AsyncClient, engine: FakeEngine, lines: list[Any]
) -> None:
    engine.breaks_with = RuntimeError("the cellar is flooded")

    response = await client.post("/graphql", json={"query": "{hello}"})

    [line] = [line for line in lines if line["event"] == "error.masked"]
    assert line["error_id"] == response.json()["errors"][0]["extensions"]["errorId"]
    assert str(line["exc_info"]) == "the cellar is flooded"


async def test_requests_are_counted_by_route_and_never_by_id(make_app: Callable[..., Starlette]) -> None:
    metrics = new_metrics()
    async with http_client(make_app(metrics=metrics)) as client:
        await client.get("/healthz")
        await client.get("/entries/ent_123")
        await client.request("BREW", "/graphql")

        response = await client.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain")
    assert 'tidegate_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in response.text
    assert 'tidegate_http_requests_total{method="GET",route="other",status="404"} 1.0' in response.text
    assert 'tidegate_http_requests_total{method="other",route="/graphql",status="405"} 1.0' in response.text
    assert "ent_123" not in response.text
    assert "BREW" not in response.text


async def test_no_foreign_origin_is_served_by_default(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    response = await client.post("/graphql", json={"query": "mutation{touch}"}, headers={"Origin": FRIEND})

    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "access-control-allow-origin" not in response.headers
    assert engine.operations == []


async def test_the_own_origin_is_always_served(client: httpx2.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{hello}"}, headers={"Origin": BASE})

    assert response.status_code == 200


async def test_an_allowed_origin_is_served_with_cors(make_app: Callable[..., Starlette]) -> None:
    async with http_client(make_app(allowed_origins=(FRIEND,))) as client:
        asked = await client.options("/graphql", headers={"Origin": FRIEND, "Access-Control-Request-Method": "POST"})
        served = await client.post("/graphql", json={"query": "{hello}"}, headers={"Origin": FRIEND})
        refused = await client.options(
            "/graphql", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        )

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == FRIEND
    assert asked.headers["access-control-allow-methods"] == "GET, POST"
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers
    assert served.headers["access-control-allow-origin"] == FRIEND
    assert "X-Request-Id" in served.headers["access-control-expose-headers"]
    assert "Origin" in served.headers["vary"]
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("allowed", "headers", "permitted"),
    [
        ((), {"host": "gw:8000"}, True),
        ((), {"host": "gw:8000", "origin": "http://gw:8000"}, True),
        ((), {"host": "gw", "origin": "http://gw:80"}, True),
        ((), {"host": "gw", "origin": "https://gw"}, True),
        ((), {"host": "GW", "origin": "https://gw:443"}, True),
        ((), {"host": "gw:8000", "origin": "http://gw:8001"}, False),
        ((), {"host": "gw", "origin": "http://gw.evil"}, False),
        ((), {"host": "gw", "origin": "null"}, False),
        ((), {"host": "gw", "origin": ""}, False),
        ((), {"host": "gw", "origin": "http://"}, False),
        ((), {"host": "gw", "origin": "http://gw:port"}, False),
        ((), {"host": "gw", "origin": "http://[::1"}, False),
        ((), {"origin": "http://gw"}, False),
        ((FRIEND,), {"host": "gw", "origin": "https://APP.example:443"}, True),
        ((FRIEND,), {"host": "gw", "origin": "http://app.example"}, False),
        ((FRIEND,), {"host": "gw", "origin": "https://app.example.evil"}, False),
        (("*",), {"host": "gw", "origin": "null"}, True),
        ((), {"host": "gw", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
        ((), {"host": "gw", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
        ((), {"host": "gw", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, True),
    ],
)
def test_an_origin_is_permitted_by_the_setting_or_as_the_own(
    allowed: tuple[str, ...], headers: dict[str, str], permitted: bool
) -> None:
    assert OriginPolicy(allowed).permits(Headers(headers)) is permitted


def test_two_origins_are_none() -> None:
    raw = [(b"host", b"gw"), (b"origin", b"http://gw"), (b"origin", b"http://gw")]

    assert not OriginPolicy(()).permits(Headers(raw=raw))
