"""Countries by ISO 3166-1 alpha-2 code, with short English names, from `countries.csv`.

Which tariff column, preference or measure a country has is for the tariff and duty rooms."""

import csv
from functools import cache
from importlib.resources import files
from types import MappingProxyType


def is_country(code: str) -> bool:
    """Whether `code` is an officially assigned alpha-2 code, in capitals. User-assigned codes such as XK are not."""
    return code in _names()


def country_name(code: str) -> str | None:
    """The short English name, or None for an unknown code."""
    return _names().get(code)


def country_codes() -> tuple[str, ...]:
    """All codes in alphabetical order."""
    return tuple(_names())


@cache
def _names() -> MappingProxyType[str, str]:
    with files("app").joinpath("countries.csv").open(encoding="utf-8") as file:
        return MappingProxyType({row["code"]: row["name"] for row in csv.DictReader(file)})
