"""Loaded measure files: what adds to or overrides the pack that ships with the program."""

import sqlalchemy as sa
from alembic import op

from app.store.columns import Timestamp, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "measure_load",
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("version", Words(), nullable=False),
        sa.Column("recorded_at", Timestamp(), nullable=False),
        sa.Column("loaded_at", Timestamp(), nullable=False),
        sa.Column("sha256", Words(), nullable=False),
        sa.Column("measures", sa.Integer(), nullable=False),
        sa.Column("content", Words(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_measure_load_name", "measure_load", ["name"])
