"""The event log has an identity, by which cursors and copies of other databases' logs are told apart."""

from secrets import randbits

import sqlalchemy as sa
from alembic import op

from app.store.columns import Words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table and draws the identity."""
    table = op.create_table(
        "installation",
        sa.Column("name", Words(), nullable=False),
        sa.Column("value", Words(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.bulk_insert(table, [{"name": "event_log", "value": str(randbits(62))}])
