"""Products are created and changed by SKU, with every fault told at once; the same key happens once."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.principal import Principal
from app.services.archive import ArchiveCommand
from app.services.parties import PartyCommand
from app.services.products import ProductUpsert, archive_product, upsert_product, upsert_products
from app.store.housekeeping import forget_answers
from app.store.session import Store
from app.store.statement import Order, Select
from tests.scenes import SYSTEM, SetClock, accepted, counts, make_tenants

MAKER = PartyCommand("Kitanami Seiki KK", "jp", (("MID", "JPKITSEI73NAG"),))
FULL = ProductUpsert(
    "A-1", " Ball bearing ", "Deep groove\r\nball bearing", "jp", MAKER, Decimal("2.5"), "usd", {"bore": "10 mm"}
)


async def product(store: Store, caller: Principal, sku: str = "A-1") -> Any:
    rows = await store.rows(caller, Select("product", order=(Order("sku"), Order("id"))))
    return next(row for row in rows if row.sku == sku)


async def test_a_new_product_is_cleaned_and_kept(store: Store, importer: Principal) -> None:
    outcome = await upsert_product(store, importer, FULL)
    row = await product(store, importer)
    assert (outcome.id, outcome.faults, outcome.unchanged) == (row.id, (), False)
    assert (row.name, row.description, row.origin_country) == ("Ball bearing", "Deep groove\nball bearing", "JP")
    assert (row.unit_price_amount, row.unit_price_currency) == (Decimal("2.5"), "USD")
    assert (row.attributes, row.version, row.classification_status) == ({"bore": "10 mm"}, 1, None)
    assert row.search_text == "a-1 ball bearing deep groove"
    (party,) = await store.rows(importer, Select("party"))
    assert (party.id, party.country, party.identifiers) == (
        row.manufacturer_id, "JP", [{"type": "MID", "value": "JPKITSEI73NAG"}],
    )  # fmt: skip


async def test_the_same_again_is_unchanged(store: Store, importer: Principal) -> None:
    await upsert_product(store, importer, FULL)
    before = await counts(store)
    again = await upsert_product(store, importer, FULL)
    assert (again.unchanged, (await product(store, importer)).version) == (True, 1)
    assert await counts(store) == before


async def test_what_is_not_mentioned_stays_and_none_empties(store: Store, importer: Principal, clock: SetClock) -> None:
    await upsert_product(store, importer, FULL)
    clock.forward(hours=1)
    accepted(await upsert_product(store, importer, ProductUpsert("A-1", description=None, manufacturer=None)))
    row = await product(store, importer)
    assert (row.name, row.description, row.manufacturer_id, row.origin_country) == (
        "Ball bearing", "Ball bearing", None, "JP",
    )  # fmt: skip
    assert (row.version, row.updated_at, row.updated_at - row.created_at) == (2, clock(), timedelta(hours=1))
    accepted(
        await upsert_product(store, importer, ProductUpsert("A-1", unit_price_amount=None, unit_price_currency=None))
    )
    assert (await product(store, importer)).unit_price_amount is None


async def test_a_description_defaults_to_the_name(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    accepted(await upsert_product(sqlite_store, importer, ProductUpsert("A-1", "Bolt")))
    assert (await product(sqlite_store, importer)).description == "Bolt"


async def test_a_description_goes_along_with_the_name_until_one_is_given(sqlite_store: Store) -> None:
    caller = (await make_tenants(sqlite_store)).importer
    for command, name, description in (
        (ProductUpsert("A-1", "Bolt"), "Bolt", "Bolt"),
        (ProductUpsert("A-1", "Hex bolt"), "Hex bolt", "Hex bolt"),
        (ProductUpsert("A-1", "Hex bolt", "Steel, M8"), "Hex bolt", "Steel, M8"),
        (ProductUpsert("A-1", "Bolt, hex"), "Bolt, hex", "Steel, M8"),
        (ProductUpsert("A-1", description=None), "Bolt, hex", "Bolt, hex"),
        (ProductUpsert("A-1", "Screw", "Bolt, hex"), "Screw", "Bolt, hex"),
    ):
        accepted(await upsert_product(sqlite_store, caller, command))
        row = await product(sqlite_store, caller)
        assert (row.name, row.description) == (name, description)


async def test_a_row_with_a_key_of_its_own_is_refused_not_ignored(store: Store, importer: Principal) -> None:
    rows = (ProductUpsert("A-1", "Bolt"), ProductUpsert("A-2", "Nut", idempotency_key="k"))
    bulk = await upsert_products(store, importer, rows)
    assert [outcome.ok for outcome in bulk.outcomes] == [True, False]
    (fault,) = bulk.outcomes[1].faults
    assert (fault.code, fault.field) == ("INVALID", ("products", "1", "idempotencyKey"))
    assert [row.sku for row in await store.rows(importer, Select("product"))] == ["A-1"]


async def test_all_faults_come_at_once_and_nothing_is_written(store: Store, importer: Principal) -> None:
    bad = ProductUpsert(
        " ", "x" * 201, "bell\x07", "XX", PartyCommand("", "ZZ", (("", "1"),)), Decimal("-1"), "XXX", {"a": "\ud800"}
    )
    before = await counts(store)
    outcome = await upsert_product(store, importer, bad)
    assert [(fault.code, ".".join(fault.field)) for fault in outcome.faults] == [
        ("REQUIRED", "sku"),
        ("TOO_LONG", "name"),
        ("INVALID", "description"),
        ("UNKNOWN_COUNTRY", "originCountry"),
        ("REQUIRED", "manufacturer.name"),
        ("UNKNOWN_COUNTRY", "manufacturer.country"),
        ("REQUIRED", "manufacturer.identifiers.0.type"),
        ("INVALID", "attributes"),
        ("INVALID", "unitPrice.amount"),
        ("UNKNOWN_CURRENCY", "unitPrice.currency"),
    ]
    assert outcome.id is None
    assert await counts(store) == before


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (ProductUpsert("A-1"), ("REQUIRED", "name")),
        (ProductUpsert("A-1", None), ("REQUIRED", "name")),
        (ProductUpsert("A-1", "Bolt", expected_version=1), ("STALE", "expectedVersion")),
        (ProductUpsert("A-1", "Bolt", unit_price_amount=Decimal(1)), ("REQUIRED", "unitPrice")),
        (ProductUpsert("A-1", "Bolt", attributes={"a": "x" * 20_000}), ("TOO_LONG", "attributes")),
        (ProductUpsert("A-1", "Bolt", attributes=[1]), ("INVALID", "attributes")),  # type: ignore[arg-type]
        (
            ProductUpsert("A-1", "Bolt", unit_price_amount=Decimal("0.00001"), unit_price_currency="USD"),
            ("INVALID", "unitPrice.amount"),
        ),
        (
            ProductUpsert("A-1", "Bolt", unit_price_amount=Decimal("NaN"), unit_price_currency="USD"),
            ("INVALID", "unitPrice.amount"),
        ),
        (
            ProductUpsert("A-1", "Bolt", unit_price_amount=Decimal("1E+13"), unit_price_currency="USD"),
            ("INVALID", "unitPrice.amount"),
        ),
        (ProductUpsert("A-1", "Bolt", idempotency_key=""), ("INVALID", "idempotencyKey")),
        (ProductUpsert("A-1", "Bolt", idempotency_key="k" * 201), ("INVALID", "idempotencyKey")),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_one_thing_wrong_is_one_fault(
    sqlite_store: Store, command: ProductUpsert, fault: tuple[str, str]
) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    outcome = await upsert_product(sqlite_store, importer, command)
    assert [(found.code, ".".join(found.field)) for found in outcome.faults] == [fault]


async def test_a_version_that_was_not_seen_is_stale(store: Store, importer: Principal) -> None:
    await upsert_product(store, importer, FULL)
    accepted(await upsert_product(store, importer, ProductUpsert("A-1", "Other", expected_version=1)))
    stale = await upsert_product(store, importer, ProductUpsert("A-1", "Third", expected_version=1))
    assert [fault.code for fault in stale.faults] == ["STALE"]
    assert (await product(store, importer)).name == "Other"


async def test_tenants_have_skus_and_parties_of_their_own(store: Store, importer: Principal, broker: Principal) -> None:
    ids = {accepted(await upsert_product(store, caller, FULL)) for caller in (importer, broker)}
    assert len(ids) == 2
    assert await store.count(importer, Select("product")) == 1
    assert await store.count(importer, Select("party")) == 1


async def test_a_key_makes_it_happen_once_for_a_day(store: Store, importer: Principal, clock: SetClock) -> None:
    keyed = ProductUpsert("A-1", "Bolt", idempotency_key="k-1")
    first = await upsert_product(store, importer, keyed)
    accepted(await upsert_product(store, importer, ProductUpsert("A-1", "Changed since")))
    clock.forward(hours=23)
    assert await upsert_product(store, importer, keyed) == first
    assert (await product(store, importer)).name == "Changed since"
    conflict = await upsert_product(store, importer, ProductUpsert("A-1", "Nut", idempotency_key="k-1"))
    assert [(fault.code, fault.field) for fault in conflict.faults] == [("IDEMPOTENCY_CONFLICT", ("idempotencyKey",))]
    other_mutation = await archive_product(store, importer, ArchiveCommand(str(first.id), idempotency_key="k-1"))
    assert [fault.code for fault in other_mutation.faults] == ["IDEMPOTENCY_CONFLICT"]
    clock.forward(hours=2)
    accepted(await upsert_product(store, importer, ProductUpsert("A-1", "Nut", idempotency_key="k-1")))
    assert (await product(store, importer)).name == "Nut"


async def test_a_refused_command_leaves_its_key_free(store: Store, importer: Principal) -> None:
    refused = await upsert_product(store, importer, ProductUpsert("A-1", idempotency_key="k-1"))
    assert not refused.ok
    accepted(await upsert_product(store, importer, ProductUpsert("A-1", "Bolt", idempotency_key="k-1")))


async def test_a_key_belongs_to_its_tenant(store: Store, importer: Principal, broker: Principal) -> None:
    for caller, name in ((importer, "Bolt"), (broker, "Nut")):
        accepted(await upsert_product(store, caller, ProductUpsert("A-1", name, idempotency_key="k-1")))


async def test_callers_that_race_with_one_key_get_one_answer(store: Store, importer: Principal) -> None:
    keyed = ProductUpsert("A-1", "Bolt", idempotency_key="k-1")
    outcomes = await asyncio.gather(*(upsert_product(store, importer, keyed) for _ in range(8)))
    assert len(set(outcomes)) == 1
    assert outcomes[0].ok
    assert await store.count(importer, Select("audit_record")) == 2  # the organisation's own and the product's


async def test_writers_that_race_for_one_sku_make_one_product(store: Store, importer: Principal) -> None:
    jobs = [upsert_product(store, importer, ProductUpsert("A-1", f"Name {number}")) for number in range(8)]
    ids = {accepted(outcome) for outcome in await asyncio.gather(*jobs)}
    assert len(ids) == 1
    assert (await product(store, importer)).version == 8


async def test_old_answers_are_forgotten(store: Store, importer: Principal, clock: SetClock) -> None:
    await upsert_product(store, importer, ProductUpsert("A-1", "Bolt", idempotency_key="k-1"))
    assert await forget_answers(store, clock()) == 0
    assert await forget_answers(store, clock() + timedelta(seconds=1)) == 1


async def test_good_rows_of_many_are_written_and_bad_ones_told(store: Store, importer: Principal) -> None:
    await upsert_product(store, importer, ProductUpsert("P-3", "Old"))
    rows = tuple(ProductUpsert(f"P-{number}", f"Thing {number}", manufacturer=MAKER) for number in range(1, 6))
    bad = (ProductUpsert("P-9"), ProductUpsert("", "Nameless"), ProductUpsert("P-2", "Thing 2 again"))
    bulk = await upsert_products(store, importer, rows + bad, "bulk-1")
    assert [outcome.ok for outcome in bulk.outcomes] == [True] * 5 + [False, False, True]
    faults = [(fault.code, fault.field) for outcome in bulk.outcomes for fault in outcome.faults]
    assert faults == [("REQUIRED", ("products", "5", "name")), ("REQUIRED", ("products", "6", "sku"))]
    stored = {row.sku: (row.name, row.version) for row in await store.rows(importer, Select("product"))}
    assert stored == {
        "P-1": ("Thing 1", 1), "P-2": ("Thing 2 again", 2), "P-3": ("Thing 3", 2), "P-4": ("Thing 4", 1),
        "P-5": ("Thing 5", 1),
    }  # fmt: skip
    assert await store.count(importer, Select("party")) == 1
    assert await upsert_products(store, importer, rows + bad, "bulk-1") == bulk
    assert {row.version for row in await store.rows(importer, Select("product"))} == {1, 2}


async def test_too_many_rows_are_refused_as_a_whole(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    rows = tuple(ProductUpsert(f"P-{number}", "Thing") for number in range(1001))
    bulk = await upsert_products(sqlite_store, importer, rows)
    assert (bulk.outcomes, [fault.code for fault in bulk.faults]) == ((), ["TOO_MANY"])
    assert await sqlite_store.count(SYSTEM, Select("product")) == 0


async def test_a_thousand_rows_are_one_call_of_seconds(sqlite_store: Store) -> None:
    importer = (await make_tenants(sqlite_store)).importer
    rows = tuple(ProductUpsert(f"P-{number}", "Thing", manufacturer=MAKER) for number in range(1000))
    async with asyncio.timeout(10):
        bulk = await upsert_products(sqlite_store, importer, rows)
    assert all(outcome.ok for outcome in bulk.outcomes)
    assert await sqlite_store.count(importer, Select("product")) == 1000


async def test_archiving_is_a_version_and_can_be_taken_back(store: Store, importer: Principal, clock: SetClock) -> None:
    identifier = accepted(await upsert_product(store, importer, FULL))
    accepted(await archive_product(store, importer, ArchiveCommand(identifier, expected_version=1)))
    row = await product(store, importer)
    assert (row.archived_at, row.version) == (clock(), 2)
    again = await archive_product(store, importer, ArchiveCommand(identifier))
    assert (again.unchanged, (await product(store, importer)).version) == (True, 2)
    stale = await archive_product(store, importer, ArchiveCommand(identifier, archived=False, expected_version=1))
    assert [fault.code for fault in stale.faults] == ["STALE"]
    accepted(await archive_product(store, importer, ArchiveCommand(identifier, archived=False)))
    assert (await product(store, importer)).archived_at is None


async def test_another_tenants_product_is_not_archived(store: Store, importer: Principal, broker: Principal) -> None:
    identifier = accepted(await upsert_product(store, importer, FULL))
    outcome = await archive_product(store, broker, ArchiveCommand(identifier))
    assert [fault.code for fault in outcome.faults] == ["NOT_FOUND"]
    assert (await product(store, importer)).archived_at is None
