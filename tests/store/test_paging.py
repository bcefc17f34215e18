"""Keyset pages: forwards and backwards, over ties and empty values, every row comes once and in one order."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from app.store import statement
from app.store.session import Store
from app.store.statement import Children, Order, Select, Where
from app.store.tables import TABLES, Product
from app.values import format_timestamp
from tests.factories import FACTORIES, MOMENT, make_family
from tests.scenes import SYSTEM

WORDS = st.none() | st.sampled_from(["", "a", "b", "ä", "B"])


def keyset(row: Any, order: tuple[Order, ...]) -> tuple[Any, ...]:
    """The stored values a cursor would carry."""
    values = (getattr(row, key.column) for key in order)
    return tuple(
        "" if value is None else format_timestamp(value) if hasattr(value, "tzinfo") else value for value in values
    )


def reverse(order: tuple[Order, ...]) -> tuple[Order, ...]:
    return tuple(Order(key.column, not key.descending) for key in order)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """`product` with only the columns that are read here, in memory: a property test needs thousands of queries."""
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{column.name}"' for column in TABLES["product"].c)
    connection.execute(f"CREATE TABLE product ({columns})")
    yield connection
    connection.close()


def run(connection: sqlite3.Connection, select: Select) -> list[tuple[str | None, str]]:
    compiled = statement.rows(select, SYSTEM).compile(
        dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
    )
    names = list(TABLES["product"].c.keys())
    found = connection.execute(str(compiled), [compiled.params[name] for name in compiled.positiontup or ()])
    return [(row[names.index("origin_country")], row[names.index("id")]) for row in found]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, max_size=12), st.booleans(), st.booleans(), st.integers(1, 5))
def test_pages_hold_every_row_once_in_order(
    table: sqlite3.Connection, values: list[str | None], descending: bool, backwards: bool, size: int
) -> None:
    table.execute("DELETE FROM product")
    rows = [(value, f"prd_{place:02d}") for place, value in enumerate(values)]
    table.executemany("INSERT INTO product (origin_country, id) VALUES (?, ?)", rows)
    order: tuple[Order, ...] = (Order("origin_country", descending), Order("id", descending))
    if backwards:
        order = reverse(order)
    expected = sorted(rows, key=lambda row: (row[0] or "", row[1]), reverse=order[0].descending)
    paged: list[tuple[str | None, str]] = []
    after: tuple[Any, ...] | None = None
    while True:
        page = run(table, Select("product", order=order, after=after, limit=size))
        paged += page
        if len(page) < size:
            break
        after = (page[-1][0] or "", page[-1][1])
    assert paged == expected


ORDERS = [
    (Order("origin_country"), Order("id")),
    (Order("origin_country", True), Order("id", True)),
    (Order("created_at"), Order("id")),
    (Order("archived_at", True), Order("id", True)),
    (Order("version", True), Order("sku")),
]


@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_both_databases_page_alike(store: Store, order: tuple[Order, ...]) -> None:
    family = await make_family(store)
    origins = [None, "VN", "", "VN", "CN", None, "cn"]
    async with store.unit(SYSTEM) as unit:
        for place, origin in enumerate(origins):
            row = FACTORIES["product"](family)
            assert isinstance(row, Product)
            row.id, row.sku, row.origin_country, row.version = f"prd_{place}", f"P-{place}", origin, place % 3
            row.archived_at = MOMENT if place % 2 else None
            unit.add(row)
    ours = (Where("sku", "ge", "P-"),)
    whole = await store.rows(SYSTEM, Select("product", ours, order))
    stored = [keyset(row, order) for row in whole]
    assert len(stored) == len(origins)
    for size in (1, 2, 3):
        for direction, expected in ((order, whole), (reverse(order), list(reversed(whole)))):
            found: list[Any] = []
            after = None
            while page := await store.rows(SYSTEM, Select("product", ours, direction, after, size)):
                found += page
                after = keyset(page[-1], direction)
            assert [row.id for row in found] == [row.id for row in expected]
    assert await store.count(SYSTEM, Select("product", ours, order, stored[2], 1)) == len(origins)


async def test_the_limit_of_children_holds_for_each_parent(store: Store) -> None:
    families = [await make_family(store) for _ in range(2)]
    async with store.unit(SYSTEM) as unit:
        for family in families:
            for place in range(4):
                row = FACTORIES["product"](family)
                assert isinstance(row, Product)
                row.id, row.sku = f"prd_{family.organisation[-6:]}{place}", f"P-{place}"
                unit.add(row)
    keys = tuple(family.organisation for family in families)
    select = Select("product", order=(Order("sku"), Order("id")), limit=3)
    grouped = await store.children(SYSTEM, Children(select, keys, "organisation_id"))
    assert set(grouped) == set(keys)
    assert [[row.sku for row in rows] for rows in grouped.values()] == [["A-1", "P-0", "P-1"]] * 2
    assert await store.children_count(SYSTEM, Children(select, keys, "organisation_id")) == dict.fromkeys(keys, 5)


@pytest.mark.parametrize(
    ("where", "skus"),
    [
        (Where("hts_number", "under", "8471"), ["P-0", "P-1"]),
        (Where("hts_number", "under", "8471.30.01.00"), ["P-0"]),
        (Where("search_text", "words", "STEEL bolt"), ["P-2"]),
        (Where("search_text", "words", "100%"), ["P-3"]),
        (Where("search_text", "words", "_"), []),
        (Where("hts_number", "filled", False), ["P-2", "P-3"]),
        (Where("hts_number", "filled", True), ["P-0", "P-1"]),
        (Where("sku", "in", ("P-0", "P-3", "x")), ["P-0", "P-3"]),
    ],
    ids=str,
)
async def test_conditions_mean_the_same_on_both(store: Store, where: Where, skus: list[str]) -> None:
    family = await make_family(store)
    kept = [("8471.30.01.00", "laptop"), ("8471.50", "server"), (None, "bolt of steel"), (None, "100% cotton")]
    async with store.unit(SYSTEM) as unit:
        for place, (number, words) in enumerate(kept):
            row = FACTORIES["product"](family)
            assert isinstance(row, Product)
            row.id, row.sku, row.hts_number, row.search_text = f"prd_{place}", f"P-{place}", number, words
            unit.add(row)
    select = Select("product", (Where("sku", "ge", "P-"), where), (Order("sku"), Order("id")))
    assert [row.sku for row in await store.rows(SYSTEM, select)] == skus
