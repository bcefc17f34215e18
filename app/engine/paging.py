"""Keyset paging: arguments checked, a page read with one row more than asked for, opaque cursors that carry the sort
key and the id. A cursor of another order or another list is refused."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import orjson

from app.errors import BadUserInput
from app.store.statement import Link, Order, Select
from app.values import format_timestamp

if TYPE_CHECKING:
    from app.engine.context import Context
    from app.engine.ordinary.loaders import Loaders

LARGEST = 1_000


@dataclass(frozen=True, slots=True)
class PageArguments:
    """`first`/`after` or `last`/`before`, as they were sent."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def size(self) -> int:
        """Rows per page; BadUserInput where neither or both are given, or outside 1–1000."""
        if (self.first is None) == (self.last is None):
            raise BadUserInput("Give either `first` or `last`, from 1 to 1000.")
        size = self.first if self.first is not None else self.last
        if size is None or not 1 <= size <= LARGEST:
            name = "first" if self.first is not None else "last"
            raise BadUserInput(f"`{name}` is {size}: it must be from 1 to {LARGEST}.")
        return size

    @property
    def backward(self) -> bool:
        """Whether the page is counted from the end."""
        return self.first is None

    @property
    def cursor(self) -> str | None:
        """The cursor on the side the page is counted from; BadUserInput for one on the other side."""
        wrong = self.after if self.backward else self.before
        if wrong is not None:
            raise BadUserInput("`after` goes with `first`, `before` goes with `last`.")
        return self.before if self.backward else self.after


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where the page lies in the list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A row and the cursor that names its place."""

    cursor: str
    node: Any


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `count` is asked for only where totalCount is selected."""

    edges: Sequence[Edge]
    page_info: PageInfo
    count: Callable[[], Awaitable[int]]

    @property
    def nodes(self) -> list[Any]:
        """The rows alone."""
        return [edge.node for edge in self.edges]


async def root_page(context: "Context", select: Select, order: Order, asked: PageArguments) -> Page:
    """A page of the rows the caller sees."""
    paged = window(select, order, asked)
    found = await context.store.rows(context.principal, paged)
    return page(found, order, asked, select.table, lambda: context.store.count(context.principal, select))


async def nested_page(
    loaders: "Loaders", select: Select, order: Order, asked: PageArguments, column: str, link: Link | None, parent: str
) -> Page:
    """A page of the rows that belong to one parent; many parents share one statement."""
    paged = window(select, order, asked)
    found = await loaders.children(paged, column, link).load(parent)
    return page(found, order, asked, select.table, lambda: loaders.children_count(select, column, link).load(parent))


def window(select: Select, order: Order, asked: PageArguments) -> Select:
    """The select of one page: keyset, order (reversed for a page from the end) and one row more than asked for."""
    size, cursor = asked.size, asked.cursor
    keys = keys_of(order, asked.backward)
    after = None if cursor is None else decode(cursor, select.table, order)
    return replace(select, order=keys, after=after, limit=size + 1)


def page(
    found: Sequence[Any], order: Order, asked: PageArguments, table: str, count: Callable[[], Awaitable[int]]
) -> Page:
    """The page made of the rows that `window` found."""
    more = len(found) > asked.size
    kept = list(found[: asked.size])
    if asked.backward:
        kept.reverse()
    edges = [Edge(encode(row, table, order), row) for row in kept]
    info = PageInfo(
        has_next_page=more if not asked.backward else asked.before is not None,
        has_previous_page=more if asked.backward else asked.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Page(edges, info, count)


def encode(row: Any, table: str, order: Order) -> str:
    """An opaque cursor for this row in this order."""
    values = [_stored(getattr(row, key.column)) for key in keys_of(order, backward=False)]
    return pack([table, order.column, int(order.descending), *values])


def decode(cursor: str, table: str, order: Order) -> tuple[Any, ...]:
    """The keyset of a cursor made by `encode` for the same table and order; BadUserInput for any other text."""
    parts = unpack(cursor)
    expected = [table, order.column, int(order.descending)]
    keys = keys_of(order, backward=False)
    values = parts[3:]
    if parts[:3] != expected or len(values) != len(keys):
        raise BadUserInput("This cursor belongs to another list or another order. Start again without it.")
    if not all(isinstance(value, str) and "\x00" not in value for value in values):
        raise BadUserInput("This is no cursor of ours. Start again without it.")
    return tuple(values)


def pack(parts: list[Any]) -> str:
    """Values as one opaque text."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


def unpack(cursor: str) -> list[Any]:
    """The values back; BadUserInput for text that was not packed."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = orjson.loads(raw)
    except (ValueError, binascii.Error) as fault:
        raise BadUserInput("This is no cursor of ours. Start again without it.") from fault
    if not isinstance(parts, list):
        raise BadUserInput("This is no cursor of ours. Start again without it.")
    return parts


def keys_of(order: Order, backward: bool) -> tuple[Order, ...]:
    """The sort keys of a page: the order's, then the id, both reversed for a page from the end."""
    descending = order.descending != backward
    if order.column == "id":
        return (Order("id", descending),)
    return (Order(order.column, descending), Order("id", descending))


def _stored(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
