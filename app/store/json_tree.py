"""What a statement that answers in JSON is made of: a frozen tree of names over the rows of `app.store.statement`.
A `Slot` stands for a value of the request; what else comes from a request are response keys, and they are bound."""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from app.store.columns import Day, Json, Scaled, Timestamp, Words
from app.store.statement import Link, Select, Where
from app.store.tables import TABLES

SlotKind = Literal["text", "integer", "texts"]
Form = Literal["text", "safe", "integer", "float", "flag", "json", "decimal"]
"""How a stored value is printed. `safe` is text that JSON never escapes: timestamps and days."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The value at this place of the request's values, counted from 0; the organisation is no such value."""

    number: int
    kind: SlotKind = "text"


@dataclass(frozen=True, slots=True)
class Path:
    """A column of the row, a key of a JSON object, or a key of a column that holds one."""

    column: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `places` are the least decimals of a decimal; where it is `required`, NULL fails the statement."""

    path: Path
    form: Form
    places: int = 0
    required: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """The name of a type, or null."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What the packaged list of ports says of the code in a column; null where it does not have it."""

    column: str
    what: Literal["name", "country"]


@dataclass(frozen=True, slots=True)
class Member:
    """A response key and its value."""

    key: str
    value: "Value"


Members = tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """An object made of the same row; null where the column `unless` is, or, where `said`, where its text is empty."""

    members: Members
    unless: str
    required: bool = False
    said: bool = False


@dataclass(frozen=True, slots=True)
class Inner:
    """A JSON object's own keys, chosen; null where there is none."""

    path: Path
    members: Members
    required: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """A JSON array of objects, of each the chosen keys, in the array's order."""

    path: Path
    members: Members


@dataclass(frozen=True, slots=True)
class One:
    """The visible row of `table` whose id is in the column `by`."""

    table: str
    by: str
    members: Members
    required: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The line of the tariff in force on a day, of the number in a column or of a value."""

    number: "Slot | str"
    day: Slot
    members: Members


@dataclass(frozen=True, slots=True)
class Named:
    """A root field that is a list: for each of `ids`, a list of the request's values, the visible row of that id, or
    null. `wanted` is the slot of the same ids as the database takes them."""

    table: str
    wanted: Slot
    ids: Slot
    members: Members


@dataclass(frozen=True, slots=True)
class Many:
    """The visible rows that belong to this one, all of them, in order."""

    select: Select
    column: str
    link: Link | None
    members: Members


@dataclass(frozen=True, slots=True)
class Sums:
    """What the visible rows of `table` whose `column` is this row's id add up to, as one row: their number in `number`,
    and their `amount` in its `currency`, both null where a row lacks either or the currencies differ."""

    table: str
    column: str
    amount: str
    currency: str
    number: str
    members: Members


@dataclass(frozen=True, slots=True)
class Edges:
    """For each row an object: a number is the body of that number, "cursor" its cursor."""

    members: tuple[tuple[str, "int | Fixed | Literal['cursor']"], ...]


@dataclass(frozen=True, slots=True)
class Nodes:
    """For each row the body of that number."""

    body: int


@dataclass(frozen=True, slots=True)
class Info:
    """Where the page lies: hasNextPage, hasPreviousPage, startCursor, endCursor, or a type's name."""

    members: "tuple[tuple[str, str | Fixed], ...]"


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows the whole list has."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows: of all the caller sees, or (with a column or a link) of those that belong to this row.

    `select` is ordered as it is read: reversed for a page from the `backward` end. Its limit is the slot of the page's
    size. `started` says whether a cursor was given. `bodies` are the objects made of each row."""

    select: Select
    column: str
    link: Link | None
    backward: bool
    started: bool
    bodies: tuple[Members, ...]
    layout: tuple[tuple[str, "Nodes | Edges | Info | Total | Fixed"], ...]

    @property
    def cursors(self) -> bool:
        """Whether any cursor is asked for."""
        edges = any(isinstance(part, Edges) and "cursor" in dict(part.members).values() for _, part in self.layout)
        return edges or bool({"startCursor", "endCursor"} & self._info)

    @property
    def beyond(self) -> bool:
        """Whether it matters that there is a row more than the page holds."""
        return ("hasPreviousPage" if self.backward else "hasNextPage") in self._info

    @property
    def apart(self) -> bool:
        """Whether its rows have to be told apart: for an object around each, to turn them or to leave one out."""
        edges = any(isinstance(part, Edges) for _, part in self.layout)
        return edges or self.cursors or self.beyond or self.backward

    @property
    def read(self) -> bool:
        """Whether any of it depends on the page's rows."""
        return self.cursors or self.beyond or any(isinstance(part, Nodes | Edges) for _, part in self.layout)

    @property
    def counted(self) -> bool:
        """Whether the whole list is counted."""
        return any(isinstance(part, Total) for _, part in self.layout)

    @property
    def _info(self) -> set[str]:
        infos = (part for _, part in self.layout if isinstance(part, Info))
        return {name for info in infos for _, name in info.members if isinstance(name, str)}


Value = Scalar | Fixed | Known | Part | Inner | Each | One | Line | Many | Sums | Page


@dataclass(frozen=True, slots=True)
class Kind:
    """What a column holds; `scale` of a decimal."""

    form: Form
    nullable: bool
    scale: int = 0


def picks_few(select: Select) -> bool:
    """Whether it picks no more than a few rows: by a list of what is unique in an organisation, or by what they belong
    to, unless that is a party, which can have any number."""
    table = TABLES[select.table]
    unique = [set(one.columns.keys()) for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    return any(
        (where.operator == "in" and {"organisation_id", where.column} in unique)
        or (where.operator == "eq" and _points_at(table.c[where.column]) not in ("", "party"))
        for where in select.where
    )


def gives_way(select: Select, where: Where) -> bool:
    """Whether a condition is only looked at once the rows were picked by what they point at, which mostly are fewer."""
    columns = TABLES[select.table].c
    pointing = any(one.operator == "eq" and _points_at(columns[one.column]) for one in select.where)
    return pointing and not _points_at(columns[where.column])


def _points_at(column: sa.Column[Any]) -> str:
    return next((str(key.column.table.name) for key in column.foreign_keys), "")


def kind_of(table: str, column: str) -> Kind | None:
    """What a column holds; None where the table has no such column, or none that can be printed."""
    found = TABLES[table].c.get(column)
    if found is None:
        return None
    kind = found.type
    nullable = bool(found.nullable)
    match kind:
        case Scaled():
            return Kind("decimal", nullable, kind.scale)
        case Json():
            return Kind("json", nullable)
        case Timestamp() | Day():
            return Kind("safe", nullable)
        case Words():
            return Kind("text", nullable)
        case sa.Boolean():
            return Kind("flag", nullable)
        case sa.Integer():
            return Kind("integer", nullable)
        case sa.Float():
            return Kind("float", nullable)
    return None
