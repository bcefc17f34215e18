"""Reading a command's fields: each reader returns the cleaned value, or None and a fault, so that all faults of an
input are told at once. What the values mean together is for the use case."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson

from app.countries import is_country
from app.currencies import is_currency
from app.values import Fault, canonical_json

NAME, CODE, REFERENCE, PROSE = 200, 40, 100, 4_000
LARGEST_MONEY = Decimal(10) ** 13
LARGEST_QUANTITY = Decimal(10) ** 12
LARGEST_JSON = 16 * 1024

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_OK_IN_PROSE = "\n\t"


class Faults:
    """The faults of one input. `codes` is the command's own list: a code outside it is a bug, told at once."""

    def __init__(self, codes: type[StrEnum], *prefix: str) -> None:
        self._codes = codes
        self._prefix = prefix
        self.found: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self.found)

    def __call__(self) -> tuple[Fault, ...]:
        """What was found."""
        return tuple(self.found)

    def add(self, code: str, message: str, *path: str, retryable: bool = False) -> None:
        """One thing wrong at `path`."""
        self.found.append(Fault(self._codes(code).value, message, (*self._prefix, *path), retryable))

    def _wrong(self, code: str, text: str, *path: str) -> None:
        self.add(code, f"{'.'.join(path)} {text}", *path)

    @staticmethod
    def printable(text: str, allowed: str = "") -> bool:
        """Whether a text holds neither control characters nor halves of surrogate pairs."""
        return all(sign in allowed or unicodedata.category(sign) not in ("Cc", "Cs") for sign in text)

    def text(self, value: str | None, *path: str, longest: int = NAME, required: bool = True) -> str | None:
        """Trimmed text of one line, or of several from `PROSE` characters on; None where it is empty."""
        prose = longest >= PROSE
        trimmed = (value or "").replace("\r\n", "\n").strip()
        if not trimmed:
            if required:
                self._wrong("REQUIRED", "is needed", *path)
            return None
        if len(trimmed) > longest:
            self._wrong("TOO_LONG", f"has {len(trimmed)} characters, {longest} are the most", *path)
            return None
        if not self.printable(trimmed, _OK_IN_PROSE if prose else ""):
            self._wrong("INVALID", "holds control characters", *path)
            return None
        return trimmed

    def texts(self, values: Sequence[str], *path: str, longest: int = CODE, most: int = 200) -> list[str]:
        """A list of texts, none of them empty."""
        if len(values) > most:
            self._wrong("TOO_MANY", f"has {len(values)} items, {most} are the most", *path)
            return []
        cleaned = [self.text(value, *path, str(place), longest=longest) for place, value in enumerate(values)]
        return [text for text in cleaned if text is not None]

    def country(self, value: str | None, *path: str, required: bool = True) -> str | None:
        """An ISO 3166-1 alpha-2 code."""
        code = self.text(value, *path, longest=CODE, required=required)
        if code is not None and not is_country(code.upper()):
            self._wrong("UNKNOWN_COUNTRY", f"is {code!r}, which is no ISO 3166-1 alpha-2 code", *path)
            return None
        return None if code is None else code.upper()

    def currency(self, value: str | None, *path: str) -> str | None:
        """An ISO 4217 code."""
        code = self.text(value, *path, longest=CODE)
        if code is not None and not is_currency(code.upper()):
            self._wrong("UNKNOWN_CURRENCY", f"is {code!r}, which is no ISO 4217 code", *path)
            return None
        return None if code is None else code.upper()

    def amount(self, value: Decimal | None, *path: str) -> Decimal | None:
        """Money: not negative, at most four decimals."""
        return self._decimal(value, 4, LARGEST_MONEY, *path)

    def quantity(self, value: Decimal | None, *path: str) -> Decimal | None:
        """More than nothing, at most six decimals."""
        found = self._decimal(value, 6, LARGEST_QUANTITY, *path)
        if found is not None and found == 0:
            self._wrong("INVALID", "must be more than zero", *path)
            return None
        return found

    def money(self, amount: Decimal | None, currency: str | None, *path: str) -> tuple[Decimal, str] | None:
        """Both or neither; None for neither, or where one is wrong."""
        if amount is None and currency is None:
            return None
        value, code = self.amount(amount, *path, "amount"), self.currency(currency, *path, "currency")
        return None if value is None or code is None else (value, code)

    def moment(self, value: datetime | None, *path: str) -> datetime | None:
        """A time with an offset, between 1990 and 2100, in UTC."""
        if value is None:
            return None
        if value.tzinfo is None or not _EARLIEST <= value < _LATEST:
            self._wrong("INVALID", "must be a time with an offset, between 1990 and 2100", *path)
            return None
        return value.astimezone(UTC)

    def json(self, value: dict[str, Any] | None, *path: str) -> dict[str, Any]:
        """A JSON object of at most 16 KiB."""
        if value is None:
            return {}
        try:
            text = canonical_json(value)
        except (TypeError, ValueError, RecursionError):
            self._wrong("INVALID", "is no JSON", *path)
            return {}
        if not isinstance(value, dict):
            self._wrong("INVALID", "must be a JSON object", *path)
            return {}
        if len(text) > LARGEST_JSON:
            self._wrong("TOO_LONG", f"is larger than {LARGEST_JSON} bytes", *path)
            return {}
        plain: dict[str, Any] = orjson.loads(text)
        return plain

    def _decimal(self, value: Decimal | None, places: int, largest: Decimal, *path: str) -> Decimal | None:
        if value is None:
            self._wrong("REQUIRED", "is needed", *path)
            return None
        if not value.is_finite() or value < 0:
            self._wrong("INVALID", "must be a number that is not negative", *path)
        elif value >= largest:
            self._wrong("INVALID", f"must be less than {largest:f}", *path)
        elif value != round(value, places):
            self._wrong("INVALID", f"has more than {places} decimals", *path)
        else:
            return value
        return None


def search_text(*texts: str | None) -> str:
    """The words that searching looks into: casefolded, each once, in their order."""
    words = " ".join(text for text in texts if text).casefold().split()
    return " ".join(dict.fromkeys(words))
