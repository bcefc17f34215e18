"""Whatever the services tell fits the published schema of its kind exactly: no field is missing, none undocumented."""

import json
from collections import deque
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from jsonschema import Draft202012Validator

from app.classification.decision import ClassificationDecision
from app.duty.assessment import LineInput, QuoteInput
from app.events.schemas import PLANNED, all_schemas, json_schema
from app.events.types import EVENTS, EventType
from app.filing.entry import TRANSITIONS, EntryStatus
from app.principal import Principal
from app.services.classifications import ClassificationDecide, decide_classification
from app.services.entry_transition import News, move
from app.services.quotes import Desk, QuoteCreate
from app.services.shipment_inputs import ShipmentUpdate
from app.services.shipments import update_shipment
from app.services.tariff import load_tariff
from app.store.session import Store
from app.store.statement import Order, Select
from app.store.tables import Entry
from app.tariff.export import read_export
from app.tariff.measure_file import packaged_book
from app.tariff.starter import starter_export
from app.values import ShipmentStatus
from tests.scenes import SYSTEM, SetClock, a_product, accepted, an_entry, told

ROOT = Path(__file__).parents[2]
S = EntryStatus


def way_to(status: EntryStatus) -> list[EntryStatus]:
    """A shortest way from a draft that is not one already."""
    ways = deque([[S.DRAFT]])
    while True:
        way = ways.popleft()
        if way[-1] is status and len(way) > 1:
            return way[1:]
        ways.extend([*way, following] for following in sorted(TRANSITIONS[way[-1]]))


async def events(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    rows = await store.rows(SYSTEM, Select("event_log", order=(Order("position"),)))
    return [(row.type, row.subject_id, row.data) for row in rows]


async def test_every_event_that_the_services_tell_fits_its_schema(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    export = read_export(starter_export())
    await load_tariff(store, export, name="starter", effective_from=clock.now.date(), starter=True)
    product = await a_product(store, importer, "A-1", number=None)
    for number in ("8471.30.01.00", "8517.13.00.00"):
        command = ClassificationDecide(ClassificationDecision.REPLACE, product_id=product, hts_number=number)
        accepted(await decide_classification(store, importer, command))
    line = LineInput("8471.30.01.00", "VN", Decimal(1000))
    accepted(await Desk(store, packaged_book()).create(importer, QuoteCreate(QuoteInput((line,), clock.now.date()))))
    for status in S:
        identifier = await an_entry(store, importer, f"S-{status}")
        for step in way_to(status):
            moment = clock.forward(minutes=1)
            async with store.unit(importer) as unit:
                entry = await unit.find(Entry, id=identifier)
                assert entry is not None
                assert await move(unit, entry, News(step, moment, "1C", "Told", "vendor")) is None
        assert entry.shipment_id is not None
        moved = ShipmentUpdate(entry.shipment_id, status=ShipmentStatus.DEPARTED)
        accepted(await update_shipment(store, importer, moved))

    found = await events(store)

    assert {kind for kind, _, _ in found} == {kind.value for kind in EventType}
    for kind, _, data in found:
        Draft202012Validator({**json_schema(kind), "additionalProperties": False}).validate(data)


async def test_an_entry_that_comes_to_exam_flags_its_shipment_once(store: Store, importer: Principal) -> None:
    identifier = await an_entry(store, importer)
    now = store.clock()
    for hours, status in enumerate((S.SUBMITTED, S.ACCEPTED, S.EXAM, S.HELD)):
        accepted(await told(store, importer, identifier, status, now + timedelta(minutes=3 * hours)))
    accepted(await told(store, importer, identifier, S.EXAM, now + timedelta(minutes=4)))

    found = await events(store)
    flagged = [(subject, data) for kind, subject, data in found if kind == "shipment.exam_flagged"]
    shipment = next(subject for kind, subject, _ in found if kind == "shipment.booked")
    assert flagged == [(shipment, {"entryId": identifier})]
    assert [kind for kind, _, _ in found].count("entry.exam") == 2


async def test_every_organisation_is_told_of_a_revision_and_of_no_revision_that_failed(
    store: Store, importer: Principal, partner: Principal, clock: SetClock
) -> None:
    export = read_export(starter_export())
    day = clock.now.date()
    loaded = await load_tariff(store, export, name="starter", effective_from=day, starter=True)
    await load_tariff(store, export, name="starter", effective_from=day, starter=True)

    expected = {"name": "starter", "effectiveFrom": day.isoformat(), "lines": loaded.lines, "starter": True}
    for caller in (importer, partner):
        rows = await store.rows(caller, Select("event_log"))
        assert [(row.type, row.subject_id, row.data) for row in rows] == [
            ("tariff.revision_loaded", loaded.revision_id, expected)
        ]


def test_every_kind_has_a_schema_that_is_one() -> None:
    for name, schema in all_schemas().items():
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == name
        assert schema["description"].endswith(".")
        assert schema["required"] == list(schema["properties"])
        assert all(field["description"] for field in schema["properties"].values())
        assert ("x-comes-with" in schema) == (name in PLANNED)
    assert not {kind.value for kind in EVENTS} & set(PLANNED)


def test_the_issues_kinds_are_all_named() -> None:
    named = {
        "shipment.booked", "shipment.updated", "shipment.exam_flagged", "classification.suggested",
        "classification.review_required", "classification.decided", "quote.created", "tariff.revision_loaded",
        "ruling.published", "batch.finished", "webhook.paused", "key.expiring",
    }  # fmt: skip
    assert set(all_schemas()) == named | {f"entry.{status.lower()}" for status in S}


def test_the_published_file_is_what_the_gateway_says() -> None:
    assert json.loads((ROOT / "schema" / "events.json").read_text()) == all_schemas()
