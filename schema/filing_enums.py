"""Enums of classification and filing, each value with its description."""

from enum import StrEnum

from app.classification.decision import ClassificationDecision, ClassificationMethod, ClassificationStatus
from app.filing.checks import Severity
from app.filing.entry import EntryStatus, FilingEnvironment, ReleaseStatus, SummaryStatus
from schema.described import describe

__all__ = [
    "ClassificationDecision",
    "ClassificationMethod",
    "ClassificationStatus",
    "EntryStatus",
    "FilingEnvironment",
    "PreclearanceState",
    "ReleaseStatus",
    "Severity",
    "SummaryStatus",
]


class PreclearanceState(StrEnum):
    """How far a shipment's clearance has come."""

    BLOCKED = "BLOCKED"
    READY = "READY"
    ENTRY_DRAFTED = "ENTRY_DRAFTED"
    ENTRY_FILED = "ENTRY_FILED"
    CLEARED = "CLEARED"


describe(
    PreclearanceState,
    "What booking has set in motion.",
    {
        "BLOCKED": "Something has to be mended before an entry is possible.",
        "READY": "Nothing blocks an entry.",
        "ENTRY_DRAFTED": "An entry is being prepared.",
        "ENTRY_FILED": "An entry has been sent.",
        "CLEARED": "The goods are released.",
    },
)
describe(
    ClassificationStatus,
    "Where a classification stands.",
    {
        "SUGGESTED": "Proposed with enough confidence to be confirmed at a glance.",
        "NEEDS_REVIEW": "Proposed, but a person has to look.",
        "CONFIRMED": "Decided: entries use this number.",
        "REJECTED": "Decided against.",
        "SUPERSEDED": "Was confirmed; another one has taken its place.",
    },
)
describe(
    ClassificationMethod,
    "How a classification came about.",
    {
        "MANUAL": "Decided by a person without a suggestion.",
        "LEXICAL": "Suggested from the words of the tariff.",
        "SEMANTIC": "Suggested from meaning.",
        "PRECEDENT": "Suggested from earlier decisions.",
        "IMPORTED": "Brought along with the product's data.",
    },
)
describe(
    ClassificationDecision,
    "What is decided about a classification.",
    {
        "CONFIRM": "The number is right.",
        "REJECT": "The number is wrong.",
        "REPLACE": "Another number is right.",
    },
)
describe(
    EntryStatus,
    "The one status of an entry that people read; releaseStatus and summaryStatus hold its two halves.",
    {
        "DRAFT": "Being prepared.",
        "READY": "Complete, nothing blocks filing.",
        "SUBMITTED": "Sent to CBP.",
        "ACCEPTED": "CBP has taken the data.",
        "REJECTED": "CBP has refused the data.",
        "UNDER_REVIEW": "CBP is looking at it.",
        "DOCUMENTS_REQUIRED": "CBP wants documents.",
        "EXAM": "The goods are picked for an examination.",
        "HELD": "The goods may not move.",
        "RELEASED": "The goods may move.",
        "SUMMARY_ACCEPTED": "The entry summary is accepted.",
        "SUMMARY_REJECTED": "The entry summary is refused.",
        "PAID": "Duties and fees are paid.",
        "LIQUIDATED": "CBP's final computation stands.",
        "CANCELLED": "Withdrawn.",
    },
)
describe(
    ReleaseStatus,
    "The cargo release half of an entry.",
    {
        "NOT_FILED": "Nothing sent.",
        "SUBMITTED": "Sent to CBP.",
        "ACCEPTED": "Taken by CBP.",
        "REJECTED": "Refused by CBP.",
        "UNDER_REVIEW": "CBP is looking at it.",
        "DOCUMENTS_REQUIRED": "CBP wants documents.",
        "EXAM": "Picked for an examination.",
        "HELD": "May not move.",
        "ADMISSIBLE": "Cleared, not yet arrived.",
        "RELEASED": "May move.",
        "CANCELLED": "Withdrawn.",
    },
)
describe(
    SummaryStatus,
    "The entry summary half of an entry.",
    {
        "NOT_FILED": "Nothing sent.",
        "SUBMITTED": "Sent to CBP.",
        "ACCEPTED": "Taken by CBP.",
        "REJECTED": "Refused by CBP.",
        "UNDER_REVIEW": "CBP is looking at it.",
        "PAID": "Duties and fees are paid.",
        "LIQUIDATED": "Final.",
        "CANCELLED": "Withdrawn.",
    },
)
describe(
    FilingEnvironment,
    "Where an entry was filed.",
    {
        "SIMULATED": "With Tidegate's own simulated port; never with CBP.",
        "CERTIFICATION": "With CBP's certification environment.",
        "PRODUCTION": "With CBP.",
    },
)
describe(
    Severity,
    "How much a check matters.",
    {
        "BLOCKER": "Filing is not possible before this is mended.",
        "WARNING": "Filing is possible; look at it first.",
        "INFO": "Good to know.",
    },
)
