"""Entry types and the limit of informal entries, read from `entry_types.toml`. Knows no entry."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any


def entry_types() -> Mapping[str, str]:
    """Two-digit code to name (CBP Form 7501, block 2)."""
    types: Mapping[str, str] = _data()["types"]
    return types


def is_informal(code: str) -> bool:
    """Whether entries of this type are informal."""
    return code in _data()["informal"]["types"]


def informal_limit(on: date) -> Decimal | None:
    """The most that an informal entry may be worth in US dollars on a day (19 CFR 143.21); None before the data."""
    limits = [limit for limit in _data()["informal"]["limit"] if limit["from"] <= on]
    return Decimal(max(limits, key=lambda limit: limit["from"])["us_dollars"]) if limits else None


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("app.filing").joinpath("entry_types.toml").read_text(encoding="utf-8"))
