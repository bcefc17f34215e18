"""The enums of the rooms as the graph shows them, each value with its description."""

from enum import StrEnum
from typing import Any, TypeVar

import strawberry

from app.classification.decision import ClassificationDecision, ClassificationMethod, ClassificationStatus
from app.duty.assessment import DutyErrorCode
from app.events.types import EVENTS, EventType
from app.filing.checks import Severity
from app.filing.entry import EntryStatus, FilingEnvironment, ReleaseStatus, SummaryStatus
from app.services.changes import TariffChangeKind
from app.tariff.measure import DutyKind
from app.tariff.rate import ComponentKind, RateKind
from app.values import Incoterm, OrganisationKind, ShipmentStatus, TransportMode

__all__ = [
    "DUTY_ERRORS",
    "ClassificationDecision",
    "ClassificationMethod",
    "ClassificationStatus",
    "ComponentKind",
    "DutyErrorCode",
    "DutyKind",
    "EntryStatus",
    "EventType",
    "FilingEnvironment",
    "Incoterm",
    "OrderDirection",
    "OrganisationKind",
    "PreclearanceState",
    "RateKind",
    "ReleaseStatus",
    "Severity",
    "ShipmentStatus",
    "SummaryStatus",
    "TariffChangeKind",
    "TransportMode",
    "describe",
]

E = TypeVar("E", bound=type[StrEnum])


def describe(enum: E, description: str, values: dict[str, str], name: str | None = None) -> E:
    """Registers an enum with the graph; KeyError where a value has no description."""
    made: Any = strawberry.enum(enum, name=name, description=description)
    for value in made.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


class OrderDirection(StrEnum):
    """Sort direction."""

    ASC = "ASC"
    DESC = "DESC"


class PreclearanceState(StrEnum):
    """How far a shipment's clearance has come."""

    BLOCKED = "BLOCKED"
    READY = "READY"
    ENTRY_DRAFTED = "ENTRY_DRAFTED"
    ENTRY_FILED = "ENTRY_FILED"
    CLEARED = "CLEARED"


describe(
    OrderDirection,
    "Which way a list is sorted.",
    {"ASC": "Smallest first, oldest first.", "DESC": "Largest first, newest first."},
)
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
    OrganisationKind,
    "What an organisation does in the trade.",
    {
        "IMPORTER": "Brings goods into the United States on its own account.",
        "BROKER": "A licensed customs broker that files for importers.",
        "PARTNER": "Takes part in shipments: a supplier, carrier, forwarder or warehouse.",
    },
)
describe(
    TransportMode,
    "How the goods travel.",
    {
        "OCEAN": "By vessel.",
        "AIR": "By aircraft.",
        "TRUCK": "By road.",
        "RAIL": "By rail.",
        "MAIL": "By post.",
        "COURIER": "By express courier.",
    },
)
describe(
    ShipmentStatus,
    "Where a shipment is on its way.",
    {
        "BOOKED": "Booked, not yet under way.",
        "DEPARTED": "Left the port of lading.",
        "IN_TRANSIT": "On the way.",
        "ARRIVED": "At the port of unlading.",
        "DELIVERED": "Delivered to the consignee.",
        "CANCELLED": "Will not travel.",
    },
)
describe(
    Incoterm,
    "Incoterms 2020 rule of the International Chamber of Commerce.",
    {
        "EXW": "Ex Works.",
        "FCA": "Free Carrier.",
        "FAS": "Free Alongside Ship.",
        "FOB": "Free On Board.",
        "CFR": "Cost and Freight.",
        "CIF": "Cost, Insurance and Freight.",
        "CPT": "Carriage Paid To.",
        "CIP": "Carriage and Insurance Paid To.",
        "DAP": "Delivered At Place.",
        "DPU": "Delivered At Place Unloaded.",
        "DDP": "Delivered Duty Paid.",
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
describe(
    RateKind,
    "The shape of a rate of duty.",
    {
        "BLANK": "No rate stands here.",
        "FREE": "No duty.",
        "AD_VALOREM": "A percentage of the value.",
        "SPECIFIC": "An amount per unit.",
        "COMPOUND": "Several components that add up.",
        "SUGAR_DEGREE": "An amount that falls with the polarity of sugar.",
        "BOUNDED": "With a minimum or a maximum.",
        "REFERENCE": "The rate stands somewhere else in the tariff.",
        "ADDITIONAL": "On top of the duty of the applicable subheading (chapter 99).",
        "NO_CHANGE": "The duty of the applicable subheading, unchanged.",
        "OTHER": "A rule in words.",
    },
)
describe(
    ComponentKind,
    "What a component of a rate is counted on.",
    {"AD_VALOREM": "A percentage of value.", "SPECIFIC": "US dollars per unit."},
    name="RateComponentKind",
)
describe(
    EventType,
    "What happened.",
    {kind.name: EVENTS[kind].description for kind in EventType},
)
describe(
    DutyKind,
    "Under which authority an amount is owed.",
    {
        "GENERAL": "Column 1, general.",
        "SPECIAL": "Column 1, special: a preference was claimed.",
        "COLUMN_2": "Column 2.",
        "SECTION_201": "Safeguards, section 201 of the Trade Act of 1974.",
        "SECTION_232": "National security, section 232 of the Trade Expansion Act of 1962.",
        "SECTION_301": "Unfair practices, section 301 of the Trade Act of 1974.",
        "SECTION_122": "Balance of payments, section 122 of the Trade Act of 1974.",
        "SECTION_338": "Discrimination, section 338 of the Tariff Act of 1930.",
        "IEEPA": "The International Emergency Economic Powers Act.",
        "ANTIDUMPING": "Antidumping duty, as declared.",
        "COUNTERVAILING": "Countervailing duty, as declared.",
        "MPF": "Merchandise processing fee, 19 CFR 24.23.",
        "HMF": "Harbor maintenance fee, 19 CFR 24.24.",
    },
)
describe(
    TariffChangeKind,
    "What a change does.",
    {
        "ADDED": "A number comes that goods can be entered under.",
        "REMOVED": "A number goes: what was entered under it needs another one.",
        "RATE_CHANGED": "A rate of the line differs.",
        "UNITS_CHANGED": "The units to report differ, the rates do not.",
        "DESCRIPTION_CHANGED": "The words differ, rates and units do not.",
        "MEASURE_BEGINS": "A measure of trade policy begins to hold.",
        "MEASURE_ENDS": "A measure of trade policy holds no longer.",
        "MEASURE_CHANGED": "A loaded file of measures added, changed or withdrew a measure.",
    },
)
DUTY_ERRORS = {
    "NO_LINES": "The question has no line.",
    "TOO_MANY_LINES": "The question has more lines than an entry can have.",
    "UNKNOWN_NUMBER": "No such HTS number.",
    "NOT_DECLARABLE": "Goods cannot be entered under that number; a longer one is needed.",
    "NOT_IN_FORCE": "The number is not in force on that day.",
    "INVALID_DATE": "No usable date.",
    "BEFORE_FIRST_REVISION": "No revision of the tariff is loaded for that day.",
    "NEGATIVE_VALUE": "The value is negative.",
    "INVALID_VALUE": "The value cannot be used.",
    "INVALID_QUANTITY": "The quantity cannot be used.",
    "MISSING_QUANTITY": "The rate needs a quantity that was not given.",
    "UNKNOWN_COUNTRY": "No such country.",
    "UNKNOWN_CURRENCY": "No such currency.",
    "EXCHANGE_RATE_REQUIRED": "Another currency than USD needs `exchangeRate`.",
    "INVALID_EXCHANGE_RATE": "The exchange rate cannot be used.",
    "UNKNOWN_PREFERENCE": "The preference is not open to that number, origin or day.",
    "UNKNOWN_FACT": "No such fact.",
    "INVALID_FACT": "The fact has another type.",
    "RATE_NOT_COMPUTABLE": "The rate refers to something that no input states.",
    "INFORMAL_LIMIT": "The value is over the limit of an informal entry.",
    "FEE_TABLE_MISSING": "No fees are loaded for that day.",
    "INVALID_ROW": "The row cannot be read.",
}
"""What each code of the duty room means."""

describe(DutyErrorCode, "Why a line, or a whole question, cannot be answered.", DUTY_ERRORS)
