"""The kinds of event there are, from one table: stored name, version, meaning, and the payload's fields with type and
meaning. Names are never reused; a payload may gain fields, and any other change of it is a new version."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from app.filing.entry import EntryStatus


class EventType(StrEnum):
    """What happened. The value is the stored name, the member's name is the graph's."""

    SHIPMENT_BOOKED = "shipment.booked"
    SHIPMENT_UPDATED = "shipment.updated"
    SHIPMENT_EXAM_FLAGGED = "shipment.exam_flagged"
    CLASSIFICATION_DECIDED = "classification.decided"
    QUOTE_CREATED = "quote.created"
    TARIFF_REVISION_LOADED = "tariff.revision_loaded"
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


Shape = Mapping[str, Any]
TEXT: Shape = {"type": "string"}
MAYBE_TEXT: Shape = {"type": ["string", "null"]}
TEXTS: Shape = {"type": "array", "items": TEXT}
COUNT: Shape = {"type": "integer", "minimum": 0}
FLAG: Shape = {"type": "boolean"}
NUMBER: Shape = {"type": "number", "minimum": 0, "maximum": 1}
DAY: Shape = {"type": "string", "format": "date"}
MOMENT: Shape = {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class EventSpec:
    """What an event means: its subject's type in the graph, and its payload's fields with their shape (as JSON Schema
    has it) and meaning. `comes_with` names the capability of a kind that nothing tells yet."""

    description: str
    subject: str
    payload: Mapping[str, tuple[Shape, str]]
    version: int = 1
    comes_with: str | None = None


_ENTRY_PAYLOAD = MappingProxyType(
    {
        "entryNumber": (TEXT, "the entry's number"),
        "importerId": (TEXT, "the importer's party id"),
        "status": ({"enum": sorted(status.value for status in EntryStatus)}, "the status reached"),
        "previousStatus": (MAYBE_TEXT, "the status before it; null for the first"),
        "code": (MAYBE_TEXT, "the code of the message that told it; may be null"),
        "narrative": (MAYBE_TEXT, "the text of that message; may be null"),
        "source": (TEXT, "who told it"),
        "late": (FLAG, "true where newer news was known, so that the entry itself did not move"),
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


EVENTS: Mapping[EventType, EventSpec] = MappingProxyType(
    {
        EventType.SHIPMENT_BOOKED: EventSpec(
            "A shipment was booked; pre-clearance begins.",
            "Shipment",
            {
                "reference": (TEXT, "the shipment's reference"),
                "status": (TEXT, "BOOKED"),
                "lines": (COUNT, "how many lines"),
            },
        ),
        EventType.SHIPMENT_UPDATED: EventSpec(
            "A shipment changed.",
            "Shipment",
            {
                "reference": (TEXT, "the shipment's reference"),
                "status": (TEXT, "its status now"),
                "previousStatus": (TEXT, "its status before"),
                "changed": (TEXTS, "names of the fields that changed"),
            },
        ),
        EventType.SHIPMENT_EXAM_FLAGGED: EventSpec(
            "Customs wants to examine goods of a shipment: an entry of it came to EXAM.",
            "Shipment",
            {"entryId": (TEXT, "the entry that is to be examined")},
        ),
        EventType.CLASSIFICATION_DECIDED: EventSpec(
            "A person confirmed, rejected or replaced a product's tariff number.",
            "Classification",
            {
                "productId": (TEXT, "the product's id"),
                "sku": (TEXT, "the product's SKU"),
                "decision": ({"enum": ["CONFIRM", "REJECT", "REPLACE"]}, "what was decided"),
                "status": (TEXT, "the classification's status now"),
                "htsNumber": (TEXT, "the number decided about"),
                "previousHtsNumber": (MAYBE_TEXT, "the product's confirmed number before; may be null"),
            },
        ),
        EventType.QUOTE_CREATED: EventSpec(
            "A duty quote was stored.",
            "DutyQuote",
            {
                "asOf": (DAY, "the day it is for"),
                "lines": (COUNT, "how many lines"),
                "receipt": (TEXT, "its receipt"),
            },
        ),
        EventType.TARIFF_REVISION_LOADED: EventSpec(
            "A revision of the tariff was loaded; every organisation is told.",
            "TariffRevision",
            {
                "name": (TEXT, "the revision's name"),
                "effectiveFrom": (DAY, "the day from which it is in force"),
                "lines": (COUNT, "how many numbered lines it has"),
                "starter": (FLAG, "true for the excerpt that ships with the program"),
            },
        ),
        **{
            entry_event(status): EventSpec(meaning, "Entry", _ENTRY_PAYLOAD)
            for status, meaning in _ENTRY_MEANINGS.items()
        },
    }
)
