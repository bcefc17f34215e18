"""A frozen tree of names (which rows, in which order, after which key) turned into SQL of either dialect, with the
tenant filter added. The tree is what bindings and plans are made of; no text of a request ever becomes SQL."""

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table

from app.principal import Caller
from app.store.columns import Words
from app.store.scope import visible
from app.store.tables import TABLES

MOST_WORDS, LONGEST_WORD = 900, 10_000
"""What a search can be about: no text that is stored has a longer word, and SQLite takes no longer pattern and no
deeper condition."""

Operator = Literal["eq", "in", "ge", "lt", "under", "words", "filled"]


@dataclass(frozen=True, slots=True)
class Where:
    """`column` against `value`. `under`: an HTS number at or below this one. `words`: every word of the value
    occurs in the text. `filled`: whether the column has a value (True) or is empty (False)."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key. Empty text sorts as the smallest."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A table between parent and child: `parent` and `child` are its columns."""

    table: str
    parent: str
    child: str


@dataclass(frozen=True, slots=True)
class Select:
    """Rows of one table. `order` ends in a unique column; `after` holds one stored value per order key."""

    table: str
    where: tuple[Where, ...] = ()
    order: tuple[Order, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Children:
    """The rows of `select` that belong to each of `keys`: those whose `column` is the key or, with a link, those
    that the link table pairs with it. The limit of `select` holds for each key."""

    select: Select
    keys: tuple[Any, ...]
    column: str = ""
    link: Link | None = None


def rows(select: Select, caller: Caller) -> sa.Select[Any]:
    """Every column of the rows asked for, in order."""
    table = TABLES[select.table]
    statement = sa.select(table).where(*_conditions(table, select, caller)).order_by(*_ordering(table, select))
    return statement if select.limit is None else statement.limit(select.limit)


def count(select: Select, caller: Caller) -> sa.Select[Any]:
    """How many rows there are, whatever the page."""
    table = TABLES[select.table]
    conditions = _conditions(table, _unpaged(select), caller)
    return sa.select(sa.func.count()).select_from(table).where(*conditions)


def children(tree: Children, caller: Caller) -> sa.Select[Any]:
    """Every column of the rows and their `parent_key`, grouped by parent, in order within it."""
    source, parent = _source(tree)
    table = TABLES[tree.select.table]
    ordering = _ordering(table, tree.select)
    conditions = (*_conditions(table, tree.select, caller), parent.in_(tree.keys))
    statement = sa.select(table, parent.label("parent_key")).select_from(source).where(*conditions)
    if tree.select.limit is None:
        return statement.order_by(parent, *ordering)
    rank = sa.func.row_number().over(partition_by=parent, order_by=ordering).label("parent_rank")
    ranked = statement.add_columns(rank).subquery()
    within = ranked.c.parent_rank <= tree.select.limit
    return sa.select(ranked).where(within).order_by(ranked.c.parent_key, ranked.c.parent_rank)


def children_count(tree: Children, caller: Caller) -> sa.Select[Any]:
    """(parent_key, count) for each parent that has any."""
    source, parent = _source(tree)
    table = TABLES[tree.select.table]
    conditions = (*_conditions(table, _unpaged(tree.select), caller), parent.in_(tree.keys))
    return (
        sa.select(parent.label("parent_key"), sa.func.count()).select_from(source).where(*conditions).group_by(parent)
    )


def _unpaged(select: Select) -> Select:
    return Select(select.table, select.where)


def _source(tree: Children) -> tuple[Any, ColumnElement[Any]]:
    table = TABLES[tree.select.table]
    if tree.link is None:
        return table, table.c[tree.column]
    between = TABLES[tree.link.table]
    parent, child = between.c[tree.link.parent], between.c[tree.link.child]
    pairs = sa.select(parent, child).where(parent.in_(tree.keys)).distinct().subquery()
    return table.join(pairs, pairs.c[tree.link.child] == table.c.id), pairs.c[tree.link.parent]


def _conditions(table: Table, select: Select, caller: Caller) -> list[ColumnElement[bool]]:
    scope = visible(table, caller)
    found = [] if scope is None else [scope]
    found += [_condition(table, where) for where in select.where]
    if select.after is not None:
        found.append(_beyond(table, select))
    return found


def storable(value: object) -> bool:
    """Whether a column can hold the value: PostgreSQL takes no text with a NUL, not even to compare with."""
    return not isinstance(value, str) or "\x00" not in value


def _condition(table: Table, where: Where) -> ColumnElement[bool]:
    column: ColumnElement[Any] = table.c[where.column]
    match where.operator:
        case "eq":
            return sa.and_(column == where.value) if storable(where.value) else sa.false()
        case "in":
            return column.in_([one for one in where.value if storable(one)])
        case "ge":
            return sa.and_(column >= where.value)
        case "lt":
            return sa.and_(column < where.value)
        case "filled":
            return column.is_not(None) if where.value else column.is_(None)
        case "under":
            return sa.or_(column == where.value, column.startswith(where.value, autoescape=True))
        case "words":
            words = dict.fromkeys(str(where.value).casefold().split())
            if len(words) > MOST_WORDS or not all(len(word) <= LONGEST_WORD and storable(word) for word in words):
                return sa.false()
            return sa.and_(sa.true(), *(column.contains(word, autoescape=True) for word in words))


def _sort_key(table: Table, order: Order) -> ColumnElement[Any]:
    """The column as it is stored; NULL as empty text, since the two databases sort NULL at opposite ends."""
    column = table.c[order.column]
    if isinstance(column.type, sa.types.TypeDecorator) and isinstance(column.type.impl_instance, sa.Text | Words):
        stored = sa.type_coerce(column, Words())
        return sa.func.coalesce(stored, "", type_=Words()) if column.nullable else stored
    return column


def _ordering(table: Table, select: Select) -> list[ColumnElement[Any]]:
    keys = ((_sort_key(table, order), order.descending) for order in select.order)
    return [key.desc() if descending else key.asc() for key, descending in keys]


def _beyond(table: Table, select: Select) -> ColumnElement[bool]:
    """The rows after the keyset, key by key: a > x, or a = x and b > y, …"""
    after = select.after or ()
    keys = [_sort_key(table, order) for order in select.order]
    steps: list[ColumnElement[bool]] = []
    for i, (order, value) in enumerate(zip(select.order, after, strict=True)):
        equal = [keys[j] == after[j] for j in range(i)]
        steps.append(sa.and_(*equal, keys[i] < value if order.descending else keys[i] > value))
    return sa.or_(*steps)
