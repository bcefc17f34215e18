"""Columns mean the same on both databases: exact decimals to the last digit, moments and days as printed, JSON."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from app.store.session import Store
from app.store.statement import Order, Select
from app.store.tables import TABLES, Product, ShipmentLine
from tests.factories import FACTORIES, Family, make_family
from tests.scenes import SYSTEM

PRODUCT = TABLES["product"]
LARGEST = Decimal("922337203685477.5807")


async def keep(store: Store, family: Family, *amounts: Decimal | None) -> None:
    """A product of the family for each amount, SKU P0, P1, …"""
    async with store.unit(SYSTEM) as unit:
        for place, amount in enumerate(amounts):
            row = FACTORIES["product"](family)
            assert isinstance(row, Product)
            row.id, row.sku, row.unit_price_amount = f"prd_{place}", f"P{place}", amount
            unit.add(row)


async def amounts(store: Store, order: str = "sku") -> list[Decimal | None]:
    rows = await store.rows(SYSTEM, Select("product", order=(Order(order), Order("id"))))
    return [row.unit_price_amount for row in rows if row.sku.startswith("P")]


@pytest.mark.parametrize(
    "text", ["0", "0.0001", "-0.0001", "1234.5", "1000000000000.0001", "999999999999.9999", str(LARGEST), f"-{LARGEST}"]
)
async def test_money_comes_back_as_it_went_in(store: Store, text: str) -> None:
    await keep(store, await make_family(store), Decimal(text))
    (found,) = await amounts(store)
    assert found == Decimal(text)
    assert isinstance(found, Decimal)
    assert -found.as_tuple().exponent == 4  # type: ignore[operator]


async def test_money_of_a_trillion_sorts_and_adds_up_exactly(store: Store) -> None:
    trillion = Decimal(10) ** 12
    values = [trillion + Decimal("0.0002"), trillion, trillion + Decimal("0.0001"), Decimal("-5.5"), Decimal("0.1")]
    await keep(store, await make_family(store), *values)
    assert await amounts(store, "unit_price_amount") == sorted(values)
    total = (await store.fetch(sa.select(sa.func.sum(PRODUCT.c.unit_price_amount))))[0][0]
    assert total == Decimal("2999999999994.6003")
    condition = PRODUCT.c.unit_price_amount > trillion
    assert (await store.fetch(sa.select(sa.func.count()).select_from(PRODUCT).where(condition)))[0][0] == 2


@pytest.mark.parametrize("text", ["0.00001", "1.23456", "922337203685477.5808", "1E+15", "NaN", "Infinity"])
async def test_what_does_not_fit_is_refused_and_nothing_is_written(store: Store, text: str) -> None:
    family = await make_family(store)
    with pytest.raises(StatementError, match=r"decimals|too large|finite"):
        await keep(store, family, Decimal("1.00"), Decimal(text))
    assert await amounts(store) == []


async def test_a_float_is_no_amount(sqlite_store: Store) -> None:
    with pytest.raises(StatementError, match="finite Decimal"):
        await keep(sqlite_store, await make_family(sqlite_store), 1.5)  # type: ignore[arg-type]


async def test_quantities_have_six_decimals(store: Store) -> None:
    family = await make_family(store)
    async with store.unit(SYSTEM) as unit:
        line = await unit.find(ShipmentLine, shipment_id=family.shipment)
        assert line is not None
        line.quantity = Decimal("123456.789012")
    (row,) = await store.rows(SYSTEM, Select("shipment_line"))
    assert row.quantity == Decimal("123456.789012")


@pytest.mark.parametrize(
    ("moment", "stored"),
    [
        (datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC), datetime(2026, 11, 20, 12, 0, 0, 123000, tzinfo=UTC)),
        (
            datetime(2026, 11, 20, 1, tzinfo=timezone(timedelta(hours=7))),
            datetime(2026, 11, 19, 18, tzinfo=UTC),
        ),
    ],
)
async def test_a_moment_is_kept_in_utc_with_milliseconds(store: Store, moment: datetime, stored: datetime) -> None:
    family = await make_family(store)
    async with store.unit(SYSTEM) as unit:
        row = await unit.find(Product, id=family.product)
        assert row is not None
        row.archived_at = moment
    (read,) = await store.rows(SYSTEM, Select("product"))
    assert read.archived_at == stored
    assert read.archived_at.tzinfo == UTC


async def test_a_moment_without_offset_is_refused(sqlite_store: Store) -> None:
    family = await make_family(sqlite_store)

    async def write() -> None:
        async with sqlite_store.unit(SYSTEM) as unit:
            row = await unit.find(Product, id=family.product)
            assert row is not None
            row.archived_at = datetime(2026, 11, 20)  # noqa: DTZ001

    with pytest.raises(StatementError, match="offset"):
        await write()


async def test_the_stored_text_is_what_is_printed(store: Store) -> None:
    await make_family(store)
    table = sa.table("duty_quote", sa.column("as_of", sa.Text), sa.column("created_at", sa.Text))
    assert tuple((await store.fetch(sa.select(table)))[0]) == ("2026-11-20", "2026-11-20T12:00:00.000Z")
    (row,) = await store.rows(SYSTEM, Select("duty_quote"))
    assert row.as_of == date(2026, 11, 20)


@pytest.mark.parametrize("value", [{}, {"b": 1, "a": [None, True, "ü\u0000"]}, {"deep": {"er": {"est": [1, 2.5]}}}])
async def test_json_is_canonical_text_and_comes_back(store: Store, value: dict[str, Any]) -> None:
    family = await make_family(store)
    async with store.unit(SYSTEM) as unit:
        row = await unit.find(Product, id=family.product)
        assert row is not None
        row.attributes = value
    (read,) = await store.rows(SYSTEM, Select("product"))
    assert read.attributes == value


async def test_text_sorts_by_byte_order(store: Store) -> None:
    family = await make_family(store)
    async with store.unit(SYSTEM) as unit:
        for place, sku in enumerate(["b", "B", "a", "Z", "_", "é", "z"]):
            row = FACTORIES["product"](family)
            assert isinstance(row, Product)
            row.id, row.sku = f"prd_{place}", sku
            unit.add(row)
    rows = await store.rows(SYSTEM, Select("product", order=(Order("sku"), Order("id"))))
    assert [row.sku for row in rows] == ["A-1", "B", "Z", "_", "a", "b", "z", "é"]
