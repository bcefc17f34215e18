"""A head that a connection has sent before is not parsed again; nothing of what is answered may depend on it."""

import asyncio
import random
import time
from typing import Any

import pytest

from app.web.direct import DirectProtocol
from app.web.settings import WebSettings
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


async def test_whatever_comes_before_and_after_the_answers_are_the_same(pair: Pair, known: list[bool]) -> None:
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
    same_length = plain(pair, query=QUERY.replace("5", "1"))
    answers = await exchange(pair.direct, [plain(pair), same_length, plain(pair)], 3)

    assert known == [True, True]
    assert [answer.status for answer in answers] == [200] * 3


async def test_a_token_that_is_no_longer_remembered_is_refused(
    pair: Pair, known: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.security.authenticate import Authenticator

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
