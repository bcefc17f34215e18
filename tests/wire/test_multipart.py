"""Subscriptions in parts, as Apollo's protocol over HTTP has them: byte by byte, to the published client, and to
clients that ask oddly, send rubbish or leave."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.filing.entry import EntryStatus as S
from app.web import sse
from tests import scenes
from tests.wire.test_gateway import Gateway, gateway  # noqa: F401
from tests.wire.test_npm_clients import clients, run_node  # noqa: F401

JSON = "application/graphql-response+json,application/json;q=0.9"
APOLLO = f"multipart/mixed;boundary=graphql;subscriptionSpec=1.0,{JSON}"
ROUTER = 'multipart/mixed;subscriptionSpec="1.0", application/json'
ALONE = "multipart/mixed;subscriptionSpec=1.0"
EVENTS = "text/event-stream"
LIVE = "subscription ($after: String) { entryStatusChanged(after: $after) { cursor status } }"
FIRST = 'subscription { events(first: 2, after: "earliest") { cursor type } }'
BOUNDARY = b"\r\n--graphql"


class Parts:
    """The parts of a stream, each read as soon as the boundary behind it is there."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._bytes = response.aiter_bytes()
        self._held = b""

    async def part(self) -> Any:
        async with asyncio.timeout(5):
            while BOUNDARY not in self._held:
                self._held += await anext(self._bytes)
        found, self._held = self._held.split(BOUNDARY, 1)
        if not found:
            return await self.part()
        head, body = found.split(b"\r\n\r\n", 1)
        assert head == b"\r\nContent-Type: application/json"
        return json.loads(body)

    async def payload(self) -> Any:
        """The next part that is no heartbeat."""
        while (found := await self.part()) == {}:
            pass
        return found

    async def ended(self) -> bytes:
        async with asyncio.timeout(5):
            return self._held + b"".join([chunk async for chunk in self._bytes])


@asynccontextmanager
async def streaming(gateway: Gateway, query: str, **given: Any) -> AsyncIterator[Parts]:  # noqa: F811
    token = given.pop("token", None) or gateway.token()
    headers = {"Authorization": f"Bearer {token}", "Accept": given.pop("accept", APOLLO)}
    body = {"query": query, "variables": given.pop("variables", {})}
    async with (
        httpx2.AsyncClient(timeout=10, trust_env=False) as client,
        client.stream("POST", gateway.running.url, json=body, headers=headers) as response,
    ):
        yield Parts(response)


async def post(gateway: Gateway, query: str, accept: str) -> httpx2.Response:  # noqa: F811
    headers = {"Authorization": f"Bearer {gateway.token()}", "Accept": accept}
    async with httpx2.AsyncClient(timeout=10, trust_env=False) as client:
        return await client.post(gateway.running.url, json={"query": query}, headers=headers)


@pytest.mark.parametrize("accept", [APOLLO, ROUTER, ALONE])
async def test_each_event_is_a_part_with_a_payload_and_its_cursor_resumes(gateway: Gateway, accept: str) -> None:  # noqa: F811
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    async with streaming(gateway, LIVE, accept=accept) as parts:
        assert await parts.part() == {}
        await scenes.told(gateway.store, gateway.principal, entry, S.SUBMITTED)
        first = await parts.payload()
    await scenes.told(gateway.store, gateway.principal, entry, S.ACCEPTED)
    cursor = first["payload"]["data"]["entryStatusChanged"].pop("cursor")
    async with streaming(gateway, LIVE, accept=accept, variables={"after": cursor}) as parts:
        missed = await parts.payload()

    assert first == {"payload": {"data": {"entryStatusChanged": {"status": "SUBMITTED"}}}}
    assert missed["payload"]["data"]["entryStatusChanged"]["status"] == "ACCEPTED"
    head = parts.response.headers
    assert head["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'
    assert head["cache-control"] == "no-store"
    assert "content-encoding" not in head


async def test_a_stream_that_ends_is_closed_by_the_last_boundary(gateway: Gateway) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    async with streaming(gateway, FIRST) as parts:
        whole = await parts.ended()

    assert whole.startswith(b"\r\n--graphql\r\nContent-Type: application/json\r\n\r\n{}\r\n--graphql\r\n")
    assert whole.endswith(b"\r\n--graphql--\r\n")
    assert whole.count(b'{"payload":{"data":{"events":{') == 2


async def test_silence_is_broken_by_empty_parts(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.05)
    async with streaming(gateway, LIVE) as parts:
        assert [await parts.part() for _ in range(3)] == [{}, {}, {}]


async def test_the_end_of_the_token_is_a_transport_error(gateway: Gateway) -> None:  # noqa: F811
    token = gateway.token(lifetime=timedelta(seconds=1))
    async with streaming(gateway, LIVE, token=token) as parts:
        said = await parts.payload()
        assert await parts.ended() == b"--\r\n"

    assert said["payload"] is None
    assert [error["extensions"]["code"] for error in said["errors"]] == ["UNAUTHENTICATED"]


async def test_a_drain_is_a_transport_error_and_leaves_nothing_open(gateway: Gateway) -> None:  # noqa: F811
    async with streaming(gateway, LIVE) as parts:
        await parts.part()
        await gateway.running.application.state.drain.run()
        said = await parts.payload()

    assert said["payload"] is None
    assert said["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert gateway.running.application.state.drain.open_sockets == 0


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (f"{APOLLO}, {EVENTS}", "multipart/mixed"),
        (f"{EVENTS}, {APOLLO}", EVENTS),
        (f"{ALONE};q=0.5, {EVENTS}", EVENTS),
        (f"{EVENTS};q=0.5, {ALONE}", "multipart/mixed"),
        (f"multipart/mixed, {EVENTS}", EVENTS),
        (f"multipart/mixed;deferSpec=20220824, {EVENTS}", EVENTS),
        (f"{ALONE};q=0, {EVENTS}", EVENTS),
    ],
)
async def test_the_form_that_is_liked_best_is_taken(gateway: Gateway, accept: str, form: str) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    response = await post(gateway, FIRST, accept)
    assert response.headers["content-type"].startswith(form)


@pytest.mark.parametrize(
    "accept", ["multipart/mixed", "multipart/mixed;subscriptionSpec=2.0", "multipart/*", f"{ALONE};q=0"]
)
async def test_parts_of_another_kind_are_not_what_is_meant(gateway: Gateway, accept: str) -> None:  # noqa: F811
    response = await post(gateway, FIRST, accept)
    assert response.status_code == 406
    both = await post(gateway, FIRST, f"{accept}, application/graphql-response+json")
    assert both.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_query_is_json_where_that_is_taken_and_one_part_where_not(gateway: Gateway) -> None:  # noqa: F811
    query = "{ viewer { subject } }"
    deferred = f"multipart/mixed;deferSpec=20220824,{JSON}"
    answers = [await post(gateway, query, accept) for accept in ("application/json, " + ALONE, deferred)]
    alone = await post(gateway, query, ALONE)

    assert [answer.json()["data"]["viewer"]["subject"] for answer in answers] == ["importer@example.com"] * 2
    [told] = [json.loads(part.split(b"\r\n\r\n")[1]) for part in alone.content.split(BOUNDARY)[2:-1]]
    assert told["payload"]["data"] == {"viewer": {"subject": "importer@example.com"}}


async def test_a_refusal_has_its_status_unless_parts_are_all_that_is_taken(gateway: Gateway) -> None:  # noqa: F811
    wrong = "subscription { nothing }"
    both, alone = await post(gateway, wrong, APOLLO), await post(gateway, wrong, ALONE)

    assert (both.status_code, both.json()["errors"][0]["extensions"]["code"]) == (422, "GRAPHQL_VALIDATION_FAILED")
    assert alone.status_code == 200
    [told] = [json.loads(part.split(b"\r\n\r\n")[1]) for part in alone.content.split(BOUNDARY)[2:-1]]
    assert told["payload"]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_client_that_sends_rubbish_and_leaves_without_a_word_leaves_nothing(gateway: Gateway) -> None:  # noqa: F811
    # given a client that asks for parts
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.running.port)
    body = json.dumps({"query": LIVE}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{gateway.running.port}\r\nAccept: {APOLLO}\r\n"
        f"Authorization: Bearer {gateway.token()}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    async with asyncio.timeout(5):
        await reader.readuntil(BOUNDARY)
    # when it sends more than one request on the way and then leaves without a word
    writer.write(b"\x00\xff--graphql--\r\n\r\n")
    await scenes.told(gateway.store, gateway.principal, entry, S.SUBMITTED)
    writer.transport.abort()
    # then its stream is gone and another client is served
    drain = gateway.running.application.state.drain
    async with asyncio.timeout(5):
        while drain.open_sockets:
            await asyncio.sleep(0.01)
    async with streaming(gateway, FIRST) as parts:
        assert (await parts.payload())["payload"]["data"]["events"]["type"]


async def test_apollos_client_is_told_events_and_then_the_end(clients: Path, gateway: Gateway) -> None:  # noqa: F811
    await scenes.an_entry(gateway.store, gateway.principal)
    said = await run_node(
        clients / "apollo-ends.mjs",
        clients,
        TIDEGATE_URL=gateway.running.url,
        TIDEGATE_TOKEN=gateway.token(),
        QUERY=FIRST,
    )
    assert len(said) == 3
    assert said[-1] == "complete"


async def test_apollos_client_is_told_why_a_stream_broke_off(clients: Path, gateway: Gateway) -> None:  # noqa: F811
    said = await run_node(
        clients / "apollo-ends.mjs",
        clients,
        TIDEGATE_URL=gateway.running.url,
        TIDEGATE_TOKEN=gateway.token(lifetime=timedelta(seconds=3)),
        QUERY="subscription { events { cursor type } }",
    )
    assert said[0] == "UNAUTHENTICATED"
