"""A head that a connection has sent before is not parsed again; nothing of what is answered may depend on it."""

import asyncio
import random
import time
from dataclasses import replace
from typing import Any

import pytest

from app.engine.lane.inputs import Declined
from app.engine.lane.run import Runner
from app.security.authenticate import Authenticator
from app.web.direct import DirectProtocol
from app.web.quick import ShortWay
from app.web.settings import WebSettings
from app.web.turns import Turns
from tests.wire.test_direct import QUERY, Pair, both, exchange, listening, one_answer, pair, plain, request

__all__ = ["pair"]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each read that was looked at, whether it was answered without the parser."""
    found: list[bool] = []
    asked = DirectProtocol._again

    def again(self: DirectProtocol, data: bytes) -> bool:
        found.append(asked(self, data))
        return found[-1]

    monkeypatch.setattr(DirectProtocol, "_again", again)
    return found


def short_way(pair: Pair) -> ShortWay:
    application: Any = pair.servers[0].config.app
    found: ShortWay = application.app.state.short
    return found


def messages(pair: Pair) -> list[bytes]:
    """Requests that share a head, that differ from one which was known, and that take the ordinary way."""
    headers = (f"Authorization: Bearer {pair.token}", "Content-Type: application/json")
    body = plain(pair).partition(b"\r\n\r\n")[2]
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return [
        plain(pair),
        plain(pair),
        plain(pair, query=QUERY.replace("5", "4")),
        plain(pair, query=QUERY.replace("sku", "xyz")),
        plain(pair, query=QUERY.replace("(first: 5)", "")),
        request(b"x" * len(body), *headers),
        request(b"\r\n\r\n" + body[4:], *headers),
        plain(pair, "Accept-Encoding: gzip", query='{ __type(name: "Entry") { fields { name description } } }'),
        plain(pair, query="{ viewer { subject } }"),
        plain(pair, "Prefer: reject"),
        request(chunked, *headers, "Transfer-Encoding: chunked", length=False),
        request(body, headers[1]),
        request(b"", first="GET /healthz HTTP/1.1"),
    ]


@pytest.mark.parametrize("way", ["at once", "waited for", "postponed"])
async def test_whatever_comes_before_and_after_the_answers_are_the_same(
    pair: Pair, known: list[bool], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "waited for":
        monkeypatch.setattr(Runner, "now", lambda *_: None)
    elif way == "postponed":
        short_way(pair).turns = Turns(0.0)
    chance = random.Random(11)
    for _ in range(60):
        sent = chance.choices(messages(pair), k=chance.randint(2, 8))
        pieces: list[bytes] = []
        for message in sent:
            cut = chance.randrange(1, len(message)) if chance.random() < 0.3 else 0
            pieces += [message[:cut], message[cut:]] if cut else [message]
        if chance.random() < 0.4:  # several in one packet
            at = chance.randrange(len(pieces))
            pieces[at : at + 2] = [b"".join(pieces[at : at + 2])]
        await both(pair, [piece for piece in pieces if piece], len(sent))

    assert known.count(True) > 5
    assert known.count(False) > 10


async def test_a_known_head_is_not_parsed_again(pair: Pair, known: list[bool]) -> None:
    answers = await exchange(pair.direct, [plain(pair), plain(pair, query=QUERY.replace("5", "1")), plain(pair)], 3)

    assert known == [True, True]
    assert [answer.status for answer in answers] == [200] * 3


async def test_a_body_of_another_length_has_a_known_head(pair: Pair, known: list[bool]) -> None:
    longer = plain(pair, query=QUERY.replace("id sku", "id sku name description"))
    other = plain(pair, "X-Request-Id: another-head")
    await exchange(pair.direct, [plain(pair), longer, other, plain(pair), other], 5)

    assert known == [True, False, True, True]


async def test_a_length_that_is_not_the_bodys_is_read_as_ever(pair: Pair, known: list[bool]) -> None:
    body = plain(pair).partition(b"\r\n\r\n")[2]
    headers = (f"Authorization: Bearer {pair.token}", "Content-Type: application/json")
    one = request(body, *headers)
    for length in (b"00%d" % len(body), b"%d " % len(body), b"+%d" % len(body), b"-1", b"1_0", b"", b"9" * 30):
        other = one.replace(b"Content-Length: %d" % len(body), b"Content-Length: " + length)
        await both(pair, [one, other], 2)
    await both(pair, [one, one[:-1], one[-1:] + one], 3)


class Held:
    """Makes each answer of the lane wait until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = asyncio.Event()
        self.free = asyncio.Event()
        self.cancelled = 0
        later = Runner.later

        async def held(runner: Runner, ready: Any) -> Any:
            self.asked.set()
            try:
                await self.free.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            return await later(runner, ready)

        monkeypatch.setattr(Runner, "now", lambda *_: None)
        monkeypatch.setattr(Runner, "later", held)


async def a_known_head(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any, Held]:
    """A connection that has sent a plain request before, and answers that wait from now on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.direct)
    writer.write(plain(pair))
    assert (await one_answer(reader)).status == 200
    return reader, writer, Held(monkeypatch)


async def test_what_comes_while_an_answer_is_waited_for_has_its_turn_after_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer, held = await a_known_head(pair, monkeypatch)
    writer.write(plain(pair, query="{ products(first: 1) { totalCount } }"))
    await held.asked.wait()
    writer.write(request(b"", first="GET /healthz HTTP/1.1"))
    await writer.drain()
    writer.write(plain(pair) + plain(pair, query="{ viewer { subject } }"))
    await asyncio.sleep(0.1)
    held.free.set()
    found = [await asyncio.wait_for(one_answer(reader), 10) for _ in range(4)]
    writer.close()

    assert [answer.status for answer in found] == [200] * 4
    told = (b'{"totalCount":1}', b"", b'"nodes"', b'"subject"')
    assert all(text in answer.body for text, answer in zip(told, found, strict=True))


async def test_what_is_postponed_is_answered_before_the_server_ends(pair: Pair) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.direct)
    turns = short_way(pair).turns = Turns(0.0)
    held: list[Any] = []
    turns.later = held.append  # type: ignore[method-assign]
    writer.write(plain(pair))
    async with asyncio.timeout(5):
        while not held:
            await asyncio.sleep(0.01)
    writer.write(request(b"", first="GET /healthz HTTP/1.1"))
    pair.servers[0].should_exit = True
    await asyncio.sleep(0.5)
    turns.later = lambda work: work()  # type: ignore[method-assign]
    held[0]()
    assert b'"totalCount":1' in (await asyncio.wait_for(one_answer(reader), 10)).body
    assert (await asyncio.wait_for(one_answer(reader), 10)).status in (200, 503)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_client_that_leaves_stops_what_it_waits_for(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    _, writer, held = await a_known_head(pair, monkeypatch)
    writer.write(plain(pair))
    await held.asked.wait()
    writer.transport.abort()
    async with asyncio.timeout(5):
        while not held.cancelled:
            await asyncio.sleep(0.01)


async def test_an_answer_that_takes_too_long_is_refused_as_ever(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer, held = await a_known_head(pair, monkeypatch)
    short: Any = short_way(pair)
    monkeypatch.setattr(short, "_settings", replace(short._settings, execution_timeout_seconds=0.05))
    writer.write(plain(pair))
    answer = await asyncio.wait_for(one_answer(reader), 10)
    held.free.set()
    writer.write(plain(pair))

    assert b'"TIMEOUT"' in answer.body
    assert held.cancelled == 1
    assert (await asyncio.wait_for(one_answer(reader), 10)).status == 200
    writer.close()


async def test_what_the_database_refuses_is_answered_the_ordinary_way(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer, _ = await a_known_head(pair, monkeypatch)
    seen, tries = pair.seen["http"], []

    async def refused(*_: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("a driver's bug")
        return Declined("values", "no")

    monkeypatch.setattr(Runner, "later", refused)
    for _ in range(2):
        writer.write(plain(pair))
        assert b'"totalCount":1' in (await asyncio.wait_for(one_answer(reader), 10)).body
    writer.close()
    assert pair.seen["http"] == seen + 2


async def test_a_server_that_ends_answers_first(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer, held = await a_known_head(pair, monkeypatch)
    writer.write(plain(pair))
    await held.asked.wait()
    pair.servers[0].should_exit = True
    await asyncio.sleep(0.5)
    held.free.set()
    assert (await asyncio.wait_for(one_answer(reader), 10)).status == 200
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_token_that_is_no_longer_remembered_is_refused(
    pair: Pair, known: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.direct)
    try:
        for _ in range(2):
            writer.write(plain(pair))
            assert (await one_answer(reader)).status == 200
        monkeypatch.setattr(Authenticator, "_fresh", lambda *_: None)
        seen = pair.seen["http"]
        writer.write(plain(pair))
        assert (await one_answer(reader)).status == 200
        assert pair.seen["http"] == seen + 1  # looked at closely, by the ordinary way
    finally:
        writer.close()
    assert known == [True, False]


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(pair: Pair) -> None:
    application: Any = pair.servers[0].config.app
    async with listening(application, WebSettings(), portable=False) as (port, server):
        server.config.timeout_keep_alive = 1
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(4):
            writer.write(plain(pair))
            assert (await one_answer(reader)).status == 200
            await asyncio.sleep(0.4)
        begun = time.monotonic()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert time.monotonic() - begun < 5
        writer.close()
