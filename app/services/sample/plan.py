"""What the sample consists of, worked out from packaged files and a day: which products, which shipments of them, how
far each entry has come. Pure: writing it down is for `seed`."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from app.filing.entry import EntryStatus
from app.services.parties import PartyCommand
from app.services.products import ProductUpsert
from app.services.shipment_inputs import ContainerCommand, LineCommand, ShipmentBook
from app.values import Incoterm, ShipmentStatus, TransportMode

IMPORTER, BROKER, PARTNER = "demo", "Harbor Light Brokerage", "Tan Phu Textiles"
SHIPMENTS = 60

S = EntryStatus
_RATES = {"USD": "1", "EUR": "1.16", "GBP": "1.33", "JPY": "0.0065", "CAD": "0.71"}  # for sample values only
_ROUTES = {
    "CN": ("CNSHA", "2704"), "VN": ("VNSGN", "2709"), "TW": ("TWKHH", "2709"), "IN": ("INNSA", "4601"),
    "IT": ("ITGOA", "4601"), "TH": ("THLCH", "2704"), "KR": ("KRPUS", "3001"), "MY": ("MYPKG", "2704"),
    "DE": ("DEHAM", "1703"), "FR": ("FRLEH", "4601"), "ID": ("IDJKT", "3001"), "JP": ("JPTYO", "3001"),
    "GB": ("GBFXT", "1401"), "ES": ("ESVLC", "5301"), "BR": ("BRSSZ", "5301"), "LK": ("LKCMB", "1401"),
    "MX": ("MXNLD", "2304"), "CA": ("CATOR", "3801"),
}  # fmt: skip
_BY_ROAD = ("MX", "CA")
_CARRIERS = ("Meridian Ocean Lines", "Blue Quadrant Shipping", "Northway Container Line")

# The entries' ends, oldest first: (status, how many, days since it was filed).
_ENDS = (
    (S.LIQUIDATED, 6, 340), (S.CANCELLED, 2, 60), (S.PAID, 8, 45), (S.SUMMARY_REJECTED, 3, 16),
    (S.SUMMARY_ACCEPTED, 7, 15), (S.RELEASED, 12, 5), (S.HELD, 5, 4), (S.EXAM, 5, 4), (S.DOCUMENTS_REQUIRED, 4, 3),
    (S.UNDER_REVIEW, 4, 3), (S.REJECTED, 3, 2), (S.ACCEPTED, 6, 2), (S.SUBMITTED, 6, 1), (S.READY, 5, 1),
    (S.DRAFT, 4, 1),
)  # fmt: skip
ENTRIES = sum(count for _, count, _ in _ENDS)

# Status, hours after filing, code and text of the message.
_MESSAGES = {
    S.READY: (-2.0, None, "All checks passed"),
    S.SUBMITTED: (0.0, None, "Sent to the simulated port"),
    S.ACCEPTED: (0.2, "02", "Entry accepted"),
    S.REJECTED: (0.2, "01", "Rejected: the bill of lading is not on file"),
    S.UNDER_REVIEW: (6.0, "04", "Referred to an import specialist"),
    S.DOCUMENTS_REQUIRED: (8.0, "71", "Commercial invoice and packing list requested"),
    S.EXAM: (12.0, "3H", "Intensive examination at the container station"),
    S.HELD: (14.0, "1H", "Held for another agency"),
    S.RELEASED: (30.0, "98", "Released"),
    S.SUMMARY_REJECTED: (120.0, "B14", "Summary rejected: a quantity is missing on line 1"),
    S.SUMMARY_ACCEPTED: (130.0, "A01", "Summary accepted"),
    S.PAID: (300.0, None, "Collected by periodic statement"),
    S.LIQUIDATED: (24.0 * 315, None, "Liquidated as entered"),
    S.CANCELLED: (40.0, None, "Cancelled at the importer's request"),
}
_FILED = (S.SUBMITTED, S.ACCEPTED)
_PATHS: dict[EntryStatus, tuple[EntryStatus, ...]] = {
    S.DRAFT: (),
    S.READY: (S.READY,),
    S.SUBMITTED: (S.READY, S.SUBMITTED),
    S.ACCEPTED: _FILED,
    S.REJECTED: (S.SUBMITTED, S.REJECTED),
    S.UNDER_REVIEW: (*_FILED, S.UNDER_REVIEW),
    S.DOCUMENTS_REQUIRED: (*_FILED, S.UNDER_REVIEW, S.DOCUMENTS_REQUIRED),
    S.EXAM: (*_FILED, S.EXAM),
    S.HELD: (*_FILED, S.EXAM, S.HELD),
    S.RELEASED: (*_FILED, S.RELEASED),
    S.SUMMARY_REJECTED: (*_FILED, S.RELEASED, S.SUMMARY_REJECTED),
    S.SUMMARY_ACCEPTED: (*_FILED, S.RELEASED, S.SUMMARY_ACCEPTED),
    S.PAID: (*_FILED, S.RELEASED, S.SUMMARY_ACCEPTED, S.PAID),
    S.LIQUIDATED: (*_FILED, S.HELD, S.RELEASED, S.SUMMARY_ACCEPTED, S.PAID, S.LIQUIDATED),
    S.CANCELLED: (*_FILED, S.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class SampleProduct:
    """A product and the number it has, or is thought to have."""

    command: ProductUpsert
    hts_number: str
    unit: str
    state: str  # CONFIRMED, NEEDS_REVIEW, SUGGESTED or NONE
    alternatives: tuple[str, ...]

    @property
    def origin(self) -> str:
        """ISO country code."""
        return str(self.command.origin_country)


@dataclass(frozen=True, slots=True)
class SampleStep:
    """One message about an entry."""

    status: EntryStatus
    occurred_at: datetime
    code: str | None
    narrative: str


@dataclass(frozen=True, slots=True)
class SampleShipment:
    """A shipment, when it was booked, how far it has come, and its entries: when drafted, and the steps since."""

    command: ShipmentBook
    booked_at: datetime
    status: ShipmentStatus
    arrived_at: datetime | None
    entries: tuple[tuple[datetime, tuple[SampleStep, ...]], ...]


@cache
def sample_products() -> tuple[SampleProduct, ...]:
    """Every product of the packaged file, in its order."""
    rows = _rows("products.csv")
    numbers = sorted({row["hts_number"] for row in rows})
    return tuple(_product(place, row, numbers) for place, row in enumerate(rows))


@cache
def sample_parties(role: str) -> tuple[PartyCommand, ...]:
    """The packaged parties of a role: importer, broker, consignee, manufacturer, seller."""
    return tuple(_party(row) for row in _rows("parties.csv") if row["role"] == role)


def broker_party() -> PartyCommand:
    """The broker as a party, with the packaged broker's numbers."""
    return PartyCommand(BROKER, "US", sample_parties("broker")[0].identifiers)


def message(status: EntryStatus) -> tuple[str | None, str]:
    """Code and text with which the simulated port tells a status."""
    return _MESSAGES[status][1:]


def sample_shipments(now: datetime) -> Iterator[SampleShipment]:
    """All shipments, the oldest first, as of a moment; the same for every moment of a day but for the hours."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [(status, age) for status, count, age in _ENDS for _ in range(count)]
    pairs = ENTRIES - (SHIPMENTS - 10)  # so many shipments have two entries, ten have none
    for place in range(SHIPMENTS):
        taken = 2 if place < pairs else 1 if place < SHIPMENTS - 10 else 0
        mine, ends = ends[:taken], ends[taken:]
        yield _shipment(place, mine, day)


def _shipment(place: int, ends: list[tuple[EntryStatus, int]], day: datetime) -> SampleShipment:
    age = max((days for _, days in ends), default=0)
    filed = day - timedelta(days=age, hours=place % 7)
    origin = list(_ROUTES)[place % len(_ROUTES)]
    arrival = filed + timedelta(hours=20 if age > 2 else 90) if ends else day + timedelta(days=6 + place % 9)
    departure = arrival - timedelta(days=4 if origin in _BY_ROAD else 24)
    entries = tuple(
        (filed - timedelta(hours=5, minutes=number), tuple(_steps(status, filed + timedelta(minutes=7 * number), day)))
        for number, (status, _) in enumerate(ends)
    )
    status = _status(day, departure, arrival, bool(ends), age)
    booked = min(departure - timedelta(days=5), day - timedelta(days=1))
    arrived = arrival if status in (ShipmentStatus.ARRIVED, ShipmentStatus.DELIVERED) else None
    command = _booking(place, origin, departure, arrival, classified=bool(ends))
    return SampleShipment(command, booked, status, arrived, entries)


def _status(day: datetime, departure: datetime, arrival: datetime, has_entry: bool, age: int) -> ShipmentStatus:
    if age > 10:
        return ShipmentStatus.DELIVERED
    if arrival <= day:
        return ShipmentStatus.ARRIVED
    if has_entry:
        return ShipmentStatus.IN_TRANSIT
    return ShipmentStatus.DEPARTED if departure <= day else ShipmentStatus.BOOKED


def _steps(end: EntryStatus, filed: datetime, day: datetime) -> Iterator[SampleStep]:
    for status in _PATHS[end]:
        hours, code, narrative = _MESSAGES[status]
        yield SampleStep(status, filed + timedelta(hours=hours), code, narrative)


def _booking(place: int, origin: str, departure: datetime, arrival: datetime, *, classified: bool) -> ShipmentBook:
    lading, unlading = _ROUTES[origin]
    goods = [one for one in sample_products() if one.origin == origin and (one.state == "CONFIRMED" or not classified)]
    count = 2 + place % 3
    places = dict.fromkeys((place * 5 + step * 3) % len(goods) for step in range(count))
    chosen = [goods[one] for one in places]
    road = origin in _BY_ROAD
    maker = chosen[0].command.manufacturer
    consignees = sample_parties("consignee")
    return ShipmentBook(
        reference=f"DEMO-{place + 1:04d}",
        mode=TransportMode.TRUCK if road else TransportMode.OCEAN,
        lines=tuple(_line(place, step, product) for step, product in enumerate(chosen)),
        carrier="Two Rivers Trucking" if road else _CARRIERS[place % len(_CARRIERS)],
        master_bill=f"TWRV{730000 + place * 37}" if road else f"MRDQ{9100000 + place * 413}",
        house_bills=() if place % 3 else (f"HB{place + 1:05d}A",),
        containers=() if road else (ContainerCommand(_container(410000 + place * 97), "45G1", f"SL{88000 + place}"),),
        port_of_lading=lading,
        port_of_unlading=unlading,
        estimated_departure=departure,
        estimated_arrival=arrival,
        incoterm=(Incoterm.FOB, Incoterm.CIF, Incoterm.FCA)[place % 3],
        importer=sample_parties("importer")[0],
        consignee=consignees[place % len(consignees)],
        seller=_seller(place, origin, maker if isinstance(maker, PartyCommand) else None),
        broker=broker_party(),
    )


def _seller(place: int, origin: str, maker: PartyCommand | None) -> PartyCommand | None:
    if origin == "VN" or place % 9 == 4:
        return partner_party()
    return sample_parties("seller")[place % 3] if place % 4 == 0 else maker


def partner_party() -> PartyCommand:
    """The supplier that has an account of its own."""
    return PartyCommand(PARTNER, "VN", (("MID", "VNTANPHU218HOC"),))


def _line(place: int, step: int, product: SampleProduct) -> LineCommand:
    quantity = Decimal(20 + (place * 13 + step * 29) % 90) * (10 if product.unit in ("NO", "KG") else 2)
    price, currency = product.command.unit_price_amount, str(product.command.unit_price_currency)
    value = (Decimal(str(price)) * Decimal(_RATES[currency]) * quantity).quantize(Decimal("0.01"))
    return LineCommand(product.command.sku, quantity, product.unit, None, value, "USD", f"PO-{7000 + place * 3 + step}")


def _product(place: int, row: dict[str, str], numbers: list[str]) -> SampleProduct:
    maker = PartyCommand(row["manufacturer_name"], row["manufacturer_country"], (("MID", row["manufacturer_mid"]),))
    attributes: dict[str, Any] = orjson.loads(row["attributes_json"] or "{}")
    command = ProductUpsert(
        sku=row["sku"],
        name=row["name"],
        description=row["description"],
        origin_country=row["origin_country"],
        manufacturer=maker,
        unit_price_amount=Decimal(row["unit_price_amount"]),
        unit_price_currency=row["unit_price_currency"],
        attributes=attributes,
    )
    own = row["hts_number"]
    near = [number for number in numbers if number != own and number[:4] == own[:4]]
    near += [number for number in numbers if number[:2] == own[:2] and number[:4] != own[:4]]
    return SampleProduct(command, own, row["unit"], _state(place), tuple(near[:2]))


def _state(place: int) -> str:
    if place % 37 == 20:
        return "NONE"
    return {5: "NEEDS_REVIEW", 11: "SUGGESTED"}.get(place % 14, "CONFIRMED")


def _party(row: dict[str, str]) -> PartyCommand:
    pairs = tuple(tuple(part.split("=", 1)) for part in row["identifiers"].split(";") if part)
    return PartyCommand(row["name"], row["country"], tuple((pair[0], pair[1]) for pair in pairs))


def _rows(name: str) -> list[dict[str, str]]:
    with files(__package__).joinpath(name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _container(serial: int) -> str:
    """A number of an invented owner with the check digit of ISO 6346: letters count 10, 12, … 21, 23, … 32, 34, …"""
    signs = f"TDGU{serial:06d}"
    letters = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _letter_values(), strict=False))
    total = sum(2**place * letters.get(sign, int(sign) if sign.isdigit() else 0) for place, sign in enumerate(signs))
    return f"{signs}{total % 11 % 10}"


def _letter_values() -> Iterator[int]:
    return (value for value in range(10, 40) if value % 11)
