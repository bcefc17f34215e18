"""uvicorn's WebSocket protocol with a door for finished frames: what many subscribers receive is framed once and
written to each transport as it is. A server that does not use it (`--portable`) sends through ASGI instead."""

from asyncio import BaseTransport, Transport
from collections.abc import Callable
from typing import cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "tidegate.raw"
_HIGH_WATER = 64 * 1024
_TEXT = 0x81


class RawProtocol(WebSocketsSansIOProtocol):
    """Frames of the server are unmasked, whole and uncompressed, so that they can stand between those of ASGI."""

    on_room: tuple[Callable[[], None], ...] = ()

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
