"""The sending ends of shared subscriptions on a socket: one that writes finished frames past ASGI, and one that sends
through it. Only the operation's id differs from one subscriber's frame to the next."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import orjson

from app.delivery.broadcast import Membership
from app.delivery.frame import Frame
from app.web.raw import RawProtocol, text_header

_TAIL = b',"type":"next","payload":'


class Speaker(Protocol):
    """The connection, as a sink needs it."""

    async def send(self, text: str) -> None:
        """Sends one message in its turn."""
        ...

    def break_off(self, id: str, error: dict[str, Any]) -> None:  # noqa: A002
        """Ends an operation with an error."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs something that ends with the connection."""
        ...


class SocketSink:
    """What both have: the id, the start of every frame, the connection."""

    __slots__ = ("_prefix", "_request_id", "_speaker", "id", "membership")

    def __init__(self, speaker: Speaker, id: str, request_id: str) -> None:  # noqa: A002
        self._speaker = speaker
        self._request_id = request_id
        self._prefix = b'{"id":' + orjson.dumps(id)
        self.id = id
        self.membership: Membership | None = None

    def fail(self, error: dict[str, Any]) -> None:
        """The error ends the operation."""
        self._speaker.break_off(self.id, error)

    def suffix(self, frame: Frame) -> bytes:
        """All of the message after its id; made once for all subscribers unless errors name the request."""
        if frame.errors:
            return _TAIL + frame.payload_for(self._request_id) + b"}"
        if not frame.suffix:
            frame.suffix = _TAIL + frame.payload + b"}"
        return frame.suffix

    def _go_on(self) -> None:
        if self.membership is not None:
            self.membership.resume()


class RawSink(SocketSink):
    """Writes to the transport while it takes bytes."""

    __slots__ = ("_raw",)

    def __init__(self, speaker: Speaker, id: str, request_id: str, raw: RawProtocol) -> None:  # noqa: A002
        super().__init__(speaker, id, request_id)
        self._raw = raw

    def offer(self, frame: Frame) -> bool:
        """Refuses while the peer does not read."""
        raw = self._raw
        if not raw.writable.is_set():
            raw.on_room = (*raw.on_room, self._go_on)
            return False
        prefix = self._prefix
        suffix = frame.suffix if frame.suffix and not frame.errors else self.suffix(frame)
        length = len(prefix) + len(suffix)
        known, header = frame.header
        if known != length:
            header = text_header(length)
            frame.header = (length, header)
        if not raw.close_sent:
            raw.transport.write(header + prefix + suffix)
        return True


class PlainSink(SocketSink):
    """Sends through ASGI, one message at a time."""

    __slots__ = ("_refused", "_task")

    def __init__(self, speaker: Speaker, id: str, request_id: str) -> None:  # noqa: A002
        super().__init__(speaker, id, request_id)
        self._task: asyncio.Task[None] | None = None
        self._refused = False

    def offer(self, frame: Frame) -> bool:
        """Refuses while a message is on its way."""
        if self._task is not None:
            self._refused = True
            return False
        self._task = self._speaker.spawn(self._send((self._prefix + self.suffix(frame)).decode()))
        return True

    async def _send(self, text: str) -> None:
        try:
            await self._speaker.send(text)
        finally:
            self._task = None
        if self._refused:
            self._refused = False
            self._go_on()


MakeSink = Callable[[str, str], SocketSink]
