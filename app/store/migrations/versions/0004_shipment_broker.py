"""A shipment names its customs broker."""

import sqlalchemy as sa
from alembic import op

from app.store.columns import Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column and its index."""
    column: sa.Column[str] = sa.Column("broker_id", Words(), sa.ForeignKey("party.id"), nullable=True)
    op.add_column("shipment", column, inline_references=True)
    op.create_index("ix_shipment_broker_id", "shipment", ["broker_id"], unique=False)
