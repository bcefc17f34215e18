"""uvicorn's WebSocket protocol with a door for finished frames: what many subscribers receive is framed once and
written to each transport as it is. A server that does not use it (`--portable`) sends through ASGI instead."""

import asyncio
from asyncio import BaseTransport, Transport
from collections.abc import Callable
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "tidegate.raw"
_HIGH_WATER = 64 * 1024
_TEXT = 0x81


class Mailbox:
    """What has come in for one reader, as uvicorn uses `asyncio.Queue`; that holds 3 KB, this a tenth of it."""

    __slots__ = ("_items", "_reader")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        """Wakes the reader."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def empty(self) -> bool:
        """Whether a reader would wait."""
        return not self._items

    async def get(self) -> Any:
        """The oldest, as soon as there is one."""
        while not self._items:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._items.pop(0)


class Gate:
    """An `asyncio.Event` that holds next to nothing while nobody waits."""

    __slots__ = ("_open", "_waiting")

    def __init__(self) -> None:
        self._open = True
        self._waiting: tuple[asyncio.Future[None], ...] = ()

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._open

    def clear(self) -> None:
        """Shuts it."""
        self._open = False

    def set(self) -> None:
        """Opens it."""
        self._open = True
        waiting, self._waiting = self._waiting, ()
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def wait(self) -> bool:
        """Returns while it is open."""
        while not self._open:
            one = asyncio.get_running_loop().create_future()
            self._waiting = (*self._waiting, one)
            await one
        return True


class RawProtocol(WebSocketsSansIOProtocol):
    """Frames of the server are unmasked, whole and uncompressed, so that they can stand between those of ASGI. There
    may be ten thousand: each sheds what the handshake needed, and has slots for so many of uvicorn's attributes that
    the others share their keys (Python shares thirty)."""

    __slots__ = (
        *("app_state", "asgi_version", "curr_msg_data_type", "frames", "last_ping_rtt", "logger", "loop", "on_room"),
        *("pending_ping_payload", "ping_interval", "ping_sent_at", "ping_timeout", "ping_timer", "pong_timer", "queue"),
        *("read_paused", "root_path", "writable"),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.queue = Mailbox()  # type: ignore[assignment]
        self.writable = Gate()  # type: ignore[assignment]
        self.on_room: tuple[Callable[[], None], ...] = ()

    def accepted(self) -> None:
        """The handshake is over: its request and response are of no more use."""
        self.request = self.response = None  # type: ignore[assignment]

    def connection_made(self, transport: BaseTransport) -> None:
        """Bounds what a peer that does not read can hold."""
        super().connection_made(transport)
        cast("Transport", transport).set_write_buffer_limits(high=_HIGH_WATER)

    def handle_connect(self, event: Request) -> None:
        """Puts itself into the scope."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = self

    def resume_writing(self) -> None:
        """Calls those who found no room."""
        super().resume_writing()
        waiting, self.on_room = self.on_room, ()
        for call in waiting:
            call()

    def write(self, frame: bytes) -> None:
        """Writes a whole frame; nothing follows a close frame."""
        if not self.close_sent:
            self.transport.write(frame)


def raw_of(scope: Scope) -> RawProtocol | None:
    """The raw side of this socket, where the server has one."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, RawProtocol) else None


def text_header(length: int) -> bytes:
    """The header of an unmasked text frame (RFC 6455 §5.2)."""
    if length < 126:
        return bytes((_TEXT, length))
    if length < 65_536:
        return b"\x81\x7e" + length.to_bytes(2)
    return b"\x81\x7f" + length.to_bytes(8)
