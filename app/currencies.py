"""Currencies by ISO 4217 code, with names and minor units, from `currencies.csv`: every active code that has a minor
unit, so neither metals nor testing codes. Exchange rates are the caller's facts, never ours."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Currency:
    """An active currency. `minor_units` is the number of decimals of its smallest unit, 0 to 4."""

    code: str
    name: str
    minor_units: int


def is_currency(code: str) -> bool:
    """Whether `code` is an active code, in capitals."""
    return code in _by_code()


def find_currency(code: str) -> Currency | None:
    """The currency with exactly this code, or None."""
    return _by_code().get(code)


def currency_codes() -> tuple[str, ...]:
    """All codes in alphabetical order."""
    return tuple(_by_code())


@cache
def _by_code() -> MappingProxyType[str, Currency]:
    with files("app").joinpath("currencies.csv").open(encoding="utf-8") as file:
        currencies = [Currency(row["code"], row["name"], int(row["minor_units"])) for row in csv.DictReader(file)]
    return MappingProxyType({currency.code: currency for currency in currencies})
