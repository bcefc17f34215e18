"""Filters that pick few rows and orders of lists are read from an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NEWEST = (
    ("ix_classification_product", "classification", "product_id"),
    ("ix_classification_status", "classification", "status"),
    ("ix_entry_importer", "entry", "importer_id"),
    ("ix_entry_shipment", "entry", "shipment_id"),
    ("ix_entry_status", "entry", "status"),
    ("ix_product_classification", "product", "classification_status"),
    ("ix_shipment_importer", "shipment", "importer_id"),
    ("ix_shipment_status", "shipment", "status"),
)
_FILED, _ARRIVAL = sa.text("coalesce(filed_at, '')"), sa.text("coalesce(estimated_arrival, '')")
_ORDERED = (
    ("ix_entry_filed", "entry", [_FILED]),
    ("ix_entry_status_filed", "entry", ["status", _FILED]),
    ("ix_product_name", "product", ["name"]),
    ("ix_shipment_arrival", "shipment", [_ARRIVAL]),
    ("ix_shipment_status_arrival", "shipment", ["status", _ARRIVAL]),
)
_LIVE = (("ix_product_live", "product"), ("ix_shipment_live", "shipment"))


def upgrade() -> None:
    """Adds the indexes; one of them replaces another."""
    op.drop_index("ix_entry_status", table_name="entry")
    for name, table, column in _NEWEST:
        op.create_index(name, table, ["organisation_id", column, "created_at", "id"], unique=False)
    for name, table, keys in _ORDERED:
        op.create_index(name, table, ["organisation_id", *keys, "id"], unique=False)
    only = sa.text("archived_at IS NULL")
    for name, table in _LIVE:
        columns = ["organisation_id", "created_at", "id", "archived_at"]
        op.create_index(name, table, columns, unique=False, sqlite_where=only, postgresql_where=only)
