"""Values that cross rooms: exact decimals, timestamps and canonical JSON as they are printed and stored,
and the transport vocabulary. No I/O."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import orjson

_PLAIN = re.compile(r"-?\d{1,30}(\.\d{1,20})?", re.ASCII)
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


class TransportMode(StrEnum):
    """How the goods cross the border."""

    OCEAN = "OCEAN"
    AIR = "AIR"
    TRUCK = "TRUCK"
    RAIL = "RAIL"
    MAIL = "MAIL"
    COURIER = "COURIER"


class ShipmentStatus(StrEnum):
    """Where a shipment is on its way."""

    BOOKED = "BOOKED"
    DEPARTED = "DEPARTED"
    IN_TRANSIT = "IN_TRANSIT"
    ARRIVED = "ARRIVED"
    DELIVERED = "DELIVERED"
    CANCELLED = "CANCELLED"


class Incoterm(StrEnum):
    """Incoterms 2020 rules of the International Chamber of Commerce."""

    EXW = "EXW"
    FCA = "FCA"
    FAS = "FAS"
    FOB = "FOB"
    CFR = "CFR"
    CIF = "CIF"
    CPT = "CPT"
    CIP = "CIP"
    DAP = "DAP"
    DPU = "DPU"
    DDP = "DDP"


class OrganisationKind(StrEnum):
    """What an organisation does in the trade."""

    IMPORTER = "IMPORTER"
    BROKER = "BROKER"
    PARTNER = "PARTNER"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: `code` of the command's own list, `field` the path into the input."""

    code: str
    message: str
    field: tuple[str, ...] = ()
    retryable: bool = False


def parse_decimal(text: str) -> Decimal:
    """An exact decimal from plain digits; exponents, NaN, Infinity, signs other than `-` are a ValueError."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a plain decimal such as 1234.50")
    return Decimal(text)


def format_decimal(value: Decimal, *, places: int = 0) -> str:
    """Plain digits, trailing zeros cut beyond `places` decimals: 2.50 → 2.5, with places=2 → 2.50."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        text = "0"
    whole, _, fraction = text.partition(".")
    fraction = fraction.ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def format_timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`: fixed width, so text order is time order."""
    if moment.tzinfo is None:
        raise ValueError("a timestamp needs an offset")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_timestamp(text: str) -> datetime:
    """An aware datetime from RFC 3339 text, cut to milliseconds; ValueError where the offset is missing."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not an RFC 3339 time with an offset, such as 2026-11-22T08:30:00Z")
    try:
        moment = datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise ValueError(f"{text[:40]!r} is no moment of the calendar") from fault
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def canonical_json(value: object) -> str:
    """JSON text with sorted keys and no white space: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain).decode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format_decimal(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")
