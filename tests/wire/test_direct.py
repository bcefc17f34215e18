"""The protocol with the short way inside answers the same bytes as uvicorn's own: each case is sent as it stands to a
server of either kind, over the same application."""

import asyncio
import contextlib
import gzip
import hashlib
import inspect
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http import httptools_impl

from app.asgi import create_app
from app.clock import system_clock
from app.settings import Settings
from app.store.session import Store
from app.values import OrganisationKind
from app.web import quick
from app.web.server import DIRECT_HTTP, DrainingServer, server_config
from app.web.settings import WebSettings
from tests import scenes
from tests.conftest import principal_of
from tests.wire.conftest import Running, _QuietServer
from tests.wire.test_gateway import Gateway, open_tokens

QUERY = "{ products(first: 5) { nodes { id sku } totalCount } }"
HEADERS: list[tuple[str, ...]] = [
    ("Accept: application/json",),
    ("Accept: application/graphql-response+json",),
    ("Accept: text/html",),
    ("Accept: text/event-stream",),
    ("Accept: application/json", "Accept: text/html"),
    ("Accept-Encoding: gzip, deflate, br",),
    ("Accept-Encoding: gzip;q=0",),
    ("Accept-Encoding: identity",),
    ("Origin: https://elsewhere.example",),
    ("Origin: http://gateway",),
    ("Cookie: a=b",),
    ("Prefer: reject",),
    ("Connection: close",),
    ("Connection: keep-alive",),
    ("Connection: Keep-Alive, close",),
    ("Connection: Upgrade", "Upgrade: h2c"),
    ("Upgrade: websocket",),
    ("Content-Type: application/json",),
    ("Content-Encoding: gzip",),
    ("Authorization: Bearer other",),
    ("X-Request-Id: mine-1",),
    ("X-Request-Id: one", "X-Request-Id: two"),
    ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"),
    ("Expect: 200-ok",),
    ("X-Unusual: 1",),
    ("X-Latin: \xe9",),
    ("Bad Name: x",),
    ("No colon",),
]
FIRST_LINES = [
    "POST /graphql HTTP/1.0",
    "POST /graphql HTTP/1.2",
    "POST /graphql?query={__typename} HTTP/1.1",
    "POST /graphql#x HTTP/1.1",
    "POST /graphql/ HTTP/1.1",
    "POST /graph%71l HTTP/1.1",
    "POST //graphql HTTP/1.1",
    "POST http://gateway/graphql HTTP/1.1",
    "POST /nothing HTTP/1.1",
    "PUT /graphql HTTP/1.1",
    "GET /graphql HTTP/1.1",
    "OPTIONS /graphql HTTP/1.1",
    "post /graphql HTTP/1.1",
    "POST /graphql",
    "nonsense",
]
BODIES = [
    b"",
    b" ",
    b"{",
    b"[]",
    b'{"query": 1}',
    b'{"query": "{", "variables": null}',
    b'{"query": "{ products(first: 0) { nodes { id } } }"}',
    b'{"query": "{ nothing }"}',
    b'{"query": "{ viewer { subject } }"}',
    b'{"query": "mutation { nothing }"}',
    b'{"query": "subscription { entryStatusChanged { cursor } }"}',
    b'{"query": "{ __typename }", "extensions": {"a": 1}}',
    b'{"query": "query A { __typename } query B { products(first: 1) { nodes { sku } } }", "operationName": "B"}',
    b'{"query": "{ products(first: 1) { nodes { sku } } }", "variables": ' + b"[" * 70 + b"]" * 70 + b"}",
    b'{"query": "\xff"}',
    b'{"query": "{ __typename }' + b" " * 300_000 + b'"}',
]
UVICORN = "1d4e1c579df41684"


class Counted:
    """The application, counting the requests that reach it through ASGI."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seen: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen[scope["type"]] += 1
        await self.app(scope, receive, send)


@dataclass
class Pair:
    """Two servers over one application, and a token."""

    direct: int
    ordinary: int
    seen: Counter[str]
    token: str
    servers: list[DrainingServer]


@dataclass(frozen=True)
class Answered:
    """One response as a client saw it; `status` 0 stands for a connection that was closed without one."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@contextlib.asynccontextmanager
async def listening(application: Any, settings: WebSettings, *, portable: bool) -> AsyncIterator[tuple[int, Any]]:
    server = _QuietServer(server_config(application, "127.0.0.1", 0, settings, portable=portable, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, 15)


@pytest.fixture
async def pair(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Pair]:
    settings = Settings(database_url=sqlite_url, state_dir=tmp_path / "state", drain_seconds=0.1)
    store = Store.open(sqlite_url, system_clock)
    importer = await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    await scenes.an_entry(store, importer)
    application = create_app(settings)
    counted = Counted(application)
    view = WebSettings.of(settings)
    async with (
        application.router.lifespan_context(application),
        listening(counted, view, portable=False) as (direct, one),
        listening(application, view, portable=True) as (ordinary, other),
    ):
        gateway = Gateway(Running(one, direct, view, application), store, importer, open_tokens(settings))
        found = Pair(direct, ordinary, counted.seen, gateway.token(), [one, other])
        await exchange(ordinary, [plain(found)], 1)  # so that the token is remembered
        yield found
    await store.close()


def request(body: bytes, *lines: str, first: str = "POST /graphql HTTP/1.1", length: bool = True) -> bytes:
    head = [first, "Host: gateway", *lines, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def plain(pair: Pair, *more: str, query: str = QUERY, **others: Any) -> bytes:
    """The request that most clients send."""
    body = json.dumps({"query": query, **others}).encode()
    return request(body, f"Authorization: Bearer {pair.token}", "Content-Type: application/json", *more)


async def exchange(port: int, pieces: list[bytes], answers: int) -> list[Answered]:
    """Sends the pieces, each in a packet of its own, and reads so many responses, or until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(0.02)
            writer.write(piece)
            await writer.drain()
        found = [await asyncio.wait_for(one_answer(reader), 10) for _ in range(answers)]
        closes = not found[-1].status or ("connection", "close") in found[-1].headers
        if closes:
            assert await asyncio.wait_for(reader.read(), 10) == b""
        return found
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def one_answer(reader: asyncio.StreamReader) -> Answered:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return Answered(0, (), b"")
    first, *lines = head.strip().split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    named = dict(headers)
    body = await reader.readexactly(int(named.get("content-length", 0)))
    if named.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
        headers = [(name, value) for name, value in headers if name != "content-length"]
    body = re.sub(rb'"(requestId|errorId)":"[^"]*"', b"", body)
    kept = [
        (name, ", ".join(sorted(re.split(r",\s*", value))) if name == "vary" else value)
        for name, value in headers
        if name not in ("date", "x-request-id")
    ]
    return Answered(int(first.split()[1]), tuple(sorted(kept)), body)


async def both(pair: Pair, pieces: list[bytes], answers: int = 1) -> list[Answered]:
    """The answers, the same from either server."""
    one, other = await asyncio.gather(exchange(pair.direct, pieces, answers), exchange(pair.ordinary, pieces, answers))
    assert one == other, pieces
    return one


async def test_a_plain_request_is_answered_without_asgi(pair: Pair) -> None:
    (answer,) = await both(pair, [plain(pair)])

    assert answer.status == 200
    assert b'"totalCount":1' in answer.body
    assert pair.seen["http"] == 0


async def test_every_header_means_the_same(pair: Pair) -> None:
    for lines in HEADERS:
        await both(pair, [plain(pair, *lines)])


async def test_every_first_line_means_the_same(pair: Pair) -> None:
    body = json.dumps({"query": QUERY}).encode()
    for first in FIRST_LINES:
        token = f"Authorization: Bearer {pair.token}"
        await both(pair, [request(body, token, "Content-Type: application/json", first=first)])


async def test_a_socket_is_opened_alike(pair: Pair) -> None:
    lines = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Protocol: graphql-transport-ws"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {'A' * 22}=="]
    (answer,) = await both(pair, [request(b"", *lines, first="GET /graphql HTTP/1.1", length=False)])
    assert answer.status == 101


async def test_head_has_no_body(pair: Pair) -> None:
    sent = request(b"", "Connection: close", first="HEAD /healthz HTTP/1.1", length=False)
    one, other = [await everything(port, sent) for port in (pair.direct, pair.ordinary)]
    assert one == other
    assert one.endswith(b"\r\n\r\n")


async def everything(port: int, sent: bytes) -> bytes:
    """All bytes until the server closes, without what differs from one request to the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    found = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return re.sub(rb"(date|x-request-id): [^\r]*", b"", found)


async def test_every_body_means_the_same(pair: Pair) -> None:
    for body in BODIES:
        token = f"Authorization: Bearer {pair.token}"
        await both(pair, [request(body, token, "Content-Type: application/json")])


async def test_who_is_not_known_is_refused_alike(pair: Pair) -> None:
    body = json.dumps({"query": QUERY}).encode()
    for lines in ((), ("Authorization: Bearer nonsense",), ("Authorization: Basic YTpi",)):
        (answer,) = await both(pair, [request(body, *lines, "Content-Type: application/json")])
        assert answer.status == 401


async def test_a_body_in_pieces_is_read_alike(pair: Pair) -> None:
    whole = plain(pair)
    head, _, body = whole.partition(b"\r\n\r\n")
    cuts = (
        [head + b"\r\n\r\n", body],
        [head[:20], head[20:] + b"\r\n", b"\r\n", body],
        [head + b"\r\n\r\n" + body[:5], body[5:9], body[9:]],
        [whole[:-1], whole[-1:]],
    )
    for pieces in cuts:
        (answer,) = await both(pair, pieces)
        assert answer.status == 200


async def test_a_chunked_body_is_read_alike(pair: Pair) -> None:
    body = json.dumps({"query": QUERY}).encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    lines = (f"Authorization: Bearer {pair.token}", "Content-Type: application/json", "Transfer-Encoding: chunked")
    (answer,) = await both(pair, [request(chunked, *lines, length=False)])
    assert answer.status == 200
    await both(pair, [request(chunked, *lines)])  # two lengths


async def test_a_client_that_asks_before_it_sends_is_told_to_go_on(pair: Pair) -> None:
    head, _, body = plain(pair, "Expect: 100-continue").partition(b"\r\n\r\n")
    first, second = await both(pair, [head + b"\r\n\r\n", body], 2)
    assert (first.status, second.status) == (100, 200)


async def test_requests_in_one_packet_are_answered_in_order(pair: Pair) -> None:
    one, other = plain(pair), plain(pair, query="{ viewer { subject } }")
    third = plain(pair, "X-Request-Id: last", query="{ products(last: 1) { nodes { name } } }")
    answers = await both(pair, [one + third + other + one + request(b"", first="GET /healthz HTTP/1.1") + third], 6)
    assert [answer.status for answer in answers] == [200] * 6
    assert [b"totalCount" in answer.body for answer in answers] == [True, False, False, True, False, False]
    assert b"viewer" in answers[2].body


async def test_a_connection_is_used_again_and_ends_when_asked(pair: Pair) -> None:
    answers = await both(pair, [plain(pair), plain(pair), plain(pair, "Connection: close")], 3)
    assert [answer.status for answer in answers] == [200] * 3


async def test_what_follows_a_request_and_is_none_is_refused(pair: Pair) -> None:
    nonsense = b"\x00\x01nonsense\r\n\r\n"
    await both(pair, [plain(pair, "Connection: close"), nonsense])
    # uvicorn forgets the first where both come at once
    first, second = await exchange(pair.direct, [plain(pair) + nonsense], 2)
    assert (first.status, second.status) == (200, 400)


async def test_a_long_answer_is_compressed_alike(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = " ".join(f"a{i}: products(first: 5) {{ nodes {{ id sku name description }} }}" for i in range(20))
    (small,) = await both(pair, [plain(pair, "Accept-Encoding: gzip", query=f"{{ {wanted} }}")])
    assert pair.seen["http"] == 0
    monkeypatch.setattr(quick, "_LARGE", 100)
    (large,) = await both(pair, [plain(pair, "Accept-Encoding: gzip", query=f"{{ {wanted} }}")])
    assert ("content-encoding", "gzip") in small.headers
    assert small == large
    assert pair.seen["http"] == 1


async def test_requests_are_counted_alike(pair: Pair) -> None:
    await exchange(pair.direct, [plain(pair)] * 2, 2)
    metrics = request(b"", "Connection: close", first="GET /metrics HTTP/1.1", length=False)
    text = (await everything(pair.ordinary, metrics)).decode()
    assert 'tidegate_http_requests_total{method="POST",route="/graphql",status="200"} 3.0' in text
    assert 'tidegate_http_request_seconds_count{method="POST",route="/graphql"} 3.0' in text


async def test_a_server_that_ends_closes_what_is_idle(pair: Pair) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.direct)
    writer.write(plain(pair))
    assert (await one_answer(reader)).status == 200
    for server in pair.servers:
        server.should_exit = True
    assert await asyncio.wait_for(reader.read(), 15) == b""
    writer.close()


def test_the_protocol_it_is_made_of_is_the_one_it_was_made_for() -> None:
    """Read `app/web/direct.py` against uvicorn's new source before the digest is changed."""
    source = inspect.getsource(httptools_impl)
    assert hashlib.sha256(source.encode()).hexdigest()[:16] == UVICORN
    assert DIRECT_HTTP == "app.web.direct:DirectProtocol"
