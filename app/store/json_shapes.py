"""What a dialect has to say for a statement that answers in JSON, where values are read from, and what such a statement
is. How the pieces are put together is for `json_statement`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.store.json_marked import Rows, as_json, page_rows, whole_page
from app.store.json_tree import Page, Path, Scalar


class NotExpressible(Exception):
    """The tree cannot be one statement: too many keys in an object."""


@dataclass(slots=True)
class Row:
    """Where values are read from: a table's row, or a JSON value (then `table` is empty and `alias` its SQL). `joins`
    are what FROM has beside it, where it takes any."""

    alias: str
    table: str
    used: set[str] = field(default_factory=set)
    joins: list[str] | None = None

    @property
    def named(self) -> str:
        """Its name in FROM, and what is beside it."""
        return f"{self.alias}{''.join(self.joins or ())}"

    def column(self, name: str) -> str:
        self.used.add(name)
        return f"{self.alias}.{name}"


Marked = Literal["", "body", "rows", "whole"]
Guard = Literal["", "found", "told"]


@dataclass(frozen=True, slots=True)
class Statement:
    """`places` are its arguments as places among the organisation, the request's values and `constants`, in this order.
    Columns of a row: the bodies, the keys of the order, the count where it is asked for, and at the end, where `guard`
    is "told", whether the organisation is a party of anything: then the narrow statement was the wrong one, as it may
    have been wherever there is a guard and no row. `marked` says what is marked text: nothing, a row's body, or a page
    that came as one row, to be told apart or whole."""

    sql: str
    places: tuple[int, ...]
    constants: tuple[str, ...]
    bodies: int
    guard: Guard
    marked: Marked

    def rows(self, found: Sequence[Any]) -> Rows:
        """The rows with their bodies as JSON. Raises Overgrown."""
        match self.marked:
            case "whole":
                return whole_page(found[0], self.bodies) or []
            case "rows":
                return page_rows(found[0], self.bodies)
            case "body":
                return [(as_json(body), *others) for body, *others in found]
        return found


@dataclass(frozen=True, slots=True)
class Quoted:
    """SQL of a text that is not NULL; in JSON it stands in quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A nested page's pieces of SQL."""

    page: Page
    bodies: list[str]
    keys: list[str]
    rank: str
    size: str
    only: str
    count: str


class Dialect(ABC):
    """How values become JSON. Every method gives SQL text."""

    @abstractmethod
    def placeholder(self, number: int, kind: str) -> str: ...

    @abstractmethod
    def body(self, expression: str) -> str: ...

    @abstractmethod
    def object(self, pairs: Sequence[tuple[str, str | Quoted]]) -> str: ...

    @abstractmethod
    def scalar(self, row: Row, value: Scalar) -> str | Quoted: ...

    @abstractmethod
    def fixed(self, text: str | None) -> str | Quoted: ...

    @abstractmethod
    def nullable(self, expression: str, *, required: bool, row: Row) -> str: ...

    @abstractmethod
    def array(self, expression: str, *, only: str = "", order: str = "") -> str: ...

    @abstractmethod
    def document(self, row: Row, path: Path) -> str: ...

    @abstractmethod
    def elements(self, document: str) -> tuple[str, str, str]: ...

    @abstractmethod
    def cursor(self, page: Page, keys: Sequence[str]) -> str: ...

    @abstractmethod
    def flag(self, condition: str) -> str: ...

    @abstractmethod
    def among(self, column: str, slot: str) -> str: ...

    @abstractmethod
    def unindexed(self, expression: str) -> str: ...

    @abstractmethod
    def all_words(self, column: str, slot: str) -> str: ...

    @abstractmethod
    def last_key(self, page: Page, rank: str, size: str, keys: Sequence[str]) -> str: ...

    @abstractmethod
    def number(self, expression: str) -> str: ...

    @abstractmethod
    def present(self, document: str) -> str: ...

    @abstractmethod
    def known(self, code: str, what: str) -> str: ...
