"""How requests of the short way end that do not simply get their answer: clients that leave, times that run out, faults
of the database, connections that are busy or idle. What is drawn, logged and kept is as on the ordinary way."""

import asyncio
import gc
import io
import json
import socket
import struct
import time
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.engine.lane.run import Runner
from app.security.limits import Buckets
from app.telemetry import configure_logging
from app.web.direct import DirectProtocol
from app.web.settings import WebSettings
from app.web.turns import Turns
from tests.wire.test_direct import Pair, exchange, listening, one_answer, pair, plain, request
from tests.wire.test_known_heads import Held, a_known_head, short_way

__all__ = ["pair"]

KEPT_ALIVE = 0.4
LIMIT = 100_000


class Slow:
    """An application in front of which /slow takes longer than a connection is kept alive."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/slow":
            await self.app(scope, receive, send)
            return
        await asyncio.sleep(3 * KEPT_ALIVE)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def buckets_of(pair: Pair) -> Buckets:
    """Budgets that nothing fills again."""
    engine: Any = short_way(pair)._engine
    engine.meter.budgets = Buckets(LIMIT, 0.0001)
    found: Buckets = engine.meter.budgets
    return found


def available(buckets: Buckets) -> int:
    return min((round(level) for level, _ in buckets._held.values()), default=LIMIT)


async def answered(reader: asyncio.StreamReader) -> int:
    return (await asyncio.wait_for(one_answer(reader), 10)).status


async def test_a_connection_is_not_closed_while_it_answers(pair: Pair) -> None:
    application: Any = Slow(pair.servers[0].config.app)
    slow = request(b"", first="GET /slow HTTP/1.1", length=False)
    upgrade = request(
        b"", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Protocol: graphql-transport-ws",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {'A' * 22}==", first="GET /graphql HTTP/1.1", length=False,
    )  # fmt: skip
    async with listening(application, WebSettings(), portable=False) as (port, server):
        server.config.timeout_keep_alive = KEPT_ALIVE
        for behind, status in ((slow, 200), (upgrade, 101)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(plain(pair) + behind)
            assert [await answered(reader), await answered(reader)] == [200, status]
            if status == 101:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 3 * KEPT_ALIVE)
            writer.close()


async def test_a_connection_is_idle_from_its_answer_on(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(pair.servers[0].config.app, WebSettings(), portable=False) as (port, server):
        server.config.timeout_keep_alive = KEPT_ALIVE
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(plain(pair))
        assert await answered(reader) == 200
        held = Held(monkeypatch)
        writer.write(plain(pair))
        await held.asked.wait()
        await asyncio.sleep(1.9 * KEPT_ALIVE)
        held.free.set()
        assert await answered(reader) == 200
        begun = time.monotonic()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert time.monotonic() - begun > 0.9 * KEPT_ALIVE
        writer.close()


async def test_connections_that_are_reset_leave_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[int] = []
    asked = DirectProtocol.timeout_keep_alive_handler
    async with listening(pair.servers[0].config.app, WebSettings(), portable=False) as (port, server):
        server.config.timeout_keep_alive = 0.1
        opened = []
        for _ in range(4):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(plain(pair))
            assert await answered(reader) == 200
            opened.append(writer)
        held = Held(monkeypatch)
        for writer in opened:
            writer.write(plain(pair))
        await held.asked.wait()
        await asyncio.sleep(0.2)
        for writer in opened:
            reset = writer.get_extra_info("socket")
            reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        async with asyncio.timeout(5):
            while held.cancelled < 4:
                await asyncio.sleep(0.02)
        monkeypatch.setattr(DirectProtocol, "timeout_keep_alive_handler", lambda self: (fired.append(1), asked(self)))
        await asyncio.sleep(0.5)
        gc.collect()
        waiting = [one for one in gc.get_objects() if isinstance(one, DirectProtocol) and one._waiting is not None]
        assert (fired, waiting, server.server_state.connections) == ([], [], set())


async def test_what_is_cut_short_is_not_given_back(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    buckets, levels = buckets_of(pair), []
    for port in (pair.direct, pair.ordinary):
        with monkeypatch.context() as patch:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(plain(pair))
            assert await answered(reader) == 200
            held = Held(patch)
            buckets._held.clear()
            writer.write(plain(pair))
            await held.asked.wait()
            writer.transport.abort()
            async with asyncio.timeout(5):
                while not held.cancelled:
                    await asyncio.sleep(0.02)
            levels.append(available(buckets))
    assert levels[0] == levels[1] < LIMIT


async def test_what_took_too_long_is_not_given_back(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = buckets_of(pair)
    reader, writer, _ = await a_known_head(pair, monkeypatch)
    short: Any = short_way(pair)
    monkeypatch.setattr(short, "_settings", replace(short._settings, execution_timeout_seconds=0.05))
    buckets._held.clear()
    writer.write(plain(pair))
    await answered(reader)
    assert available(buckets) < LIMIT
    writer.close()


async def test_what_a_fault_of_ours_ended_is_given_back(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    buckets = buckets_of(pair)

    def broken(*_: Any) -> Any:
        raise ConnectionRefusedError("away")

    async def away(*_: Any) -> Any:
        broken()

    for name, fault in (("later", away), ("now", broken)):
        monkeypatch.setattr(Runner, "now", lambda *_: None)
        monkeypatch.setattr(Runner, name, fault)
        for port in (pair.ordinary, pair.direct):
            (answer,) = await exchange(port, [plain(pair)], 1)
            assert b"INTERNAL" in answer.body
            assert available(buckets) == LIMIT


async def test_waiting_is_no_work(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[float] = []
    spend = Turns.spend
    reader, writer, held = await a_known_head(pair, monkeypatch)
    monkeypatch.setattr(Turns, "spend", lambda self, seconds: (spent.append(seconds), spend(self, seconds))[1])
    writer.write(plain(pair))
    await held.asked.wait()
    await asyncio.sleep(0.5)
    held.free.set()
    assert await answered(reader) == 200
    assert 0 < max(spent) < 0.4
    writer.close()


async def test_many_requests_of_one_read_do_not_hold_up_the_others(pair: Pair) -> None:
    short_way(pair).turns = Turns(1e-9)
    seen = pair.seen["http"]
    answers = await exchange(pair.direct, [plain(pair) * 5], 5)

    assert [answer.status for answer in answers] == [200] * 5
    assert pair.seen["http"] == seen + 4  # the first filled its turn


async def test_the_log_tells_how_long_was_waited_and_who_left(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    told = io.StringIO()
    reader, writer, held = await a_known_head(pair, monkeypatch)
    configure_logging(stream=told)
    short: Any = short_way(pair)
    monkeypatch.setattr(short, "_settings", replace(short._settings, execution_timeout_seconds=0.3))
    writer.write(plain(pair))
    status = await answered(reader)
    monkeypatch.setattr(short, "_settings", replace(short._settings, execution_timeout_seconds=30))
    held.asked.clear()
    writer.write(plain(pair))
    await held.asked.wait()
    writer.transport.abort()
    async with asyncio.timeout(5):
        while '"status":499' not in told.getvalue():
            await asyncio.sleep(0.02)

    late, left = (json.loads(line) for line in told.getvalue().splitlines() if "request.answered" in line)
    assert late["status"] == status
    assert late["ms"] >= 300
    assert late["organisation"] == left["organisation"] is not None
