"""Tables of the books a gateway reads by: revisions and lines of the tariff, loaded files of measures, the documents
of loaded manifests and the clients that are held to them."""

from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.store.columns import Words, day, json, key, maybe_moment, maybe_ref, maybe_words, moment, ref, words


class TariffRevision(SQLModel, table=True):
    """One loaded revision of the tariff."""

    __tablename__: ClassVar[str] = "tariff_revision"
    id: str = key()
    name: str = Field(sa_type=Words, unique=True)
    effective_from: date = day()
    loaded_at: datetime = moment()
    line_count: int
    sha256: str = words()
    starter: bool
    notice: str | None = maybe_words()


class TariffLine(SQLModel, table=True):
    """One row of a revision, superior rows (without a number) included; rates are filled in from the row that
    bears them. `rowkey` is the row id that the full-text index refers to."""

    __tablename__: ClassVar[str] = "tariff_line"
    __table_args__ = (
        sa.UniqueConstraint("id"),
        sa.Index("ix_tariff_line_number", "revision_id", "number"),
        sa.Index("ix_tariff_line_position", "revision_id", "position"),
        sa.Index("ix_tariff_line_parent", "revision_id", "parent_number"),
    )
    rowkey: int | None = Field(
        default=None,
        sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )
    id: str = words()
    revision_id: str = ref("tariff_revision", index=False)
    position: int
    number: str | None = maybe_words()
    indent: int
    description: str = words()
    full_description: str = words()
    parent_number: str | None = maybe_words()
    declarable: bool
    units: list[str] = json()
    general: str = words()
    special: str = words()
    other: str = words()
    rates_from: str | None = maybe_words()
    footnotes: list[str] = json()
    quota_quantity: str = words()
    additional_duties: str = words()


class MeasureLoad(SQLModel, table=True):
    """One loading of a measure file. Rows are only ever added: the latest of each name is in force, and how many there
    are tells a reader whether anything was loaded since it looked."""

    __tablename__: ClassVar[str] = "measure_load"
    id: str = key()
    name: str = words(index=True)
    version: str = words()
    recorded_at: datetime = moment()
    loaded_at: datetime = moment()
    sha256: str = words()
    measures: int
    content: str = words()


class TrustedDocument(SQLModel, table=True):
    """One document of a manifest, for one organisation or, without one, for all. `document_id` is what clients send."""

    __tablename__: ClassVar[str] = "trusted_document"
    id: str = key()
    organisation_id: str | None = maybe_ref("organisation", index=False)
    manifest: str = words(index=True)
    document_id: str = words(index=True)
    sha256: str = words(index=True)
    name: str | None = maybe_words()
    body: str = words()
    pushed_at: datetime = moment()
    withdrawn_at: datetime | None = maybe_moment()


class ClientMode(SQLModel, table=True):
    """Which documents a client may run, where that is not what the gateway's setting says. An empty subject stands
    for every one of the organisation."""

    __tablename__: ClassVar[str] = "client_mode"
    organisation_id: str = ref("organisation", index=False, primary_key=True)
    subject: str = words(primary_key=True)
    mode: str = words()
