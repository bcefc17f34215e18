"""Puts the rows that the database wrote as JSON together to the data of a response: pages with their cursors, rows
that are not there, fixed values. It knows neither SQL nor scopes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.engine.lane.compile import Elsewhere, Root, Row
from app.engine.lane.inputs import Unready
from app.engine.paging import pack
from app.store.json_marked import Rows, Whole
from app.store.json_tree import Edges, Fixed, Info, Line, Named, Nodes, Page, Total

Values = Sequence[Any]
Pieces = list[bytes]
Write = Callable[[Rows, Values, Pieces], None]
"""Adds the text of some rows: a long answer is put together once, from its pieces."""


_HOLE = b"\x00"
"""Stands for a root field that the executor answers: a byte that JSON never holds."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """The root fields in order. A field that is read takes the next rows; the others are fixed. `alone` is the key of
    a look-up beside which nothing is asked for."""

    parts: tuple[tuple[bytes, "Write | None", bytes], ...]
    alone: bytes = b""

    def write(self, found: Sequence[Rows], values: Values) -> bytes:
        """The data's JSON from the rows of each statement."""
        if self.alone:
            row = found[0]
            return b"{%b%b}" % (self.alone, row[0][0] if row else b"null")
        rows, out, before = iter(found), [b"{"], b""
        for head, write, text in self.parts:
            out.append(before)
            out.append(head)
            if write is None:
                out.append(text)
            else:
                write(next(rows), values, out)
            before = b","
        out.append(b"}")
        return b"".join(out)


def filled(text: bytes, texts: Sequence[bytes]) -> bytes:
    """The data's JSON with the root fields that the executor has answered, in their order."""
    pieces = text.split(_HOLE)
    pieces[1:] = [one for pair in zip(texts, pieces[1:], strict=True) for one in pair]
    return b"".join(pieces)


def assembly(parts: Sequence[tuple[str, Root]]) -> Assembly:
    """How the data of these root fields is put together."""
    alone = _head(parts[0][0]) if len(parts) == 1 and isinstance(parts[0][1], Row | Line) else b""
    return Assembly(tuple(_part(key, tree) for key, tree in parts), alone)


def _part(key: str, tree: Root) -> tuple[bytes, Write | None, bytes]:
    head = _head(key)
    match tree:
        case Fixed(text):
            return head, None, orjson.dumps(text)
        case Elsewhere():
            return head, None, _HOLE
        case Row() | Line():
            return head, _row, b""
        case Named():
            return head, _named(tree.ids.number), b""
        case Page():
            return head, page_writer(tree), b""


def _row(rows: Rows, _: Values, out: Pieces) -> None:
    out.append(rows[0][0] if rows else b"null")


def _named(place: int) -> Write:
    def write(rows: Rows, values: Values, out: Pieces) -> None:
        assert not isinstance(rows, Whole)
        bodies = {row[1]: row[0] for row in rows}
        _listed([bodies.get(one, b"null") for one in values[place]], out)

    return write


def _head(key: str) -> bytes:
    return b'"%b":' % key.encode()


@dataclass(frozen=True, slots=True)
class _Found:
    """The rows of a page as they are shown, or what stands for them, and what is known of the list."""

    rows: Sequence[Any]
    whole: Whole | None
    more: bool
    total: int | None


def page_writer(page: Page) -> Write:
    """Writes a root page from its rows: bodies, then sort keys, then the count."""
    limit = page.select.limit
    size_at: int = getattr(limit, "number", 0)
    counted_at = len(page.bodies) + (len(page.select.order) if page.cursors else 0)
    parts = [(_head(key), _layout(page, part)) for key, part in page.layout]

    def write(rows: Rows, values: Values, out: Pieces) -> None:
        size = values[size_at]
        more = len(rows) > size
        whole = rows if isinstance(rows, Whole) else None
        kept: Sequence[Any] = () if isinstance(rows, Whole) else rows[:size] if more else rows
        total = None
        if page.counted:
            if not rows and page.started:
                raise Unready
            total = rows[0][counted_at] if rows else 0
        found, before = _Found(kept[::-1] if page.backward else kept, whole, more, total), b""
        out.append(b"{")
        for head, part in parts:
            out += (before, head)
            part(found, out)
            before = b","
        out.append(b"}")

    return write


def _layout(page: Page, part: Nodes | Edges | Info | Total | Fixed) -> Callable[[_Found, Pieces], None]:
    match part:
        case Fixed(text):
            fixed = orjson.dumps(text)
            return lambda _, out: out.append(fixed)
        case Total():
            return lambda found, out: out.append(b"%d" % (found.total or 0))
        case Nodes(body):
            return lambda found, out: _nodes(found, body, out)
        case Edges(members):
            pieces = [(_head(key), _edge(page, what)) for key, what in members]
            return lambda found, out: _listed(
                [b"{%b}" % b",".join([head + piece(row) for head, piece in pieces]) for row in found.rows], out
            )
        case Info(members):
            infos = [(_head(key), _info(page, what)) for key, what in members]
            return lambda found, out: out.append(b"{%b}" % b",".join([head + info(found) for head, info in infos]))


def _nodes(found: _Found, body: int, out: Pieces) -> None:
    if found.whole is not None:
        out += (b"[", found.whole.texts[body], b"]")
    else:
        _listed([row[body] for row in found.rows], out)


def _listed(texts: Pieces, out: Pieces) -> None:
    """A JSON array of them."""
    if not texts:
        out.append(b"[]")
        return
    pieces = [b","] * (2 * len(texts) + 1)
    pieces[1::2] = texts
    pieces[0], pieces[-1] = b"[", b"]"
    out += pieces


def _edge(page: Page, what: Any) -> Callable[[Any], bytes]:
    if isinstance(what, Fixed):
        fixed = orjson.dumps(what.text)
        return lambda _: fixed
    if what == "cursor":
        return _cursor(page)
    place: int = what
    return lambda row: row[place]


def _cursor(page: Page) -> Callable[[Any], bytes]:
    first, last = len(page.bodies), len(page.bodies) + len(page.select.order)
    order = page.select.order[0]
    head = [page.select.table, order.column, int(order.descending != page.backward)]
    return lambda row: b'"%b"' % pack([*head, *row[first:last]]).encode()


def _info(page: Page, what: str | Fixed) -> Callable[[_Found], bytes]:
    if isinstance(what, Fixed):
        fixed = orjson.dumps(what.text)
        return lambda _: fixed
    if what in ("hasNextPage", "hasPreviousPage"):
        if (what == "hasPreviousPage") == page.backward:
            return lambda found: b"true" if found.more else b"false"
        started = b"true" if page.started else b"false"
        return lambda _: started
    place, cursor = (0 if what == "startCursor" else -1), _cursor(page)
    return lambda found: cursor(found.rows[place]) if found.rows else b"null"
