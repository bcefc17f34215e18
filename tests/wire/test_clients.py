"""The Python client gql, as a partner would use it, against the wire."""

import asyncio

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportClosed, TransportConnectionFailed, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

from tests.wire.conftest import Serve
from tests.wire.fakes import FakeEngine

INIT = {"authorization": "Bearer good"}


async def test_gql_runs_a_query_and_a_subscription(serve: Serve, engine: FakeEngine) -> None:
    async with serve() as gateway:
        transport = WebsocketsTransport(url=gateway.socket_url, init_payload=INIT)
        async with Client(transport=transport) as session:
            answered = await session.execute(gql("{ whoami }"))
            counted = [result["count"] async for result in session.subscribe(gql("subscription { count(to: 3) }"))]

    assert answered == {"whoami": "ada"}
    assert counted == [0, 1, 2]
    assert engine.streams == 0


async def test_gql_speaks_the_current_subprotocol_and_is_pinged(serve: Serve) -> None:
    async with serve(socket_ping_seconds=0.05) as gateway:
        transport = WebsocketsTransport(url=gateway.socket_url, init_payload=INIT, answer_pings=True)
        async with Client(transport=transport) as session:
            await asyncio.wait_for(transport.ping_received.wait(), 5)

            assert await session.execute(gql("{ hello }")) == {"hello": "hello world"}
            assert transport.subprotocol == "graphql-transport-ws"


async def test_gql_reports_a_refused_operation_and_goes_on(serve: Serve) -> None:
    async with serve() as gateway:
        transport = WebsocketsTransport(url=gateway.socket_url, init_payload=INIT)
        async with Client(transport=transport) as session:
            with pytest.raises(TransportQueryError, match="Cannot query field 'nothing'"):
                await session.execute(gql("{ nothing }"))

            assert await session.execute(gql("{ hello }")) == {"hello": "hello world"}


async def test_gql_is_told_that_its_token_is_bad(serve: Serve) -> None:
    async with serve() as gateway:
        transport = WebsocketsTransport(url=gateway.socket_url, init_payload={"authorization": "Bearer forged"})
        with pytest.raises((TransportClosed, TransportConnectionFailed)):
            async with Client(transport=transport) as session:
                await session.execute(gql("{ hello }"))
