"""POST and GET /graphql as GraphQL over HTTP (draft of August 2026) has it. Reads, authenticates, hands over to the
engine, writes; a browser without a query gets the console page."""

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from app.engine.operation import Operation, Response
from app.errors import Unauthenticated
from app.principal import Principal
from app.web import faults
from app.web.answers import error_response, http_response
from app.web.body import GraphQLRequest, parse_body, parse_query_string, read_body
from app.web.cancellation import finish
from app.web.negotiation import GRAPHQL, HTML, JSON, is_utf8_json, preferred, prefers_reject
from app.web.ports import Authenticator, Engine
from app.web.record import RequestRecord, record_of
from app.web.settings import WebSettings

METHODS = "GET, HEAD, POST"

Page = Callable[[Request], HttpResponse]


class GraphQLEndpoint:
    """An ASGI application for one path."""

    def __init__(self, engine: Engine, authenticator: Authenticator, settings: WebSettings, page: Page) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self._settings = settings
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        record = record_of(scope)
        try:
            response = await self._answer(request, record)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, record: RequestRecord) -> HttpResponse:
        """The response; raises ClientDisconnect alone."""
        accept = request.headers.getlist("accept")
        media = preferred(accept, (JSON, GRAPHQL))
        try:
            if request.method not in ("GET", "HEAD", "POST"):
                raise faults.MethodNotAllowed("Use POST, or GET for queries.", METHODS)
            if request.method != "POST" and _wants_page(request, accept):
                return self._page(request)
            if media is None:
                raise faults.NotAcceptable(f"Accept {GRAPHQL} or {JSON}.")
            sent = await self._read(request)
            record.note_operation(sent.operation_name)
            settings = self._settings
            work = self._execute(request, sent, record)
            response = await finish(
                work, request.receive, settings.execution_timeout_seconds, settings.cancel_grace_seconds
            )
            return self._written(request, response, media)
        except ClientDisconnect:
            raise
        except Exception as error:
            return error_response(error, record.request_id, media or GRAPHQL)

    async def _authenticate(self, headers: Headers) -> Principal | None:
        lines = headers.getlist("authorization")
        if len(lines) > 1:
            raise Unauthenticated("Send one Authorization header.")
        return await self._authenticator.authenticate(lines[0] if lines else None)

    async def _read(self, request: Request) -> GraphQLRequest:
        settings = self._settings
        if request.method != "POST":
            return parse_query_string(request.scope["query_string"], settings.max_json_depth)
        if not is_utf8_json(request.headers.getlist("content-type")):
            raise faults.UnsupportedMediaType("Send the body as Content-Type: application/json in UTF-8.")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise faults.UnsupportedMediaType("Send the body without a Content-Encoding.")
        body = await read_body(request.headers, request.receive, settings.max_body_bytes, settings.read_timeout_seconds)
        return parse_body(body, settings.max_json_depth)

    async def _execute(self, request: Request, sent: GraphQLRequest, record: RequestRecord) -> Response:
        principal = await self._authenticate(request.headers)
        if principal is not None:
            record.organisation_id = principal.organisation_id
        operation = Operation(
            document=sent.document,
            variables=sent.variables,
            operation_name=sent.operation_name,
            principal=principal,
            request_id=record.request_id,
            read_only=request.method != "POST",
            reject=self._settings.reject_missing_scopes or prefers_reject(request.headers.getlist("prefer")),
        )
        return await self._engine.execute(operation)

    def _written(self, request: Request, response: Response, media: str) -> HttpResponse:
        written = http_response(response, media, record_of(request.scope).request_id, well_formed=True)
        if prefers_reject(request.headers.getlist("prefer")):
            written.headers["Preference-Applied"] = "reject"
        return written


def _wants_page(request: Request, accept: list[str]) -> bool:
    """A browser that looks at the path, and asks for nothing."""
    query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="replace")
    return "query" not in query and preferred(accept, (JSON, GRAPHQL, HTML)) == HTML
