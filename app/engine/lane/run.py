"""Runs a prepared operation on the lane's reading connections: at once, or waited for. What the database will not
answer is handed back with the reason; it charges nobody and shapes no response."""

from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple

from app.engine.lane.inputs import Declined, Unready
from app.engine.lane.plans import Ready
from app.store.json_marked import Overgrown, Rows
from app.store.json_shapes import Guard
from app.store.pool import Interrupted, PostgresReader, SqliteReader, Unanswerable

_MOST_PARTIES = 10_000
_HEAVY_SECONDS = 60.0


class Done(NamedTuple):
    """The data as JSON, and the rows it was made of, by the wide statements or the narrow ones."""

    text: bytes
    rows: Sequence[Rows]
    wide: bool


class Runner:
    """Remembers which organisations are a party of somebody else's rows, to begin with the statements that look for
    those."""

    def __init__(self, reader: SqliteReader | PostgresReader) -> None:
        self._reader = reader
        self._parties: set[str] = set()

    def now(self, ready: Ready) -> Done | Declined | None:
        """What was read on this thread; None where that would wait for anything."""
        reader = self._reader
        heavy = ready.variant.heavy
        if not isinstance(reader, SqliteReader) or (heavy and heavy > monotonic()):
            return None
        wide = ready.caller.organisation_id in self._parties
        try:
            found: Sequence[Rows] = reader.now(ready.jobs(wide=wide))
            text = ready.write(found, wide=wide)
            if text is None:
                found, wide = self._widened(ready, found, reader.now(ready.jobs(wide=True))), True
                text = ready.write(found, wide=True)
        except Interrupted:
            ready.variant.heavy = monotonic() + _HEAVY_SECONDS
            return None
        except (Unanswerable, Unready) as reason:
            return Declined.by(reason)
        assert text is not None
        return Done(text, found, wide)

    async def later(self, ready: Ready) -> Done | Declined:
        """The same from a database that is waited for."""
        wide = ready.caller.organisation_id in self._parties
        try:
            found = await self._rows(ready, wide=wide)
            text = ready.write(found, wide=wide)
            if text is None:
                found, wide = self._widened(ready, found, await self._rows(ready, wide=True)), True
                text = ready.write(found, wide=True)
        except (Overgrown, Unanswerable, Unready) as reason:
            return Declined.by(reason)
        assert text is not None
        return Done(text, found, wide)

    async def _rows(self, ready: Ready, *, wide: bool) -> Sequence[Rows]:
        return ready.rows(await self._reader.run(ready.jobs(wide=wide)), wide=wide)

    def _widened(self, ready: Ready, narrow: Sequence[Rows], wide: Sequence[Rows]) -> Sequence[Rows]:
        """The rows of the wide statements. Remembers who turned out to be a party."""
        found = zip(ready.variant.narrow, narrow, wide, strict=True)
        if any(_a_party(one.guard, before, after) for (one, _), before, after in found):
            if len(self._parties) > _MOST_PARTIES:
                self._parties.clear()
            self._parties.add(ready.caller.organisation_id)
        return wide


def _a_party(guard: Guard, narrow: Rows, wide: Rows) -> bool:
    """Whether two answers of one statement show that there are others' rows to see."""
    if guard == "told" and narrow:
        return bool(narrow[0][-1])
    return bool(guard and not narrow and wide)
