"""Plain ASGI middleware around every route: request id, security headers, the log line and counters, origins, gzip.
Nothing here buffers a stream or reads a body."""

import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.responses import Response as HttpResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.telemetry import Metrics, logger
from app.web import faults
from app.web.answers import error_response
from app.web.origins import OriginPolicy, cors_headers, preflight_headers
from app.web.record import BEGUN, HANGUP, RequestRecord, attach, record_of, request_id_of

log = logger("tidegate.http")

ROUTES = frozenset(
    {"/", "/graphql", "/board", "/console/session", "/schema.graphql", "/healthz", "/readyz", "/metrics"}
)
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Observe:
    """Outermost: gives each request its id, and leaves one log line and one count when it is over.

    Whatever escapes the routes becomes a masked 500 here."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        record, started = scope.get(BEGUN) or (_fresh(scope), time.perf_counter())
        attach(scope, record)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        status = HANGUP

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, record.request_id)
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception as error:
            if status != HANGUP:
                raise
            await error_response(error, record.request_id)(scope, receive, observed)
        finally:
            self._leave(scope, record, status, time.perf_counter() - started)

    def _leave(self, scope: Scope, record: RequestRecord, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = scope["path"] if scope["path"] in ROUTES else "other"
        self._metrics.http.count(method, route, status, seconds)
        log.info(
            "request.answered",
            method=scope["method"][:16],
            path=scope["path"][:256],
            status=status,
            ms=round(seconds * 1000, 2),
            request_id=record.request_id,
            operation=record.operation_name,
            organisation=record.organisation_id,
        )


class Origins:
    """CORS, and a refusal for every request a page of a foreign origin makes."""

    def __init__(self, app: ASGIApp, policy: OriginPolicy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if not self._policy.permits(headers):
            refused = error_response(faults.foreign_origin(), record_of(scope).request_id)
            refused.headers.add_vary_header("Origin")
            await refused(scope, receive, send)
        elif origin is None:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = HttpResponse(status_code=204, headers=preflight_headers(origin))
            answer.headers.add_vary_header("Origin")
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, _sharing(origin, send))


class Compression:
    """gzip from `minimum_size` bytes on for who accepts it; streams of events are left as they are, so that each
    event leaves at once."""

    def __init__(self, app: ASGIApp, minimum_size: int) -> None:
        self._plain = app
        kept = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "multipart/mixed")
        self._gzip = GZipMiddleware(app, minimum_size=minimum_size, compresslevel=6, exclude_content_types=kept)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = scope["type"] != "http" or _refuses_gzip(Headers(scope=scope).get("accept-encoding", ""))
        await (self._plain if refused else self._gzip)(scope, receive, send)


def _fresh(scope: Scope) -> RequestRecord:
    return RequestRecord(request_id_of(Headers(scope=scope).getlist("x-request-id")))


def _sharing(origin: str, send: Send) -> Send:
    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(cors_headers(origin))
            headers.add_vary_header("Origin")
        await send(message)

    return shared


def _add_headers(message: Message, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["X-Request-Id"] = request_id
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def _refuses_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip" and quality.replace(" ", "").rstrip("0") in ("q=", "q=0."):
            return True
    return False
