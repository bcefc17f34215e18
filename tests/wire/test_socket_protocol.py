"""Every MUST of the GraphQL over WebSocket protocol (graphql-transport-ws), over real sockets."""

import asyncio
import contextlib
from typing import Any

import pytest
import structlog
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.errors import Throttled
from app.telemetry import new_metrics
from app.web import connection
from tests.wire.conftest import Serve
from tests.wire.fakes import FakeAuthenticator, FakeEngine
from tests.wire.sockets import Socket, socket

INIT = {"type": "connection_init", "payload": {"authorization": "Bearer good"}}


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_subprotocol_is_agreed_upon(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        assert ws.connection.subprotocol == "graphql-transport-ws"


async def test_it_is_found_among_other_subprotocols(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway, subprotocols=["graphql-ws", "graphql-transport-ws"]) as ws:
        assert ws.connection.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize("offered", [["graphql-ws"], ["GRAPHQL-TRANSPORT-WS"], None])
async def test_another_subprotocol_is_closed_4406(serve: Serve, offered: Any) -> None:
    async with serve() as gateway, socket(gateway, init=False, subprotocols=offered) as ws:
        assert ws.connection.subprotocol is None
        assert await ws.closed() == (4406, "Subprotocol not acceptable")


async def test_a_query_yields_next_and_complete(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("1", "query A($n: String) { hello(name: $n) }", variables={"n": "Ada"}, operationName="A")

        assert await ws.receive() == {"type": "next", "id": "1", "payload": {"data": {"hello": "hello Ada"}}}
        assert await ws.receive() == {"type": "complete", "id": "1"}
        assert await ws.silent()


async def test_a_subscription_yields_each_event_and_completes(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("s", "subscription { count(to: 3) }")

        received = [await ws.receive() for _ in range(4)]

    assert received == [
        {"type": "next", "id": "s", "payload": {"data": {"count": 0}}},
        {"type": "next", "id": "s", "payload": {"data": {"count": 1}}},
        {"type": "next", "id": "s", "payload": {"data": {"count": 2}}},
        {"type": "complete", "id": "s"},
    ]


async def test_several_operations_run_side_by_side(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("a", "subscription { forever }")
        assert (await ws.receive())["id"] == "a"
        await ws.subscribe("b", "{ hello }")

        assert await ws.receive() == {"type": "next", "id": "b", "payload": {"data": {"hello": "hello world"}}}
        assert await ws.receive() == {"type": "complete", "id": "b"}


@pytest.mark.parametrize("query", ["{", "{ nothing }", "subscription { nothing }", ""])
async def test_a_request_error_is_one_error_message_and_no_complete(serve: Serve, query: str) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("e", query)

        message = await ws.receive()
        assert await ws.silent()

    assert (message["type"], message["id"]) == ("error", "e")
    assert isinstance(message["payload"], list)
    assert message["payload"][0]["message"]
    assert message["payload"][0]["extensions"]["code"] in ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")


async def test_a_field_error_is_a_next(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("f", "{ fail }")

        message = await ws.receive()
        assert await ws.receive() == {"type": "complete", "id": "f"}

    assert message["type"] == "next"
    assert message["payload"]["data"] is None
    assert message["payload"]["errors"][0]["path"] == ["fail"]


async def test_the_id_of_an_ended_operation_may_be_used_again(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        for query in ("{ hello }", "{", "subscription { count(to: 1) }", "{ hello }"):
            await ws.subscribe("same", query)
            last = await ws.receive()
            while last["type"] == "next":
                last = await ws.receive()

            assert last["type"] in ("complete", "error")


async def test_an_id_in_use_closes_4409(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("x", "subscription { forever }")
        await ws.receive()
        await ws.subscribe("x", "{ hello }")

        assert await ws.closed() == (4409, "Subscriber for x already exists")
        await until(lambda: engine.streams == 0)


async def test_complete_ends_the_stream_and_nothing_follows(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("x", "subscription { forever }")
        await ws.receive()

        await ws.send({"type": "complete", "id": "x"})

        await until(lambda: engine.streams == 0)
        assert await ws.silent()
        await ws.subscribe("x", "{ hello }")
        assert (await ws.receive())["payload"] == {"data": {"hello": "hello world"}}


async def test_complete_cancels_before_the_first_event(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("x", "subscription { late }")
        await until(lambda: engine.streams == 1)

        await ws.send({"type": "complete", "id": "x"})

        await asyncio.wait_for(engine.closed.wait(), 5)
        assert await ws.silent()


async def test_complete_cancels_a_query(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("x", "{ sleep }")
        await asyncio.wait_for(engine.sleeping.wait(), 5)

        await ws.send({"type": "complete", "id": "x"})

        await asyncio.wait_for(engine.cancelled.wait(), 5)


async def test_complete_of_an_unknown_id_is_harmless(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.send({"type": "complete", "id": "nobody"})
        await ws.subscribe("x", "{ hello }")

        assert (await ws.receive())["type"] == "next"


async def test_a_ping_is_answered_with_its_payload(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send({"type": "ping", "payload": {"n": [1, {"a": "é"}]}})
        assert await ws.receive() == {"type": "pong", "payload": {"n": [1, {"a": "é"}]}}

        await ws.send({"type": "ping"}, {"type": "ping", "payload": None}, {"type": "ping", "payload": {}})
        assert [await ws.receive() for _ in range(3)] == [
            {"type": "pong"},
            {"type": "pong"},
            {"type": "pong", "payload": {}},
        ]


async def test_an_unasked_pong_is_taken_in_silence(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.send({"type": "pong"}, {"type": "pong", "payload": {"a": 1}})

        assert await ws.silent()


async def test_the_server_pings_with_a_payload(serve: Serve) -> None:
    async with serve(socket_ping_seconds=0.05) as gateway, socket(gateway) as ws:
        first = await ws.receive()
        await ws.send({"type": "pong", "payload": first["payload"]})
        second = await ws.receive()

    assert (first["type"], second["type"]) == ("ping", "ping")
    assert set(first["payload"]) == {"at"}


INVALID: list[Any] = [
    "",
    "{",
    "not json",
    "null",
    "1",
    '"ping"',
    "[]",
    '[{"type":"ping"}]',
    "{}",
    '{"type":null}',
    '{"type":1}',
    '{"type":["ping"]}',
    '{"type":"PING"}',
    '{"type":"start","id":"1","payload":{}}',
    '{"type":"connection_ack"}',
    '{"type":"next","id":"1","payload":{}}',
    '{"type":"' + "x" * 5_000 + '"}',
    '{"type":"ping","payload":[]}',
    '{"type":"ping","payload":"a"}',
    '{"type":"pong","payload":1}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"","payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":1,"payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"' + "i" * 257 + '","payload":{"query":"{hello}"}}',
    '{"type":"subscribe","id":"1","payload":null}',
    '{"type":"subscribe","id":"1","payload":"{hello}"}',
    '{"type":"subscribe","id":"1","payload":[]}',
    '{"type":"subscribe","id":"1","payload":{}}',
    '{"type":"subscribe","id":"1","payload":{"query":1}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","variables":[]}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","operationName":1}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{hello}","extensions":"e"}}',
    '{"type":"complete"}',
    '{"type":"complete","id":""}',
    '{"type":"complete","id":null}',
    '{"type":"ping","payload":{"a":' + "[" * 100 + "]" * 100 + "}}",
    '{"type":"ping","payload":{"a":' + "[" * 20_000 + "}}",
    '{"type":"ping","payload":{"a":"\\ud800"}}',
    b'{"type":"ping"}',
    b"",
]


async def test_an_invalid_message_closes_4400(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway:
        for message in INVALID:
            async with socket(gateway) as ws:
                await ws.send(message)

                code, reason = await ws.closed()

            assert code == 4400, message
            assert reason, message
            assert len(reason.encode()) <= 123, message
    assert engine.operations == []


@pytest.mark.parametrize("payload", [[], "a", 1, True])
async def test_an_init_with_a_payload_that_is_no_object_closes_4400(serve: Serve, payload: Any) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send({"type": "connection_init", "payload": payload})

        assert (await ws.closed())[0] == 4400


async def test_an_id_as_long_as_may_be_is_served(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("i" * 256, "{ hello }")

        assert (await ws.receive())["id"] == "i" * 256


async def test_a_fragmented_message_is_one_message(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.connection.send(iter(['{"type"', ':"ping"', "}"]))

        assert await ws.receive() == {"type": "pong"}


async def test_a_message_over_the_cap_closes_1009(serve: Serve) -> None:
    async with serve(max_socket_message_bytes=1_000) as gateway, socket(gateway) as ws:
        await ws.send('{"type":"ping","payload":{"a":"' + "x" * 1_000 + '"}}')

        assert (await ws.closed())[0] == 1009


async def test_subscribe_before_init_closes_4401(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.subscribe("1", "mutation { touch }")

        assert await ws.closed() == (4401, "Unauthorized")
    assert engine.operations == []


async def test_a_second_init_closes_4429(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.send(INIT)

        assert await ws.closed() == (4429, "Too many initialisation requests")


async def test_two_inits_at_once_close_4429(serve: Serve, authenticator: FakeAuthenticator) -> None:
    authenticator.slow = 0.05
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send(INIT, INIT)
        assert await ws.receive() == {"type": "connection_ack"}

        assert (await ws.closed())[0] == 4429


async def test_no_init_in_time_closes_4408(serve: Serve) -> None:
    async with serve(socket_init_timeout_seconds=0.1) as gateway, socket(gateway, init=False) as ws:
        await ws.send({"type": "ping"})
        await ws.receive()

        assert await ws.closed() == (4408, "Connection initialisation timeout")


async def test_an_init_in_time_outlives_the_limit(serve: Serve) -> None:
    async with serve(socket_init_timeout_seconds=0.1) as gateway, socket(gateway) as ws:
        assert await ws.silent(0.3)
        await ws.subscribe("1", "{ hello }")
        assert (await ws.receive())["type"] == "next"


async def test_no_token_closes_4401(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send({"type": "connection_init"})

        assert (await ws.closed())[0] == 4401


@pytest.mark.parametrize("authorization", ["Bearer forged", "good", "", 1, ["Bearer good"], {"a": 1}])
async def test_a_bad_token_closes_4403(serve: Serve, authorization: Any) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send({"type": "connection_init", "payload": {"authorization": authorization}})

        assert (await ws.closed())[0] == 4403


async def test_the_token_may_come_with_the_upgrade(serve: Serve, engine: FakeEngine) -> None:
    headers = {"Authorization": "Bearer plain"}
    async with serve() as gateway, socket(gateway, init=False, additional_headers=headers) as ws:
        await ws.init(token=None)
        await ws.subscribe("1", "{ whoami }")

        assert (await ws.receive())["payload"] == {"data": {"whoami": "bob"}}


async def test_the_token_of_the_payload_comes_before_that_of_the_upgrade(serve: Serve) -> None:
    headers = {"Authorization": "Bearer plain"}
    async with serve() as gateway, socket(gateway, additional_headers=headers) as ws:
        await ws.subscribe("1", "{ whoami }")

        assert (await ws.receive())["payload"] == {"data": {"whoami": "ada"}}


async def test_a_token_that_ends_closes_4403_at_that_moment(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await ws.init(token="short:0.4")
        await ws.subscribe("1", "subscription { forever }")
        await ws.receive()

        assert await ws.closed() == (4403, "The token has expired")
        assert 0.3 < loop.time() - started < 1.5
        await until(lambda: engine.streams == 0)


async def test_a_token_already_over_closes_4403(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send({"type": "connection_init", "payload": {"authorization": "Bearer short:-1"}})

        assert await ws.closed() == (4403, "The token has expired")


async def test_a_failing_authenticator_closes_4500_and_tells_nothing(
    serve: Serve, authenticator: FakeAuthenticator
) -> None:
    authenticator.breaks_with = RuntimeError("password=hunter2")
    async with serve() as gateway, socket(gateway, init=False) as ws:
        await ws.send(INIT)

        assert await ws.closed() == (4500, "Internal server error")


async def test_an_authenticator_that_hangs_closes_4408(serve: Serve, authenticator: FakeAuthenticator) -> None:
    authenticator.slow = 30
    async with serve(socket_init_timeout_seconds=0.1) as gateway, socket(gateway, init=False) as ws:
        await ws.send(INIT)

        assert (await ws.closed())[0] == 4408


@pytest.mark.parametrize("query", ["{ hello }", "subscription { count(to: 1) }"])
async def test_a_failing_engine_is_a_masked_error_and_the_socket_lives(
    serve: Serve, engine: FakeEngine, query: str
) -> None:
    engine.breaks_with = RuntimeError("password=hunter2")
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("1", query)
        message = await ws.receive()
        engine.breaks_with = None
        await ws.subscribe("1", "{ hello }")
        assert (await ws.receive())["type"] == "next"

    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert "hunter2" not in str(message)


async def test_an_expected_fault_keeps_its_code(serve: Serve, engine: FakeEngine) -> None:
    engine.breaks_with = Throttled("Later.")
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("1", "{ hello }")

        assert (await ws.receive())["payload"][0]["extensions"]["code"] == "THROTTLED"


async def test_a_stream_that_fails_ends_with_a_masked_error(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("1", "subscription { explode }")
        assert (await ws.receive())["type"] == "next"

        message = await ws.receive()

    assert (message["type"], message["id"]) == ("error", "1")
    assert message["payload"][0]["message"] == "Something failed on our side."
    assert engine.streams == 0


async def test_a_result_that_is_no_json_is_a_masked_error(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("1", "{ odd }")

        assert (await ws.receive())["payload"][0]["extensions"]["code"] == "INTERNAL"


async def test_each_operation_has_a_request_id_of_its_own(serve: Serve, engine: FakeEngine) -> None:
    headers = {"X-Request-Id": "page-7"}
    async with serve() as gateway, socket(gateway, additional_headers=headers) as ws:
        await ws.subscribe("a", "{ hello }")
        await ws.subscribe("b", "{ hello }")
        for _ in range(4):
            await ws.receive()

    assert [operation.request_id for operation in engine.operations] == ["page-7-1", "page-7-2"]
    assert {operation.principal.subject for operation in engine.operations if operation.principal} == {"ada"}


async def test_operations_over_the_cap_are_refused_one_by_one(serve: Serve) -> None:
    async with serve(max_socket_operations=2) as gateway, socket(gateway) as ws:
        for name in ("a", "b"):
            await ws.subscribe(name, "subscription { forever }")
            await ws.receive()

        await ws.subscribe("c", "subscription { forever }")
        refused = await ws.receive()
        await ws.send({"type": "complete", "id": "a"})
        await ws.subscribe("c", "subscription { forever }")
        accepted = await ws.receive()

    assert (refused["type"], refused["id"]) == ("error", "c")
    assert refused["payload"][0]["extensions"]["code"] == "THROTTLED"
    assert accepted == {"type": "next", "id": "c", "payload": {"data": {"forever": 0}}}


async def test_closing_the_socket_ends_every_operation(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway:
        async with socket(gateway) as ws:
            for name in "abc":
                await ws.subscribe(name, "subscription { forever }")
                await ws.receive()
            assert engine.streams == 3

        await until(lambda: engine.streams == 0)
        assert gateway.application.state.drain.open_sockets == 0


async def test_a_connection_cut_without_a_close_ends_every_operation(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        await ws.subscribe("a", "subscription { forever }")
        await ws.receive()

        ws.connection.transport.abort()

        await until(lambda: engine.streams == 0)
        await until(lambda: gateway.application.state.drain.open_sockets == 0)


async def test_an_operation_deaf_to_cancellation_cannot_speak_for_its_successor(serve: Serve) -> None:
    async with serve(cancel_grace_seconds=0.05) as gateway, socket(gateway) as ws:
        await ws.subscribe("x", "subscription { deaf }")
        await ws.receive()
        await ws.send({"type": "complete", "id": "x"})
        await ws.subscribe("x", "subscription { forever }")
        assert await ws.receive() == {"type": "next", "id": "x", "payload": {"data": {"forever": 0}}}

        assert await ws.silent(0.7)


async def test_a_reader_that_does_not_read_is_closed_and_holds_little(serve: Serve, engine: FakeEngine) -> None:
    settings = {"socket_send_timeout_seconds": 0.3}
    async with serve(**settings) as gateway, socket(gateway, max_queue=1) as ws:
        await ws.subscribe("x", "subscription { text(size: 50000) }")

        await asyncio.wait_for(engine.closed.wait(), 10)

        await until(lambda: gateway.application.state.drain.open_sockets == 0)
        ws.connection.transport.abort()
    assert engine.texts < 500


async def test_a_foreign_origin_is_refused_at_the_upgrade(serve: Serve) -> None:
    async with serve() as gateway:
        with pytest.raises(InvalidStatus) as raised:
            async with socket(gateway, origin="https://evil.example"):
                pass

    assert raised.value.response.status_code == 403
    assert b'"FORBIDDEN"' in raised.value.response.body


async def test_the_own_and_an_allowed_origin_may_open_sockets(serve: Serve) -> None:
    async with serve(allowed_origins=("https://app.example",)) as gateway:
        async with socket(gateway, origin="https://app.example"):
            pass
        async with socket(gateway, origin=f"http://127.0.0.1:{gateway.port}"):
            pass


async def test_sockets_over_the_cap_are_refused_with_503(serve: Serve) -> None:
    async with serve(max_sockets=1) as gateway, socket(gateway):
        with pytest.raises(InvalidStatus) as raised:
            async with socket(gateway):
                pass

    assert raised.value.response.status_code == 503
    assert raised.value.response.headers["retry-after"] == "5"


async def test_another_path_opens_no_socket(serve: Serve) -> None:
    async with serve() as gateway:
        gateway.socket_url = gateway.socket_url.replace("/graphql", "/other")
        with pytest.raises(InvalidStatus):
            async with socket(gateway):
                pass


async def test_a_drain_closes_sockets_one_after_the_other_and_takes_no_new_ones(
    serve: Serve, engine: FakeEngine
) -> None:
    async with serve(drain_window_seconds=0.4) as gateway, socket(gateway) as a, socket(gateway) as b:
        for ws in (a, b):
            await ws.subscribe("x", "subscription { forever }")
            await ws.receive()
        loop = asyncio.get_running_loop()
        drained = asyncio.create_task(gateway.application.state.drain.run())
        started = loop.time()

        async def closed_after(ws: Socket) -> tuple[float, Any]:
            close = await ws.closed()
            return loop.time() - started, close

        found = sorted(await asyncio.gather(closed_after(a), closed_after(b)))
        with pytest.raises(InvalidStatus) as raised:
            async with socket(gateway):
                pass
        await asyncio.wait_for(drained, 5)

    assert [close for _, close in found] == [(1012, "The gateway restarts")] * 2
    assert found[0][0] < 0.15
    assert 0.15 < found[1][0] < 0.4
    assert raised.value.response.status_code == 503
    assert engine.streams == 0


async def test_a_server_that_stops_drains_first(serve: Serve) -> None:
    async with serve() as gateway, socket(gateway) as ws:
        gateway.server.should_exit = True

        assert await ws.closed() == (1012, "The gateway restarts")


async def test_a_socket_leaves_one_line_and_no_secret(serve: Serve) -> None:
    headers = {"X-Request-Id": "page-7"}
    with structlog.testing.capture_logs() as lines:
        async with serve() as gateway, socket(gateway, additional_headers=headers) as ws:
            await ws.subscribe("a", "query Secret { hello }")
            await ws.receive()
            await ws.receive()
            await ws.send({"type": "nonsense"})
            await ws.closed()

    [line] = [line for line in lines if line["event"] == "socket.closed"]
    assert line.pop("ms") > 0
    assert line == {
        "event": "socket.closed",
        "log_level": "info",
        "code": 4400,
        "operations": 1,
        "request_id": "page-7",
        "organisation": "org_1",
    }
    assert "Bearer" not in str(lines)
    assert "Secret" not in str(lines)


async def test_open_sockets_and_operations_are_gauges(serve: Serve, make_app: Any) -> None:
    metrics = new_metrics()
    async with serve(make_app(metrics=metrics)) as gateway, socket(gateway) as ws:
        await ws.subscribe("a", "subscription { forever }")
        await ws.receive()
        open_then = metrics.sockets_open.collect()[0].samples[0].value
        streams_then = metrics.subscriptions_open.collect()[0].samples[0].value
        await ws.connection.close()
        await until(lambda: metrics.sockets_open.collect()[0].samples[0].value == 0)

    assert (open_then, streams_then) == (1, 1)
    assert metrics.subscriptions_open.collect()[0].samples[0].value == 0


async def test_a_peer_that_answers_no_ping_is_closed_1013_and_one_that_does_stays(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SILENT_SECONDS", 0.5)
    async with serve(socket_ping_seconds=0.05) as gateway, socket(gateway) as quiet, socket(gateway) as answering:
        for _ in range(16):
            assert (await answering.receive())["type"] == "ping"
            await answering.send({"type": "pong"})
        kinds = set()
        with contextlib.suppress(ConnectionClosed):
            while True:
                kinds.add((await quiet.receive())["type"])
        assert kinds == {"ping"}
        assert (quiet.connection.close_code, quiet.connection.close_reason) == (1013, "The pings are not answered")
        assert (await answering.receive())["type"] == "ping"


async def test_many_connect_and_cancel_cycles_leave_nothing(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway:
        before = len(asyncio.all_tasks())
        for _ in range(30):
            async with socket(gateway) as ws:
                await ws.subscribe("a", "subscription { forever }")
                await ws.subscribe("b", "subscription { late }")
                await ws.receive()
                await ws.send({"type": "complete", "id": "a"})

        await until(lambda: engine.streams == 0 and gateway.application.state.drain.open_sockets == 0)
        await until(lambda: len(asyncio.all_tasks()) <= before)
