"""The composition root of the server: builds every object once, in order, and wires them. Nothing else does."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

from starlette.applications import Starlette

from app.clock import Clock, system_clock, today
from app.delivery.broadcast import Broadcast
from app.delivery.copy import Copy, copy_note, open_copy
from app.delivery.worker import lag_fault, run_worker
from app.engine.documents import Documents
from app.engine.executor import Engine, EngineSettings
from app.engine.lane import LABELS
from app.engine.planning.size import Limits
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import Principal, SystemPrincipal
from app.security import open_issuers, open_tokens
from app.security.authenticate import Authenticator
from app.security.limits import Buckets
from app.services.organisations import organisation_called, organisation_exists
from app.services.quotes import Desk
from app.services.sample.port import run_port
from app.settings import ScopeMode, Settings
from app.store.migrations import pending
from app.store.session import Store
from app.store.tariff import revision_on
from app.tariff.measure_file import packaged_book
from app.telemetry import new_metrics
from app.web.assets import load_bundle
from app.web.figures import EngineFigures
from app.web.operations import load_saved_operations
from app.web.ports import Note, ReadinessCheck
from app.web.routes import build_app
from app.web.settings import WebSettings
from schema import build_schema

REVOCATION_SECONDS = 2.5

_LOOKING = SystemPrincipal("readiness")


def create_app(settings: Settings, *, simulate_port: bool = False, clock: Clock = system_clock) -> Starlette:
    """The gateway as an ASGI application; `simulate_port` moves sample entries along while it runs."""
    store = Store.open(settings.database_url.get_secret_value(), clock)
    bus = Bus(store)
    desk = Desk(store, packaged_book())
    engine = Engine(build_schema(), store, Feed(store, bus), desk, clock, _engine_settings(settings))
    copy = open_copy(store, settings.stream_url, bus.wake)
    broadcast = Broadcast(engine, store, bus, copy=copy)
    documents = Documents(store, settings.document_mode, settings.document_memory_bytes)
    metrics = new_metrics()
    if copy is not None:
        bus.on_beat.append(copy.seen)
        metrics.stream_lag_events.set_function(lambda: copy.lag)
    metrics.registry.register(EngineFigures(engine.lane, engine.meter, LABELS))
    keep_events = timedelta(days=settings.event_retention_days)

    async def known(organisation_id: str) -> bool:
        return await organisation_exists(store, organisation_id)

    async def called(id_or_name: str) -> str | None:
        return await organisation_called(store, id_or_name)

    async def revoked(principals: Collection[Principal]) -> Collection[Principal]:
        organisations = {principal.organisation_id for principal in principals}
        gone = {one for one in organisations if not await known(one)}
        return [principal for principal in principals if principal.organisation_id in gone]

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            tasks = [
                asyncio.create_task(bus.run()),
                asyncio.create_task(broadcast.run()),
                asyncio.create_task(documents.run()),
                asyncio.create_task(
                    run_worker(store, keep_events=keep_events, lag=metrics.relay_lag_seconds, copy=copy)
                ),
                asyncio.create_task(application.state.clients.watch(revoked, REVOCATION_SECONDS)),
            ]
            if simulate_port:
                tasks.append(asyncio.create_task(run_port(store, clock=clock)))
            for task in tasks:
                stack.push_async_callback(_end, task)
            yield

    return build_app(
        engine,
        Authenticator(open_tokens(settings), known, clock, issuers=open_issuers(settings, called, clock)),
        WebSettings.of(settings),
        _readiness(store, clock, copy),
        load_saved_operations(),
        metrics,
        lifespan=lifespan,
        clock=clock,
        bundle=load_bundle(),
        delivery=broadcast,
        documents=documents,
    )


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(
        reject=settings.scope_mode is ScopeMode.REJECT,
        limits=Limits.of(settings),
        max_cost=settings.max_cost,
        budgets=Buckets(settings.cost_limit, settings.cost_restore_per_second) if settings.cost_limit else None,
    )


def _readiness(store: Store, clock: Clock, copy: Copy | None) -> Mapping[str, ReadinessCheck]:
    async def database() -> str | None:
        steps = await pending(store)
        return f"{len(steps)} migrations are pending: run tidegate db upgrade" if steps else None

    async def tariff() -> str | None:
        found = await revision_on(store, _LOOKING, today(clock))
        return None if found is not None else "no tariff revision is in force today: run tidegate tariff load"

    async def events() -> str | None:
        return await lag_fault(store)

    checks: dict[str, ReadinessCheck] = {"database": database, "events": events, "tariff": tariff}
    if copy is not None:

        async def stream() -> str | None:
            told = copy_note(copy)
            return told and Note(told)

        checks["stream"] = stream
    return checks


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
