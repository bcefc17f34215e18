"""What keeps an entry, or a shipment that is to become one, from being filed, and what a careful broker would look at.
It reads a frozen view; where the view comes from and what a blocker stops is for the services."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.countries import is_country
from app.filing.entry_types import entry_types, informal_limit, is_informal
from app.filing.ports import find_port

_CONFIRMED = "CONFIRMED"  # as the classification room writes it; rooms side by side do not import each other


class Severity(StrEnum):
    """Whether a check stops the filing, asks for a look, or only tells."""

    BLOCKER = "BLOCKER"
    WARNING = "WARNING"
    INFO = "INFO"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `field` is the path in the graph below the entry or shipment; `fix` names the mutation that mends it
    and the input it needs, where there is one."""

    code: str
    severity: Severity
    field: tuple[str, ...]
    message: str
    fix: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LineView:
    """One line as the checks see it. `in_force`: whether the number is in the tariff of the day, and `declarable`
    whether it may stand on an entry; both None where that cannot be told."""

    number: int
    product_id: str | None = None
    sku: str | None = None
    hts_number: str | None = None
    classification_status: str | None = None
    origin_country: str | None = None
    customs_value: Decimal | None = None
    currency: str | None = None
    in_force: bool | None = None
    declarable: bool | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry, or the entry a shipment would become."""

    type: str
    port: str | None
    lines: tuple[LineView, ...]
    on: date
    importer_identified: bool = True


def check_entry(view: EntryView) -> tuple[Check, ...]:
    """Every finding, blockers first, then in the order of the lines."""
    found = [*_header(view)]
    for line in view.lines:
        for rule in _LINE_RULES:
            found.extend(rule(line))
    found.extend(_value_limit(view))
    rank = list(Severity)
    return tuple(sorted(found, key=lambda check: rank.index(check.severity)))


def blockers(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """Those that stop the filing."""
    return tuple(check for check in checks if check.severity is Severity.BLOCKER)


def _header(view: EntryView) -> Iterator[Check]:
    if not view.lines:
        yield Check("NO_LINES", Severity.BLOCKER, ("lines",), "There is nothing on it: an entry needs a line.")
    if view.port is None:
        yield Check("PORT_MISSING", Severity.BLOCKER, ("port",), "No port of entry is known.")
    elif find_port(view.port) is None:
        message = f"{view.port} is in none of the port lists held here: compare it with Schedule D."
        yield Check("PORT_UNKNOWN", Severity.WARNING, ("port",), message)
    if view.type not in entry_types():
        yield Check("TYPE_UNKNOWN", Severity.BLOCKER, ("type",), f"{view.type} is no entry type.")
    if not view.importer_identified:
        message = "The importer has no EIN or other importer number (19 CFR 24.5)."
        yield Check("IMPORTER_NUMBER_MISSING", Severity.WARNING, ("importer",), message)


def _classification(line: LineView) -> Iterator[Check]:
    if line.hts_number is None:
        message = f"Line {line.number} ({_named(line)}) has no tariff number."
        yield Check("UNCLASSIFIED", Severity.BLOCKER, _at(line, "product"), message, _decide(line))
    elif line.classification_status not in (None, _CONFIRMED):
        message = f"The number {line.hts_number} of line {line.number} is {line.classification_status}, not confirmed."
        fix = _decide(line, htsNumber=line.hts_number)
        yield Check("CLASSIFICATION_UNCONFIRMED", Severity.BLOCKER, _at(line, "htsNumber"), message, fix)


def _tariff(line: LineView) -> Iterator[Check]:
    if line.hts_number is None:
        return
    if line.in_force is False:
        message = f"{line.hts_number} on line {line.number} is not in force."
        yield Check("HTS_NOT_IN_FORCE", Severity.BLOCKER, _at(line, "htsNumber"), message, _decide(line))
    elif line.declarable is False:
        message = f"{line.hts_number} on line {line.number} cannot stand on an entry: a longer number is needed."
        yield Check("HTS_NOT_DECLARABLE", Severity.BLOCKER, _at(line, "htsNumber"), message, _decide(line))


def _origin(line: LineView) -> Iterator[Check]:
    if not line.origin_country:
        message = f"Line {line.number} ({_named(line)}) has no country of origin."
        fix = {"mutation": "productUpsert", "input": {"sku": line.sku}} if line.sku else None
        yield Check("ORIGIN_MISSING", Severity.BLOCKER, _at(line, "originCountry"), message, fix)
    elif not is_country(line.origin_country):
        message = f"{line.origin_country} on line {line.number} is no ISO country code."
        yield Check("ORIGIN_UNKNOWN", Severity.BLOCKER, _at(line, "originCountry"), message)


def _value(line: LineView) -> Iterator[Check]:
    field = _at(line, "customsValue")
    if line.customs_value is None:
        yield Check("VALUE_MISSING", Severity.BLOCKER, field, f"Line {line.number} has no customs value.")
    elif line.customs_value == 0:
        yield Check("VALUE_ZERO", Severity.WARNING, field, f"The customs value of line {line.number} is zero.")
    if line.currency not in (None, "USD"):
        message = f"Line {line.number} is valued in {line.currency}: an entry states US dollars (19 CFR 159.31)."
        yield Check("CURRENCY_NOT_USD", Severity.WARNING, field, message)


def _value_limit(view: EntryView) -> Iterator[Check]:
    """An informal entry is for shipments up to a limit (19 CFR 143.21)."""
    limit = informal_limit(view.on)
    if not is_informal(view.type) or limit is None or any(line.currency not in (None, "USD") for line in view.lines):
        return
    total = sum((line.customs_value or Decimal(0) for line in view.lines), Decimal(0))
    if total > limit:
        message = f"An informal entry covers goods up to ${limit:,}; these are worth ${total:,.2f}."
        yield Check("INFORMAL_VALUE_LIMIT", Severity.BLOCKER, ("type",), message)


_LINE_RULES: tuple[Callable[[LineView], Iterator[Check]], ...] = (_classification, _tariff, _origin, _value)


def _at(line: LineView, name: str) -> tuple[str, ...]:
    return ("lines", str(line.number), name)


def _named(line: LineView) -> str:
    return line.sku or line.product_id or "no product"


def _decide(line: LineView, **known: str) -> dict[str, Any] | None:
    if line.product_id is None:
        return None
    return {"mutation": "classificationDecide", "input": {"product": line.product_id, "decision": "CONFIRM", **known}}
