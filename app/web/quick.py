"""The short way for the most frequent request: POST /graphql of a query that the engine can answer at once. Whatever is
out of the ordinary about a request goes on to the routes behind, untouched, and the answer is theirs."""

import asyncio
import gzip
import time
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.engine.operation import Operation, Response
from app.telemetry import Metrics
from app.web.access import Access
from app.web.body import parse_body
from app.web.middleware import SECURITY_HEADERS
from app.web.negotiation import GRAPHQL, JSON, names, preferred
from app.web.ports import Authenticator, Documents
from app.web.record import RequestRecord, request_id_of
from app.web.settings import WebSettings
from app.web.sse import EVENT_STREAM

_PLAIN = frozenset(
    {b"host", b"user-agent", b"accept", b"accept-encoding", b"accept-language", b"content-type", b"content-length",
     b"authorization", b"connection", b"x-request-id", b"cache-control", b"pragma", b"traceparent", b"tracestate",
     b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-real-ip", b"via"}
)  # fmt: skip
"""The headers that change nothing about how a request is answered, or that are looked at here."""

_LARGE = 128 * 1024
_FIXED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


@runtime_checkable
class QuickEngine(Protocol):
    """An engine that may have an answer without waiting for anything."""

    def execute_now(self, operation: Operation) -> Response | None:
        """The response, or None where it takes the ordinary way."""
        ...


class Quick:
    """Outermost of the middleware."""

    def __init__(
        self,
        app: ASGIApp,
        engine: QuickEngine,
        authenticator: Authenticator,
        settings: WebSettings,
        metrics: Metrics,
        documents: Documents,
    ) -> None:
        self._app = app
        self._engine = engine
        self._authenticator = authenticator
        self._settings = settings
        self._access = Access(metrics)
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/graphql" or scope["method"] != "POST" or scope["query_string"]:
            return await self._app(scope, receive, send)
        started = time.perf_counter()
        headers = _plain_headers(scope["headers"])
        if headers is None:
            return await self._app(scope, receive, send)
        first = await receive()
        if first["type"] != "http.request" or first.get("more_body"):
            return await self._app(scope, _again(first, receive), send)
        record = RequestRecord(request_id_of(_texts(headers.get(b"x-request-id"))))
        answered = await self._answer(first.get("body", b""), headers, record)
        if answered is None:
            return await self._app(scope, _again(first, receive), send)
        body, head = answered
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})
        self._access.leave("POST", "/graphql", "/graphql", record, 200, time.perf_counter() - started)
        return None

    async def _answer(
        self, body: bytes, headers: dict[bytes, bytes], record: RequestRecord
    ) -> tuple[bytes, list[tuple[bytes, bytes]]] | None:
        """The body and the headers of a 200; None where anything is not as it mostly is, a failure of ours included:
        the ordinary way meets it again and answers for it."""
        media = _media(headers.get(b"accept", b""))
        if (
            media is None
            or b"q=" in headers.get(b"accept-encoding", b"")
            or headers.get(b"content-type") not in _JSON_TYPES
            or len(body) > self._settings.max_body_bytes
        ):
            return None
        try:
            principal = await self._authenticator.authenticate(headers[b"authorization"].decode("latin-1"))
            sent = parse_body(body, self._settings.max_json_depth)
        except Exception:
            return None
        if principal is None or (sent.extensions and (sent.asked.id is None or len(sent.extensions) > 1)):
            return None
        document = self._documents.now(sent.asked, principal)
        if document is None:
            return None
        reject = self._settings.reject_missing_scopes
        operation = Operation(
            document, sent.variables, sent.operation_name, principal, record.request_id, reject=reject
        )
        try:
            response = self._engine.execute_now(operation)
        except Exception:
            return None
        if response is None or response.status != 200:
            return None
        record.organisation_id = principal.organisation_id
        record.note_operation(sent.operation_name)
        text, head = response.body(), [(b"content-type", media), (b"x-request-id", record.request_id.encode()), *_FIXED]
        if len(text) < self._settings.gzip_minimum_bytes:
            head.append((b"vary", b"Accept"))
        else:
            head.append((b"vary", b"Accept, Accept-Encoding"))
            if b"gzip" in headers.get(b"accept-encoding", b""):
                head.append((b"content-encoding", b"gzip"))
                text = await _packed(text)
        head.append((b"content-length", b"%d" % len(text)))
        return text, head


async def _packed(text: bytes) -> bytes:
    """gzip; in a thread where it takes long."""
    if len(text) < _LARGE:
        return gzip.compress(text, compresslevel=6)
    return await asyncio.to_thread(gzip.compress, text, 6)


_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})


def _plain_headers(lines: Any) -> dict[bytes, bytes] | None:
    """The headers by name; None where one is unusual or stands twice."""
    found = dict(lines)
    return found if len(found) == len(lines) and found.keys() <= _PLAIN else None


@lru_cache(maxsize=256)
def _media(accept: bytes) -> bytes | None:
    """The content type that this Accept header prefers; None where a stream is asked for or nothing fits."""
    lines = [accept.decode("latin-1")] if accept else []
    media = preferred(lines, (JSON, GRAPHQL))
    return None if media is None or names(lines, EVENT_STREAM) else f"{media}; charset=utf-8".encode()


def _texts(value: bytes | None) -> list[str]:
    return [] if value is None else [value.decode("latin-1")]


def _again(first: Message, receive: Receive) -> Receive:
    """The message that was taken, then the rest."""
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
