"""What an importer declares about the goods: facts read against the vocabulary of the measure book, values, quantities.

The vocabulary (name, type, default, meaning) is data; nothing here knows a particular fact."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from app.duty.assessment import DutyErrorCode, DutyFault
from app.tariff.measure import FactDefinition, MeasureBook
from app.values import format_decimal, parse_decimal

FactValue = bool | Decimal | date | str
_TEXT: Final = re.compile(r"[^\x00-\x1f]{1,80}")
_HUNDRED: Final = Decimal(100)
_SHOWN: Final = 40
MAX_VALUE: Final = Decimal(10) ** 15
_FINEST: Final = Decimal("0.00000001")


def read_facts(declared: Mapping[str, object], book: MeasureBook) -> dict[str, FactValue] | DutyFault:
    """The declared facts by name, each of its own type; a null is an absent fact. The first fault names its fact."""
    read: dict[str, FactValue] = {}
    for name, value in declared.items():
        definition = book.facts.get(name) if isinstance(name, str) else None
        if definition is None:
            return DutyFault(DutyErrorCode.UNKNOWN_FACT, _unknown(str(name), book), ("facts", str(name)[:_SHOWN]))
        if value is None:
            continue
        understood = _understood(definition, value)
        if understood is None:
            message = f"{name} is {_wanted(definition)}, not {_shown(value)}"
            return DutyFault(DutyErrorCode.INVALID_FACT, message, ("facts", name))
        read[name] = understood
    return read


def fact_table(book: MeasureBook) -> Iterator[tuple[str, str, str, str]]:
    """The vocabulary as rows of name, type, default and meaning, in the order of the book."""
    for fact in book.facts.values():
        default = "" if fact.default is None else str(fact.default).lower()
        kind = " or ".join(f'"{value}"' for value in fact.values) if fact.type == "choice" else fact.type
        yield fact.name, kind, fact.assumed or default, fact.meaning


def fact_text(value: FactValue) -> str:
    """A fact as text: true, 40, 2025-04-05, patented."""
    if isinstance(value, bool):
        return str(value).lower()
    return format_decimal(value) if isinstance(value, Decimal) else str(value)


def value_fault(value: object, field: str = "customsValue") -> DutyFault | None:
    """Why a customs value cannot be used, or None."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return DutyFault(DutyErrorCode.INVALID_VALUE, f"{str(value)[:40]} is not an amount of money", (field,))
    if value < 0:
        return DutyFault(DutyErrorCode.NEGATIVE_VALUE, f"{str(value)[:40]} is negative", (field,))
    if value >= MAX_VALUE or value % _FINEST:
        message = f"{str(value)[:40]} is not under {MAX_VALUE:f} with at most 8 decimals"
        return DutyFault(DutyErrorCode.INVALID_VALUE, message, (field,))
    return None


def quantity_fault(quantities: Mapping[str, Decimal]) -> DutyFault | None:
    """Why one of the quantities cannot be used, or None."""
    for unit, quantity in quantities.items():
        if type(quantity) is not Decimal or not quantity.is_finite() or not 0 <= quantity < MAX_VALUE:
            message = f"{str(quantity)[:40]} {str(unit)[:20]} is not a quantity"
            return DutyFault(DutyErrorCode.INVALID_QUANTITY, message, ("quantities", str(unit)[:40]))
    return None


def _understood(fact: FactDefinition, value: object) -> FactValue | None:
    if fact.type == "boolean":
        return value if isinstance(value, bool) else None
    if fact.type in ("percent", "rate"):
        number = _number(value)
        fits = number is not None and number >= 0 and (fact.type == "rate" or number <= _HUNDRED)
        return number if fits else None
    if not isinstance(value, str):
        return value if fact.type == "date" and type(value) is date else None
    if fact.type == "date":
        try:
            return date.fromisoformat(value) if len(value) == len("2025-04-05") else None
        except ValueError:
            return None
    if fact.type == "choice":
        return value if value in fact.values else None
    return value if _TEXT.fullmatch(value) else None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, Decimal):
            return parse_decimal(format(value, "f")) if value.is_finite() and abs(value.adjusted()) < 20 else None
        if isinstance(value, int | float):
            return parse_decimal(str(value))
        return parse_decimal(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _wanted(fact: FactDefinition) -> str:
    return {
        "boolean": "true or false",
        "percent": "a percentage from 0 to 100",
        "rate": "a percentage of 0 or more",
        "date": "a date such as 2025-04-05",
        "choice": " or ".join(fact.values),
        "text": "a text of up to 80 characters",
    }[fact.type]


def _unknown(name: str, book: MeasureBook) -> str:
    words = set(re.split(r"\W|_", name.lower()))
    near = max(book.facts, key=lambda known: len(words & set(known.split("_"))), default="")
    hint = f"; did you mean {near}?" if words & set(near.split("_")) else ""
    return f"{_shown(name)} is not a fact that a measure reads{hint}"


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
