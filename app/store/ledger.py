"""Tables of what the gateway keeps about itself: the event log, audit, API clients, answers of keyed mutations."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from app.store.columns import Words, json, key, maybe_moment, maybe_words, moment, owner, ref, words


class EventLog(SQLModel, table=True):
    """The append-only event log: positions are dense, and a later commit never takes an earlier one. `recorded_at` is
    when the event was appended, which retention goes by; `occurred_at` is when the thing happened."""

    __tablename__: ClassVar[str] = "event_log"
    position: int | None = Field(
        default=None,
        sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )
    id: str = Field(sa_type=Words, unique=True)
    organisation_id: str = owner(index=True)
    type: str = words()
    subject_id: str = words(index=True)
    occurred_at: datetime = moment()
    data: dict[str, Any] = json()
    recorded_at: datetime | None = maybe_moment()

    __table_args__ = ({"sqlite_autoincrement": True},)


class Installation(SQLModel, table=True):
    """What is said of the database as a whole. `event_log` is the identity of its log, drawn when it was made: cursors
    and the copy of the log in a stream bear it, so that those of another database are told apart."""

    __tablename__: ClassVar[str] = "installation"
    name: str = words(primary_key=True)
    value: str = words()


class EventPending(SQLModel, table=True):
    """Events of PostgreSQL that are committed and have no position yet (see `app.store.log`). Nobody reads them here:
    the relay moves them into the log. Always empty on SQLite, whose one writer appends to the log itself."""

    __tablename__: ClassVar[str] = "event_pending"
    sequence: int | None = Field(
        default=None,
        sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    )
    id: str = words()
    organisation_id: str = owner()
    type: str = words()
    subject_id: str = words()
    occurred_at: datetime = moment()
    data: dict[str, Any] = json()
    recorded_at: datetime = moment()


class ApiClient(SQLModel, table=True):
    """A program that calls for an organisation."""

    __tablename__: ClassVar[str] = "api_client"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)
    id: str = key()
    organisation_id: str = owner()
    name: str = words()
    subject: str = words()
    scopes: list[str] = json()
    created_at: datetime = moment()
    revoked_at: datetime | None = maybe_moment()


class AuditRecord(SQLModel, table=True):
    """Who did what to which object; no trade data."""

    __tablename__: ClassVar[str] = "audit_record"
    id: str = key()
    organisation_id: str = owner(index=True)
    subject: str = words()
    actor_organisation_id: str | None = maybe_words()
    action: str = words()
    object_id: str = words(index=True)
    at: datetime = moment()
    detail: dict[str, Any] = json()


class IdempotencyRecord(SQLModel, table=True):
    """What a keyed mutation answered, kept for a day."""

    __tablename__: ClassVar[str] = "idempotency_record"
    organisation_id: str = ref("organisation", index=False, primary_key=True)
    idempotency_key: str = words(primary_key=True)
    operation: str = words()
    input_sha256: str = words()
    outcome: dict[str, Any] = json()
    created_at: datetime = moment()
