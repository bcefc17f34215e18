"""Rows of values alone: what PostgreSQL gives as it is stored reads, byte for byte, as the JSON that it would make."""

from dataclasses import replace

import pytest

from app.principal import Principal
from app.store.json_dialects import writer_for
from app.store.json_shapes import Statement
from app.store.json_statement import page_statement, row_statement
from app.store.json_tree import Fixed, Member, Nodes, Page, Path, Scalar, Slot, kind_of
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.store.tables import TABLES, Product

NASTY = ['a "quoted" \\ word', "tab\tline\nend", "é漢字 \U0001f6a2", "\x01\x1f\x7f", "</script>", ""]


def members(table: str, *forms: str) -> tuple[Member, ...]:
    kinds = {column.name: kind_of(table, column.name) for column in TABLES[table].c}
    chosen = [(name, kind) for name, kind in kinds.items() if kind is not None and kind.form in forms]
    return tuple(Member(f"the {name}", Scalar(Path(name), kind.form)) for name, kind in chosen)


async def bodies(store: Store, who: Principal, statement: Statement) -> list[bytes]:
    assert store.lane is not None
    given = (who.organisation_id, 50, *statement.constants)
    rows = (await store.lane.run([(statement.sql, [given[place] for place in statement.places])]))[0]
    return [row[0] for row in statement.bodied(rows)]


async def test_values_as_they_are_stored_read_as_json(store: Store, importer: Principal) -> None:
    async with store.unit(importer) as unit:
        for number, text in enumerate(NASTY):
            at = unit.now
            unit.add(
                Product(
                    id=f"prd_{number}", organisation_id=importer.organisation_id, sku=f"{number}{text}", name=text,
                    description=text, origin_country=None if number % 2 else "CA", attributes={}, search_text=text,
                    created_at=at, updated_at=at, version=number,
                )
            )  # fmt: skip
    dialect = "postgresql" if store.dialect == "postgresql" else "sqlite"
    wanted = (Member("__typename", Fixed("Product")), *members("product", "text", "safe", "integer"))
    select = Select("product", order=(Order("id"),), limit=Slot(0, "integer"))
    page = Page(select, "", None, False, False, (wanted,), (("nodes", Nodes(0)),))
    flat = page_statement(page, writer_for(dialect, 1, narrow=True))
    made = page_statement(replace(page, bodies=(wanted, wanted)), writer_for(dialect, 1, narrow=True))

    assert bool(flat.plain) == (dialect == "postgresql")
    assert not made.plain
    found = await bodies(store, importer, flat)
    assert len(found) == len(NASTY)
    assert found == await bodies(store, importer, made)


@pytest.mark.parametrize(("table", "column"), [("product", "unit_price_amount"), ("product", "attributes")])
def test_what_is_not_printed_as_it_is_stored_is_made_by_the_database(table: str, column: str) -> None:
    kind = kind_of(table, column)
    assert kind is not None
    whole = (*members(table, "text"), Member("x", Scalar(Path(column), kind.form, places=2)))
    statement = row_statement(
        Select(table, (Where("id", "eq", Slot(0)),)), whole, writer_for("postgresql", 1, narrow=True)
    )
    assert not statement.plain


def test_a_value_that_must_be_there_is_asked_of_the_database() -> None:
    whole = (Member("x", Scalar(Path("origin_country"), "text", required=True)),)
    statement = row_statement(
        Select("product", (Where("id", "eq", Slot(0)),)), whole, writer_for("postgresql", 1, narrow=True)
    )
    assert not statement.plain
