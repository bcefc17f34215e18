"""What can be wrong with measure files: departures from the published JSON Schema, days no calendar has, names that
lead nowhere, measures that yield to each other in a circle. Each fault is `path: what is wrong`.

Of JSON Schema only the keywords in use are known; another one is refused, so the check cannot silently pass."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final, cast

from app.tariff.measure import (
    AllOf,
    AnyOf,
    BasisType,
    Condition,
    FactDeclared,
    FactIs,
    FactNotAfter,
    MeasureBook,
    Negated,
)

_SCHEMA_FILE: Final = "measure-file.schema.json"
_NOTES: Final = frozenset({"$schema", "$id", "$defs", "title", "description"})
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_SHOWN: Final = 60

Json = Mapping[str, object]


def schema_text() -> str:
    """The JSON Schema of measure files, as published."""
    return files("app.tariff").joinpath("measures", _SCHEMA_FILE).read_text(encoding="utf-8")


def schema_faults(value: object) -> Iterator[str]:
    """Each departure from the schema as `path: what is wrong`, in the order of the file; nothing when it conforms."""
    root = _root()
    return _faults(value, root, root, "")


def calendar_faults(value: object, path: str = "") -> Iterator[str]:
    """Days that no calendar has, and periods that end before they begin."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from calendar_faults(item, f"{path}[{position}]")
        return
    if not isinstance(value, dict):
        return
    for key in ("from", "to", "not_after", "recorded_at"):
        if isinstance(value.get(key), str):
            try:
                datetime.fromisoformat(value[key])
            except ValueError:
                yield f"{path or 'file'}.{key}: {value[key]!r} is no day of the calendar"
                return
    if isinstance(value.get("from"), str) and isinstance(value.get("to"), str) and value["from"] >= value["to"]:
        yield f"{path}: ends on {value['to']}, not after it begins on {value['from']}"
    for key, item in value.items():
        yield from calendar_faults(item, f"{path}.{key}" if path else key)


def reference_faults(book: MeasureBook) -> Iterator[str]:
    for preference in (row for rows in book.preferences.values() for row in rows):
        yield from _unknown_groups(book, f"preference {preference.symbol}", preference.origins)
    for content in book.content_sets.values():
        yield from _unknown_facts(book, f"content set {content.name}", (*content.facts, content.total_fact))
    for basis in book.bases.values():
        if basis.type is not BasisType.FULL:
            yield from _unknown_facts(book, f"basis {basis.name}", (basis.fact or "",))
        if basis.type is BasisType.CONTENT and basis.content_set not in book.content_sets:
            yield f"basis {basis.name}: the content set {basis.content_set!r} is not defined"
    for measure in book.measures.values():
        where = f"measure {measure.id}"
        yield from _unknown_groups(book, where, (*measure.origins, *measure.except_origins))
        rate = measure.rate
        named = (rate.filled_fact, rate.percent_fact, rate.case_fact)
        yield from _unknown_facts(book, where, (*facts_of(measure.when), *(fact for fact in named if fact)))
        if measure.basis not in book.bases:
            yield f"{where}: the basis {measure.basis!r} is not defined"
        for name, category in measure.scope.lists:
            if name not in book.lists:
                yield f"{where}: the list {name!r} is not loaded"
            elif category is not None and category not in book.lists[name].categories:
                yield f"{where}: the list {name!r} has no class {category!r}"


def _unknown_groups(book: MeasureBook, where: str, origins: Iterable[str]) -> Iterator[str]:
    for token in origins:
        if token.startswith("@") and token[1:] not in book.groups:
            yield f"{where}: the group {token[1:]!r} is not defined"


def _unknown_facts(book: MeasureBook, where: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name not in book.facts:
            yield f"{where}: the fact {name!r} is not defined"


def circle_faults(book: MeasureBook) -> Iterator[str]:
    """On every day on which something begins, the slots must have an order in which nobody waits for themselves."""
    for day in sorted({measure.effective_from for measure in book.measures.values()}):
        waits: dict[str, set[str]] = {}
        current = [measure for measure in book.measures.values() if measure.in_force(day)]
        for measure in current:
            tags = {tag for step in measure.yields_to for tag in step.tags}
            others = {other.slot for other in current if other.tags & tags}
            waits.setdefault(measure.slot, set()).update(others)
        while free := [slot for slot, others in waits.items() if not others & waits.keys()]:
            for slot in free:
                del waits[slot]
        if waits:
            yield f"from {day}: the slots {', '.join(sorted(waits))} yield to each other in a circle"


def facts_of(condition: Condition | None) -> tuple[str, ...]:
    """The facts a condition reads."""
    if isinstance(condition, FactIs | FactNotAfter | FactDeclared):
        return (condition.fact,)
    if isinstance(condition, AllOf | AnyOf):
        return tuple(name for part in condition.parts for name in facts_of(part))
    if isinstance(condition, Negated):
        return facts_of(condition.part)
    return ()


@cache
def _root() -> Json:
    return cast("Json", json.loads(schema_text()))


def _faults(value: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    for keyword, wanted in schema.items():
        if keyword in _NOTES:
            continue
        check = _KEYWORDS.get(keyword)
        if check is None:
            raise ValueError(f"the schema uses the keyword {keyword!r}, which this check does not know")
        yield from check(value, wanted, schema, root, path)


def _at(path: str) -> str:
    return path or "file"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _type(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    names = [wanted] if isinstance(wanted, str) else list(cast("Sequence[str]", wanted))
    fits = any(isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)
    if not fits:
        yield f"{_at(path)}: {_shown(value)} is not {' or '.join(names)}"


def _const(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if value != wanted or isinstance(value, bool) is not isinstance(wanted, bool):
        yield f"{_at(path)}: {_shown(value)} is not {_shown(wanted)}"


def _enum(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if value not in cast("Sequence[object]", wanted):
        yield f"{_at(path)}: {_shown(value)} is none of {_shown(wanted)}"


def _pattern(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, str) and (not re.search(cast("str", wanted), value, re.ASCII) or value.endswith("\n")):
        yield f"{_at(path)}: {_shown(value)} does not fit {wanted}"


def _minimum(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, int) and value < cast("int", wanted):
        yield f"{_at(path)}: {value} is under {wanted}"


def _min_items(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) < cast("int", wanted):
        yield f"{_at(path)}: needs {wanted} or more"


def _required(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in cast("Sequence[str]", wanted):
            if name not in value:
                yield f"{_at(path)}: {name!r} is missing"


def _properties(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in cast("Mapping[str, Json]", wanted).items():
            if name in value:
                yield from _faults(value[name], part, root, f"{path}.{name}" if path else name)


def _additional(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, dict) and wanted is False:
        known = cast("Mapping[str, object]", schema.get("properties", {}))
        for name in value:
            if name not in known:
                yield f"{_at(path)}: {_shown(name)} is not a known field"


def _items(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from _faults(item, cast("Json", wanted), root, f"{path}[{position}]")


def _ref(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    definitions = cast("Mapping[str, Json]", root["$defs"])
    yield from _faults(value, definitions[cast("str", wanted).removeprefix("#/$defs/")], root, path)


def _one_of(value: object, wanted: object, schema: Json, root: Json, path: str) -> Iterator[str]:
    """Names the form that comes nearest when none fits."""
    tried = [list(_faults(value, form, root, path)) for form in cast("Sequence[Json]", wanted)]
    fitting = sum(not faults for faults in tried)
    if fitting > 1:
        yield f"{_at(path)}: fits {fitting} forms at once"
    elif not fitting:
        yield from min(tried, key=len)


_KEYWORDS: Final[Mapping[str, Callable[[object, object, Json, Json, str], Iterator[str]]]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _minimum,
    "minItems": _min_items,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "$ref": _ref,
    "oneOf": _one_of,
}
