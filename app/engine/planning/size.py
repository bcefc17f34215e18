"""How large a document may be: depth, aliases, root fields, and how many fields its fragments expand to. Counted with
a memo per fragment, so that a document built to explode is refused in linear time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of one gateway."""

    tokens: int = 4_000
    depth: int = 12
    aliases: int = 30
    root_fields: int = 20
    fields: int = 5_000

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of a process's settings."""
        return cls(settings.max_tokens, settings.max_depth, settings.max_aliases, settings.max_root_fields)


@dataclass(frozen=True, slots=True)
class _Size:
    depth: int = 0
    aliases: int = 0
    fields: int = 0
    roots: int = 0


def check_size(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """What is too large, one error each; fragment cycles count as too deep. Pure introspection is exempt from depth:
    the standard introspection query is deeper than any operation needs to be."""
    measure = _Measure(document)
    faults: list[GraphQLError] = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            size = measure.of(node.selection_set)
            deep = 32 if _introspects(node) else limits.depth
            for value, limit, what in (
                (size.depth, deep, "levels deep"),
                (size.aliases, limits.aliases, "aliases"),
                (size.roots, limits.root_fields, "root fields"),
                (size.fields, limits.fields, "fields once its fragments are expanded"),
            ):
                if value > limit:
                    faults.append(GraphQLError(f"The operation has more than {limit} {what}. Split it.", node))
    return faults


def root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> int:
    """How many root fields an operation of the document selects."""
    return _Measure(document).of(operation.selection_set).roots


def _introspects(node: OperationDefinitionNode) -> bool:
    return all(
        isinstance(inner, FieldNode) and inner.name.value in ("__schema", "__type", "__typename")
        for inner in node.selection_set.selections
    )


_ENDLESS = _Size(10**6, 10**6, 10**6, 10**6)


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, _Size] = {}
        self._open: set[str] = set()

    def of(self, selections: SelectionSetNode | None) -> _Size:
        depth = aliases = fields = roots = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                inner = self.of(node.selection_set)
                found = _Size(inner.depth + 1, inner.aliases + bool(node.alias), inner.fields + 1, 1)
            elif isinstance(node, FragmentSpreadNode):
                found = self._spread(node.name.value)
            else:
                found = self.of(node.selection_set)  # type: ignore[attr-defined]
            depth = max(depth, found.depth)
            aliases, fields, roots = aliases + found.aliases, fields + found.fields, roots + found.roots
        return _Size(depth, aliases, fields, roots)

    def _spread(self, name: str) -> _Size:
        if name in self._open:
            return _ENDLESS
        if name not in self._known:
            fragment = self._fragments.get(name)
            self._open.add(name)
            self._known[name] = self.of(fragment.selection_set) if fragment else _Size()
            self._open.discard(name)
        return self._known[name]
