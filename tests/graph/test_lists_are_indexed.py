"""What picks few rows, or says their order, is read off an index: nothing scans an organisation for a page of it."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from app.engine.executor import Engine
from app.engine.lane import Ready
from app.engine.operation import Operation
from app.store.pool import PostgresReader, SqliteReader
from app.store.session import Store
from tests.graph.random_rows import Rows

LISTS = {
    "entries(first: 5, filter: {importer: $id}) { nodes { status } }": "ix_entry_importer",
    "entries(first: 5, filter: {statuses: [HELD]}) { nodes { id type } totalCount }": "ix_entry_status",
    "entries(first: 5, orderBy: {field: FILED_AT, direction: DESC}) { nodes { id } }": "ix_entry_filed",
    'entries(last: 5, filter: {filedFrom: "2026-02-01T00:00:00Z", filedUntil: "2026-03-01T00:00:00Z"}, '
    "orderBy: {field: FILED_AT}) { nodes { id } }": "ix_entry_filed",
    "entries(first: 5, filter: {statuses: [HELD]}, orderBy: {field: FILED_AT}) { nodes { id } }": (
        "ix_entry_status_filed"
    ),
    "entries(first: 5, filter: {importer: $id, statuses: [HELD]}) { nodes { id } totalCount }": "ix_entry_importer",
    "products(first: 5) { nodes { name } totalCount }": "ix_product_live",
    "products(first: 5, orderBy: {field: NAME}) { nodes { id } }": "ix_product_name",
    "products(first: 5, filter: {classificationStatuses: [SUGGESTED]}) { nodes { id } }": "ix_product_classification",
    "shipments(first: 5, orderBy: {field: ESTIMATED_ARRIVAL}) { nodes { id } }": "ix_shipment_arrival",
    "shipments(first: 5, filter: {importer: $id}) { nodes { id mode } }": "ix_shipment_importer",
    "shipments(first: 5, filter: {statuses: [BOOKED]}) { nodes { id mode } }": "ix_shipment_status",
    "shipments(first: 5, filter: {statuses: [BOOKED]}, orderBy: {field: ESTIMATED_ARRIVAL}) { nodes { id } }": (
        "ix_shipment_status_arrival"
    ),
    "shipments(first: 5) { totalCount }": "ix_shipment_live",
    "classifications(first: 5, filter: {statuses: [SUGGESTED]}) { nodes { id method } }": "ix_classification_status",
}
OTHERWISE = ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort")


def jobs(engine: Engine, rows: Rows, asked: str, variables: dict[str, Any]) -> list[Any]:
    document = f"query ($id: ID) {{ {asked} }}" if variables else f"{{ {asked} }}"
    ready = engine.lane.prepare(Operation(document, variables, None, rows.callers[0], "request"), rows.callers[0])
    assert isinstance(ready, Ready), ready
    return ready.jobs(wide=False)


async def plan_of(store: Store, sql: str, arguments: Any) -> str:
    """The database's plan; on PostgreSQL as if its tables were large."""
    if isinstance(store.lane, SqliteReader):
        store.lane.now([("SELECT 1", ())])
        assert store.lane._here is not None
        return "\n".join(row[3] for row in store.lane._here._made.execute(f"EXPLAIN QUERY PLAN {sql}", arguments))
    assert isinstance(store.lane, PostgresReader)
    connection = await asyncpg.connect(
        make_url(store.url).set(drivername="postgresql").render_as_string(hide_password=False),
        server_settings=dict.fromkeys(OTHERWISE, "off"),
    )
    try:
        return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sql}", *arguments))
    finally:
        await connection.close()


@pytest.mark.parametrize("asked", LISTS)
async def test_a_list_is_read_off_its_index(store: Store, engine: Engine, rows: Rows, asked: str) -> None:
    variables = {"id": rows.ids["Product"][0]} if "$id" in asked else {}
    ((sql, arguments),) = jobs(engine, rows, asked, variables)

    plan = await plan_of(store, sql, arguments)

    if store.dialect == "sqlite":
        assert f"{LISTS[asked]} (organisation_id=?{' AND ' if 'filter:' in asked else ')'}" in plan
        assert "TEMP B-TREE" not in plan
    else:  # which of several that fit is a matter of its statistics
        assert "Index" in plan
        assert "Sort" not in plan


FEW = {
    'products(first: 5, filter: {skus: ["one", "two"]}) { nodes { id } }': "sku=?",
    'products(first: 5, filter: {skus: "one"}, orderBy: {field: NAME}) { nodes { id } }': "sku=?",
    "entries(first: 5, filter: {shipment: $id}) { nodes { status } totalCount }": "shipment_id=?",
    "entries(first: 5, filter: {shipment: $id, statuses: [HELD]}, orderBy: {field: FILED_AT}) { nodes { status } }": (
        "shipment_id=?"
    ),
    "classifications(first: 5, filter: {product: $id}) { nodes { id method } }": "product_id=?",
}


@pytest.mark.parametrize("asked", FEW)
async def test_a_few_rows_are_looked_up_whatever_their_order(
    store: Store, engine: Engine, rows: Rows, asked: str
) -> None:
    if store.dialect != "sqlite":  # PostgreSQL's statistics tell it, once there are enough rows
        return
    variables = {"id": rows.ids["Product"][0]} if "$id" in asked else {}
    ((sql, arguments),) = jobs(engine, rows, asked, variables)

    assert f"organisation_id=? AND {FEW[asked]}" in await plan_of(store, sql, arguments)
