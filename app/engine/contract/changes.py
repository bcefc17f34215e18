"""What changed between two schemas: breaking, dangerous or safe for the callers of the old one, and whether a breaking
change was announced by `@deprecated` and its day has come. What to do about it is left to the command."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    ValueNode,
    get_named_type,
    value_from_ast_untyped,
)
from graphql.utilities.find_schema_changes import (
    BreakingChangeType,
    DangerousChangeType,
    find_schema_changes,
)

SCOPES_DIRECTIVE = "requiresScopes"

_COORDINATE = re.compile(r"(?<![@\w])(?P<owner>\w+)\.(?P<member>\w+)(?:\((?P<argument>\w+):\))?")
_REMOVED_AFTER = re.compile(r"(?i)\bremoved after (\d{4}-\d\d-\d\d)\b", re.ASCII)
_OWNER = {
    "TYPE_REMOVED": re.compile(r"^(\w+) was removed"),
    "TYPE_CHANGED_KIND": re.compile(r"^(\w+) changed from"),
    "IMPLEMENTED_INTERFACE_REMOVED": re.compile(r"^(\w+) no longer"),
    "TYPE_REMOVED_FROM_UNION": re.compile(r"from union type (\w+)"),
}


class Severity(StrEnum):
    """What a change does to an operation that was valid: it fails, it may surprise, nothing."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is a stable word. `announced` is only ever True of a breaking change; `too_early` is the day until which
    its announcement promised to keep things."""

    severity: Severity
    kind: str
    description: str
    announced: bool = False
    too_early: date | None = None

    @property
    def refused(self) -> bool:
        """Whether callers were not told in time that this would break."""
        return self.severity is Severity.BREAKING and not self.announced


@dataclass(frozen=True, slots=True)
class _Place:
    """A schema coordinate: a type, a member of it, an argument of that."""

    owner: str
    member: str | None = None
    argument: str | None = None


def schema_changes(old: GraphQLSchema, new: GraphQLSchema, on: date) -> tuple[Change, ...]:
    """Every change, the gravest first. Beside what the reference implementation knows, a scope that is asked for in
    addition and `@oneOf` on an existing input are breaking. `on` is the day that announcements are held against:
    `@deprecated(reason: "… Removed after 2027-01-31.")` allows the removal from the day after."""
    found = [*_structural(old, new, on), *_of_scopes(old, new, on), *_of_one_of(old, new, on), *_deprecations(old, new)]
    return tuple(sorted(found, key=lambda change: list(Severity).index(change.severity)))


def _structural(old: GraphQLSchema, new: GraphQLSchema, on: date) -> Iterator[Change]:
    in_use = _reached_without_deprecation(old)
    for change in find_schema_changes(old, new):
        kind, description = change.type.name, change.description
        if isinstance(change.type, BreakingChangeType) and not description.startswith("Standard scalar"):
            yield _breaking(kind, description, _place(kind, description), old, in_use, on)
        else:
            dangerous = isinstance(change.type, DangerousChangeType)
            yield Change(Severity.DANGEROUS if dangerous else Severity.SAFE, kind, description)


def _breaking(
    kind: str, description: str, place: _Place | None, old: GraphQLSchema, in_use: set[str], on: date
) -> Change:
    if place is None:
        return Change(Severity.BREAKING, kind, description)
    if place.owner not in in_use:
        return Change(Severity.BREAKING, kind, description, announced=True)
    reasons = list(_deprecated_at(old, place))
    days = [date.fromisoformat(day) for reason in reasons for day in _REMOVED_AFTER.findall(reason) if _is_day(day)]
    too_early = max((day for day in days if on <= day), default=None)
    return Change(
        Severity.BREAKING, kind, description, announced=bool(reasons) and too_early is None, too_early=too_early
    )


def _of_scopes(old: GraphQLSchema, new: GraphQLSchema, on: date) -> Iterator[Change]:
    in_use = _reached_without_deprecation(old)
    for place, before, after in _persisted(old, new):
        had, has = _scopes(before), _scopes(after)
        name = place.owner if place.member is None else f"{place.owner}.{place.member}"
        if not _opens(has, had):
            text = f"{name} needs {_spelled(has)}; it needed {_spelled(had)}."
            yield _breaking("SCOPES_ADDED", text, place, old, in_use, on)
        elif not _opens(had, has):
            text = f"{name} needs {_spelled(has)} only; it needed {_spelled(had)}."
            yield Change(Severity.DANGEROUS, "SCOPES_REMOVED", text)


def _of_one_of(old: GraphQLSchema, new: GraphQLSchema, on: date) -> Iterator[Change]:
    in_use = _reached_without_deprecation(old)
    for place, before, after in _persisted(old, new):
        if isinstance(before, GraphQLInputObjectType) and isinstance(after, GraphQLInputObjectType):
            if after.is_one_of and not before.is_one_of:
                text = f"{place.owner} takes exactly one of its fields."
                yield _breaking("ONE_OF_ADDED", text, place, old, in_use, on)
            elif before.is_one_of and not after.is_one_of:
                yield Change(Severity.SAFE, "ONE_OF_REMOVED", f"{place.owner} takes any of its fields.")


def _deprecations(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    before = dict(_deprecated(old))
    for place, reason in _deprecated(new):
        if place not in before:
            yield Change(Severity.SAFE, "DEPRECATED", f"{place} is deprecated: {reason}")


def _deprecated(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    for name, named in schema.type_map.items():
        for member, element in _members(named).items():
            if element.deprecation_reason is not None:
                yield f"{name}.{member}", element.deprecation_reason
            for argument, given in getattr(element, "args", {}).items():
                if given.deprecation_reason is not None:
                    yield f"{name}.{member}({argument}:)", given.deprecation_reason


def _deprecated_at(schema: GraphQLSchema, place: _Place) -> Iterator[str]:
    element = _members(schema.type_map.get(place.owner)).get(place.member or "")
    argument = getattr(element, "args", {}).get(place.argument)
    for part in (element, argument):
        if part is not None and part.deprecation_reason is not None:
            yield part.deprecation_reason


def _place(kind: str, description: str) -> _Place | None:
    if "DIRECTIVE" in kind:
        return None
    if kind in _OWNER:
        found = _OWNER[kind].search(description)
        return _Place(found[1]) if found else None
    at = _COORDINATE.search(description)
    return _Place(at["owner"], at["member"], at["argument"]) if at else None


def _reached_without_deprecation(schema: GraphQLSchema) -> set[str]:
    """The types an operation can touch without touching anything deprecated; the others were announced to go."""
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    waiting: list[Any] = [root for root in roots if root is not None]
    seen: set[str] = set()
    while waiting:
        named = get_named_type(waiting.pop())
        if named.name in seen:
            continue
        seen.add(named.name)
        for element in _members(named).values():
            if element.deprecation_reason is None and not isinstance(named, GraphQLEnumType):
                waiting.append(element.type)
                arguments = getattr(element, "args", {}).values()
                waiting.extend(given.type for given in arguments if given.deprecation_reason is None)
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            waiting.extend(schema.get_possible_types(named))
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType):
            waiting.extend(named.interfaces)
    return seen


def _persisted(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[tuple[_Place, Any, Any]]:
    """The types that are in both, and the fields of objects and interfaces."""
    for name, before in old.type_map.items():
        after = new.type_map.get(name)
        if after is None or type(after) is not type(before):
            continue
        yield _Place(name), before, after
        if isinstance(before, GraphQLObjectType | GraphQLInterfaceType):
            fields = _members(after)
            yield from (
                (_Place(name, each), field, fields[each]) for each, field in before.fields.items() if each in fields
            )


def _members(named: Any) -> dict[str, Any]:
    if isinstance(named, GraphQLEnumType):
        return dict(named.values)
    return dict(getattr(named, "fields", {}))


def _scopes(element: Any) -> frozenset[frozenset[str]]:
    """The alternatives of the scopes it asks for; one empty alternative where it asks for none."""
    for directive in getattr(element.ast_node, "directives", None) or ():
        if directive.name.value == SCOPES_DIRECTIVE:
            for argument in directive.arguments or ():
                return frozenset(frozenset(_texts(inner)) for inner in _list(argument.value))
    return frozenset((frozenset(),))


def _list(value: ValueNode) -> Iterable[Any]:
    read = value_from_ast_untyped(value)
    return read if isinstance(read, list) else ()


def _texts(value: Any) -> Iterable[str]:
    return (str(part) for part in value) if isinstance(value, list) else ()


def _opens(needed: frozenset[frozenset[str]], held: frozenset[frozenset[str]]) -> bool:
    """Whether whoever satisfied `held` satisfies `needed`."""
    return all(any(alternative <= holding for alternative in needed) for holding in held)


def _spelled(alternatives: frozenset[frozenset[str]]) -> str:
    each = sorted(" and ".join(sorted(alternative)) for alternative in alternatives)
    return " or ".join(each) or "no scope"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
