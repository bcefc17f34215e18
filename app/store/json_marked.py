"""Marked text: what PostgreSQL writes in place of JSON. A mark stands for each of JSON's quotes; what is between two of
them is the value as it is stored. The whole is escaped here, at once, for a third of what escaping costs in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, Literal

import orjson

MARK = "\x7f"
"""A character that JSON does not escape."""

_SIGN = f"\x02{token_urlsafe(6)}"
ITSELF, BACKSLASH = f"{_SIGN}m", f"{_SIGN}b"
"""What a statement writes for a mark that is in a value, and for a backslash of a document, which is JSON already. They
are drawn anew by each process, so that no stored value can hold them."""

_SIGNED, _MARK = b"\x02", MARK.encode()
_ITSELF, _BACKSLASH = orjson.dumps(ITSELF)[1:-1], orjson.dumps(BACKSLASH)[1:-1]
_MOST_SIGNS = 20_000
_ESCAPED = ((b"\\", rb"\\"), (b'"', rb"\""), (b"\n", rb"\n"), (b"\r", rb"\r"), (b"\t", rb"\t"))
_QUOTES, _CONTROLS = bytes(range(127)) + b'"' + bytes(range(128, 256)), bytes(range(32))


class Overgrown(Exception):
    """A text of so many signs that putting them right would hold up the loop."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The rows of a page that nobody tells apart: each body of all of them with commas between, and what is the same
    for each row."""

    size: int
    texts: tuple[bytes, ...]
    same: tuple[Any, ...]

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: Literal[0]) -> tuple[Any, ...]:
        """As a row of a list whose bodies are those of all."""
        return (*self.texts, *self.same)

    __iter__ = None


Rows = Sequence[Any] | Whole


def page_rows(row: Sequence[Any], bodies: int) -> list[tuple[Any, ...]]:
    """The rows of a page that came as one: their number, the texts of each of so many bodies with marks between the
    rows, arrays of sort keys, and what is the same for each row. Raises Overgrown."""
    size, *found = row
    if not size:
        return []
    # no other quote stands between two braces
    columns: list[list[Any]] = [as_json(one).replace(b'}"{', b"}\n{").split(b"\n") for one in found[:bodies]]
    columns += [one if isinstance(one, list) else [one] * size for one in found[bodies:]]
    return list(zip(*columns, strict=True)) if columns else [()] * size


def whole_page(row: Sequence[Any], bodies: int) -> Whole | None:
    """A page that came as one row and stays one; None where it is empty. Raises Overgrown."""
    size, *found = row
    return Whole(size, tuple(map(as_json, found[:bodies])), tuple(found[bodies:])) if size else None


def as_json(text: bytes) -> bytes:
    """The JSON of a marked text. Raises Overgrown."""
    if _SIGNED not in text:
        return _escaped(text)
    if text.count(_SIGNED) > _MOST_SIGNS:
        raise Overgrown
    return _escaped(text).replace(_BACKSLASH, b"\\").replace(_ITSELF, _MARK)


def _escaped(text: bytes) -> bytes:
    plain = text
    for character, escape in _ESCAPED:
        if character in plain:
            plain = plain.replace(character, escape)
    found = plain.translate(_QUOTES, _CONTROLS)
    if len(found) == len(plain):
        return found
    return orjson.dumps(text.decode())[1:-1].replace(_MARK, b'"')  # it has other characters that JSON escapes
