"""Events of PostgreSQL wait in a table of their own until the relay gives them a position; the log says when an event
was appended, which its retention goes by."""

import sqlalchemy as sa
from alembic import op

from app.store.columns import Json, Timestamp, Words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the column and the table."""
    op.add_column("event_log", sa.Column("recorded_at", Timestamp(), nullable=True))
    op.create_table(
        "event_pending",
        sa.Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("subject_id", Words(), nullable=False),
        sa.Column("occurred_at", Timestamp(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.Column("recorded_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("sequence"),
    )
