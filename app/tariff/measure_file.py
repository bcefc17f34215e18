"""Measure files: reading, checking, merging into a book, and comparing two books.

The format is `measures/measure-file.schema.json`; the files of the shipped pack lie beside it. A later file adds to
the earlier ones, or replaces what has the same id, name or symbol."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, TypeVar

from app.tariff.measure import (
    AllOf,
    AnyOf,
    Basis,
    BasisType,
    Claimed,
    Condition,
    ContentSet,
    CountryGroup,
    DutyKind,
    FactDeclared,
    FactDefinition,
    FactIs,
    FactNotAfter,
    Measure,
    MeasureBook,
    MeasureRate,
    MeasureRateType,
    Negated,
    Omission,
    Preference,
    PrefixEntry,
    PrefixList,
    Scope,
    Yield,
)
from app.tariff.measure_check import calendar_faults, circle_faults, reference_faults, schema_faults
from app.values import canonical_json

MAX_BYTES: Final = 16 * 1024 * 1024
_FAULTS_SHOWN: Final = 20
_Row = Mapping[str, Any]
_T = TypeVar("_T")


class MeasureFileError(ValueError):
    """A measure file, or a set of them, that cannot be used. `faults` has every reason as `path: what is wrong`."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        more = f" and {len(faults) - _FAULTS_SHOWN} more" if len(faults) > _FAULTS_SHOWN else ""
        super().__init__(f"{name}: " + "; ".join(faults[:_FAULTS_SHOWN]) + more)
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class MeasureFile:
    """One file as read: its rows by section, checked for form, not yet for what they refer to."""

    name: str
    version: str
    recorded_at: datetime
    sha256: str
    sections: _Row


@dataclass(frozen=True, slots=True)
class MeasureChange:
    """What two books differ in. `kind` is ADDED, REMOVED or CHANGED; `what` a measure, list, group, fact …"""

    kind: str
    what: str
    id: str
    fields: tuple[str, ...] = ()


def parse_measure_file(raw: bytes, *, name: str = "measure file") -> MeasureFile:
    """A measure file from its bytes (JSON, UTF-8). Raises MeasureFileError with every fault of form."""
    if len(raw) > MAX_BYTES:
        raise MeasureFileError(name, [f"file: larger than {MAX_BYTES} bytes"])
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as fault:
        raise MeasureFileError(name, [f"file: not JSON in UTF-8 ({fault})"]) from fault
    try:
        faults = list(schema_faults(document)) or list(calendar_faults(document))
    except RecursionError as fault:
        raise MeasureFileError(name, ["file: nested too deeply"]) from fault
    if faults:
        raise MeasureFileError(name, faults)
    return MeasureFile(
        name=document["name"],
        version=document["version"],
        recorded_at=_moment(document["recorded_at"]),
        sha256=hashlib.sha256(raw).hexdigest(),
        sections=MappingProxyType(document),
    )


@cache
def packaged_files() -> tuple[MeasureFile, ...]:
    """The files of the shipped pack in the order of their names."""
    folder = files("app.tariff").joinpath("measures")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return tuple(
        parse_measure_file(folder.joinpath(name).read_bytes(), name=name)
        for name in names
        if not name.endswith(".schema.json")
    )


@cache
def packaged_book() -> MeasureBook:
    """The shipped pack as a book."""
    return book_of(packaged_files())


def book_of(measure_files: Iterable[MeasureFile]) -> MeasureBook:
    """The book of several files, later ones over earlier ones. Raises MeasureFileError for dangling references,
    for an id twice in one file, and for measures that yield to each other in a circle."""
    loaded = tuple(measure_files)
    faults = [fault for file in loaded for fault in _duplicates(file)]
    if faults:
        raise MeasureFileError("measure files", faults)
    conditions = {row["name"]: row["when"] for row in _rows(loaded, "conditions")}
    read = _ConditionReader(conditions)
    try:
        book = _build(loaded, read)
    except ValueError as fault:
        raise MeasureFileError("measure files", [str(fault)]) from fault
    faults = list(reference_faults(book)) + list(circle_faults(book))
    if faults:
        raise MeasureFileError("measure files", faults)
    return book


def _build(loaded: Sequence[MeasureFile], read: "_ConditionReader") -> MeasureBook:
    measures = {
        row["id"]: _measure(row, file.recorded_at, read) for file in loaded for row in file.sections.get("measures", ())
    }
    preferences: dict[str, tuple[Preference, ...]] = {}
    for file in loaded:
        own: dict[str, tuple[Preference, ...]] = {}
        for row in file.sections.get("preferences", ()):
            own[row["symbol"]] = (*own.get(row["symbol"], ()), _preference(row))
        preferences.update(own)
    return MeasureBook(
        measures=MappingProxyType(measures),
        lists=_named(loaded, "lists", _prefix_list),
        groups=_named(loaded, "groups", _group),
        bases=_named(loaded, "bases", _basis),
        content_sets=_named(loaded, "content_sets", lambda row: _content_set(row, read)),
        facts=_named(loaded, "facts", _fact),
        preferences=MappingProxyType(preferences),
        order=next((tuple(file.sections["order"]) for file in reversed(loaded) if "order" in file.sections), ()),
        omissions=tuple(Omission(row["id"], row["reason"]) for row in _rows(loaded, "omissions")),
        fees=tuple(_rows(loaded, "fees")),
    )


def check(raw: bytes, *, name: str = "measure file", beside: Iterable[MeasureFile] | None = None) -> tuple[str, ...]:
    """Every fault of a file, read with the shipped pack (or `beside`); empty when it can be loaded."""
    try:
        file = parse_measure_file(raw, name=name)
        book_of((*(packaged_files() if beside is None else beside), file))
    except MeasureFileError as error:
        return error.faults
    return ()


def diff(before: MeasureBook, after: MeasureBook) -> tuple[MeasureChange, ...]:
    """What changed from one book to another: measures field by field, the other sections as wholes."""
    changes = list(_differences("measure", before.measures, after.measures, _changed_fields))
    for what in ("lists", "groups", "facts", "preferences", "bases", "content_sets"):
        changes += _differences(what.rstrip("s"), getattr(before, what), getattr(after, what), lambda old, new: ())
    return tuple(changes)


def _differences(
    what: str, before: Mapping[str, Any], after: Mapping[str, Any], fields: Callable[[Any, Any], tuple[str, ...]]
) -> Iterator[MeasureChange]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None:
            yield MeasureChange("ADDED", what, key)
        elif new is None:
            yield MeasureChange("REMOVED", what, key)
        elif old != new:
            yield MeasureChange("CHANGED", what, key, fields(old, new))


def _changed_fields(old: Measure, new: Measure) -> tuple[str, ...]:
    before, after = json.loads(old.row), json.loads(new.row)
    return tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)))


def _rows(loaded: Iterable[MeasureFile], section: str) -> list[Any]:
    return [row for file in loaded for row in file.sections.get(section, ())]


def _named(loaded: Sequence[MeasureFile], section: str, read: Callable[[_Row], _T]) -> Mapping[str, _T]:
    return MappingProxyType({row["name"]: read(row) for row in _rows(loaded, section)})


def _duplicates(file: MeasureFile) -> Iterator[str]:
    keys = {"measures": "id", "omissions": "id"}
    for section in ("measures", "omissions", "lists", "groups", "facts", "bases", "content_sets", "conditions"):
        seen: set[str] = set()
        for row in file.sections.get(section, ()):
            key = row[keys.get(section, "name")]
            if key in seen:
                yield f"{file.name}: {section} has {key!r} twice"
            seen.add(key)


class _ConditionReader:
    """Turns condition rows into conditions, following names; a name that leads back to itself is refused."""

    def __init__(self, named: Mapping[str, _Row]) -> None:
        self._named = named

    def __call__(self, row: _Row | None, trail: tuple[str, ...] = ()) -> Condition | None:
        return None if row is None else self._read(row, trail)

    def _read(self, row: _Row, trail: tuple[str, ...]) -> Condition:
        if "ref" in row:
            name = row["ref"]
            if name not in self._named:
                raise ValueError(f"the condition {name!r} is not defined")
            if name in trail:
                raise ValueError(f"the condition {name!r} leads back to itself")
            return self._read(self._named[name], (*trail, name))
        if "all" in row:
            return AllOf(tuple(self._read(part, trail) for part in row["all"]))
        if "any" in row:
            return AnyOf(tuple(self._read(part, trail) for part in row["any"]))
        if "not" in row:
            return Negated(self._read(row["not"], trail))
        if "claim" in row:
            return Claimed(tuple(row["claim"]))
        if "not_after" in row:
            return FactNotAfter(row["fact"], date.fromisoformat(row["not_after"]))
        return FactDeclared(row["fact"]) if "declared" in row else FactIs(row["fact"], row["is"])


def _measure(row: _Row, recorded_at: datetime, read: _ConditionReader) -> Measure:
    return Measure(
        id=row["id"],
        kind=DutyKind(row["kind"]),
        program=row["program"],
        heading=row.get("heading"),
        label=row["label"],
        effective_from=date.fromisoformat(row["from"]),
        effective_to=_day(row.get("to")),
        recorded_at=_moment(row["recorded_at"]) if "recorded_at" in row else recorded_at,
        scope=_scope(row["scope"]),
        origins=tuple(row["origins"]),
        except_origins=tuple(row.get("except_origins", ())),
        slot=row["slot"],
        rank=row["rank"],
        rate=_rate(row["rate"]),
        basis=row.get("basis", "full"),
        when=read(row.get("when")),
        tags=frozenset(row.get("tags", ())),
        yields_to=tuple(Yield(frozenset(step["tags"]), step["on"] == "article") for step in row.get("yields_to", ())),
        citation=row["citation"],
        confidence=row["confidence"],
        row=canonical_json(dict(row)),
    )


def _scope(row: _Row) -> Scope:
    references = (text.partition(":") for text in row.get("in", ()))
    return Scope(
        everything="all" in row,
        lists=tuple((name, category or None) for name, _, category in references),
        prefixes=_words(row.get("prefixes")),
        only_prefixes=_words(row.get("only_prefixes")),
        except_prefixes=_words(row.get("except_prefixes")),
        not_loaded=row.get("not_loaded"),
    )


def _rate(row: _Row) -> MeasureRate:
    return MeasureRate(
        type=MeasureRateType(row["type"]),
        percent=_decimal(row.get("percent", row.get("in_percent"))),
        over_percent=_decimal(row.get("over_percent")),
        filled_fact=row.get("filled_fact"),
        amount=_decimal(row.get("amount")),
        unit=row.get("unit"),
        percent_fact=row.get("percent_fact"),
        case_fact=row.get("case_fact"),
    )


def _prefix_list(row: _Row) -> PrefixList:
    entries: dict[str, tuple[PrefixEntry, ...]] = {}
    for entry in row["entries"]:
        held = PrefixEntry(entry.get("class", ""), _day(entry.get("from")), _day(entry.get("to")))
        for prefix in entry["prefixes"].split(" "):
            entries[prefix] = (*entries.get(prefix, ()), held)
    return PrefixList(row["name"], row["version"], row["label"], row["source"], MappingProxyType(entries))


def _group(row: _Row) -> CountryGroup:
    members = tuple(
        (code, _day(part.get("from")), _day(part.get("to")))
        for part in row["members"]
        for code in part["countries"].split(" ")
    )
    return CountryGroup(row["name"], row["label"], members)


def _basis(row: _Row) -> Basis:
    at_most, only_from = _decimal(row.get("at_most")), _decimal(row.get("only_from"))
    return Basis(row["name"], BasisType(row["type"]), row.get("fact"), row.get("set"), at_most, only_from)


def _content_set(row: _Row, read: _ConditionReader) -> ContentSet:
    default = Decimal(row["default_pct"])
    return ContentSet(row["name"], tuple(row["facts"]), row["total_fact"], default, read(row.get("none_when")))


def _fact(row: _Row) -> FactDefinition:
    return FactDefinition(
        name=row["name"],
        type=row["type"],
        default=row["default"],
        meaning=row["meaning"],
        question=row.get("question"),
        ask=row["ask"],
        values=tuple(row.get("values", ())),
        alternatives=tuple(row.get("alternatives", ())),
        assumed=row.get("assumed"),
    )


def _preference(row: _Row) -> Preference:
    period = (_day(row.get("from")), _day(row.get("to")))
    return Preference(row["symbol"], row["label"], tuple(row["origins"]), *period, row["mpf_exempt"])


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(" ")) if text else ()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not allowed")
