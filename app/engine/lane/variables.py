"""The variables of an operation: read as the executor would read them, and what of them decides a statement's form."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    coerce_input_value,
    get_named_type,
    type_from_ast,
    value_from_ast,
)

from app.engine.lane.inputs import Literals, NotPlannable, Probe, Unready, Variables, coercer
from app.engine.planning.plan import Plan
from app.ids import type_of

ABSENT = object()
"""Stands for what is not there where None is a value."""


def prefix_probes(plan: Plan, node: OperationDefinitionNode, kinds: Iterable["Variable"]) -> list[Probe]:
    """Where `node(id:)` or `nodes(ids:)` may be asked for, the types that prefixes say decide the statement."""
    source = node.loc.source.body if node.loc is not None else ""
    if "node" not in source:
        return []
    found: list[Probe] = [_prefix(one.name) for one in kinds if _is_id(one.kind)]
    return [*found, lambda _, literals: tuple([type_of(one) if type(one) is str else None for one in literals])]


def _prefix(name: str) -> Probe:
    def probe(variables: Variables, _: Literals) -> Any:
        value = variables.get(name)
        if isinstance(value, list):
            kinds = {type_of(one) if isinstance(one, str) else None for one in value}
            return kinds.pop() if len(kinds) == 1 else len(kinds)
        return type_of(value) if isinstance(value, str) else None

    return probe


def _is_id(kind: GraphQLInputType) -> bool:
    inner = get_named_type(kind)
    return isinstance(inner, GraphQLScalarType) and inner.name == "ID"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of an operation."""

    name: str
    kind: GraphQLInputType
    required: bool
    default: Any
    coerce: Callable[[Any], Any]


def variables_of(schema: GraphQLSchema, node: OperationDefinitionNode) -> tuple[Variable, ...]:
    """Raises NotPlannable."""
    return tuple(_variable(schema, one) for one in node.variable_definitions or ())


def _variable(schema: GraphQLSchema, node: VariableDefinitionNode) -> Variable:
    kind = cast("GraphQLInputType | None", type_from_ast(schema, node.type))
    if kind is None:
        raise NotPlannable("a variable of an unknown type")
    default = ABSENT if node.default_value is None else value_from_ast(node.default_value, kind)
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    coerce = coercer(inner) if isinstance(inner, GraphQLScalarType) else _general(inner)
    return Variable(node.variable.name.value, kind, isinstance(kind, GraphQLNonNull), default, coerce)


def _general(kind: GraphQLInputType) -> Callable[[Any], Any]:
    """Lists, enums and input objects, as graphql-core reads them."""

    def read(value: Any) -> Any:
        found = coerce_input_value(value, kind)
        if found is Undefined:
            raise Unready
        return found

    return read


def coerced(kinds: tuple[Variable, ...], sent: Mapping[str, Any] | None) -> Variables:
    """The variables as the executor would read them; Unready where it would refuse them."""
    found: dict[str, Any] = {}
    given = sent or {}
    for one in kinds:
        value = given.get(one.name, ABSENT)
        if value is ABSENT:
            if one.default is not ABSENT:
                found[one.name] = one.default
            elif one.required:
                raise Unready
        elif value is None:
            if one.required:
                raise Unready
            found[one.name] = None
        else:
            found[one.name] = one.coerce(value)
    return found
