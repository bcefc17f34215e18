"""Subscriptions whose events are answered from their own rows: a selection of plain fields is compiled once to pieces
of JSON, so that an event costs no run of the executor. Whatever is not that plain is left to the executor."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction, signature
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

_KEPT = 2_000

Write = Callable[[Any, Any], bytes]


@dataclass(frozen=True, slots=True)
class EventInfo:
    """Of a resolver's info what plain fields may use."""

    context: Any


class Flat:
    """One compiled selection. Calling it gives the response's data as JSON; any exception means that the executor has
    to answer, which then says what is wrong."""

    def __init__(self, key: str, parts: list[tuple[bytes, Write | bytes]]) -> None:
        head = b'{"' + key.encode() + b'":'
        self._writes = [write for _, write in parts]
        self._heads = [(head + b"{" if not place else b",") + name for place, (name, _) in enumerate(parts)]

    def __call__(self, row: Any, context: Any) -> bytes:
        """The data for one event, with the sight of a context."""
        info, out = EventInfo(context), []
        for head, write in zip(self._heads, self._writes, strict=True):
            out.append(head)
            out.append(write if isinstance(write, bytes) else write(row, info))
        out.append(b"}}")
        return b"".join(out)


class Flats:
    """The compiled operations of one schema, kept by their text."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: dict[tuple[str, str | None], Flat | None] = {}

    def of(self, text: str, name: str | None, operation: OperationDefinitionNode) -> Flat | None:
        """See `flat`."""
        if (text, name) not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[text, name] = flat(self._schema, operation)
        return self._kept[text, name]


def flat(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Flat | None:
    """The operation compiled; None where it asks for more than plain fields of one event."""
    selected = operation.selection_set.selections
    root = selected[0]
    if len(selected) != 1 or schema.subscription_type is None or not isinstance(root, FieldNode) or root.directives:
        return None
    declared = schema.subscription_type.fields.get(root.name.value)
    kind = _named(declared.type) if declared is not None else None
    if not isinstance(kind, GraphQLObjectType) or root.selection_set is None:
        return None
    parts: dict[bytes, Write | bytes] = {}
    for node in root.selection_set.selections:
        write = _write(kind, node) if isinstance(node, FieldNode) else None
        name = b'"%b":' % _key(node).encode() if isinstance(node, FieldNode) else b""
        if write is None or name in parts:
            return None
        parts[name] = write
    return Flat(_key(root), list(parts.items()))


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value


def _write(kind: GraphQLObjectType, node: FieldNode) -> Write | bytes | None:
    if node.arguments or node.directives or node.selection_set:
        return None
    if node.name.value == "__typename":
        return orjson.dumps(kind.name)
    declared = kind.fields.get(node.name.value)
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
