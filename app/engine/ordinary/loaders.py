"""Batching: every key asked for in one turn of the event loop becomes one statement. A fresh set for each answer,
so nothing outlives a request and no cache crosses tenants."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from datetime import date
from typing import Any

from aiodataloader import DataLoader

from app.principal import Principal
from app.store import tariff
from app.store.session import Store
from app.store.statement import Children, Link, Order, Select, Where
from app.tariff.code import other_spelling

_BATCH = 5_000


class _Shared(DataLoader[Any, Any]):
    """A loader whose key may be waited for in several places: where one of them is cancelled, since a sibling failed,
    the others still get the row."""

    def load(self, key: Any) -> "asyncio.Future[Any]":
        """A future of the caller's own."""
        return asyncio.shield(super().load(key))


class Loaders:
    """The loaders of one answer, made when first asked for."""

    def __init__(self, store: Store, principal: Principal, running: "set[asyncio.Task[Any]]") -> None:
        self._store = store
        self._principal = principal
        self._running = running
        self._made: dict[Hashable, DataLoader[Any, Any]] = {}

    def row(self, table: str) -> "DataLoader[str, Any]":
        """Rows of a table by id; None for what is not there or not the caller's to see."""

        async def load(keys: Sequence[str]) -> list[Any]:
            found = await self._store.rows(self._principal, Select(table, (Where("id", "in", tuple(keys)),)))
            by_id = {row.id: row for row in found}
            return [by_id.get(key) for key in keys]

        return self.batch(("row", table), load)

    def children(self, select: Select, column: str, link: Link | None) -> "DataLoader[str, list[Any]]":
        """The rows of a select that belong to a parent id; its limit holds for each parent."""

        async def load(keys: Sequence[str]) -> list[list[Any]]:
            found = await self._store.children(self._principal, Children(select, tuple(keys), column, link))
            return [found.get(key, []) for key in keys]

        return self.batch(("children", select, column, link), load)

    def children_count(self, select: Select, column: str, link: Link | None) -> "DataLoader[str, int]":
        """How many rows belong to a parent id."""

        async def load(keys: Sequence[str]) -> list[int]:
            found = await self._store.children_count(self._principal, Children(select, tuple(keys), column, link))
            return [found.get(key, 0) for key in keys]

        return self.batch(("count", select, column, link), load)

    def revision(self) -> "DataLoader[date, Any]":
        """The tariff revision in force on a day, or None."""

        async def load(days: Sequence[date]) -> list[Any]:
            return [await tariff.revision_on(self._store, self._principal, day) for day in days]

        return self.batch("revision", load)

    def tariff_line(self) -> "DataLoader[tuple[str, date], Any]":
        """The line of an HTS number in the revision in force on a day, or None."""

        async def load(keys: Sequence[tuple[str, date]]) -> list[Any]:
            days = sorted({day for _, day in keys})
            revisions = dict(zip(days, await self.revision().load_many(days), strict=True))
            found: dict[tuple[str, str], Any] = {}
            for revision in {row.id: row for row in revisions.values() if row is not None}.values():
                asked = {number for number, day in keys if _is(revisions[day], revision)}
                others = {other for number in asked if (other := other_spelling(number)) is not None}
                numbers = tuple(asked | others)
                where = (Where("revision_id", "eq", revision.id), Where("number", "in", numbers))
                for row in await self._store.rows(self._principal, Select("tariff_line", where)):
                    found[(row.number, revision.id)] = row
            return [_line_of(found, number, revisions[day]) for number, day in keys]

        return self.batch("tariff_line", load)

    def line_in_revision(self) -> "DataLoader[tuple[str, str], Any]":
        """A line by (revision id, number), or None."""

        async def load(keys: Sequence[tuple[str, str]]) -> list[Any]:
            found = await self._lines("number", keys)
            by_key = {(row.revision_id, row.number): row for row in found}
            return [by_key.get(key) for key in keys]

        return self.batch("line_in_revision", load)

    def lines_below(self) -> "DataLoader[tuple[str, str], list[Any]]":
        """The numbered lines directly below (revision id, number), in tariff order."""

        async def load(keys: Sequence[tuple[str, str]]) -> list[list[Any]]:
            grouped: dict[tuple[str, str], list[Any]] = {}
            for row in await self._lines("parent_number", keys):
                grouped.setdefault((row.revision_id, row.parent_number), []).append(row)
            return [grouped.get(key, []) for key in keys]

        return self.batch("lines_below", load)

    async def _lines(self, column: str, keys: Sequence[tuple[str, str]]) -> list[Any]:
        """The numbered lines whose column is one of the numbers, in tariff order; one statement per revision."""
        found: list[Any] = []
        for revision in dict.fromkeys(revision for revision, _ in keys):
            numbers = tuple({number for other, number in keys if other == revision})
            where = (
                Where("revision_id", "eq", revision),
                Where(column, "in", numbers),
                Where("number", "filled", True),
            )
            found += await self._store.rows(self._principal, Select("tariff_line", where, (Order("position"),)))
        return found

    def batch(self, name: Hashable, load: Callable[[Sequence[Any]], Any]) -> "DataLoader[Any, Any]":
        """A loader of the caller's own, made once for each name."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = _Shared(self._tracked(load), max_batch_size=_BATCH)
        return made

    def _tracked(self, load: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
        """The same, known to `running` while it runs: a batch is a task of its own, which nobody else could cancel."""

        async def tracked(keys: Sequence[Any]) -> Any:
            task = asyncio.current_task()
            assert task is not None
            self._running.add(task)
            try:
                return await load(keys)
            finally:
                self._running.discard(task)

        return tracked


def _line_of(found: dict[tuple[str, str], Any], number: str, revision: Any | None) -> Any | None:
    """The line of a number, or the one that goes by its other spelling; as `Schedule.find` decides it."""
    if revision is None:
        return None
    line = found.get((number, revision.id))
    if line is None and (other := other_spelling(number)) is not None:
        twin = found.get((other, revision.id))
        return twin if twin is not None and twin.declarable else None
    return line


def _is(one: Any | None, other: Any) -> bool:
    return one is not None and one.id == other.id
