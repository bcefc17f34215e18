"""Which fields of an object a selection asks for: fragments of that type taken in, @skip and @include applied, fields
of one response key put together, as the specification's CollectFields has it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    SelectionSetNode,
)

from app.engine.planning.plan import Plan, included

Nodes = list[FieldNode]


@dataclass(frozen=True, slots=True)
class Fields:
    """Reads the selections of one document with the variables of one request."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def of(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> dict[str, Nodes]:
        """The fields by response key."""
        found: dict[str, Nodes] = {}
        for selections in sets:
            self._collect(kind, selections, found)
        return found

    def _collect(self, kind: GraphQLObjectType, selections: SelectionSetNode | None, found: dict[str, Nodes]) -> None:
        for node in selections.selections if selections else ():
            if not included(node.directives or (), self.variables):
                continue
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
                continue
            part: Any = self.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            if part.type_condition is None or self._applies(part.type_condition.name.value, kind):
                self._collect(kind, part.selection_set, found)

    def _applies(self, condition: str, kind: GraphQLObjectType) -> bool:
        named = self.schema.type_map[condition]
        if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
            return self.schema.is_sub_type(named, kind)
        return named is kind


def fragments_of(plan: Plan) -> dict[str, FragmentDefinitionNode]:
    """The fragments of a planned document by name."""
    definitions = plan.document.definitions if plan.document is not None else ()
    return {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
