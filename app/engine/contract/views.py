"""The schema as one caller sees it: the SDL and the introspection of what its scopes reach, cached per scope set."""

from collections import OrderedDict
from typing import Any

from graphql import (
    DirectiveDefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    build_ast_schema,
    parse,
    print_ast,
)

from app.engine.scopes import missing, missing_for, of_type

_KEPT = 64


class Contract:
    """`sdl` is the whole schema as strawberry prints it; views are cut from that text."""

    def __init__(self, schema: GraphQLSchema, sdl: str) -> None:
        self._schema = schema
        self.sdl = sdl
        self._document = parse(sdl, no_location=True)
        self._views: OrderedDict[frozenset[str], tuple[str, GraphQLSchema]] = OrderedDict()

    def visible_sdl(self, scopes: frozenset[str]) -> str:
        """The SDL of what these scopes reach."""
        return self._view(scopes)[0]

    def visible_schema(self, scopes: frozenset[str]) -> GraphQLSchema:
        """The same as a schema, for introspection only: it has no resolvers."""
        return self._view(scopes)[1]

    def _view(self, scopes: frozenset[str]) -> tuple[str, GraphQLSchema]:
        known = self._views.get(scopes)
        if known is None:
            document = self._cut(scopes)
            known = self._views[scopes] = (print_ast(document), build_ast_schema(document, assume_valid=True))
            if len(self._views) > _KEPT:
                self._views.popitem(last=False)
        self._views.move_to_end(scopes)
        return known

    def _cut(self, scopes: frozenset[str]) -> DocumentNode:
        definitions = [self._reachable_fields(node, scopes) for node in self._document.definitions]
        kept = [node for node in definitions if node is not None]
        used = _reached({node.name.value: node for node in kept if hasattr(node, "name") and node.name})
        return DocumentNode(
            definitions=tuple(
                node
                for node in kept
                if isinstance(node, DirectiveDefinitionNode) or not hasattr(node, "name") or node.name.value in used
            )
        )

    def _reachable_fields(self, node: Any, scopes: frozenset[str]) -> Any | None:
        if not isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            return node
        named = self._schema.get_type(node.name.value)
        if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType) or missing(of_type(named), scopes):
            return None
        fields = tuple(field for field in node.fields or () if not missing_for(named.fields[field.name.value], scopes))
        if not fields:
            return None
        return type(node)(
            description=node.description,
            name=node.name,
            directives=node.directives,
            interfaces=node.interfaces,
            fields=fields,
        )


def _reached(definitions: dict[str, Any]) -> set[str]:
    """The names that can be reached from the root types; an object is also reached through its interface."""
    waiting: list[str] = [name for name in ("Query", "Mutation", "Subscription") if name in definitions]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in definitions:
            continue
        seen.add(name)
        node = definitions[name]
        waiting.extend(_mentioned(node))
        if isinstance(node, InterfaceTypeDefinitionNode):
            waiting.extend(
                other.name.value
                for other in definitions.values()
                if isinstance(other, ObjectTypeDefinitionNode)
                and any(interface.name.value == name for interface in other.interfaces or ())
            )
    return seen


def _mentioned(node: Any) -> list[str]:
    names: list[str] = []
    if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode):
        for field in node.fields or ():
            names.append(_named(field.type))
            if isinstance(field, FieldDefinitionNode):
                names.extend(_named(argument.type) for argument in field.arguments or ())
        names.extend(interface.name.value for interface in getattr(node, "interfaces", ()) or ())
    return names


def _named(node: Any) -> str:
    inner = getattr(node, "type", None)
    return _named(inner) if inner is not None else str(node.name.value)
