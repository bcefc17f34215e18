"""A document is planned once for each scope set: parsed, validated, measured against the limits, and its fields
matched with the caller's scopes. Plans are cached, bounded by the bytes of their documents."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)

from app.engine.planning.size import Limits, check_size
from app.engine.scopes import INTROSPECTION, missing, missing_for, of_type

_Selection = FieldNode | FragmentSpreadNode | InlineFragmentNode


@dataclass(frozen=True, slots=True)
class Denied:
    """One field of a document that the caller's scopes do not reach."""

    path: tuple[str, ...]
    type_name: str
    field_name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A document ready to run, or the errors that keep it from running. `denied` does not look at @skip and
    @include: those are settled with the variables of each request."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    denied: tuple[Denied, ...] = ()
    syntax: bool = False

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation that this name selects; None where there is none or the choice is open."""
        found = [node for node in self.operations if name is None or (node.name and node.name.value == name)]
        return found[0] if len(found) == 1 else None

    @property
    def operations(self) -> list[OperationDefinitionNode]:
        """Every operation of the document."""
        return (
            [node for node in self.document.definitions if isinstance(node, OperationDefinitionNode)]
            if (self.document)
            else []
        )


class Planner:
    """Makes plans over one schema and keeps the ones that are used."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, cache_bytes: int = 16 * 1024 * 1024) -> None:
        self.schema = schema
        self._limits = limits
        self._room = cache_bytes
        self._used = 0
        self._plans: OrderedDict[tuple[str, frozenset[str]], Plan] = OrderedDict()

    def plan(self, document: str, scopes: frozenset[str]) -> Plan:
        """The plan of a document for a scope set; never raises for what the document says."""
        key = (document, scopes)
        known = self._plans.get(key)
        if known is not None:
            self._plans.move_to_end(key)
            return known
        made = self._make(document, scopes)
        self._plans[key] = made
        self._used += _weight(document)
        while self._used > self._room and self._plans:
            (old, _), _ = self._plans.popitem(last=False)
            self._used -= _weight(old)
        return made

    def _make(self, document: str, scopes: frozenset[str]) -> Plan:
        try:
            parsed = parse(document, no_location=False, max_tokens=self._limits.tokens)
        except GraphQLSyntaxError as fault:
            return Plan(None, (fault,), syntax=True)
        except RecursionError:
            return Plan(None, (GraphQLError("Syntax Error: the document is nested too deeply."),), syntax=True)
        faults = check_size(parsed, self._limits) or validate(
            self.schema, parsed, max_errors=20, hide_suggestions="schema:read" not in scopes
        )
        _forget_tokens(parsed)
        if faults:
            return Plan(parsed, tuple(faults))
        return Plan(parsed, denied=tuple(_Walk(self.schema, parsed, scopes).denied()))


def _weight(document: str) -> int:
    return 2_000 + 20 * len(document)


def _forget_tokens(node: Node) -> None:
    """A place is its offset in the source; the tokens, a third of what a tree holds, were the parser's."""
    if node.loc is not None:
        node.loc.start_token = node.loc.end_token = None  # type: ignore[assignment]
    for name in node.keys:
        inner = getattr(node, name, None)
        for one in inner if isinstance(inner, list | tuple) else (inner,):
            if isinstance(one, Node):
                _forget_tokens(one)


class _Walk:
    """Finds the denied fields of a document. The size check has bounded how far fragments expand."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, scopes: frozenset[str]) -> None:
        self._schema = schema
        self._document = document
        self._scopes = scopes
        self._fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}

    def denied(self) -> Iterator[Denied]:
        for node in self._document.definitions:
            if isinstance(node, OperationDefinitionNode):
                root = self._schema.get_root_type(node.operation)
                if root is not None:
                    yield from self._selections(root, node.selection_set, ())

    def _selections(
        self, parent: GraphQLNamedType, selections: SelectionSetNode, path: tuple[str, ...]
    ) -> Iterator[Denied]:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield from self._field(parent, node, path)
                continue
            inner, condition = self._fragment(node)
            target = self._schema.get_type(condition) if condition else parent
            if target is not None:
                yield from self._selections(target, inner, path)

    def _fragment(self, node: Any) -> tuple[SelectionSetNode, str | None]:
        if isinstance(node, FragmentSpreadNode):
            fragment = self._fragments[node.name.value]
            return fragment.selection_set, fragment.type_condition.name.value
        return node.selection_set, node.type_condition.name.value if node.type_condition else None

    def _field(self, parent: GraphQLNamedType, node: FieldNode, path: tuple[str, ...]) -> Iterator[Denied]:
        name = node.name.value
        here = (*path, node.alias.value if node.alias else name)
        if name in INTROSPECTION:
            if INTROSPECTION[name] not in self._scopes:
                yield Denied(here, parent.name, name, frozenset({INTROSPECTION[name]}))
            return
        field = getattr(parent, "fields", {}).get(name)
        if field is None:
            return
        lacking = missing_for(field, self._scopes) | (missing(of_type(parent), self._scopes) if path else frozenset())
        if lacking:
            yield Denied(here, parent.name, name, lacking)
        elif node.selection_set is not None:
            yield from self._selections(get_named_type(field.type), node.selection_set, here)


def settled(plan: Plan, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> list[Denied]:
    """The denied fields of one operation that this request really asks for, with @skip and @include applied."""
    if not plan.denied or plan.document is None:
        return []
    fragments = {n.name.value: n for n in plan.document.definitions if isinstance(n, FragmentDefinitionNode)}
    asked = set(_paths(operation.selection_set, fragments, variables, ()))
    seen: set[tuple[tuple[str, ...], str]] = set()
    kept = []
    for denied in plan.denied:
        if denied.path in asked and (denied.path, denied.field_name) not in seen:
            seen.add((denied.path, denied.field_name))
            kept.append(denied)
    return kept


def _paths(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    path: tuple[str, ...],
) -> Iterator[tuple[str, ...]]:
    for node in selections.selections:
        if not included(node.directives or (), variables):
            continue
        inner: SelectionSetNode | None
        if isinstance(node, FieldNode):
            here = (*path, node.alias.value if node.alias else node.name.value)
            yield here
            inner = node.selection_set
        else:
            here = path
            spread = isinstance(node, FragmentSpreadNode)
            inner = fragments[node.name.value].selection_set if spread else node.selection_set  # type: ignore[attr-defined]
        if inner is not None:
            yield from _paths(inner, fragments, variables, here)


def included(directives: Iterable[Any], variables: Mapping[str, Any]) -> bool:
    """Whether @skip and @include let a selection stand."""
    for directive in directives:
        if directive.name.value in ("skip", "include") and directive.arguments:
            value = directive.arguments[0].value
            name = getattr(getattr(value, "name", None), "value", None)
            truth = variables.get(name) if name is not None else value.value
            if bool(truth) == (directive.name.value == "skip"):
                return False
    return True


def abstract(schema: GraphQLSchema, name: str) -> bool:
    """Whether a type is an interface or a union of the schema."""
    named = schema.get_type(name)
    return named is not None and not isinstance(named, GraphQLObjectType)
