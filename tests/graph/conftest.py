"""A small world seen through the graph: an importer with a classified product on a shipment with an entry and a quote,
its partner who sells on that shipment, a stranger; and `ask`, which runs an operation as one of them."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.duty.assessment import LineInput, QuoteInput
from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation, Response
from app.events.bus import Bus
from app.events.feed import Feed
from app.filing.entry import EntryStatus
from app.principal import SCOPES, Principal
from app.services.organisations import create_organisation
from app.services.quotes import Desk, QuoteCreate
from app.services.tariff import load_tariff
from app.store.session import Store
from app.store.statement import Select, Where
from app.tariff.export import read_export
from app.tariff.measure_file import packaged_book
from app.tariff.starter import starter_export, starter_label
from app.values import OrganisationKind
from schema import build_schema
from tests import scenes
from tests.conftest import TEMPLATE, SetClock, Tenants, cloned, execute, make_tenants
from tests.graph.random_rows import Rows, fill

Ask = Callable[..., Awaitable[Response]]
SCHEMA = build_schema()
TEMPLATE_WORLD = "template_world"


@dataclass(frozen=True)
class World:
    """Who there is and what they have; `ids` by type name."""

    engine: Engine
    store: Store
    importer: Principal
    partner: Principal
    stranger: Principal
    ids: dict[str, str]


async def starter_tariff(store: Store) -> None:
    """The starter tariff, loaded."""
    label = starter_label()
    await load_tariff(
        store,
        read_export(starter_export()),
        name=label.name,
        effective_from=label.effective_from,
        starter=True,
        notice=label.notice,
    )


def make_engine(store: Store, desk: Desk, settings: EngineSettings | None = None) -> Engine:
    """An engine over a store, as the application builds it."""
    return Engine(SCHEMA, store, Feed(store, Bus(store)), desk, store.clock, settings or EngineSettings())


@pytest.fixture
async def rows(store: Store) -> Rows:
    """Rows at random, of three organisations."""
    return await fill(store, seed=20)


@pytest.fixture
def engine(store: Store) -> Engine:
    """An engine over them."""
    return make_engine(store, Desk(store, packaged_book()))


async def make_world(store: Store, tenants: Tenants, settings: EngineSettings | None = None) -> World:
    """Built through the services, so that it is what users would have."""
    await starter_tariff(store)
    desk = Desk(store, packaged_book())
    engine = make_engine(store, desk, settings)
    importer = tenants.importer
    product = await scenes.a_product(store, importer)
    shipment = await scenes.a_shipment(store, importer)
    entry = scenes.accepted(await scenes.draft_entry(store, importer, scenes.EntryDraft(shipment)))
    await scenes.told(store, importer, entry, EntryStatus.SUBMITTED)
    await scenes.told(store, importer, entry, EntryStatus.HELD)
    question = QuoteInput((LineInput("8471.30.01.00", "VN", Decimal(1000)),), store.clock().date())
    quote = scenes.accepted(await desk.create(importer, QuoteCreate(question)))
    row = await scenes.row_of(store, importer, "shipment", shipment)
    await create_organisation(store, "Partner", OrganisationKind.PARTNER, (row.seller_id,))
    classification = (await scenes.row_of(store, importer, "product", product)).classification_id
    event = await store.first(importer, Select("event_log", (Where("subject_id", "eq", entry),)))
    line = await store.first(importer, Select("tariff_line", (Where("number", "eq", "8471.30.01.00"),)))
    assert event is not None
    assert line is not None
    return World(
        engine,
        store,
        importer,
        tenants.partner,
        tenants.broker,
        {
            "Product": product,
            "Shipment": shipment,
            "Entry": entry,
            "Classification": classification,
            "DutyQuote": quote,
            "Event": event.id,
            "TariffLine": line.id,
        },
    )


@dataclass(frozen=True)
class Made:
    """What a copy of the world's database has: the callers, and the ids by type name."""

    importer: Principal
    partner: Principal
    stranger: Principal
    ids: dict[str, str]


@pytest.fixture(scope="session")
def sqlite_made(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    """The world in a SQLite file, made once and copied for each test."""
    path = tmp_path_factory.mktemp("world") / "template.sqlite3"
    shutil.copy(sqlite_template, path)
    return path, asyncio.run(_made(f"sqlite+aiosqlite:///{path}"))


@pytest.fixture(scope="session")
def postgres_made(postgres_url: str) -> Made:
    """The world in the database TEMPLATE_WORLD, made once and cloned for each test."""
    execute(postgres_url.replace("DB", "postgres"), f"CREATE DATABASE {TEMPLATE_WORLD} TEMPLATE {TEMPLATE}")
    return asyncio.run(_made(postgres_url.replace("DB", TEMPLATE_WORLD)))


async def _made(url: str) -> Made:
    store = Store.open(url, SetClock())
    world = await make_world(store, await make_tenants(store))
    await store.close()
    return Made(world.importer, world.partner, world.stranger, world.ids)


@pytest.fixture
def sqlite_copy(sqlite_made: tuple[Path, Made], tmp_path: Path) -> tuple[str, Made]:
    path, made = sqlite_made
    shutil.copy(path, tmp_path / "world.sqlite3")
    return f"sqlite+aiosqlite:///{tmp_path / 'world.sqlite3'}", made


@pytest.fixture(params=["sqlite", "postgresql"])
def either_copy(request: pytest.FixtureRequest) -> Iterator[tuple[str, Made]]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_copy")
        return
    made = request.getfixturevalue("postgres_made")
    with cloned(request.getfixturevalue("postgres_url"), TEMPLATE_WORLD) as url:
        yield url, made


@pytest.fixture
async def world(either_copy: tuple[str, Made], clock: SetClock) -> AsyncIterator[World]:
    async with _opened(*either_copy, clock) as opened:
        yield opened


@pytest.fixture
async def sqlite_world(sqlite_copy: tuple[str, Made], clock: SetClock) -> AsyncIterator[World]:
    async with _opened(*sqlite_copy, clock) as opened:
        yield opened


@contextlib.asynccontextmanager
async def _opened(url: str, made: Made, clock: SetClock) -> AsyncIterator[World]:
    store = Store.open(url, clock)
    engine = make_engine(store, Desk(store, packaged_book()))
    yield World(engine, store, made.importer, made.partner, made.stranger, dict(made.ids))
    await store.close()


async def ask(world: World, document: str, principal: Principal | None = None, **variables: Any) -> Response:
    """Runs one operation; as the importer unless said."""
    return await world.engine.execute(Operation(document, variables, None, principal or world.importer, "req-1"))


def holding(principal: Principal, *scopes: str) -> Principal:
    """The same caller with these scopes alone."""
    return replace(principal, scopes=frozenset(scopes))


def without(principal: Principal, *scopes: str) -> Principal:
    """The same caller with every scope but these."""
    return replace(principal, scopes=frozenset(SCOPES) - set(scopes))


def codes(response: Response) -> list[str]:
    """The codes of the response's errors."""
    return [error["extensions"]["code"] for error in response.errors]


__all__ = ["Ask", "SetClock", "World", "ask", "codes", "holding", "make_world", "starter_tariff", "without"]
