"""Puts the corridor together: routes, middleware, and what they share. The composition root calls `build_app`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route, WebSocketRoute

from app.clock import Clock, system_clock
from app.errors import BadUserInput, NotFound
from app.telemetry import Metrics
from app.web.answers import error_response
from app.web.assets import Bundle
from app.web.clients import Clients
from app.web.console import console_page, operations_list
from app.web.drain import Drain
from app.web.faults import MethodNotAllowed
from app.web.figures import StreamFigures
from app.web.graphql import GraphQLEndpoint, Page
from app.web.health import Health
from app.web.middleware import Compression, Observe, Origins
from app.web.operations import SavedOperation
from app.web.origins import OriginPolicy
from app.web.ports import Authenticator, Delivery, Documents, Engine, ReadinessCheck, Sent, Unshared
from app.web.quick import Quick, QuickAuthenticator, QuickEngine, ShortWay
from app.web.record import record_of
from app.web.sdl import SchemaEndpoint, event_schemas
from app.web.session import CookieSessions, SessionEndpoint
from app.web.settings import WebSettings
from app.web.sockets import SocketEndpoint
from app.web.sse import EventStreams

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def build_app(
    engine: Engine,
    authenticator: Authenticator,
    settings: WebSettings,
    readiness_checks: Mapping[str, ReadinessCheck],
    saved_operations: Sequence[SavedOperation],
    metrics: Metrics,
    *,
    lifespan: Lifespan | None = None,
    clock: Clock = system_clock,
    bundle: Bundle | None = None,
    delivery: Delivery | None = None,
    documents: Documents | None = None,
) -> Starlette:
    """The ASGI application. `app.state.drain` is its Drain: `DrainingServer` runs it at SIGTERM; `app.state.short` is
    what `DirectProtocol` answers with; `app.state.clients` knows whose streams are open. `readiness_checks` are named
    in /readyz; `saved_operations` fill the console; `lifespan` opens and closes what the caller made. Without the
    front-end's `bundle` browsers get the plain page, without a `delivery` each subscription is a stream of its own,
    without `documents` only what is sent is run."""
    drain = Drain(settings.drain_window_seconds)
    origins = OriginPolicy(settings.allowed_origins)
    health = Health(readiness_checks, drain, metrics, settings.readiness_timeout_seconds)
    delivery, documents = delivery or Unshared(engine), documents or Sent()
    plain = console_page(saved_operations, built=bundle is not None)
    clients = Clients(settings.max_client_sockets)
    metrics.registry.register(StreamFigures(lambda: getattr(delivery, "groups", 0), clients))
    sockets = SocketEndpoint(
        delivery,
        authenticator,
        settings,
        documents=documents,
        origins=origins,
        drain=drain,
        clients=clients,
        metrics=metrics,
        clock=clock,
    )
    streams = EventStreams(settings, drain=drain, clients=clients, metrics=metrics, clock=clock)
    page = bundle.page("index.html") if bundle else plain
    graphql = GraphQLEndpoint(engine, authenticator, settings, page, delivery, streams, documents)
    short = _short_way(engine, authenticator, settings, metrics, documents)
    application = Starlette(
        routes=[
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", sockets),
            Route("/schema.graphql", SchemaEndpoint(engine, authenticator).get),
            Route("/schema/events.json", event_schemas),
            *_operators(health),
            Route("/console/session", SessionEndpoint(authenticator, settings, clock)),
            *_console_routes(saved_operations, plain, bundle),
        ],
        middleware=[*_around(settings, metrics, origins, short)],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    application.state.drain, application.state.short = drain, short
    application.state.clients, application.state.delivery, application.state.documents = clients, delivery, documents
    return application


def _operators(health: Health) -> Iterator[Route]:
    yield Route("/healthz", health.live)
    yield Route("/readyz", health.ready)
    yield Route("/metrics", health.metrics)


def _console_routes(saved: Sequence[SavedOperation], plain: Page, bundle: Bundle | None) -> Iterator[Route]:
    yield Route("/", _to_console)
    yield Route("/console/operations", operations_list(saved))
    yield Route("/console/plain", plain)
    yield Route("/board", bundle.page("board.html") if bundle else _to_console)
    if bundle:
        yield Route("/console/{path:path}", bundle.file)


def _around(
    settings: WebSettings, metrics: Metrics, origins: OriginPolicy, short: ShortWay | None
) -> Iterator[Middleware]:
    """What stands around every route, outermost first."""
    if short is not None:
        yield Middleware(Quick, short=short)
    yield Middleware(Observe, metrics=metrics)
    yield Middleware(Origins, policy=origins)
    yield Middleware(CookieSessions)
    yield Middleware(Compression, minimum_size=settings.gzip_minimum_bytes)


def _short_way(
    engine: Engine, authenticator: Authenticator, settings: WebSettings, metrics: Metrics, documents: Documents
) -> ShortWay | None:
    """The short way in front of everything, where engine and authenticator have one."""
    if isinstance(engine, QuickEngine) and isinstance(authenticator, QuickAuthenticator):
        return ShortWay(engine, authenticator, settings, metrics, documents)
    return None


async def _to_console(request: Request) -> HttpResponse:
    return RedirectResponse("/graphql")


async def _http_error(request: Request, error: Any) -> HttpResponse:
    """What starlette refuses by itself, as a GraphQL error: no such path, or not with this method."""
    request_id = record_of(request.scope).request_id
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "GET")
        return error_response(MethodNotAllowed("This path does not take that method.", allow), request_id)
    if error.status_code == 404:
        return error_response(NotFound("There is nothing at this path."), request_id)
    return error_response(BadUserInput("The request cannot be served."), request_id)
