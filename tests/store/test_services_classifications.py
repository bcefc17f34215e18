"""A decision changes the classification, what it supersedes and the product together, or nothing."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.classification.decision import ClassificationDecision as D
from app.ids import new_id
from app.principal import Principal
from app.services.classifications import ClassificationDecide, decide_classification
from app.services.tariff import load_tariff
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.store.tables import Classification, Product
from app.tariff.export import read_export
from app.tariff.starter import starter_export
from tests.scenes import SetClock, a_product, accepted, counts, make_tenants, row_of

NUMBER, OTHER = "8471.30.01.00", "8471.50.01.50"


async def suggest(
    store: Store, caller: Principal, product: str, number: str = NUMBER, status: str = "SUGGESTED"
) -> str:
    """A machine's proposal, current for the product."""
    identifier = new_id("Classification")
    async with store.unit(caller) as unit:
        row = await unit.find(Product, id=product)
        assert row is not None
        unit.add(
            Classification(
                id=identifier, organisation_id=caller.organisation_id, product_id=product, hts_number=NUMBER,
                status=status, confidence=0.6, method="LEXICAL", rationale="Close words.", alternatives=[],
                created_at=unit.now,
            )
        )  # fmt: skip
        row.classification_id, row.classification_status = identifier, status
    return identifier


async def state(store: Store, caller: Principal, product: str) -> tuple[Any, ...]:
    row = await row_of(store, caller, "product", product)
    return row.hts_number, row.classification_id, row.classification_status


async def test_confirming_a_suggestion_brings_the_product_in_step(
    store: Store, importer: Principal, clock: SetClock
) -> None:
    product = await a_product(store, importer, number=None)
    suggested = await suggest(store, importer, product)
    assert await state(store, importer, product) == (None, suggested, "SUGGESTED")
    command = ClassificationDecide(D.CONFIRM, classification_id=suggested, rationale="Seen the data sheet.")
    assert accepted(await decide_classification(store, importer, command)) == suggested
    assert await state(store, importer, product) == (NUMBER, suggested, "CONFIRMED")
    row = await row_of(store, importer, "classification", suggested)
    assert (row.status, row.decided_by, row.decided_at) == ("CONFIRMED", importer.subject, clock())
    assert row.rationale == "Close words.\nConfirmed: Seen the data sheet."
    (event,) = await store.rows(importer, Select("event_log", (Where("type", "eq", "classification.decided"),)))
    assert (event.subject_id, event.data) == (
        suggested,
        {
            "productId": product, "sku": "A-1", "decision": "CONFIRM", "status": "CONFIRMED", "htsNumber": NUMBER,
            "previousHtsNumber": None,
        },
    )  # fmt: skip


async def test_a_number_for_a_product_is_a_manual_classification_that_supersedes(
    store: Store, importer: Principal
) -> None:
    product = await a_product(store, importer, number=None)
    suggested = await suggest(store, importer, product)
    command = ClassificationDecide(D.CONFIRM, product_id=product, hts_number="8471500150")
    made = accepted(await decide_classification(store, importer, command))
    assert made != suggested
    assert await state(store, importer, product) == (OTHER, made, "CONFIRMED")
    row = await row_of(store, importer, "classification", made)
    assert (row.method, row.confidence, row.status) == ("MANUAL", 1.0, "CONFIRMED")
    assert (await row_of(store, importer, "classification", suggested)).status == "SUPERSEDED"
    again = await decide_classification(store, importer, command)
    assert (again.id, again.unchanged) == (made, True)


async def test_replacing_keeps_one_confirmed(store: Store, importer: Principal) -> None:
    product = await a_product(store, importer, number=NUMBER)
    first = (await row_of(store, importer, "product", product)).classification_id
    command = ClassificationDecide(D.REPLACE, classification_id=first, hts_number=OTHER, rationale="GRI 3(b)")
    second = accepted(await decide_classification(store, importer, command))
    assert await state(store, importer, product) == (OTHER, second, "CONFIRMED")
    rows = await store.rows(importer, Select("classification", order=(Order("created_at"), Order("id"))))
    assert [(row.hts_number, row.status) for row in rows] == [(NUMBER, "SUPERSEDED"), (OTHER, "CONFIRMED")]


async def test_rejecting_a_confirmed_number_takes_it_from_the_product(store: Store, importer: Principal) -> None:
    product = await a_product(store, importer, number=NUMBER)
    first = (await row_of(store, importer, "product", product)).classification_id
    accepted(await decide_classification(store, importer, ClassificationDecide(D.REJECT, product_id=product)))
    assert await state(store, importer, product) == (None, first, "REJECTED")
    closed = await decide_classification(store, importer, ClassificationDecide(D.CONFIRM, classification_id=first))
    assert [fault.code for fault in closed.faults] == ["TRANSITION_NOT_ALLOWED"]
    anew = ClassificationDecide(D.CONFIRM, product_id=product, hts_number=NUMBER)
    made = accepted(await decide_classification(store, importer, anew))
    assert made != first
    assert await state(store, importer, product) == (NUMBER, made, "CONFIRMED")


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"decision": D.CONFIRM}, ["REQUIRED"]),
    ({"decision": D.CONFIRM, "product_id": "prd_x", "hts_number": NUMBER}, ["NOT_FOUND"]),
    ({"decision": D.CONFIRM, "classification_id": "cls_x"}, ["NOT_FOUND"]),
    ({"decision": D.REPLACE, "classification_id": "cls_x"}, ["REQUIRED", "NOT_FOUND"]),
    ({"decision": D.REJECT, "product_id": "PRODUCT", "hts_number": NUMBER}, ["INVALID"]),
    ({"decision": D.CONFIRM, "product_id": "PRODUCT"}, ["REQUIRED"]),
    ({"decision": D.CONFIRM, "product_id": "PRODUCT", "hts_number": "8471.30"}, ["INVALID"]),
    ({"decision": D.CONFIRM, "product_id": "PRODUCT", "hts_number": "8471.30.01"}, ["NOT_DECLARABLE"]),
    ({"decision": D.CONFIRM, "product_id": "PRODUCT", "hts_number": "laptop"}, ["INVALID"]),
    ({"decision": D.CONFIRM, "product_id": "PRODUCT", "hts_number": NUMBER, "expected_version": 9}, ["STALE"]),
    ({"decision": D.CONFIRM, "product_id": "PRODUCT", "hts_number": NUMBER, "rationale": "x" * 4001}, ["TOO_LONG"]),
]


@pytest.mark.parametrize(("fields", "codes"), CASES, ids=lambda value: str(value)[:70])
async def test_a_faulty_decision_writes_nothing(sqlite_store: Store, fields: dict[str, Any], codes: list[str]) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    product = await a_product(sqlite_store, importer, number=None)
    given: dict[str, Any] = {name: product if value == "PRODUCT" else value for name, value in fields.items()}
    before = await counts(sqlite_store)
    outcome = await decide_classification(sqlite_store, importer, ClassificationDecide(**given))
    assert [fault.code for fault in outcome.faults] == codes
    assert await counts(sqlite_store) == before


async def test_another_number_than_the_suggested_one_is_a_replacement(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    product = await a_product(sqlite_store, importer, number=None)
    suggested = await suggest(sqlite_store, importer, product)
    command = ClassificationDecide(D.CONFIRM, classification_id=suggested, hts_number=OTHER)
    outcome = await decide_classification(sqlite_store, importer, command)
    assert [(fault.code, fault.field) for fault in outcome.faults] == [("INVALID", ("htsNumber",))]
    same = ClassificationDecide(D.CONFIRM, classification_id=suggested, hts_number=NUMBER)
    assert accepted(await decide_classification(sqlite_store, importer, same)) == suggested


async def test_the_version_that_a_decision_expects_is_the_products(store: Store, importer: Principal) -> None:
    product = await a_product(store, importer, number=None)
    seen = (await row_of(store, importer, "product", product)).version
    first = ClassificationDecide(D.CONFIRM, product_id=product, hts_number=NUMBER, expected_version=seen)
    made = accepted(await decide_classification(store, importer, first))
    late = ClassificationDecide(D.REPLACE, classification_id=made, hts_number=OTHER, expected_version=seen)
    outcome = await decide_classification(store, importer, late)
    assert [(fault.code, fault.field, fault.message) for fault in outcome.faults] == [
        ("STALE", ("expectedVersion",), "it is at version 2, not 1: read it again")
    ]
    assert await state(store, importer, product) == (NUMBER, made, "CONFIRMED")
    accepted(await decide_classification(store, importer, replace(late, expected_version=seen + 1)))
    assert (await state(store, importer, product))[0] == OTHER


async def test_another_tenants_product_does_not_exist(store: Store, importer: Principal, broker: Principal) -> None:
    product = await a_product(store, importer)
    command = ClassificationDecide(D.CONFIRM, product_id=product, hts_number=OTHER)
    outcome = await decide_classification(store, broker, command)
    assert [fault.code for fault in outcome.faults] == ["NOT_FOUND"]
    assert (await state(store, importer, product))[0] == NUMBER


async def test_a_number_must_be_in_the_tariff_of_the_day(store: Store, importer: Principal) -> None:
    export = read_export(starter_export())
    await load_tariff(store, export, name="official", effective_from=date(2026, 1, 1))
    declarable = next(row.number for row in export.rows if row.number and row.declarable and len(row.number) == 13)
    parent = next(row.number for row in export.rows if row.number and not row.declarable and len(row.number) == 10)
    product = await a_product(store, importer, number=None)

    async def codes(number: str) -> list[str]:
        command = ClassificationDecide(D.CONFIRM, product_id=product, hts_number=number)
        return [fault.code for fault in (await decide_classification(store, importer, command)).faults]

    assert await codes("9999.99.99.99") == ["UNKNOWN_NUMBER"]
    assert await codes(parent) == ["NOT_DECLARABLE"]
    assert await codes(declarable) == []


async def test_the_silence_of_a_starter_tariff_refuses_nothing(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    export = read_export(starter_export())
    await load_tariff(sqlite_store, export, name="starter", effective_from=date(2020, 1, 1), starter=True)
    product = await a_product(sqlite_store, importer, number=None)
    command = ClassificationDecide(D.CONFIRM, product_id=product, hts_number="0101.21.00.10")
    accepted(await decide_classification(sqlite_store, importer, command))
