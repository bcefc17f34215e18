"""GraphQL over SSE on the whole gateway: what streams, what does not, and what a stream looks like byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.filing.entry import EntryStatus as S
from app.web import sse
from tests import scenes
from tests.wire.test_gateway import Gateway, gateway  # noqa: F401

EVENTS = "text/event-stream"
GRAPHQL = "application/graphql-response+json"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
LIVE = "subscription ($after: String) { entryStatusChanged(after: $after) { cursor status } }"
FIRST = 'subscription { events(first: 2, after: "earliest") { cursor type } }'


def headers(gateway: Gateway, accept: str = EVENTS, **more: str) -> dict[str, str]:  # noqa: F811
    return {"Authorization": f"Bearer {gateway.token()}", "Accept": accept, **more}


@asynccontextmanager
async def streaming(gateway: Gateway, query: str, **more: Any) -> AsyncIterator["Events"]:  # noqa: F811
    given = {"headers": headers(gateway), **more}
    async with (
        httpx2.AsyncClient(timeout=10, trust_env=False) as client,
        client.stream("POST", gateway.running.url, json={"query": query}, **given) as response,
    ):
        yield Events(response)


class Events:
    """The parts of a stream, each without its blank line."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._bytes = response.aiter_bytes()
        self._held = b""

    async def part(self) -> str:
        async with asyncio.timeout(5):
            while b"\n\n" not in self._held:
                self._held += await anext(self._bytes)
        found, self._held = self._held.split(b"\n\n", 1)
        return found.decode()

    async def event(self) -> dict[str, str]:
        """The next that is no comment."""
        while (text := await self.part()).startswith(":"):
            pass
        return dict(line.split(":", 1) for line in text.split("\n"))

    async def ended(self) -> bytes:
        async with asyncio.timeout(5):
            return self._held + b"".join([chunk async for chunk in self._bytes])


async def post(gateway: Gateway, query: str, accept: str, **more: Any) -> httpx2.Response:  # noqa: F811
    async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
        given = {"headers": headers(gateway, accept), **more}
        return await client.post(gateway.running.url, json={"query": query}, **given)


async def test_a_subscription_streams_with_ids_and_resumes_after_the_last(gateway: Gateway) -> None:  # noqa: F811
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    async with streaming(gateway, LIVE) as events:
        comment = await events.part()
        await scenes.told(gateway.store, gateway.principal, entry, S.SUBMITTED)
        first = await events.event()
    await scenes.told(gateway.store, gateway.principal, entry, S.ACCEPTED)
    again = headers(gateway, **{"Last-Event-ID": first["id"].strip()})
    async with streaming(gateway, LIVE, headers=again) as events:
        missed = await events.event()

    data = json.loads(first["data"])
    assert comment == ":"
    assert events.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-encoding" not in events.response.headers
    assert list(first) == ["id", "event", "data"]
    assert first["event"] == " next"
    assert data == {"data": {"entryStatusChanged": {"cursor": first["id"].strip(), "status": "SUBMITTED"}}}
    assert json.loads(missed["data"])["data"]["entryStatusChanged"]["status"] == "ACCEPTED"


async def test_a_stream_that_ends_says_complete_and_has_lf_line_ends(gateway: Gateway) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    async with streaming(gateway, FIRST) as events:
        whole = await events.ended()

    parts = whole.split(b"\n\n")
    assert b"\r" not in whole
    assert [part.split(b"\n")[0][:3] for part in parts] == [b":", b"id:", b"id:", b"eve", b""]
    assert parts[3] == b"event: complete\ndata:"


@pytest.mark.parametrize("accept", [URQL, f"{GRAPHQL}, {EVENTS};q=0.1", f"{EVENTS};q=0.5, {GRAPHQL}", "*/*"])
async def test_a_query_is_no_stream_where_json_is_liked_better(gateway: Gateway, accept: str) -> None:  # noqa: F811
    response = await post(gateway, "{ viewer { subject } }", accept)

    assert response.status_code == 200
    assert response.headers["content-type"].startswith(("application/graphql-response+json", "application/json"))
    assert response.json()["data"] == {"viewer": {"subject": "importer@example.com"}}


@pytest.mark.parametrize("accept", [EVENTS, f"{EVENTS}, {GRAPHQL}", f"{GRAPHQL};q=0.9, {EVENTS}"])
async def test_a_query_is_a_stream_of_one_where_streams_are_liked_best(gateway: Gateway, accept: str) -> None:  # noqa: F811
    response = await post(gateway, "{ viewer { subject } }", accept)

    assert response.text == (
        ':\n\nevent: next\ndata: {"data":{"viewer":{"subject":"importer@example.com"}},"extensions":{"cost":{'
        '"requested":2,"actual":2,"available":null,"limit":null,"restoreRatePerSecond":null,"resetAt":null}}}'
        "\n\nevent: complete\ndata:\n\n"
    )


@pytest.mark.parametrize("accept", [URQL, f"application/json, {EVENTS};q=0.1"])
async def test_a_subscription_streams_wherever_streams_are_taken(gateway: Gateway, accept: str) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    response = await post(gateway, FIRST, accept)

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize("accept", [GRAPHQL, "*/*", f"application/json, {EVENTS};q=0"])
async def test_a_subscription_is_refused_where_no_stream_is_taken(gateway: Gateway, accept: str) -> None:  # noqa: F811
    response = await post(gateway, FIRST, accept)

    assert response.headers["content-type"].startswith("application/")
    assert response.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("subscription {", 400, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { events(after: "forged") { cursor } }', 400, "BAD_USER_INPUT"),
        ("subscription { events(first: 0) { cursor } }", 400, "BAD_USER_INPUT"),
    ],
)
async def test_errors_before_the_stream_have_their_status_unless_only_a_stream_is_taken(
    gateway: Gateway,  # noqa: F811
    query: str,
    status: int,
    code: str,
) -> None:
    both = await post(gateway, query, f"{EVENTS}, {GRAPHQL}")
    alone = await post(gateway, query, EVENTS)

    assert (both.status_code, both.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert both.headers["content-type"].startswith(GRAPHQL)
    assert alone.status_code == 200
    _, told, complete, _ = alone.text.split("\n\n")
    assert json.loads(told.removeprefix("event: next\ndata: "))["errors"][0]["extensions"]["code"] == code
    assert complete == "event: complete\ndata:"


@pytest.mark.parametrize("last", ["forged", "AgAAAAAAAAABAAAAAA", "\u00e9"])
async def test_a_last_event_of_another_log_is_told_as_every_other_error(gateway: Gateway, last: str) -> None:  # noqa: F811
    """A client that takes nothing but a stream, as an EventSource, gets one that says so and ends."""
    found = {}
    for accept in (EVENTS, f"{EVENTS}, {GRAPHQL}"):
        given = [*headers(gateway, accept).items(), ("Last-Event-ID", last.encode("latin-1"))]
        found[accept] = await post(gateway, LIVE, accept, headers=given)
    alone, both = found.values()

    assert (both.status_code, both.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_USER_INPUT")
    assert alone.status_code == 200
    _, told, complete, _ = alone.text.split("\n\n")
    assert json.loads(told.removeprefix("event: next\ndata: "))["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert complete == "event: complete\ndata:"


async def test_without_a_token_a_stream_is_401(gateway: Gateway) -> None:  # noqa: F811
    response = await post(gateway, LIVE, EVENTS, headers={"Accept": EVENTS})

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("field", "missing"),
    [
        ("entryStatusChanged { cursor }", "entries:read"),
        ("entryStatusChanged { cursor }", "events:read"),
        ("shipmentUpdated { cursor }", "shipments:read"),
        ("shipmentUpdated { cursor }", "events:read"),
        ("classificationDecided { cursor }", "classifications:read"),
        ("classificationDecided { cursor }", "events:read"),
        ("events { cursor }", "events:read"),
    ],
)
async def test_without_its_scope_a_subscription_does_not_start(gateway: Gateway, field: str, missing: str) -> None:  # noqa: F811
    token = gateway.token(gateway.principal.scopes - {missing})
    lacking = {"Accept": f"{EVENTS}, {GRAPHQL}", "Authorization": f"Bearer {token}"}
    response = await post(gateway, f"subscription {{ {field} }}", EVENTS, headers=lacking)

    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"]["missingScopes"] == [missing]


async def test_a_mutation_by_get_is_no_stream(gateway: Gateway) -> None:  # noqa: F811
    async with httpx2.AsyncClient(trust_env=False) as client:
        query = {"query": 'mutation { entryCancel(input: {id: "x"}) { entry { id } } }'}
        both = headers(gateway, f"{EVENTS}, {GRAPHQL}")
        response = await client.get(gateway.running.url, params=query, headers=both)

    assert response.status_code == 405


async def test_silence_is_broken_by_comments(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert sse.KEEP_ALIVE_SECONDS < 16
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.05)
    async with streaming(gateway, LIVE) as events:
        assert [await events.part() for _ in range(3)] == [":", ":", ":"]


async def test_a_stream_ends_with_its_token_and_without_complete(gateway: Gateway) -> None:  # noqa: F811
    token = gateway.token(lifetime=timedelta(seconds=1))
    given = {"Accept": EVENTS, "Authorization": f"Bearer {token}"}
    async with streaming(gateway, LIVE, headers=given) as events:
        assert await events.ended() == b":\n\n"


async def test_a_drain_ends_streams_without_complete(gateway: Gateway) -> None:  # noqa: F811
    async with streaming(gateway, LIVE) as events:
        await events.part()
        drain = gateway.running.application.state.drain
        assert drain.open_sockets == 1
        await drain.run()

        assert await events.ended() == b""
        assert drain.open_sockets == 0


async def test_a_client_that_hangs_up_leaves_nothing(gateway: Gateway) -> None:  # noqa: F811
    async with streaming(gateway, LIVE) as events:
        await events.part()
    drain = gateway.running.application.state.drain
    async with asyncio.timeout(5):
        while drain.open_sockets:
            await asyncio.sleep(0.01)
