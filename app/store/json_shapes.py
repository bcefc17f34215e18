"""What a statement that answers in JSON is to those who run it, what a dialect has to say for one, and where values are
read from. How the pieces are put together is for `json_statement`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.store.json_tree import Members, Page, Path, Scalar


class NotExpressible(Exception):
    """The tree cannot be one statement: too many keys in an object."""


@dataclass(slots=True)
class Row:
    """Where values are read from: a table's row, or a JSON value (then `table` is empty and `alias` its SQL)."""

    alias: str
    table: str
    used: set[str] = field(default_factory=set)

    def column(self, name: str) -> str:
        self.used.add(name)
        return f"{self.alias}.{name}"


@dataclass(frozen=True, slots=True)
class Statement:
    """`places` are its arguments as places among the organisation, the request's values and `constants`, in this order.
    Columns of a row: the bodies as bytes, the keys of the order, the count where it is asked for, and at the end, where
    `guarded`, whether the organisation is a party of anything: then the narrow statement was the wrong one. Where there
    are `plain` keys, the values of the one body come first, each in its column, and `bodied` makes JSON of them."""

    sql: str
    places: tuple[int, ...]
    constants: tuple[str, ...]
    bodies: int
    keys: int
    counted: bool
    guarded: bool
    plain: tuple[str, ...] = ()

    def bodied(self, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows with their bodies as JSON."""
        if not self.plain:
            return rows
        keys, behind, dumps = self.plain, len(self.plain), orjson.dumps
        return [(dumps(dict(zip(keys, row, strict=False))), *row[behind:]) for row in rows]


class Dialect:
    """How values become JSON. Every method gives SQL text."""

    def placeholder(self, number: int, kind: str) -> str:
        raise NotImplementedError

    def body(self, expression: str) -> str:
        raise NotImplementedError

    def object(self, pairs: Sequence[tuple[str, str]]) -> str:
        raise NotImplementedError

    def scalar(self, row: Row, value: Scalar) -> str:
        raise NotImplementedError

    def plain(self, row: Row, members: Members) -> list[str] | None:
        """The values as they are stored, where reading those is cheaper and says the same; else None."""
        raise NotImplementedError

    def fixed(self, text: str | None) -> str:
        raise NotImplementedError

    def nullable(self, expression: str, *, required: bool, row: Row) -> str:
        raise NotImplementedError

    def array(self, expression: str, *, only: str = "", order: str = "") -> str:
        raise NotImplementedError

    def document(self, row: Row, path: Path) -> str:
        raise NotImplementedError

    def elements(self, document: str) -> tuple[str, str, str]:
        raise NotImplementedError

    def cursor(self, page: Page, keys: Sequence[str]) -> str:
        raise NotImplementedError

    def flag(self, condition: str) -> str:
        raise NotImplementedError

    def among(self, column: str, slot: str) -> str:
        raise NotImplementedError

    def all_words(self, column: str, slot: str) -> str:
        raise NotImplementedError

    def last_key(self, page: Page, rank: str, size: str, keys: Sequence[str]) -> str:
        raise NotImplementedError

    def number(self, expression: str) -> str:
        raise NotImplementedError

    def present(self, document: str) -> str:
        raise NotImplementedError

    def known(self, code: str, what: str) -> str:
        raise NotImplementedError
