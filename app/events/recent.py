"""The newest events as they came over a stream: rows like those of the log, their form on the wire, and a window that
holds a run of them without a hole. What is not in the window is read from the log."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

import orjson

from app.store.log import Row
from app.values import format_timestamp, parse_timestamp


def pack(row: Any) -> bytes:
    """A row of the log as one message."""
    fields = row.position, row.id, row.organisation_id, row.type, row.subject_id, format_timestamp(row.occurred_at)
    return orjson.dumps([*fields, row.data])


def unpack(message: bytes) -> Row:
    """The row of a message; ValueError for a message of somebody else."""
    found = orjson.loads(message)
    match found:
        case [int(position), str(id), str(owner), str(kind), str(subject), str(occurred_at), dict(data)]:
            return Row(position, id, owner, kind, subject, parse_timestamp(occurred_at), data)
    raise ValueError("not a message of this gateway")


class Window:
    """A bounded run of rows; the oldest leave first. Positions in it have no hole."""

    def __init__(self, rows: int = 2_000) -> None:
        self._rows: deque[Row] = deque(maxlen=rows)
        self.last = -1
        """The newest position; -1 while nothing has come."""

    def add(self, row: Row) -> bool:
        """Takes the next row. One that came before is left out (False); one beyond a hole begins the window anew, so
        that those before it are read from the log."""
        if row.position <= self.last:
            return False
        if row.position != self.last + 1:
            self._rows.clear()
        self._rows.append(row)
        self.last = row.position
        return True

    def start(self, position: int) -> None:
        """Nothing is known but that the next row may be the one after this position."""
        self._rows.clear()
        self.last = position

    def after(self, position: int, limit: int) -> Sequence[Row] | None:
        """At most `limit` rows after a position; None where only the log can tell."""
        ahead = self.last - position
        if ahead < 0 or ahead > len(self._rows):
            return None
        begin = len(self._rows) - ahead
        return list(islice(self._rows, begin, begin + limit))
