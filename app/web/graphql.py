"""POST and GET /graphql as GraphQL over HTTP (draft of August 2026) has it. Reads, authenticates, hands over to the
engine, writes; a browser without a query gets the console page."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from app.delivery.broadcast import Membership
from app.engine.operation import Operation, Response
from app.errors import BadUserInput, Throttled, TidegateError, Timeout, Unauthenticated
from app.principal import Principal
from app.web import faults
from app.web.answers import error_response, http_response
from app.web.batch import Batch, batch_response, parse_bodies, refuse_large, run_in_order, timed_out
from app.web.body import GraphQLRequest, parse_query_string, read_body
from app.web.cache import stored_query
from app.web.cancellation import finish
from app.web.forms import Form, form_of
from app.web.negotiation import EVENT_STREAM, GRAPHQL, HTML, JSON, is_utf8_json, preferred, prefers_reject
from app.web.ports import Authenticator, Delivery, Documents, Engine
from app.web.quick import FAULT
from app.web.record import RequestRecord, record_of
from app.web.settings import WebSettings
from app.web.sse import EventSink, EventStream, EventStreams

METHODS = "GET, HEAD, POST"

Result = TypeVar("Result")
Page = Callable[[Request], HttpResponse]


class GraphQLEndpoint:
    """An ASGI application for one path."""

    def __init__(
        self,
        engine: Engine,
        authenticator: Authenticator,
        settings: WebSettings,
        page: Page,
        delivery: Delivery,
        streams: EventStreams,
        documents: Documents,
    ) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self._settings = settings
        self._page = page
        self._delivery = delivery
        self._streams = streams
        self._documents = documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        record = record_of(scope)
        try:
            response = await self._answer(request, record)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, record: RequestRecord) -> HttpResponse | EventStream:
        """The response; raises ClientDisconnect alone."""
        accept = request.headers.getlist("accept")
        media = preferred(accept, (JSON, GRAPHQL))
        try:
            if FAULT in request.scope:
                raise request.scope[FAULT]
            if request.method not in ("GET", "HEAD", "POST"):
                raise faults.MethodNotAllowed("Use POST, or GET for queries.", METHODS)
            if request.method != "POST" and _wants_page(request, accept):
                return self._page(request)
            form = form_of(accept)
            if media is None and form is None:
                raise faults.NotAcceptable(f"Accept {GRAPHQL}, {JSON} or {EVENT_STREAM}.")
            sent = await self._read(request)
            if isinstance(sent, Batch):
                return await self._batched(request, sent, record, media)
            record.note_operation(sent.operation_name)
            operation = await self._operation(request, sent, record)
            if form is not None:
                return await self._streamed(request, operation, media, form)
            response = await self._in_time(request, self._engine.execute(operation))
            written = self._written(request, response, media or GRAPHQL)
            if request.method == "POST" or sent.asked.text is not None:
                return written
            return stored_query(request, response, written, self._settings.stored_max_age_seconds)
        except ClientDisconnect:
            raise
        except Exception as error:
            return error_response(error, record.request_id, media or GRAPHQL)

    async def _authenticate(self, headers: Headers) -> Principal | None:
        lines = headers.getlist("authorization")
        if len(lines) > 1:
            raise Unauthenticated("Send one Authorization header.")
        return await self._authenticator.authenticate(lines[0] if lines else None)

    async def _read(self, request: Request) -> GraphQLRequest | Batch:
        settings = self._settings
        if request.method != "POST":
            return parse_query_string(request.scope["query_string"], settings.max_json_depth)
        if not is_utf8_json(request.headers.getlist("content-type")):
            raise faults.UnsupportedMediaType("Send the body as Content-Type: application/json in UTF-8.")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise faults.UnsupportedMediaType("Send the body without a Content-Encoding.")
        body = await read_body(request.headers, request.receive, settings.max_body_bytes, settings.read_timeout_seconds)
        return parse_bodies(body, settings.max_json_depth, settings.max_batch)

    async def _batched(self, request: Request, batch: Batch, record: RequestRecord, media: str | None) -> HttpResponse:
        """Who may not ask, or takes no JSON, gets one answer; else each operation its own."""
        if media is None:
            raise faults.NotAcceptable(f"A batch is answered as {JSON} or {GRAPHQL}.")
        if await self._authenticate(request.headers) is None:
            raise Unauthenticated("Send a token as `Authorization: Bearer …`.")
        prepared = [await self._prepared(request, item, record) for item in batch.items]
        refuse_large(self._engine, prepared, self._settings.max_root_fields)
        done: list[Response] = []
        try:
            await self._in_time(request, run_in_order(self._engine, prepared, done))
        except Timeout as fault:
            done += timed_out(fault, len(prepared) - len(done), record.request_id)
        return batch_response(done, media, record.request_id)

    async def _prepared(
        self, request: Request, item: GraphQLRequest | BadUserInput, record: RequestRecord
    ) -> Operation | Response:
        try:
            if isinstance(item, BadUserInput):
                raise item
            return await self._operation(request, item, record)
        except TidegateError as fault:
            return faults.refusal(fault, record.request_id)

    async def _operation(self, request: Request, sent: GraphQLRequest, record: RequestRecord) -> Operation:
        principal = await self._authenticate(request.headers)
        if principal is not None:
            record.organisation_id = principal.organisation_id
            document = await self._documents.text(sent.asked, principal)
        elif sent.asked.text is not None:
            document = sent.asked.text
        else:
            raise Unauthenticated("Send a token as `Authorization: Bearer …`.")
        return Operation(
            document=document,
            variables=sent.variables,
            operation_name=sent.operation_name,
            principal=principal,
            request_id=record.request_id,
            read_only=request.method != "POST",
            reject=self._settings.reject_missing_scopes or prefers_reject(request.headers.getlist("prefer")),
            explain=sent.explain,
        )

    async def _in_time(self, request: Request, work: Coroutine[Any, Any, Result]) -> Result:
        settings = self._settings
        return await finish(work, request.receive, settings.execution_timeout_seconds, settings.cancel_grace_seconds)

    async def _streamed(
        self, request: Request, operation: Operation, media: str | None, form: Form
    ) -> HttpResponse | EventStream:
        """The answer to a client that takes streams: a subscription streams, a result takes the form it likes best,
        a refusal its status, unless it takes nothing but a stream (GraphQL over SSE, distinct connections)."""
        sink = EventSink(operation.request_id, form)
        resume = request.headers.get("last-event-id") or None
        outcome = await self._in_time(request, self._delivery.join(operation, sink, resume))
        if isinstance(outcome, Response):
            best = preferred(request.headers.getlist("accept"), (JSON, GRAPHQL, form.media))
            plain = media is not None and (best != form.media or not outcome.executed)
            if plain or outcome.status == 401:
                return self._written(request, outcome, media or GRAPHQL)
        elif self._streams.full():
            await _close(outcome)
            raise faults.Unavailable("The gateway takes no more streams now; come back in a moment.")
        stream = self._streams.stream(outcome, sink, operation.principal)
        if stream is None:
            await _close(outcome)
            raise Throttled("This client has as many streams open as it may.")
        return stream

    def _written(self, request: Request, response: Response, media: str) -> HttpResponse:
        written = http_response(response, media, record_of(request.scope).request_id, well_formed=True)
        if prefers_reject(request.headers.getlist("prefer")):
            written.headers["Preference-Applied"] = "reject"
        return written


async def _close(outcome: object) -> None:
    """Ends what has started and will not be read."""
    if isinstance(outcome, Membership):
        outcome.end()
    else:
        close = getattr(outcome, "aclose", None)
        if close is not None:
            await close()


def _wants_page(request: Request, accept: list[str]) -> bool:
    """A browser that looks at the path, and asks for nothing."""
    query = parse_qs(request.scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="replace")
    asks = not query.keys().isdisjoint(("query", "documentId", "doc_id", "extensions"))
    return not asks and preferred(accept, (JSON, GRAPHQL, HTML)) == HTML
