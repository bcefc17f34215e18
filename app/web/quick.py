"""The short way for the most frequent request: POST /graphql of a query that the engine can answer at once. Whatever is
out of the ordinary about a request goes on to the routes behind, untouched, and the answer is theirs."""

import asyncio
import gzip
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Protocol, runtime_checkable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.engine.operation import Later, Operation, Response
from app.errors import Timeout
from app.principal import Principal
from app.telemetry import Metrics
from app.web.access import Access
from app.web.body import parse_body, plain_body
from app.web.forms import form_of
from app.web.middleware import SECURITY_HEADERS
from app.web.negotiation import GRAPHQL, JSON, preferred
from app.web.ports import Authenticator, Documents
from app.web.record import RequestRecord, request_id_of
from app.web.settings import WebSettings
from app.web.turns import Outbox, Turns

ANSWER = "tidegate.answer"
"""Where a scope holds an answer that is ready but for its compression."""

ASKED = "tidegate.asked"
"""Where a scope says that there is no answer at once."""

FAULT = "tidegate.fault"
"""Where a scope holds the fault that is its answer."""

Lines = list[tuple[bytes, bytes]]
Headers = Mapping[bytes, bytes]

_PLAIN = frozenset(
    {b"host", b"user-agent", b"accept", b"accept-encoding", b"accept-language", b"content-type", b"content-length",
     b"authorization", b"connection", b"x-request-id", b"cache-control", b"pragma", b"traceparent", b"tracestate",
     b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-real-ip", b"via"}
)  # fmt: skip
"""The headers that change nothing about how a request is answered, or that are looked at here."""

_LARGE = 128 * 1024
_FIXED = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"})


@runtime_checkable
class QuickEngine(Protocol):
    """An engine that may have an answer without waiting for anything."""

    def execute_now(self, operation: Operation) -> Response | Later | None:
        """The response, or what is waited for, or None where it takes the ordinary way."""
        ...


@runtime_checkable
class QuickAuthenticator(Authenticator, Protocol):
    """An authenticator that may know a caller without waiting for anything."""

    def digest(self, authorization: str) -> bytes:
        """What an `Authorization` header is remembered by."""
        ...

    def remembered(self, digest: bytes) -> Principal | None:
        """The caller, or None where that takes a closer look."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """What the headers of a request say; requests with the same headers share it. `caller` is the digest of the
    `Authorization` header, `request_id` the client's own."""

    media: bytes
    gzip: bool
    caller: bytes
    request_id: tuple[str, ...]


@dataclass(slots=True)
class Answer:
    """A response of status 200 that is ready to be written; `packed` says that its text is still to be compressed."""

    media: bytes
    more: Lines
    text: bytes
    sized: bool
    packed: bool
    record: RequestRecord
    started: float

    @property
    def long(self) -> bool:
        """Whether its compression would hold up the loop."""
        return self.packed and len(self.text) >= _LARGE

    async def pack(self) -> None:
        """gzip; in a thread where it takes long."""
        if self.long:
            await asyncio.to_thread(self.pack_now)
        else:
            self.pack_now()

    def pack_now(self) -> None:
        """gzip."""
        if self.packed:
            self.text, self.packed = gzip.compress(self.text, compresslevel=6), False
            self.more.append((b"content-encoding", b"gzip"))

    def lines(self) -> Lines:
        """Every header."""
        length, request_id = b"%d" % len(self.text), self.record.request_id.encode()
        own = [(b"x-request-id", request_id), (b"content-length", length)]
        return [*_lines(self.media, self.sized), *self.more, *own]

    def head(self, first: bytes) -> bytes:
        """What is written before the text, after the first lines."""
        more = b"".join([b"%b: %b\r\n" % line for line in self.more]) if self.more else b""
        return b"%b%b%bx-request-id: %b\r\ncontent-length: %d\r\n\r\n" % (
            first, _head(self.media, self.sized), more, self.record.request_id.encode(), len(self.text)
        )  # fmt: skip


@cache
def _lines(media: bytes, sized: bool) -> Lines:
    """The headers that many answers share. From a certain size on they depend on the compression that is accepted."""
    vary = b"Accept, Accept-Encoding" if sized else b"Accept"
    return [(b"content-type", media), (b"vary", vary), *_FIXED]


@cache
def _head(media: bytes, sized: bool) -> bytes:
    return b"".join([b"%b: %b\r\n" % line for line in _lines(media, sized)])


class ShortWay:
    """Makes answers out of bodies. It never waits."""

    def __init__(
        self,
        engine: QuickEngine,
        authenticator: QuickAuthenticator,
        settings: WebSettings,
        metrics: Metrics,
        documents: Documents,
    ) -> None:
        self.most_bytes = settings.max_body_bytes
        self._engine = engine
        self._authenticator = authenticator
        self._settings = settings
        self._depth, self._reject = settings.max_json_depth, settings.reject_missing_scopes
        self.turns = Turns()
        self.outbox = Outbox()
        self.access = Access(metrics)
        self._documents = documents

    def head(self, headers: Headers) -> Head | None:
        """What the headers say; None where they ask for something out of the ordinary."""
        media = _media(headers.get(b"accept", b""))
        coding = headers.get(b"accept-encoding", b"")
        caller = headers.get(b"authorization")
        if media is None or caller is None or b"q=" in coding or headers.get(b"content-type") not in _JSON_TYPES:
            return None
        digest = self._authenticator.digest(caller.decode("latin-1"))
        return Head(media, b"gzip" in coding, digest, _texts(headers.get(b"x-request-id")))

    def answer(self, body: bytes, head: Head, started: float) -> "Answer | Waiting | None":
        """The answer of status 200, or one that is waited for; None where anything is not as it mostly is, a failure
        of ours included: the ordinary way meets it again and answers for it."""
        if len(body) > self.most_bytes:
            return None
        begun = time.perf_counter()
        record = RequestRecord(request_id_of(head.request_id))
        try:
            response = self._respond(body, head, record)
            if isinstance(response, Later):
                return Waiting(self, response, head, record, started)
            return self.written(response, head, record, started)
        except Exception:
            return None
        finally:
            self.turns.spend(time.perf_counter() - begun)

    def written(self, response: Response | None, head: Head, record: RequestRecord, started: float) -> Answer | None:
        """A response as an answer."""
        if response is None or response.status != 200:
            return None
        text, more = response.body(), response.headers
        lines = [(name.lower().encode(), value.encode("latin-1")) for name, value in more.items()] if more else []
        sized = len(text) >= self._settings.gzip_minimum_bytes
        return Answer(head.media, lines, text, sized, sized and head.gzip, record, started)

    async def wait(self, later: Later) -> Response | None:
        """The response, or Timeout."""
        seconds = self._settings.execution_timeout_seconds
        try:
            async with asyncio.timeout(seconds) as clock:
                return await later.run()
        except TimeoutError:
            if not clock.expired():
                raise
            raise Timeout(f"The operation took longer than {seconds:g} seconds and was cancelled.") from None

    def _respond(self, body: bytes, head: Head, record: RequestRecord) -> Response | Later | None:
        principal = self._authenticator.remembered(head.caller)
        if principal is None:
            return None
        sent = plain_body(body, self._depth) if self._documents.open else None
        if sent is None:
            sent = self._named(body, principal)
            if sent is None:
                return None
        document, name, variables = sent
        record.organisation_id = principal.organisation_id
        if name is not None:
            record.note_operation(name)
        operation = Operation(document, variables, name, principal, record.request_id, False, self._reject)
        return self._engine.execute_now(operation)

    def _named(self, body: bytes, principal: Principal) -> tuple[str, str | None, Mapping[str, Any] | None] | None:
        """The same of a body that may name its document, where the document is known and may be run."""
        sent = parse_body(body, self._depth)
        if sent.extensions and (sent.asked.id is None or len(sent.extensions) > 1):
            return None
        document = self._documents.now(sent.asked, principal)
        return None if document is None else (document, sent.operation_name, sent.variables)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that waits for the database. One of the two is called, once."""

    _short: ShortWay
    _later: Later
    _head: Head
    record: RequestRecord
    started: float

    async def answer(self) -> Answer | None:
        """The answer; None where the ordinary way has to give it. Raises Timeout."""
        response = await self._short.wait(self._later)
        return self._short.written(response, self._head, self.record, self.started)

    def drop(self) -> None:
        """Nobody will ask for it."""
        self._later.drop()


class Quick:
    """The short way in ASGI: outermost of the middleware."""

    def __init__(self, app: ASGIApp, short: ShortWay) -> None:
        self._app = app
        self._short = short

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = scope.get(ANSWER)
        if answer is None:
            plain = scope["type"] == "http" and is_plain(scope["method"], scope["path"], scope["query_string"])
            if not plain or ASKED in scope:
                return await self._app(scope, receive, send)
            started = time.perf_counter()
            headers = plain_headers(scope["headers"])
            head = None if headers is None else self._short.head(headers)
            if head is None:
                return await self._app(scope, receive, send)
            first = await receive()
            if first["type"] == "http.request" and not first.get("more_body"):
                answer = self._short.answer(first.get("body", b""), head, started)
            if isinstance(answer, Waiting):
                answer.drop()  # a client that leaves is noticed by the ordinary way
                answer = None
            if answer is None:
                return await self._app(scope, _again(first, receive), send)
        await answer.pack()
        await send({"type": "http.response.start", "status": 200, "headers": answer.lines()})
        await send({"type": "http.response.body", "body": answer.text})
        self._short.access.leave(answer.record, 200, time.perf_counter() - answer.started)
        return None


def is_plain(method: str, path: str, query: bytes) -> bool:
    """Whether a request may go the short way, by its first line."""
    return path == "/graphql" and method == "POST" and not query


def plain_headers(lines: Sequence[tuple[bytes, bytes]]) -> Headers | None:
    """The headers by name; None where one is unusual or stands twice."""
    found = dict(lines)
    return found if len(found) == len(lines) and found.keys() <= _PLAIN else None


@lru_cache(maxsize=256)
def _media(accept: bytes) -> bytes | None:
    """The content type that this Accept header prefers; None where a stream is asked for or nothing fits."""
    lines = [accept.decode("latin-1")] if accept else []
    media = preferred(lines, (JSON, GRAPHQL))
    return None if media is None or form_of(lines) is not None else f"{media}; charset=utf-8".encode()


def _texts(value: bytes | None) -> tuple[str, ...]:
    return () if value is None else (value.decode("latin-1"),)


def _again(first: Message, receive: Receive) -> Receive:
    """The message that was taken, then the rest."""
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
