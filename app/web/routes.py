"""Puts the corridor together: routes, middleware, and what they share. The composition root calls `build_app`."""

from collections.abc import Callable, Mapping, Sequence
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
from app.web.console import console_page, operations_list
from app.web.drain import Drain
from app.web.faults import MethodNotAllowed
from app.web.graphql import GraphQLEndpoint
from app.web.health import Health
from app.web.middleware import Compression, Observe, Origins
from app.web.operations import SavedOperation
from app.web.origins import OriginPolicy
from app.web.ports import Authenticator, Engine, ReadinessCheck
from app.web.record import record_of
from app.web.sdl import SchemaEndpoint
from app.web.session import CookieSessions, SessionEndpoint
from app.web.settings import WebSettings
from app.web.sockets import SocketEndpoint

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
) -> Starlette:
    """The ASGI application. `app.state.drain` is its Drain: `DrainingServer` runs it at SIGTERM.

    `readiness_checks` are named in /readyz; `saved_operations` fill the console; `lifespan` opens and closes what
    the caller made; without the front-end's `bundle` browsers get the plain page."""
    drain = Drain(settings.drain_window_seconds)
    origins = OriginPolicy(settings.allowed_origins)
    health = Health(readiness_checks, drain, metrics, settings.readiness_timeout_seconds)
    plain = console_page(saved_operations, built=bundle is not None)
    graphql = GraphQLEndpoint(engine, authenticator, settings, bundle.page("index.html") if bundle else plain)
    sockets = SocketEndpoint(
        engine, authenticator, settings, origins=origins, drain=drain, metrics=metrics, clock=clock
    )
    application = Starlette(
        routes=[
            Route("/graphql", graphql),
            WebSocketRoute("/graphql", sockets),
            Route("/schema.graphql", SchemaEndpoint(engine, authenticator).get),
            Route("/healthz", health.live),
            Route("/readyz", health.ready),
            Route("/metrics", health.metrics),
            Route("/", _to_console),
            Route("/console/session", SessionEndpoint(authenticator, settings, clock)),
            Route("/console/operations", operations_list(saved_operations)),
            Route("/console/plain", plain),
            *(_bundle_routes(bundle) if bundle else [Route("/board", _to_console)]),
        ],
        middleware=[
            Middleware(Observe, metrics=metrics),
            Middleware(Origins, policy=origins),
            Middleware(CookieSessions),
            Middleware(Compression, minimum_size=settings.gzip_minimum_bytes),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    application.state.drain = drain
    return application


def _bundle_routes(bundle: Bundle) -> list[Route]:
    return [Route("/board", bundle.page("board.html")), Route("/console/{path:path}", bundle.file)]


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
