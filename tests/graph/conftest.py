"""A small world seen through the graph: an importer with a classified product on a shipment with an entry and a quote,
its partner who sells on that shipment, a stranger; and `ask`, which runs an operation as one of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
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
from tests.conftest import SetClock, Tenants

Ask = Callable[..., Awaitable[Response]]
SCHEMA = build_schema()


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


async def make_world(store: Store, tenants: Tenants, settings: EngineSettings | None = None) -> World:
    """Built through the services, so that it is what users would have."""
    await starter_tariff(store)
    desk = Desk(store, packaged_book())
    engine = Engine(SCHEMA, store, Feed(store, Bus(store)), desk, store.clock, settings or EngineSettings())
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


@pytest.fixture
async def world(store: Store, tenants: Tenants) -> World:
    return await make_world(store, tenants)


@pytest.fixture
async def sqlite_world(sqlite_store: Store) -> World:
    from tests.conftest import make_tenants

    return await make_world(sqlite_store, await make_tenants(sqlite_store))


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
