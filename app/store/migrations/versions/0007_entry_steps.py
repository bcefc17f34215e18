"""What the next step of an entry has to know of its history is read from an index alone."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    name = "ix_entry_status_change_reached"
    op.create_index(name, "entry_status_change", ["entry_id", "status", "occurred_at"], unique=False)
