"""One event as one group of subscribers receives it: serialised once, shared by all; what differs is put around it by
whoever sends it."""

from typing import Any, Protocol

import orjson

from app.engine.operation import Response

REQUEST_ID = b'"requestId":'
_OVERHEAD = 400


class Frame:
    """`payload` is the response map as JSON. Where it carries errors they name the group's request id, which a sender
    replaces by its own (`payload_for`)."""

    __slots__ = ("_group", "cursor", "errors", "event", "header", "part", "payload", "position", "suffix")

    def __init__(self, position: int, cursor: str, response: Response, group_request_id: str) -> None:
        self.position = position
        self.cursor = cursor
        self.payload = response.body()
        self.errors = bool(response.errors)
        self.suffix = b""
        """What a socket makes of the payload, kept here so that it is made once."""
        self.event = b""
        """What an event stream makes of it."""
        self.part = b""
        """What a stream in parts makes of it."""
        self.header: tuple[int, bytes] = (0, b"")
        """The frame header of the last length written, for the next subscriber whose frame is as long."""
        self._group = group_request_id

    @property
    def held(self) -> int:
        """About how many bytes it holds: the payload by itself and as it is sent, and itself."""
        return _OVERHEAD + 2 * len(self.payload)

    def payload_for(self, request_id: str) -> bytes:
        """The payload with the errors, if any, under a subscriber's own request id."""
        if not self.errors:
            return self.payload
        return self.payload.replace(REQUEST_ID + orjson.dumps(self._group), REQUEST_ID + orjson.dumps(request_id))


class Sink(Protocol):
    """The sending end of one subscriber. Called on the event loop; never blocks."""

    def offer(self, frame: Frame) -> bool:
        """Takes the frame now, or refuses it and calls the member's `resume` as soon as it can take one."""
        ...

    def fail(self, error: dict[str, Any]) -> None:
        """The subscription ends with this error; nothing more will be offered."""
        ...
