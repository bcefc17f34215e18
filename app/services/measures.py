"""Measure files: loading one whole or not at all, and the book of all that are in force: the shipped pack, then the
latest loading of each name, later ones over earlier ones. What a file may say is `tariff.measure_file`'s business."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from app.errors import Refused
from app.ids import new_id
from app.principal import SystemPrincipal
from app.store.session import Store
from app.store.statement import Order, Select
from app.store.tables import MeasureLoad
from app.tariff.measure import MeasureBook
from app.tariff.measure_file import (
    MeasureFile,
    MeasureFileError,
    book_of,
    packaged_book,
    packaged_files,
    parse_measure_file,
)

_SYSTEM = SystemPrincipal("measures are the installation's, not a tenant's")
_ORDER: Final = (Order("loaded_at"), Order("id"))


@dataclass(frozen=True, slots=True)
class LoadedMeasures:
    """What a loading came to; `already` where the file was in force before, `replaced` the version it took over."""

    id: str
    name: str
    version: str
    measures: int
    sha256: str
    already: bool = False
    replaced: str | None = None


async def load_measures(store: Store, raw: bytes, *, source: str) -> LoadedMeasures:
    """Puts a measure file in force, in one transaction: it adds to the pack, and overrides what has the same id or
    name. Another version of a loaded file replaces that file. Raises Refused with every fault as `path: what`."""
    file = _read(raw, source)
    measures = len(file.sections.get("measures", ()))
    async with store.unit(_SYSTEM) as unit:
        await unit.lock("measures")
        loads = sorted(await unit.find_all(MeasureLoad), key=lambda load: (load.loaded_at, load.id))
        others = [load for load in _standing(loads) if load.name != file.name]
        before = next((load for load in _standing(loads) if load.name == file.name), None)
        if before is not None and before.sha256 == file.sha256:
            return LoadedMeasures(before.id, file.name, file.version, measures, file.sha256, already=True)
        _book((*(parsed(load.content, load.name) for load in others), file), source)
        identifier = new_id("MeasureLoad")
        unit.add(
            MeasureLoad(
                id=identifier,
                name=file.name,
                version=file.version,
                recorded_at=file.recorded_at,
                loaded_at=unit.now,
                sha256=file.sha256,
                measures=measures,
                content=raw.decode("utf-8"),
            )
        )
    replaced = None if before is None else before.version
    return LoadedMeasures(identifier, file.name, file.version, measures, file.sha256, replaced=replaced)


async def check_measures(store: Store, raw: bytes, *, source: str) -> tuple[str, ...]:
    """Every fault that would keep a file from being loaded now; empty when it can be."""
    try:
        file = parse_measure_file(raw, name=source)
        others = [load for load in await loads_until(store) if load.name != file.name]
        book_of((*packaged_files(), *(parsed(load.content, load.name) for load in others), file))
    except MeasureFileError as error:
        return error.faults
    return ()


async def loads_until(store: Store, moment: datetime | None = None) -> list[Any]:
    """The loaded files in force at a moment (now where absent), in the order in which they go over the pack."""
    return _standing([load for load in await every_load(store) if moment is None or load.loaded_at < moment])


async def every_load(store: Store) -> Sequence[Any]:
    """Every loading there ever was, the oldest first."""
    return await store.rows(_SYSTEM, Select("measure_load", order=_ORDER))


async def book_in_force(store: Store, moment: datetime | None = None) -> MeasureBook:
    """The shipped pack with the loaded files over it, as of a moment (now where absent)."""
    loads = await loads_until(store, moment)
    if not loads:
        return packaged_book()
    return await asyncio.to_thread(_book, [parsed(load.content, load.name) for load in loads], "loaded measures")


async def book_with(store: Store, raw: bytes, *, source: str) -> tuple[MeasureBook, MeasureBook]:
    """The book in force, and the one that loading a file would make of it."""
    file = _read(raw, source)
    before = await book_in_force(store)
    others = [load for load in await loads_until(store) if load.name != file.name]
    return before, _book((*(parsed(load.content, load.name) for load in others), file), source)


def book_beside_pack(raw: bytes, *, source: str) -> MeasureBook:
    """The book of the shipped pack and one file."""
    return _book((_read(raw, source),), source)


@lru_cache(maxsize=64)
def parsed(content: str, name: str) -> MeasureFile:
    """A loaded file from its text."""
    return parse_measure_file(content.encode(), name=name)


def _standing(loads: Iterable[Any]) -> list[Any]:
    """Of loadings, oldest first, the last of each name, in the order of their loading."""
    latest: dict[str, Any] = {}
    for load in loads:
        latest.pop(load.name, None)
        latest[load.name] = load
    return list(latest.values())


def _read(raw: bytes, source: str) -> MeasureFile:
    try:
        return parse_measure_file(raw, name=source)
    except MeasureFileError as error:
        raise Refused(f"{error}; nothing was loaded", faults=list(error.faults)) from error


def _book(over: Iterable[MeasureFile], source: str) -> MeasureBook:
    try:
        return book_of((*packaged_files(), *over))
    except MeasureFileError as error:
        raise Refused(f"{source}: {error}; nothing was loaded", faults=list(error.faults)) from error
