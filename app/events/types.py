"""The kinds of event there are: stored name, meaning and payload, from one table, and the JSON Schema of each. Names
are never reused."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.filing.entry import EntryStatus


class EventType(StrEnum):
    """What happened. The value is the stored name, the member's name is the graph's."""

    SHIPMENT_BOOKED = "shipment.booked"
    SHIPMENT_UPDATED = "shipment.updated"
    CLASSIFICATION_DECIDED = "classification.decided"
    QUOTE_CREATED = "quote.created"
    ENTRY_DRAFT = "entry.draft"
    ENTRY_READY = "entry.ready"
    ENTRY_SUBMITTED = "entry.submitted"
    ENTRY_ACCEPTED = "entry.accepted"
    ENTRY_REJECTED = "entry.rejected"
    ENTRY_UNDER_REVIEW = "entry.under_review"
    ENTRY_DOCUMENTS_REQUIRED = "entry.documents_required"
    ENTRY_EXAM = "entry.exam"
    ENTRY_HELD = "entry.held"
    ENTRY_RELEASED = "entry.released"
    ENTRY_SUMMARY_ACCEPTED = "entry.summary_accepted"
    ENTRY_SUMMARY_REJECTED = "entry.summary_rejected"
    ENTRY_PAID = "entry.paid"
    ENTRY_LIQUIDATED = "entry.liquidated"
    ENTRY_CANCELLED = "entry.cancelled"


@dataclass(frozen=True, slots=True)
class EventSpec:
    """What an event means: its subject's type in the graph, and its payload's fields with their meaning."""

    description: str
    subject: str
    payload: MappingProxyType[str, str]


_ENTRY_PAYLOAD = MappingProxyType(
    {
        "entryNumber": "the entry's number",
        "importerId": "the importer's party id",
        "status": "the status reached",
        "previousStatus": "the status before it; null for the first",
        "code": "the code of the message that told it; may be null",
        "narrative": "the text of that message; may be null",
        "source": "who told it",
        "late": "true where newer news was known, so that the entry itself did not move",
    }
)

_ENTRY_MEANINGS = {
    EntryStatus.DRAFT: "An entry was drafted from a shipment, or taken back to a draft.",
    EntryStatus.READY: "An entry is complete and may be filed.",
    EntryStatus.SUBMITTED: "An entry was sent to customs.",
    EntryStatus.ACCEPTED: "Customs accepted the filing.",
    EntryStatus.REJECTED: "Customs rejected the filing; it can be corrected and sent again.",
    EntryStatus.UNDER_REVIEW: "Customs is reviewing the entry.",
    EntryStatus.DOCUMENTS_REQUIRED: "Customs asks for documents.",
    EntryStatus.EXAM: "The goods are to be examined.",
    EntryStatus.HELD: "Customs or another agency holds the goods.",
    EntryStatus.RELEASED: "The goods are released.",
    EntryStatus.SUMMARY_ACCEPTED: "Customs accepted the entry summary.",
    EntryStatus.SUMMARY_REJECTED: "Customs rejected the entry summary.",
    EntryStatus.PAID: "Duties, taxes and fees are paid.",
    EntryStatus.LIQUIDATED: "The entry is liquidated: what is owed is final.",
    EntryStatus.CANCELLED: "The entry is cancelled.",
}


def entry_event(status: EntryStatus) -> EventType:
    """The event of an entry that reached a status."""
    return EventType(f"entry.{status.lower()}")


EVENTS: MappingProxyType[EventType, EventSpec] = MappingProxyType(
    {
        EventType.SHIPMENT_BOOKED: EventSpec(
            "A shipment was booked; pre-clearance begins.",
            "Shipment",
            MappingProxyType({"reference": "the shipment's reference", "status": "BOOKED", "lines": "how many lines"}),
        ),
        EventType.SHIPMENT_UPDATED: EventSpec(
            "A shipment changed.",
            "Shipment",
            MappingProxyType(
                {
                    "reference": "the shipment's reference",
                    "status": "its status now",
                    "previousStatus": "its status before",
                    "changed": "names of the fields that changed",
                }
            ),
        ),
        EventType.CLASSIFICATION_DECIDED: EventSpec(
            "A person confirmed, rejected or replaced a product's tariff number.",
            "Classification",
            MappingProxyType(
                {
                    "productId": "the product's id",
                    "sku": "the product's SKU",
                    "decision": "CONFIRM, REJECT or REPLACE",
                    "status": "the classification's status now",
                    "htsNumber": "the number decided about",
                    "previousHtsNumber": "the product's confirmed number before; may be null",
                }
            ),
        ),
        EventType.QUOTE_CREATED: EventSpec(
            "A duty quote was stored.",
            "DutyQuote",
            MappingProxyType({"asOf": "the day it is for", "lines": "how many lines", "receipt": "its receipt"}),
        ),
        **{
            entry_event(status): EventSpec(meaning, "Entry", _ENTRY_PAYLOAD)
            for status, meaning in _ENTRY_MEANINGS.items()
        },
    }
)

_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_SHAPES: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "lines": {"type": "integer", "minimum": 1},
        "late": {"type": "boolean"},
        "changed": {"type": "array", "items": _TEXT},
        "asOf": {"type": "string", "format": "date"},
        "code": _MAYBE_TEXT,
        "narrative": _MAYBE_TEXT,
        "previousStatus": _MAYBE_TEXT,
        "previousHtsNumber": _MAYBE_TEXT,
    }
)
"""Fields that are not plain text."""


def json_schema(kind: EventType) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an event's payload. Fields may be added, so that others are allowed."""
    spec = EVENTS[kind]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.value,
        "description": spec.description,
        "type": "object",
        "properties": {
            name: {**_SHAPES.get(name, _TEXT), "description": meaning} for name, meaning in spec.payload.items()
        },
        "required": list(spec.payload),
    }
