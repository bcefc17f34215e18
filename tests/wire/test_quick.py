"""The short way answers what the long one answers: the same body, status and headers. An unusual header makes a request
take the long way."""

import json
from typing import Any

import httpx2
import pytest

from app.principal import SCOPES
from tests import scenes
from tests.wire.test_gateway import Gateway, gateway  # noqa: F401

_OWN = {"date", "x-request-id", "server"}

DOCUMENTS = [
    "{ products(first: 5) { nodes { id sku unitPrice { amount } } totalCount pageInfo { endCursor } } }",
    "{ entries(last: 1) { edges { cursor node { id importer { name } lines { number } } } } __typename }",
    '{ product(by: {sku: "nothing"}) { id } }',
    "{ products(first: 0) { nodes { id } } }",
    "{ products(first: 1, first: 2) { nodes { id } } }",
    "{ viewer { subject } }",
    "{",
    "query A { __typename } query B { products(first: 1) { nodes { sku } } }",
]


async def both(gateway: Gateway, body: Any, headers: dict[str, str]) -> tuple[httpx2.Response, httpx2.Response]:  # noqa: F811
    """The answers of the short and of the long way."""
    async with httpx2.AsyncClient() as client:
        url, content = gateway.running.url, json.dumps(body)
        short = await client.post(url, content=content, headers=headers)
        long = await client.post(url, content=content, headers={**headers, "X-Unusual": "1"})
    return short, long


def seen(response: httpx2.Response) -> tuple[Any, ...]:
    """What a client sees, the request's own id left out."""
    request_id = response.headers["x-request-id"]
    headers = {name: value for name, value in response.headers.items() if name not in _OWN}
    vary = {part.strip() for part in headers.pop("vary", "").split(",")}
    return response.status_code, response.text.replace(request_id, ""), headers, vary


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/graphql-response+json", "text/html", "a/b"])
async def test_the_media_type_is_negotiated_alike(gateway: Gateway, accept: str) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    headers = {"Authorization": f"Bearer {gateway.token()}", "Content-Type": "application/json", "Accept": accept}

    short, long = await both(gateway, {"query": DOCUMENTS[0]}, headers)

    assert seen(short) == seen(long)


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("scopes", [frozenset(SCOPES), frozenset({"products:read"})], ids=["all", "some"])
async def test_every_document_is_answered_alike(gateway: Gateway, document: str, scopes: frozenset[str]) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    headers = {"Authorization": f"Bearer {gateway.token(scopes)}", "Content-Type": "application/json"}

    short, long = await both(gateway, {"query": document}, headers)

    assert seen(short) == seen(long)


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ({"query": DOCUMENTS[0]}, {"Authorization": "Bearer nonsense"}),
        ({"query": DOCUMENTS[0]}, {"Content-Type": "text/plain"}),
        ({"query": DOCUMENTS[0], "variables": []}, {}),
        ({"query": DOCUMENTS[1]}, {"Accept-Encoding": "identity"}),
        ({"query": DOCUMENTS[0]}, {"Accept-Encoding": "gzip;q=0"}),
        ({"query": DOCUMENTS[7], "operationName": "B"}, {}),
        ({"query": DOCUMENTS[7], "operationName": "C"}, {}),
        ([], {}),
    ],
)
async def test_odd_requests_are_answered_alike(gateway: Gateway, body: Any, more: dict[str, str]) -> None:  # noqa: F811
    headers = {"Authorization": f"Bearer {gateway.token()}", "Content-Type": "application/json", **more}

    short, long = await both(gateway, body, headers)

    assert seen(short) == seen(long)


async def test_the_request_id_of_the_client_comes_back(gateway: Gateway) -> None:  # noqa: F811
    headers = {"Authorization": f"Bearer {gateway.token()}", "X-Request-Id": "mine-1"}
    async with httpx2.AsyncClient() as client:
        answer = await client.post(gateway.running.url, json={"query": DOCUMENTS[0]}, headers=headers)
        metrics = await client.get(gateway.running.url.replace("/graphql", "/metrics"))

    assert answer.headers["x-request-id"] == "mine-1"
    assert 'tidegate_http_requests_total{method="POST",route="/graphql",status="200"} 1.0' in metrics.text
    assert "tidegate_lane_answers_total 1.0" in metrics.text
