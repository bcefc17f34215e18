"""Tariff revisions and lines: bulk load in one transaction, look-up by number and day, full-text search.
Which revision is in force is decided by `app.tariff.schedule`."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ids import encode, new_id
from app.principal import Caller
from app.store.session import Store
from app.store.statement import Order, Select
from app.store.tables import TABLES
from app.tariff.export import Export, TariffRow
from app.tariff.schedule import RevisionInfo, in_force

Progress = Callable[[int, int], None]

_REVISION = TABLES["tariff_revision"]
_LINE = TABLES["tariff_line"]
_CHUNK = 2_000
_WORD = re.compile(r"\w+")


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
    loaded = {row.id: row for row in await revisions(store, caller)}
    infos = [
        RevisionInfo(
            name=row.name,
            effective_from=row.effective_from,
            loaded_at=row.loaded_at,
            starter=row.starter,
            sha256=row.sha256,
            id=row.id,
        )
        for row in loaded.values()
    ]
    chosen = in_force(infos, on)
    return None if chosen is None else loaded[chosen.id]


async def insert(store: Store, export: Export, new: NewRevision, progress: Progress | None) -> str:
    """Writes the revision and its lines, all or nothing, and returns the revision's id."""
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
    return identifier


async def search(
    store: Store, revision_id: str, text: str, *, under: str | None, after: tuple[int, int] | None, limit: int
) -> Sequence[Any]:
    """Numbered lines that hold every word of `text` (as a prefix), best first. Each row carries an integer `score`;
    (score, position) is the keyset."""
    matches = _matches(store.dialect, revision_id, text, under)
    if matches is None:
        return []
    keys = (matches.c.score, matches.c.position)
    query = sa.select(matches).order_by(keys[0].desc(), keys[1]).limit(limit)
    if after is not None:
        score, position = after
        query = query.where(sa.or_(keys[0] < score, sa.and_(keys[0] == score, keys[1] > position)))
    return await store.fetch(query)


async def search_count(store: Store, revision_id: str, text: str, *, under: str | None) -> int:
    """How many lines match."""
    matches = _matches(store.dialect, revision_id, text, under)
    if matches is None:
        return 0
    return int((await store.fetch(sa.select(sa.func.count()).select_from(matches)))[0][0])


def _matches(dialect: str, revision_id: str, text: str, under: str | None) -> sa.Subquery | None:
    terms = _WORD.findall(text.casefold())[:16]
    if not terms:
        return None
    source: Any = _LINE
    if dialect == "postgresql":
        query = sa.func.to_tsquery("english", " & ".join(f"'{term}':*" for term in terms))
        full = sa.func.to_tsvector(sa.literal_column("'english'"), _LINE.c.full_description)
        own = sa.func.to_tsvector(sa.literal_column("'english'"), _LINE.c.description)
        matched: Any = full.op("@@")(query)
        rank: Any = sa.func.ts_rank(own, query) * 4 + sa.func.ts_rank(full, query)
    else:
        index = sa.table("tariff_search", sa.column("rowid"), sa.column("tariff_search"))
        source = _LINE.join(index, index.c.rowid == _LINE.c.rowkey)
        matched = index.c.tariff_search.op("MATCH")(" AND ".join(f'"{term}" *' for term in terms))
        rank = -sa.func.bm25(sa.literal_column("tariff_search"), 4.0, 1.0)
    score = sa.cast(sa.func.round(rank * 1_000_000), sa.BigInteger).label("score")
    conditions = [matched, _LINE.c.revision_id == revision_id, _LINE.c.number.is_not(None)]
    if under is not None:
        conditions.append(_LINE.c.number.startswith(under, autoescape=True))
    return sa.select(_LINE, score).select_from(source).where(*conditions).subquery()


async def _index(connection: AsyncConnection, dialect: str, revision_id: str) -> None:
    if dialect == "sqlite":
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


def _chunks(rows: Iterable[TariffRow], size: int) -> Iterator[list[TariffRow]]:
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk
