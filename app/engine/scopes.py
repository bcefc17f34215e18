"""Scopes as the schema declares them: the directive, and what a type or a field needs. Pure look-ups over a built
schema; whether a caller is refused is decided in `app.engine.planning.plan`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from strawberry.schema_directive import Location

Alternatives = tuple[frozenset[str], ...]
"""Sets of scopes: holding every scope of any one set is enough. No sets: nothing is needed."""

INTROSPECTION = {"__schema": "schema:read", "__type": "schema:read"}


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="The scopes a caller needs: all of an inner list, any of the lists.",
)
class RequiresScopes:
    """`@requiresScopes(scopes: [["a", "b"], ["c"]])`: a and b together, or c."""

    scopes: list[list[str]]


def requires(scopes: Iterable[str] | Iterable[Iterable[str]]) -> list[RequiresScopes]:
    """The directive for one scope list, or for alternatives of lists; none for no scopes."""
    given = list(scopes)
    if not given:
        return []
    if all(isinstance(scope, str) for scope in given):
        return [RequiresScopes(scopes=[[str(scope) for scope in given]])]
    return [RequiresScopes(scopes=[list(alternative) for alternative in given])]


def declared(part: GraphQLNamedType | GraphQLField) -> Alternatives:
    """What the directive on this very type or field says."""
    definition = part.extensions.get("strawberry-definition")
    for directive in getattr(definition, "directives", ()) or ():
        if isinstance(directive, RequiresScopes):
            return tuple(frozenset(alternative) for alternative in directive.scopes)
    return ()


def of_type(named: GraphQLNamedType) -> Alternatives:
    """What every path to this type needs; a connection or an edge needs what its nodes need."""
    own = declared(named)
    if own or not isinstance(named, GraphQLObjectType):
        return own
    for name in ("nodes", "node"):
        if named.name.endswith(("Connection", "Edge")) and name in named.fields:
            return declared(get_named_type(named.fields[name].type))
    return ()


def missing(needs: Alternatives, held: frozenset[str]) -> frozenset[str]:
    """The scopes that are lacking: of the alternative that lacks the fewest; none where one is satisfied."""
    lacking = sorted((alternative - held for alternative in needs), key=lambda scopes: (len(scopes), sorted(scopes)))
    return lacking[0] if lacking else frozenset()


def field_needs(field: GraphQLField) -> tuple[Alternatives, Alternatives]:
    """What a field needs: by its own directive, and by the type it leads to. Both must be satisfied."""
    return declared(field), of_type(get_named_type(field.type))


def missing_for(field: GraphQLField, held: frozenset[str]) -> frozenset[str]:
    """The scopes a caller lacks for this field; empty where it may be read."""
    own, target = field_needs(field)
    return missing(own, held) | missing(target, held)


@dataclass(frozen=True, slots=True)
class FieldScopes:
    """One row of the authorization matrix."""

    type_name: str
    field_name: str
    needs: tuple[Alternatives, Alternatives]


def matrix(schema: GraphQLSchema) -> Iterator[FieldScopes]:
    """Every field of every object and interface type of the schema, with what it needs."""
    for named in schema.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__"):
            for name, field in named.fields.items():
                yield FieldScopes(named.name, name, field_needs(field))


def describe(description: str, scopes: Iterable[Any]) -> str:
    """The description with its scopes written out, so that documentation cannot disagree with the check."""
    given = list(scopes)
    if not given:
        return description
    if all(isinstance(scope, str) for scope in given):
        return f"{description} Scope: {' and '.join(given)}."
    return f"{description} Scope: {' or '.join(' and '.join(alternative) for alternative in given)}."
