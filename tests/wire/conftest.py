"""The gateway's wire with fakes behind it: in process for HTTP, under uvicorn on a loopback port for sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from app.telemetry import new_metrics
from app.web.operations import SavedOperation
from app.web.routes import build_app
from app.web.server import DrainingServer, server_config
from app.web.settings import WebSettings
from tests.wire.fakes import FakeAuthenticator, FakeEngine

BASE = "http://gateway.test"

SAVED = (
    SavedOperation("hello", "Say hello", "Greets <everybody> & more.", "query Hello { hello }\n", {"name": "O'Hara"}),
    SavedOperation("live-count", "Count", "Counts upwards.", "subscription Count { count(to: 3) }\n", {}),
)

Serve = Callable[..., contextlib.AbstractAsyncContextManager["Running"]]


class Running:
    """A server that listens: where, and how to stop it."""

    def __init__(self, server: DrainingServer, port: int, settings: WebSettings, application: Starlette) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.socket_url = f"ws://127.0.0.1:{port}/graphql"
        self.port = port
        self.settings = settings
        self.application = application


class _QuietServer(DrainingServer):
    """Leaves the signal handlers of the test process alone, and stops without waiting for its next tick."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(0.005)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def authenticator() -> FakeAuthenticator:
    return FakeAuthenticator()


@pytest.fixture
def make_app(engine: FakeEngine, authenticator: FakeAuthenticator) -> Callable[..., Starlette]:
    def make(checks: Any = None, metrics: Any = None, **settings: Any) -> Starlette:
        view = WebSettings(**settings)
        return build_app(engine, authenticator, view, checks or {}, SAVED, metrics or new_metrics())

    return make


@pytest.fixture
async def client(make_app: Callable[..., Starlette]) -> AsyncIterator[httpx2.AsyncClient]:
    async with http_client(make_app()) as opened:
        yield opened


@pytest.fixture
def serve(make_app: Callable[..., Starlette]) -> Serve:
    @contextlib.asynccontextmanager
    async def run(application: Starlette | None = None, **settings: Any) -> AsyncIterator[Running]:
        settings = {"drain_window_seconds": 0.1, "cancel_grace_seconds": 0.5, **settings}
        view = WebSettings(**settings)
        served = application or make_app(**settings)
        server = _QuietServer(server_config(served, "127.0.0.1", 0, view, ws="websockets-sansio"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Running(server, port, view, served)
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 15)

    return run


def http_client(application: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=application), base_url=BASE)
