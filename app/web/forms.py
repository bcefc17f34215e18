"""How a stream is written: GraphQL over SSE, or Apollo's multipart protocol over HTTP (`multipart/mixed;
subscriptionSpec=1.0`), and which of them a client takes. What is written when is `app.web.sse`'s matter."""

from collections.abc import Sequence
from typing import Any, Protocol

import orjson

from app.delivery.frame import Frame
from app.web.negotiation import EVENT_STREAM, MULTIPART, names, preferred

_SPECIFICATION = "1.0"
_BOUNDARY = b"\r\n--graphql"
_NEVER_KEPT = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"), (b"vary", b"Accept"))


class Form(Protocol):
    """`idle` is written while there is nothing to tell, `complete` after the last event."""

    media: str
    content_type: bytes
    opening: bytes
    idle: bytes
    complete: bytes

    def message(self, payload: bytes, cursor: str | None) -> bytes:
        """One response."""
        ...

    def framed(self, frame: Frame) -> bytes:
        """A group's response, made once for all of its streams."""
        ...

    def failure(self, error: dict[str, Any]) -> bytes:
        """The error that ends the subscription, and the end."""
        ...

    def farewell(self, error: dict[str, Any]) -> bytes:
        """The end of a stream whose subscription goes on: the client may come back."""
        ...


class EventForm:
    """GraphQL over SSE. An event's id resumes after it; without `complete` the client knows to come back."""

    media = EVENT_STREAM
    content_type = b"text/event-stream; charset=utf-8"
    opening = idle = b":\n\n"
    complete = b"event: complete\ndata:\n\n"

    def message(self, payload: bytes, cursor: str | None) -> bytes:
        """One `next`; JSON of orjson has no line break, so that it is one `data` line."""
        head = b"" if cursor is None else b"id: " + cursor.encode() + b"\n"
        return head + b"event: next\ndata: " + payload + b"\n\n"

    def framed(self, frame: Frame) -> bytes:
        """The `next` of a group."""
        frame.event = frame.event or self.message(frame.payload, frame.cursor)
        return frame.event

    def failure(self, error: dict[str, Any]) -> bytes:
        """The error is the last that is told."""
        return self.message(orjson.dumps({"errors": [error]}), None) + self.complete

    def farewell(self, error: dict[str, Any]) -> bytes:
        """Nothing: what is not complete is asked for again."""
        return b""


class MultipartForm:
    """Each event is a part with a `payload`, an empty object says that the stream lives, and errors beside a null
    payload end it. The boundary follows each part at once: clients read a part when they see it. Parts bear no ids:
    a client resumes by the document's own `after:`."""

    media = MULTIPART
    content_type = b'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'
    idle = b"\r\nContent-Type: application/json\r\n\r\n{}" + _BOUNDARY
    opening = _BOUNDARY + idle
    complete = b"--\r\n"

    def message(self, payload: bytes, cursor: str | None) -> bytes:
        """One event."""
        return b'\r\nContent-Type: application/json\r\n\r\n{"payload":' + payload + b"}" + _BOUNDARY

    def framed(self, frame: Frame) -> bytes:
        """An event of a group."""
        frame.part = frame.part or self.message(frame.payload, None)
        return frame.part

    def failure(self, error: dict[str, Any]) -> bytes:
        """A transport error, and the end."""
        body = orjson.dumps({"payload": None, "errors": [error]})
        return b"\r\nContent-Type: application/json\r\n\r\n" + body + _BOUNDARY + self.complete

    def farewell(self, error: dict[str, Any]) -> bytes:
        """The same: a body that breaks off is an error without a word for it."""
        return self.failure(error)


def form_of(accept: Sequence[str]) -> Form | None:
    """How the client takes a stream; None where it takes none. A wildcard does not count, nor `multipart/mixed` for
    another purpose."""
    events, parts = names(accept, EVENT_STREAM), names(accept, MULTIPART, subscriptionspec=_SPECIFICATION)
    if parts and (not events or preferred(accept, (MULTIPART, EVENT_STREAM)) == MULTIPART):
        return MultipartForm()
    return EventForm() if events else None


def headers(form: Form) -> list[tuple[bytes, bytes]]:
    """Those of a stream in this form."""
    return [(b"content-type", form.content_type), *_NEVER_KEPT]
