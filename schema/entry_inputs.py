"""Entries as they are asked for and changed: filter, order, look-up, inputs."""

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from app.engine.bindings import matching
from schema.enums import EntryStatus, OrderDirection

_COMMERCIAL = ("commercial:read",)


@strawberry.input(description="Keeps the entries that fit every given field.")
class EntryFilter:
    """Each field is a condition."""

    search: str | None = matching("Words of the entry number or the importer's name.", "search_text", "words")
    statuses: list[EntryStatus] | None = matching("Any of these statuses.", "status", "in")
    importer: strawberry.ID | None = matching("Of this importer.", "importer_id")
    shipment: strawberry.ID | None = matching("Of this shipment.", "shipment_id")
    types: list[str] | None = matching("Any of these entry types.", "type", "in")
    filed_from: datetime | None = matching("Sent at or after this moment.", "filed_at", "ge")
    filed_until: datetime | None = matching("Sent before this moment.", "filed_at", "lt")
    updated_since: datetime | None = matching("Changed at or after this moment.", "updated_at", "ge")


@strawberry.enum(description="What entries are sorted by.")
class EntryOrderField(Enum):
    """The column."""

    ENTRY_NUMBER = strawberry.enum_value("entry_number", description="By entry number.")
    STATUS = strawberry.enum_value("status", description="By status name.")
    FILED_AT = strawberry.enum_value("filed_at", description="By filing.")
    CREATED_AT = strawberry.enum_value("created_at", description="By drafting.")
    UPDATED_AT = strawberry.enum_value("updated_at", description="By last change.")


@strawberry.input(description="How entries are sorted.")
class EntryOrder:
    """A field and a direction."""

    field: EntryOrderField = strawberry.field(description="What they are sorted by.")
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.ASC)


@strawberry.input(one_of=True, description="How one entry is named: exactly one of these.")
class EntryBy:
    """By id or by number."""

    id: strawberry.ID | None = strawberry.field(description="The global id.", default=UNSET)
    entry_number: str | None = strawberry.field(description="The entry number.", default=UNSET)


CONSUMPTION = "01"
_KEY = "Makes a repetition harmless for 24 h."


@strawberry.input(description="An entry to draft from a shipment.")
class EntryDraftInput:
    """Lines are taken from the shipment's."""

    shipment: strawberry.ID = strawberry.field(description="The shipment.")
    type: str | None = strawberry.field(
        description="The entry type; 01 is a consumption entry, and what null means, too.", default=CONSUMPTION
    )
    port: str | None = strawberry.field(
        description="The port of entry, Schedule D; the shipment's port of unlading where it is absent.", default=None
    )
    entry_number: str | None = strawberry.field(
        description="The number under which your filer (you, or your broker with its ABI vendor) files it, so that the "
        "vendor's answers find it; a number of the simulated port where it is absent.",
        default=None,
    )
    another: bool = strawberry.field(
        description="Allows an entry beside one that is neither cancelled nor rejected, as for a split shipment.",
        default=False,
    )
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)


@strawberry.input(description="What changes about an entry that has not been filed.")
class EntryUpdateInput:
    """A field that is left out keeps its value."""

    id: strawberry.ID = strawberry.field(description="The entry.")
    port: str | None = strawberry.field(description="The port of entry, Schedule D.", default=UNSET)
    type: str | None = strawberry.field(description="The entry type.", default=UNSET)
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="An entry to file.")
class EntryFileInput:
    """With the simulated port: nothing reaches CBP."""

    id: strawberry.ID = strawberry.field(description="The entry.")
    dry_run: bool = strawberry.field(description="Only say what would block it.", default=False)
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="An entry to withdraw.")
class EntryCancelInput:
    """By id."""

    id: strawberry.ID = strawberry.field(description="The entry.")
    reason: str | None = strawberry.field(description="Why, for the history.", default=None)
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="A status learnt outside: from one's own ABI vendor, by mail, on the telephone.")
class EntryStatusRecordInput:
    """The same message twice changes nothing."""

    entry: EntryBy = strawberry.field(description="The entry.")
    status: EntryStatus = strawberry.field(description="The status it came to.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    code: str | None = strawberry.field(description="The code of the notice.", default=None)
    narrative: str | None = strawberry.field(description="The notice in words.", default=None)
    source: str = strawberry.field(description="Where it was learnt from.")
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)


def entry_where(by: EntryBy) -> tuple[str, Any]:
    """The column and value that name one entry."""
    return ("id", by.id) if by.id is not UNSET else ("entry_number", by.entry_number)
