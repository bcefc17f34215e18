"""The composition root of the server: builds every object once, in order, and wires them. Nothing else does."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from starlette.applications import Starlette

from app.clock import Clock, system_clock, today
from app.engine.executor import Engine, EngineSettings
from app.engine.size import Limits
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import SystemPrincipal
from app.security import open_tokens
from app.security.authenticate import Authenticator
from app.services.organisations import organisation_exists
from app.services.quotes import Desk
from app.services.sample.port import run_port
from app.settings import ScopeMode, Settings
from app.store.migrations import pending
from app.store.session import Store
from app.store.tariff import revision_on
from app.tariff.measure_file import packaged_book
from app.telemetry import new_metrics
from app.web.assets import load_bundle
from app.web.operations import load_saved_operations
from app.web.ports import ReadinessCheck
from app.web.routes import build_app
from app.web.settings import WebSettings
from schema import build_schema

_LOOKING = SystemPrincipal("readiness")


def create_app(settings: Settings, *, simulate_port: bool = False, clock: Clock = system_clock) -> Starlette:
    """The gateway as an ASGI application; `simulate_port` moves sample entries along while it runs."""
    store = Store.open(settings.database_url.get_secret_value(), clock)
    bus = Bus(store)
    store.on_events.append(bus.wake)
    desk = Desk(store, packaged_book())
    engine = Engine(build_schema(), store, Feed(store, bus), desk, clock, _engine_settings(settings))

    async def known(organisation_id: str) -> bool:
        return await organisation_exists(store, organisation_id)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            tasks = [asyncio.create_task(bus.run())]
            if simulate_port:
                tasks.append(asyncio.create_task(run_port(store, clock=clock)))
            for task in tasks:
                stack.push_async_callback(_end, task)
            yield

    return build_app(
        engine,
        Authenticator(open_tokens(settings), known, clock),
        WebSettings.of(settings),
        _readiness(store, clock),
        load_saved_operations(),
        new_metrics(),
        lifespan=lifespan,
        clock=clock,
        bundle=load_bundle(),
    )


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(
        reject=settings.scope_mode is ScopeMode.REJECT,
        limits=Limits(
            tokens=settings.max_tokens,
            depth=settings.max_depth,
            aliases=settings.max_aliases,
            root_fields=settings.max_root_fields,
        ),
    )


def _readiness(store: Store, clock: Clock) -> Mapping[str, ReadinessCheck]:
    async def database() -> str | None:
        steps = await pending(store)
        return f"{len(steps)} migrations are pending: run tidegate db upgrade" if steps else None

    async def tariff() -> str | None:
        found = await revision_on(store, _LOOKING, today(clock))
        return None if found is not None else "no tariff revision is in force today: run tidegate tariff load"

    return {"database": database, "tariff": tariff}


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
