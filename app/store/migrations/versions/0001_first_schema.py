"""The first schema: organisations, parties, the five nouns, the tariff with its full-text index, the event log,
API clients, audit and idempotency records."""

import sqlalchemy as sa
from alembic import op

from app.store.columns import Day, Json, Scaled, Timestamp, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROWKEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates every table, then the full-text index of the dialect."""
    _organisation()
    _tariff_revision()
    _api_client()
    _audit_record()
    _duty_quote()
    _event_log()
    _idempotency_record()
    _party()
    _tariff_line()
    _organisation_party()
    _product()
    _shipment()
    _classification()
    _entry()
    _shipment_line()
    _shipment_party()
    _entry_line()
    _entry_party()
    _entry_status_change()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX tariff_search_index ON tariff_line USING gin (to_tsvector('english', full_description))"
        )
    else:
        op.execute(
            "CREATE VIRTUAL TABLE tariff_search USING fts5"
            "(description, full_description, content='', tokenize='porter unicode61 remove_diacritics 2')"
        )


def _organisation() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("kind", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )


def _tariff_revision() -> None:
    op.create_table(
        "tariff_revision",
        sa.Column("id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("effective_from", Day(), nullable=False),
        sa.Column("loaded_at", Timestamp(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("sha256", Words(), nullable=False),
        sa.Column("starter", sa.Boolean(), nullable=False),
        sa.Column("notice", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )


def _api_client() -> None:
    op.create_table(
        "api_client",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("revoked_at", Timestamp(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "name"),
    )


def _audit_record() -> None:
    op.create_table(
        "audit_record",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("subject", Words(), nullable=False),
        sa.Column("actor_organisation_id", Words(), nullable=True),
        sa.Column("action", Words(), nullable=False),
        sa.Column("object_id", Words(), nullable=False),
        sa.Column("at", Timestamp(), nullable=False),
        sa.Column("detail", Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_record_object_id", "audit_record", ["object_id"], unique=False)
    op.create_index("ix_audit_record_organisation_id", "audit_record", ["organisation_id"], unique=False)


def _duty_quote() -> None:
    op.create_table(
        "duty_quote",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("as_of", Day(), nullable=False),
        sa.Column("receipt", Words(), nullable=False),
        sa.Column("tariff_revision_id", Words(), nullable=False),
        sa.Column("request", Json(), nullable=False),
        sa.Column("assessment", Json(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["tariff_revision_id"],
            ["tariff_revision.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_duty_quote_created", "duty_quote", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index("ix_duty_quote_tariff_revision_id", "duty_quote", ["tariff_revision_id"], unique=False)


def _event_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("position", ROWKEY, autoincrement=True, nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("subject_id", Words(), nullable=False),
        sa.Column("occurred_at", Timestamp(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_event_log_organisation_id", "event_log", ["organisation_id"], unique=False)
    op.create_index("ix_event_log_subject_id", "event_log", ["subject_id"], unique=False)


def _idempotency_record() -> None:
    op.create_table(
        "idempotency_record",
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("idempotency_key", Words(), nullable=False),
        sa.Column("operation", Words(), nullable=False),
        sa.Column("input_sha256", Words(), nullable=False),
        sa.Column("outcome", Json(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("organisation_id", "idempotency_key"),
    )


def _party() -> None:
    op.create_table(
        "party",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("country", Words(), nullable=False),
        sa.Column("identifiers", Json(), nullable=False),
        sa.Column("fingerprint", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "fingerprint"),
        sqlite_with_rowid=False,
    )


def _tariff_line() -> None:
    op.create_table(
        "tariff_line",
        sa.Column("rowkey", ROWKEY, autoincrement=True, nullable=False),
        sa.Column("id", Words(), nullable=False),
        sa.Column("revision_id", Words(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", Words(), nullable=True),
        sa.Column("indent", sa.Integer(), nullable=False),
        sa.Column("description", Words(), nullable=False),
        sa.Column("full_description", Words(), nullable=False),
        sa.Column("parent_number", Words(), nullable=True),
        sa.Column("declarable", sa.Boolean(), nullable=False),
        sa.Column("units", Json(), nullable=False),
        sa.Column("general", Words(), nullable=False),
        sa.Column("special", Words(), nullable=False),
        sa.Column("other", Words(), nullable=False),
        sa.Column("rates_from", Words(), nullable=True),
        sa.Column("footnotes", Json(), nullable=False),
        sa.Column("quota_quantity", Words(), nullable=False),
        sa.Column("additional_duties", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["tariff_revision.id"],
        ),
        sa.PrimaryKeyConstraint("rowkey"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_tariff_line_number", "tariff_line", ["revision_id", "number"], unique=False)
    op.create_index("ix_tariff_line_parent", "tariff_line", ["revision_id", "parent_number"], unique=False)
    op.create_index("ix_tariff_line_position", "tariff_line", ["revision_id", "position"], unique=False)


def _organisation_party() -> None:
    op.create_table(
        "organisation_party",
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("party_id", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["party_id"],
            ["party.id"],
        ),
        sa.PrimaryKeyConstraint("organisation_id", "party_id"),
    )
    op.create_index("ix_organisation_party_party_id", "organisation_party", ["party_id"], unique=False)


def _product() -> None:
    op.create_table(
        "product",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("sku", Words(), nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("description", Words(), nullable=False),
        sa.Column("origin_country", Words(), nullable=True),
        sa.Column("manufacturer_id", Words(), nullable=True),
        sa.Column("unit_price_amount", Scaled(4), nullable=True),
        sa.Column("unit_price_currency", Words(), nullable=True),
        sa.Column("hts_number", Words(), nullable=True),
        sa.Column("classification_id", Words(), nullable=True),
        sa.Column("classification_status", Words(), nullable=True),
        sa.Column("attributes", Json(), nullable=False),
        sa.Column("search_text", Words(), nullable=False),
        sa.Column("archived_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["manufacturer_id"],
            ["party.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "sku"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_product_created", "product", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index("ix_product_manufacturer_id", "product", ["manufacturer_id"], unique=False)
    op.create_index("ix_product_updated", "product", ["organisation_id", "updated_at", "id"], unique=False)


def _shipment() -> None:
    op.create_table(
        "shipment",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("reference", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("mode", Words(), nullable=False),
        sa.Column("carrier", Words(), nullable=True),
        sa.Column("master_bill", Words(), nullable=True),
        sa.Column("house_bills", Json(), nullable=False),
        sa.Column("containers", Json(), nullable=False),
        sa.Column("port_of_lading", Words(), nullable=True),
        sa.Column("port_of_unlading", Words(), nullable=True),
        sa.Column("estimated_departure", Timestamp(), nullable=True),
        sa.Column("estimated_arrival", Timestamp(), nullable=True),
        sa.Column("arrived_at", Timestamp(), nullable=True),
        sa.Column("incoterm", Words(), nullable=True),
        sa.Column("importer_id", Words(), nullable=False),
        sa.Column("consignee_id", Words(), nullable=True),
        sa.Column("seller_id", Words(), nullable=True),
        sa.Column("total_value_amount", Scaled(4), nullable=True),
        sa.Column("total_value_currency", Words(), nullable=True),
        sa.Column("search_text", Words(), nullable=False),
        sa.Column("archived_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consignee_id"],
            ["party.id"],
        ),
        sa.ForeignKeyConstraint(
            ["importer_id"],
            ["party.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["party.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "reference"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shipment_consignee_id", "shipment", ["consignee_id"], unique=False)
    op.create_index("ix_shipment_created", "shipment", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index("ix_shipment_importer_id", "shipment", ["importer_id"], unique=False)
    op.create_index("ix_shipment_seller_id", "shipment", ["seller_id"], unique=False)
    op.create_index("ix_shipment_updated", "shipment", ["organisation_id", "updated_at", "id"], unique=False)


def _classification() -> None:
    op.create_table(
        "classification",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("product_id", Words(), nullable=False),
        sa.Column("hts_number", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("method", Words(), nullable=False),
        sa.Column("rationale", Words(), nullable=False),
        sa.Column("alternatives", Json(), nullable=False),
        sa.Column("decided_by", Words(), nullable=True),
        sa.Column("decided_at", Timestamp(), nullable=True),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_classification_created", "classification", ["organisation_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_classification_product_id", "classification", ["product_id"], unique=False)


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("entry_number", Words(), nullable=False),
        sa.Column("type", Words(), nullable=False),
        sa.Column("port", Words(), nullable=False),
        sa.Column("importer_id", Words(), nullable=False),
        sa.Column("shipment_id", Words(), nullable=True),
        sa.Column("environment", Words(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("release_status", Words(), nullable=False),
        sa.Column("summary_status", Words(), nullable=False),
        sa.Column("filed_at", Timestamp(), nullable=True),
        sa.Column("released_at", Timestamp(), nullable=True),
        sa.Column("summary_due_on", Day(), nullable=True),
        sa.Column("liquidates_on", Day(), nullable=True),
        sa.Column("search_text", Words(), nullable=False),
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["importer_id"],
            ["party.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "entry_number"),
    )
    op.create_index("ix_entry_created", "entry", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index("ix_entry_importer_id", "entry", ["importer_id"], unique=False)
    op.create_index("ix_entry_shipment_id", "entry", ["shipment_id"], unique=False)
    op.create_index("ix_entry_number", "entry", ["entry_number"], unique=False)
    op.create_index("ix_entry_status", "entry", ["organisation_id", "status"], unique=False)
    op.create_index("ix_entry_updated", "entry", ["organisation_id", "updated_at", "id"], unique=False)


def _shipment_line() -> None:
    op.create_table(
        "shipment_line",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("shipment_id", Words(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("product_id", Words(), nullable=False),
        sa.Column("quantity", Scaled(6), nullable=False),
        sa.Column("unit", Words(), nullable=False),
        sa.Column("origin_country", Words(), nullable=False),
        sa.Column("customs_value_amount", Scaled(4), nullable=True),
        sa.Column("customs_value_currency", Words(), nullable=True),
        sa.Column("purchase_order", Words(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("shipment_id", "number"),
    )
    op.create_index("ix_shipment_line_product_id", "shipment_line", ["product_id"], unique=False)


def _shipment_party() -> None:
    op.create_table(
        "shipment_party",
        sa.Column("shipment_id", Words(), nullable=False),
        sa.Column("party_id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["party_id"],
            ["party.id"],
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"],
            ["shipment.id"],
        ),
        sa.PrimaryKeyConstraint("shipment_id", "party_id"),
    )
    op.create_index("ix_shipment_party_party_id", "shipment_party", ["party_id"], unique=False)


def _entry_line() -> None:
    op.create_table(
        "entry_line",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("entry_id", Words(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("product_id", Words(), nullable=True),
        sa.Column("hts_number", Words(), nullable=False),
        sa.Column("origin_country", Words(), nullable=False),
        sa.Column("customs_value_amount", Scaled(4), nullable=True),
        sa.Column("customs_value_currency", Words(), nullable=True),
        sa.Column("quantities", Json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["product.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_id", "number"),
    )
    op.create_index("ix_entry_line_product_id", "entry_line", ["product_id"], unique=False)


def _entry_party() -> None:
    op.create_table(
        "entry_party",
        sa.Column("entry_id", Words(), nullable=False),
        sa.Column("party_id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.ForeignKeyConstraint(
            ["party_id"],
            ["party.id"],
        ),
        sa.PrimaryKeyConstraint("entry_id", "party_id"),
    )
    op.create_index("ix_entry_party_party_id", "entry_party", ["party_id"], unique=False)


def _entry_status_change() -> None:
    op.create_table(
        "entry_status_change",
        sa.Column("id", Words(), nullable=False),
        sa.Column("organisation_id", Words(), nullable=False),
        sa.Column("entry_id", Words(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", Words(), nullable=False),
        sa.Column("previous_status", Words(), nullable=True),
        sa.Column("occurred_at", Timestamp(), nullable=False),
        sa.Column("recorded_at", Timestamp(), nullable=False),
        sa.Column("code", Words(), nullable=True),
        sa.Column("narrative", Words(), nullable=True),
        sa.Column("source", Words(), nullable=False),
        sa.Column("fingerprint", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_id", "fingerprint"),
        sa.UniqueConstraint("entry_id", "sequence"),
    )
