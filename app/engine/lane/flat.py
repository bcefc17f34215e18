"""Subscriptions whose events are answered from their own rows: a selection of plain fields is compiled once to pieces
of JSON, so that an event costs no run of the executor. Whatever is not that plain is left to the executor."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from inspect import iscoroutinefunction, signature
from operator import itemgetter
from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_leaf_type,
)

Write = Callable[[Any, Any], bytes]


@dataclass(frozen=True, slots=True)
class EventInfo:
    """Of a resolver's info what plain fields may use."""

    context: Any


class Told(dict[Write, bytes]):
    """The fields of one event as one sight has them, each written when it is first asked for."""

    __slots__ = ("_info", "_row")

    def __init__(self, row: Any, context: Any) -> None:
        self._row = row
        self._info = EventInfo(context)

    def __missing__(self, write: Write) -> bytes:
        found = self[write] = write(self._row, self._info)
        return found


class Flat:
    """One compiled selection. Calling it gives the response's data as JSON; any exception means that the executor has
    to answer, which then says what is wrong."""

    __slots__ = ("_flats", "_form", "_pick")

    def __init__(self, flats: "Flats", key: str, parts: dict[str, Write]) -> None:
        self._flats = flats
        self._form = '{{"{}":{{{}}}}}'.format(key, ",".join(f'"{name}":%b' for name in parts)).encode()
        self._pick: Callable[[Told], Any] = itemgetter(*parts.values())

    def __call__(self, row: Any, context: Any) -> bytes:
        """The data for one event, with the sight of a context."""
        text: bytes = self._form % self._pick(self._flats.told(row, context))
        return text


class Flats:
    """Compiles the operations of one schema. What they have in common is written once: the fields of the event that is
    being handed out, for each sight."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._writes: dict[tuple[str, str], Write | None] = {}
        self._row: Any = None
        self._told: dict[Hashable, Told] = {}

    def told(self, row: Any, context: Any) -> Told:
        """What is written of this row already, for this context's organisation and scopes."""
        if row is not self._row:
            self._row, self._told = row, {}
        principal = context.principal
        sight = (principal.organisation_id, principal.scopes)
        found = self._told.get(sight)
        if found is None:
            found = self._told[sight] = Told(row, context)
        return found

    def compiled(self, operation: OperationDefinitionNode) -> Flat | None:
        """The operation compiled; None where it asks for more than plain fields of one event."""
        selected = operation.selection_set.selections
        root, roots = selected[0], self._schema.subscription_type
        if len(selected) != 1 or roots is None or not isinstance(root, FieldNode) or root.directives:
            return None
        declared = roots.fields.get(root.name.value)
        kind = _named(declared.type) if declared is not None else None
        if not isinstance(kind, GraphQLObjectType) or root.selection_set is None:
            return None
        parts: dict[str, Write] = {}
        for node in root.selection_set.selections:
            write = self._write(kind, node) if isinstance(node, FieldNode) else None
            if write is None or not isinstance(node, FieldNode) or _key(node) in parts:
                return None
            parts[_key(node)] = write
        return Flat(self, _key(root), parts)

    def _write(self, kind: GraphQLObjectType, node: FieldNode) -> Write | None:
        if node.arguments or node.directives or node.selection_set:
            return None
        name = (kind.name, node.name.value)
        if name not in self._writes:
            self._writes[name] = _write(kind, node.name.value)
        return self._writes[name]


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _write(kind: GraphQLObjectType, name: str) -> Write | None:
    if name == "__typename":
        text = orjson.dumps(kind.name)
        return lambda row, info: text
    declared = kind.fields.get(name)
    if declared is None:
        return None
    read, coerce = _read(declared), _coercion(declared.type)
    if read is None or coerce is None:
        return None

    def write(row: Any, info: Any) -> bytes:
        return orjson.dumps(coerce(read(row, info)))

    return write


def _read(declared: Any) -> Callable[[Any, Any], Any] | None:
    """How the field's resolver reads a row, without what strawberry puts around it; None for one that has to wait."""
    definition = declared.extensions.get("strawberry-definition")
    if definition is None or definition.permission_classes or definition.extensions:
        return None
    if definition.base_resolver is None:
        name = definition.python_name
        return lambda row, _: getattr(row, name)
    resolver = definition.base_resolver.wrapped_func
    given = list(signature(resolver).parameters)
    if iscoroutinefunction(resolver) or given not in (["root"], ["root", "info"]):
        return None
    return resolver if len(given) == 2 else lambda row, _: resolver(row)


def _coercion(kind: Any) -> Callable[[Any], Any] | None:
    """What the executor makes of a value of this type, raising where it would answer with an error."""
    if isinstance(kind, GraphQLNonNull | GraphQLList):
        inner = _coercion(kind.of_type)
        if inner is None:
            return None
        if isinstance(kind, GraphQLNonNull):
            return lambda value: _present(inner(value))
        return lambda value: None if value is None else [inner(part) for part in value]
    if not is_leaf_type(kind):
        return None
    coerce = kind.coerce_output_value
    return lambda value: None if value is None else _present(coerce(value))


def _present(value: Any) -> Any:
    if value is None or value is Undefined:
        raise ValueError("null where there has to be a value")
    return value


def _named(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind
