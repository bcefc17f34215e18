"""What booking or changing a shipment states, and the reading of those fields that both have."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.services.inputs import CODE, NAME, Faults
from app.services.outcome import KEEP, Keep
from app.services.parties import PartyCommand
from app.values import Incoterm, ShipmentStatus, TransportMode

MOST_LINES = 1_000
MOST_CONTAINERS = 500

_PORT = re.compile(r"[A-Z]{2}[A-Z2-9]{3}|\d{4,5}", re.ASCII)
_CONTAINER = re.compile(r"[A-Z0-9][A-Z0-9 /-]{2,19}", re.ASCII)
_UNIT = re.compile(r"[A-Z][A-Z0-9²³. ]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ContainerCommand:
    """A container: its number as painted on it, ISO 6346 size and type, seal."""

    number: str
    size_type: str | None = None
    seal: str | None = None


@dataclass(frozen=True, slots=True)
class LineCommand:
    """One product on a shipment; the product's own origin stands in where none is given."""

    sku: str
    quantity: Decimal
    unit: str
    origin_country: str | None = None
    customs_value_amount: Decimal | None = None
    customs_value_currency: str | None = None
    purchase_order: str | None = None


@dataclass(frozen=True, slots=True)
class ShipmentBook:
    """A new shipment; `importer` None stands for the organisation itself."""

    reference: str
    mode: TransportMode
    lines: tuple[LineCommand, ...]
    carrier: str | None = None
    master_bill: str | None = None
    house_bills: tuple[str, ...] = ()
    containers: tuple[ContainerCommand, ...] = ()
    port_of_lading: str | None = None
    port_of_unlading: str | None = None
    estimated_departure: datetime | None = None
    estimated_arrival: datetime | None = None
    incoterm: Incoterm | None = None
    importer: PartyCommand | None = None
    consignee: PartyCommand | None = None
    seller: PartyCommand | None = None
    broker: PartyCommand | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class ShipmentUpdate:
    """Changes of a shipment; KEEP leaves a field as it is, None empties it."""

    id: str
    status: ShipmentStatus | Keep = KEEP
    carrier: str | Keep | None = KEEP
    master_bill: str | Keep | None = KEEP
    house_bills: tuple[str, ...] | Keep | None = KEEP
    containers: tuple[ContainerCommand, ...] | Keep | None = KEEP
    port_of_lading: str | Keep | None = KEEP
    port_of_unlading: str | Keep | None = KEEP
    estimated_departure: datetime | Keep | None = KEEP
    estimated_arrival: datetime | Keep | None = KEEP
    arrived_at: datetime | Keep | None = KEEP
    incoterm: Incoterm | Keep | None = KEEP
    expected_version: int | None = None
    idempotency_key: str | None = None


def read_travel(faults: Faults, command: ShipmentBook | ShipmentUpdate) -> dict[str, Any]:
    """Columns and values of the fields that booking and changing share, those the command mentions."""
    found: dict[str, Any] = {}

    def given(name: str) -> bool:
        return not isinstance(getattr(command, name), Keep)

    for name, path, longest in (("carrier", "carrier", NAME), ("master_bill", "masterBill", CODE)):
        if given(name):
            found[name] = faults.text(getattr(command, name), path, longest=longest, required=False)
    for name, path in (("port_of_lading", "portOfLading"), ("port_of_unlading", "portOfUnlading")):
        if given(name):
            found[name] = read_port(faults, getattr(command, name), path)
    for name, path in (("estimated_departure", "estimatedDeparture"), ("estimated_arrival", "estimatedArrival")):
        if given(name):
            found[name] = faults.moment(getattr(command, name), path)
    if given("house_bills"):
        found["house_bills"] = faults.texts(getattr(command, "house_bills") or (), "houseBills")  # noqa: B009
    if given("containers"):
        found["containers"] = _containers(faults, getattr(command, "containers") or ())  # noqa: B009
    if given("incoterm"):
        incoterm = getattr(command, "incoterm")  # noqa: B009
        found["incoterm"] = None if incoterm is None else Incoterm(incoterm).value
    return found


def read_port(faults: Faults, value: str | None, *path: str) -> str | None:
    """A port code in the shape of Schedule D, Schedule K or UN/LOCODE. Whether it is in a list is for the checks."""
    code = faults.text(value, *path, longest=CODE, required=False)
    if code is None:
        return None
    code = code.upper().replace(" ", "")
    if not _PORT.fullmatch(code):
        faults.add("UNKNOWN_PORT", f"{code!r} is no port code: give Schedule D (2704) or UN/LOCODE (CNSHA)", *path)
        return None
    return code


def read_unit(faults: Faults, value: str, *path: str) -> str | None:
    """A unit of quantity such as NO, KG or DOZ, in capitals."""
    unit = faults.text(value, *path, longest=CODE)
    if unit is not None and not _UNIT.fullmatch(unit.upper()):
        faults.add("INVALID", f"{unit!r} is no unit such as NO, KG or M2", *path)
        return None
    return None if unit is None else unit.upper()


def in_order(faults: Faults, departure: datetime | None, arrival: datetime | None) -> None:
    """Nothing arrives before it has left."""
    if departure is not None and arrival is not None and arrival < departure:
        faults.add("INVALID", "it would arrive before it departs", "estimatedArrival")


def _containers(faults: Faults, commands: tuple[ContainerCommand, ...]) -> list[dict[str, str | None]]:
    if len(commands) > MOST_CONTAINERS:
        faults.add("TOO_MANY", f"{MOST_CONTAINERS} containers are the most", "containers")
        return []
    return [_container(faults, command, str(place)) for place, command in enumerate(commands)]


def _container(faults: Faults, command: ContainerCommand, place: str) -> dict[str, str | None]:
    at = ("containers", place)
    number = faults.text(command.number, *at, "number", longest=CODE)
    if number is not None and not _CONTAINER.fullmatch(number.upper()):
        faults.add("INVALID", f"{number!r} is no container number such as MSKU1234565", *at, "number")
    return {
        "number": None if number is None else number.upper(),
        "sizeType": faults.text(command.size_type, *at, "sizeType", longest=CODE, required=False),
        "seal": faults.text(command.seal, *at, "seal", longest=CODE, required=False),
    }
