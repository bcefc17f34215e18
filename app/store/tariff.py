"""Tariff revisions and lines: bulk load in one transaction, look-up by number and day, full-text search.
Which revision is in force is decided by `app.tariff.schedule`."""

import sqlite3
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import encode, new_id
from app.principal import Caller
from app.store import log
from app.store.scope import visible
from app.store.session import Store
from app.store.statement import Order, Select, rows
from app.store.tables import TABLES
from app.tariff.everyday import Term, terms_of
from app.tariff.export import Export, TariffRow
from app.tariff.schedule import RevisionInfo, in_force

Progress = Callable[[int, int], None]

_REVISION = TABLES["tariff_revision"]
_LINE = TABLES["tariff_line"]
_CHUNK = 2_000
_RATE_COLUMNS = ("number", "description", "general", "special", "other", "declarable", "units", "additional_duties")

T = TypeVar("T")
_TERMS = 16
_SCORE = 1_000_000
_SPECIAL_CHAPTERS = "98"  # and 99: provisions that name goods of every chapter
_BEHIND = 10**12  # more than any score


@dataclass(frozen=True, slots=True)
class NewRevision:
    """What the caller says about a revision that is loaded."""

    name: str
    effective_from: date
    starter: bool = False
    notice: str | None = None


async def revisions(store: Store, caller: Caller) -> Sequence[Any]:
    """Every loaded revision, oldest first."""
    return await store.rows(caller, Select("tariff_revision", order=(Order("effective_from"), Order("id"))))


async def revision_on(store: Store, caller: Caller, on: date) -> Any | None:
    """The revision in force on a day; None before the first one."""
    return row_on(await revisions(store, caller), on)


def row_on(loaded: Sequence[Any], on: date) -> Any | None:
    """Of loaded revisions the one in force on a day."""
    by_id = {row.id: row for row in loaded}
    infos = (
        RevisionInfo(
            name=row.name,
            effective_from=row.effective_from,
            loaded_at=row.loaded_at,
            starter=row.starter,
            sha256=row.sha256,
            id=row.id,
        )
        for row in loaded
    )
    chosen = in_force(infos, on)
    return None if chosen is None else by_id[chosen.id]


@dataclass(frozen=True, slots=True)
class Standing:
    """Every loaded revision, and how often measures were loaded. Without a revision the second is 0: then nothing can
    be assessed anyway."""

    revisions: Sequence[Any]
    measure_loads: int


class Stand:
    """What stands in the database now. On SQLite a look at its `data_version`, which takes microseconds, saves the
    statement where nobody has written; PostgreSQL is asked every time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._look: sqlite3.Connection | None = None
        self._seen: int | None = None
        self._held = Standing((), 0)

    async def now(self, caller: Caller) -> Standing:
        """One statement at most."""
        version = self._version()
        if version is None or version != self._seen:
            loads = sa.select(sa.func.count()).select_from(TABLES["measure_load"]).scalar_subquery()
            query = rows(Select("tariff_revision"), caller).add_columns(loads.label("measure_loads"))
            found = await self._store.fetch(query)
            self._held = Standing(found, int(found[0].measure_loads) if found else 0)
            self._seen = version
        return self._held

    def _version(self) -> int | None:
        """A number that changes with every commit of another connection; None where there is none to be had."""
        if self._store.dialect != "sqlite":
            return None
        try:
            if self._look is None:
                path = make_url(self._store.url).database or ""
                self._look = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
                weakref.finalize(self, self._look.close)
            return int(self._look.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            return None


async def rate_lines(
    store: Store, caller: Caller, revision_id: str, numbers: Collection[str] | None = None
) -> list[Any]:
    """What duty is worked out from: number, words, rates and units of the numbered lines of a revision, all of them or
    those of some numbers."""
    columns = [_LINE.c[name] for name in _RATE_COLUMNS]
    found = sa.select(*columns).where(_LINE.c.revision_id == revision_id, *_seen(caller))
    if numbers is None:
        return list(await store.fetch(found.where(_LINE.c.number.is_not(None)).order_by(_LINE.c.position)))
    lines: list[Any] = []
    for chunk in _chunks(sorted(numbers), _CHUNK):
        lines += await store.fetch(found.where(_LINE.c.number.in_(chunk)))
    return lines


async def numbers_of_any(store: Store, caller: Caller, numbers: Collection[str]) -> set[str]:
    """Those of the dotted numbers that some loaded revision has."""
    found: set[str] = set()
    for chunk in _chunks(sorted(numbers), _CHUNK):
        each = _LINE.c.revision_id.in_(sa.select(_REVISION.c.id))  # leads into the index
        query = sa.select(_LINE.c.number).where(each, _LINE.c.number.in_(chunk), *_seen(caller)).distinct()
        found.update(row.number for row in await store.fetch(query))
    return found


def _seen(caller: Caller) -> tuple[ColumnElement[bool], ...]:
    scope = visible(_LINE, caller)
    return () if scope is None else (scope,)


async def insert(store: Store, export: Export, new: NewRevision, progress: Progress | None, kind: str) -> str:
    """Writes the revision and its lines, and tells every organisation by an event of this kind, all or nothing; returns
    the revision's id."""
    identifier = new_id("TariffRevision")
    revision = {
        "id": identifier,
        "name": new.name,
        "effective_from": new.effective_from,
        "loaded_at": store.clock(),
        "line_count": sum(row.number is not None for row in export.rows),
        "sha256": export.sha256,
        "starter": new.starter,
        "notice": new.notice,
    }
    async with store.write_connection() as connection:
        await connection.execute(sa.insert(_REVISION), revision)
        done = 0
        for chunk in _chunks(export.rows, _CHUNK):
            await connection.execute(sa.insert(_LINE), [_values(row, identifier) for row in chunk])
            done += len(chunk)
            if progress is not None:
                progress(done, len(export.rows))
        await _index(connection, store.dialect, identifier)
        told = {"name": new.name, "lines": revision["line_count"], "starter": new.starter}
        told["effectiveFrom"] = new.effective_from.isoformat()
        await log.append_for_all(store, connection, kind, identifier, told)
    store.appended()
    return identifier


async def remove(store: Store, revision_id: str) -> bool:
    """Deletes a revision with its lines and their words, all or nothing; False, and nothing is deleted, where kept
    quotes stand on it."""
    try:
        await _remove(store, revision_id)
    except IntegrityError:  # the database knows of the quotes, also of one kept a moment ago
        return False
    return True


async def _remove(store: Store, revision_id: str) -> None:
    async with store.write_connection() as connection:
        if store.dialect != "postgresql":
            # an index without content forgets a row only when it is told the row's words again
            await connection.execute(
                sa.text(
                    "INSERT INTO tariff_search (tariff_search, rowid, description, full_description) SELECT 'delete',"
                    " rowkey, description, full_description FROM tariff_line WHERE revision_id = :revision AND"
                    " number IS NOT NULL"
                ),
                {"revision": revision_id},
            )
        await connection.execute(sa.delete(_LINE).where(_LINE.c.revision_id == revision_id))
        await connection.execute(sa.delete(_REVISION).where(_REVISION.c.id == revision_id))


async def search(
    store: Store,
    revision_id: str,
    text: str,
    *,
    under: str | None,
    after: tuple[int, int] | None,
    limit: int,
    backward: bool = False,
) -> Sequence[Any]:
    """Numbered lines that hold every word of `text` (as a prefix) or what the tariff calls it: chapters 1 to 97 first,
    the best of them first. Each row carries an integer `score`; (score, position) is the keyset. `backward` starts
    from the worst."""
    found = _matches(store.dialect, revision_id, text, under)
    if found is None:
        return []
    source, conditions, rank = found
    behind = sa.case((_LINE.c.number >= _SPECIAL_CHAPTERS, _BEHIND), else_=0)
    score = (sa.cast(sa.func.round(rank * _SCORE), sa.BigInteger) - behind).label("score")
    scored = sa.select(_LINE.c.rowkey, _LINE.c.position, score).select_from(source).where(*conditions).subquery()
    best = sa.select(scored).order_by(*_ranked(scored, backward)).limit(limit)
    if after is not None:
        place = scored.c.score, scored.c.position
        further = place[0] > after[0] if backward else place[0] < after[0]
        beyond = place[1] < after[1] if backward else place[1] > after[1]
        best = best.where(sa.or_(further, sa.and_(place[0] == after[0], beyond)))
    page = best.subquery()
    query = sa.select(_LINE, page.c.score).join(page, page.c.rowkey == _LINE.c.rowkey)
    return await store.fetch(query.order_by(*_ranked(page, backward)))


def _ranked(found: sa.Subquery, backward: bool) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    score, position = found.c.score, found.c.position
    return (score.asc(), position.desc()) if backward else (score.desc(), position.asc())


async def search_count(store: Store, revision_id: str, text: str, *, under: str | None) -> int:
    """How many lines match."""
    found = _matches(store.dialect, revision_id, text, under)
    if found is None:
        return 0
    source, conditions, _ = found
    return int((await store.fetch(sa.select(sa.func.count()).select_from(source).where(*conditions)))[0][0])


def _matches(
    dialect: str, revision_id: str, text: str, under: str | None
) -> tuple[Any, list[Any], ColumnElement[Any]] | None:
    """(tables, conditions, rank) of a search; None where the text has no word."""
    terms = terms_of(text, _TERMS)
    if not terms:
        return None
    source: Any = _LINE
    if dialect == "postgresql":
        query = sa.func.to_tsquery("english", _expression(terms, "'{}':*", " & ", " | "))
        full = sa.func.to_tsvector(sa.literal_column("'english'"), _LINE.c.full_description)
        own = sa.func.to_tsvector(sa.literal_column("'english'"), _LINE.c.description)
        matched: Any = full.op("@@")(query)
        rank: Any = sa.func.ts_rank(own, query) * 4 + sa.func.ts_rank(full, query)
    else:
        hits = _hits(_expression(terms, '"{}" *', " AND ", " OR "))
        source, matched, rank = hits.join(_LINE, hits.c.rowid == _LINE.c.rowkey), sa.true(), hits.c.rank
    conditions = [matched, _LINE.c.revision_id == revision_id, _LINE.c.number.is_not(None)]
    if under is not None:
        conditions.append(_LINE.c.number.startswith(under, autoescape=True))
    return source, conditions, rank


def _expression(terms: Sequence[Term], word: str, every: str, any_of: str) -> str:
    """What the index is asked: every term, each in any of its forms. Words are letters and digits alone."""

    def form(words: tuple[str, ...]) -> str:
        return every.join(word.format(one) for one in words)

    return every.join(
        form(term.alternatives[0])
        if len(term.alternatives) == 1
        else f"({any_of.join(f'({form(words)})' for words in term.alternatives)})"
        for term in terms
    )


def _hits(expression: str) -> sa.CTE:
    """(rowid, rank) of an FTS5 query, worked out first: left to itself SQLite asks the index once for each line."""
    index = sa.table("tariff_search", sa.column("rowid"), sa.column("tariff_search"))
    rank = -sa.func.bm25(sa.literal_column("tariff_search"), 4.0, 1.0)
    found = sa.select(index.c.rowid, rank.label("rank")).where(index.c.tariff_search.op("MATCH")(expression))
    return found.cte("hits").prefix_with("MATERIALIZED", dialect="sqlite")


async def _index(connection: AsyncConnection, dialect: str, revision_id: str) -> None:
    """Fills the full-text index of SQLite; PostgreSQL keeps its own, but needs fresh statistics to use it."""
    if dialect == "postgresql":
        await connection.execute(sa.text("ANALYZE tariff_line"))
        return
    await connection.execute(
        sa.text(
            "INSERT INTO tariff_search (rowid, description, full_description) SELECT rowkey, description,"
            " full_description FROM tariff_line WHERE revision_id = :revision AND number IS NOT NULL"
        ),
        {"revision": revision_id},
    )


def _values(row: TariffRow, revision_id: str) -> dict[str, Any]:
    return {
        "id": f"trl_{revision_id[4:]}{encode(row.position, 4)}",
        "revision_id": revision_id,
        "position": row.position,
        "number": row.number,
        "indent": row.indent,
        "description": row.description,
        "full_description": row.full_description,
        "parent_number": row.parent_number,
        "declarable": row.declarable,
        "units": list(row.units),
        "general": row.general,
        "special": row.special,
        "other": row.other,
        "rates_from": row.rates_from,
        "footnotes": list(row.footnotes),
        "quota_quantity": row.quota_quantity,
        "additional_duties": row.additional_duties,
    }


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk
