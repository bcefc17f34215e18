"""Documents of loaded manifests, and the modes clients are held to."""

import sqlalchemy as sa
from alembic import op

from app.store.columns import Timestamp, Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates both tables."""
    op.create_table(
        "trusted_document",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=True),
        sa.Column("manifest", Words(), nullable=False),
        sa.Column("document_id", Words(), nullable=False),
        sa.Column("sha256", Words(), nullable=False),
        sa.Column("name", Words(), nullable=True),
        sa.Column("body", Words(), nullable=False),
        sa.Column("pushed_at", Timestamp(), nullable=False),
        sa.Column("withdrawn_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("manifest", "document_id", "sha256"):
        op.create_index(f"ix_trusted_document_{column}", "trusted_document", [column])
    op.create_table(
        "client_mode",
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("mode", Words(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("organisation_id", "subject"),
    )
