"""Answers are held back to the end of the loop's turn; whatever happens in between, they come first."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.web.direct import DirectProtocol
from tests.wire.test_direct import Pair, one_answer, pair, plain

__all__ = ["pair"]

IN_BETWEEN: dict[str, Callable[[Any], None]] = {
    "nothing": lambda _: None,
    "nonsense": lambda protocol: protocol.data_received(b"nonsense\r\n\r\n"),
    "the end of a server": lambda protocol: protocol.shutdown(),
    "the end of the client's part": lambda protocol: protocol.eof_received(),
    "the end of an idle connection": lambda protocol: _idle(protocol),
}


def _idle(protocol: DirectProtocol) -> None:
    protocol._last = time.perf_counter() - 2 * protocol.timeout_keep_alive
    protocol.timeout_keep_alive_handler()


async def a_known_head(pair: Pair) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, DirectProtocol]:
    connections: set[Any] = pair.servers[0].server_state.connections
    before = set(connections)
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.direct)
    for _ in range(2):  # one to learn it by
        writer.write(plain(pair))
        assert (await asyncio.wait_for(one_answer(reader), 10)).status == 200
    (protocol,) = connections - before
    assert isinstance(protocol, DirectProtocol)
    return reader, writer, protocol


@pytest.mark.parametrize("event", IN_BETWEEN)
async def test_an_answer_comes_before_what_happens_in_its_turn(pair: Pair, event: str) -> None:
    reader, writer, protocol = await a_known_head(pair)

    protocol.data_received(plain(pair))
    assert protocol._held
    IN_BETWEEN[event](protocol)
    assert not protocol._held or event == "nothing"

    assert (await asyncio.wait_for(one_answer(reader), 10)).status == 200
    if event == "nonsense":
        assert (await asyncio.wait_for(one_answer(reader), 10)).status == 400
    if "end of" not in event or "client" in event:
        writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_several_requests_in_a_turn_are_answered_in_their_order(pair: Pair) -> None:
    reader, writer, protocol = await a_known_head(pair)

    for number in range(3):
        protocol.data_received(plain(pair, query=f"{{ n{number}: products(first: 1) {{ nodes {{ sku }} }} }}"))

    for number in range(3):
        assert b'"n%d"' % number in (await asyncio.wait_for(one_answer(reader), 10)).body
    writer.close()


async def test_a_client_that_closes_its_part_at_once_is_answered(pair: Pair) -> None:
    for _ in range(10):
        reader, writer, _ = await a_known_head(pair)
        writer.write(plain(pair))
        writer.write_eof()

        assert (await asyncio.wait_for(one_answer(reader), 10)).status == 200
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_connection_that_is_reset_in_the_turn_takes_nothing_from_others(pair: Pair) -> None:
    _, gone, lost = await a_known_head(pair)
    reader, writer, protocol = await a_known_head(pair)

    lost.data_received(plain(pair))
    protocol.data_received(plain(pair))
    lost.transport.abort()

    assert (await asyncio.wait_for(one_answer(reader), 10)).status == 200
    writer.close()
    gone.close()
