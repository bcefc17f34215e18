"""A plain WebSocket client for the protocol checks: it sends what it is told, right or wrong, and reports closes."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.wire.conftest import Running

PATIENCE = 5.0


class Socket:
    """One open socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, *messages: Any) -> None:
        for message in messages:
            await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE))
        return message

    async def init(self, token: str | None = "good") -> None:
        payload = {} if token is None else {"payload": {"authorization": f"Bearer {token}"}}
        await self.send({"type": "connection_init", **payload})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, name: str, query: str, **members: Any) -> None:
        await self.send({"type": "subscribe", "id": name, "payload": {"query": query, **members}})

    async def closed(self) -> tuple[int | None, str | None]:
        """(code, reason) with which the server closed; fails where a message comes first."""
        with contextlib.suppress(ConnectionClosed):
            message = await asyncio.wait_for(self.connection.recv(), PATIENCE)
            raise AssertionError(f"a message came instead of a close: {message!r}")
        return self.connection.close_code, self.connection.close_reason

    async def silent(self, seconds: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        try:
            async with asyncio.timeout(seconds):
                await self.connection.recv()
        except TimeoutError:
            return True
        return False


@contextlib.asynccontextmanager
async def socket(gateway: Running, *, init: bool = True, **options: Any) -> AsyncIterator[Socket]:
    options = {"subprotocols": ["graphql-transport-ws"], **options}
    async with connect(gateway.socket_url, ping_interval=None, proxy=None, close_timeout=1, **options) as connection:
        opened = Socket(connection)
        if init:
            await opened.init()
        yield opened
