"""Readers that come back with their last cursor, over each of the ways there are: socket, event stream, pull."""

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.scenes import place_of

LIVE = "subscription ($after: String) { entryStatusChanged(after: $after) { cursor code status } }"
PULL = """query ($after: String) { events(after: $after, first: 200) { nodes { cursor type data } } }"""
AWAY = (OSError, WebSocketException, httpx2.HTTPError, TimeoutError, asyncio.IncompleteReadError)


class Reader:
    """Cursors and numbers as they came. `lagged` counts how often the gateway told it to resume."""

    def __init__(self, name: str, ports: list[int], token: str) -> None:
        self.name = name
        self.seen: list[tuple[str, int]] = []
        self.cursor = "earliest"
        self.restarts = 0
        self._ports = ports
        self._headers = {"Authorization": f"Bearer {token}"}
        self._token = token

    @property
    def numbers(self) -> set[int]:
        return {number for _, number in self.seen}

    def take(self, cursor: str, code: str | None) -> None:
        """One event; those of the preparation have no number."""
        self.cursor = cursor
        if code is not None:
            self.seen.append((cursor, int(code)))

    async def run(self) -> None:
        """Reads for ever, at one gateway after the other."""
        while True:
            port = self._ports[self.restarts % len(self._ports)]
            try:
                await self.read(port)
            except AWAY:
                await asyncio.sleep(0.05)
            self.restarts += 1

    async def read(self, port: int) -> None:
        raise NotImplementedError


class SocketReader(Reader):
    """graphql-transport-ws."""

    async def read(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/graphql"
        options: Any = {"subprotocols": ["graphql-transport-ws"], "proxy": None, "ping_interval": None}
        async with connect(url, open_timeout=5, close_timeout=0.2, **options) as socket:
            init = {"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}}
            await socket.send(json.dumps(init))
            payload = {"query": LIVE, "variables": {"after": self.cursor}}
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            while True:
                async with asyncio.timeout(20):  # wait_for may swallow a cancellation
                    message = json.loads(await socket.recv())
                if message["type"] == "ping":
                    await socket.send(json.dumps({"type": "pong"}))
                elif message["type"] == "next":
                    changed = message["payload"]["data"]["entryStatusChanged"]
                    self.take(changed["cursor"], changed["code"])
                elif message["type"] == "error":
                    await asyncio.sleep(0.05)
                    return


class StreamReader(Reader):
    """GraphQL over SSE, resumed by Last-Event-ID."""

    async def read(self, port: int) -> None:
        headers = {**self._headers, "Accept": "text/event-stream", "Last-Event-ID": self.cursor}
        timeout = httpx2.Timeout(5, read=20)
        async with (
            httpx2.AsyncClient(timeout=timeout, trust_env=False) as client,
            client.stream(
                "POST", f"http://127.0.0.1:{port}/graphql", headers=headers, json={"query": LIVE}
            ) as response,
        ):
            identifier = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    identifier = value
                elif name == "data" and value:
                    payload = json.loads(value)
                    if payload.get("data") is None:
                        await asyncio.sleep(0.05)
                        return
                    changed = payload["data"]["entryStatusChanged"]
                    assert identifier == changed["cursor"]
                    self.take(identifier, changed["code"])


class PullReader(Reader):
    """The pull feed, asked again and again."""

    async def read(self, port: int) -> None:
        async with httpx2.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                body = {"query": PULL, "variables": {"after": self.cursor}}
                url = f"http://127.0.0.1:{port}/graphql"
                response = await client.post(url, headers=self._headers, json=body)
                if response.status_code >= 500:
                    await asyncio.sleep(0.05)
                    return
                answer = response.json()
                if answer.get("errors") or not answer.get("data"):
                    await asyncio.sleep(0.05)
                    return
                for node in answer["data"]["events"]["nodes"]:
                    code = node["data"].get("code") if node["type"].startswith("ENTRY_") else None
                    self.take(node["cursor"], code)
                await asyncio.sleep(0.1)


KINDS: tuple[Callable[[str, list[int], str], Reader], ...] = (SocketReader, StreamReader, PullReader)


def verdict(reader: Reader, acknowledged: set[int]) -> dict[str, Any]:
    """What one reader lost, what came twice after its cursors were made unique, and what came out of order."""
    by_cursor: dict[str, set[int]] = {}
    for cursor, number in reader.seen:
        by_cursor.setdefault(cursor, set()).add(number)
    once = [number for numbers in by_cursor.values() for number in numbers]
    positions = [place_of(cursor) for cursor, _ in reader.seen]
    return {
        "reader": reader.name,
        "lost": len(acknowledged - reader.numbers),
        "duplicate": len(once) - len(set(once)) + sum(len(numbers) - 1 for numbers in by_cursor.values()),
        "repeated": len(reader.seen) - len(by_cursor),
        "backwards": sum(after < before for before, after in itertools.pairwise(positions)),
        "restarts": reader.restarts,
    }
