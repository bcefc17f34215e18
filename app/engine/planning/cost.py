"""What an operation may cost, worked out from its document and its variables before anything runs: one for each object
that is asked for, and the weights that the schema puts on fields and arguments (GraphQL cost directives specification,
its type cost and its explicit field costs in one sum). It counts; what may be spent is decided elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    value_from_ast,
)

from app.engine.paging import LARGEST
from app.engine.planning.fields import Fields, Nodes
from app.engine.planning.weights import ASSUMED, ListSize, given, size_of, weight_of, weight_of_object
from app.engine.scopes import INTROSPECTION

Variables = Mapping[str, Any]
Literals = Sequence[str | int]
Read = Callable[[Variables, Literals], Any]
Reader = Callable[[ValueNode, GraphQLInputType, Sequence[str]], Read | None]
"""How the value of an argument, or of a member inside it, is read from the inputs of any request of this form."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long a list is: the largest of its slicing arguments, else as assumed."""

    reads: tuple[Read, ...]
    assumed: int
    argument: str = ""

    def of(self, variables: Variables, literals: Literals) -> int:
        """For one request. A page size that will be refused counts as far as a page may go."""
        found = [_length(read(variables, literals)) for read in self.reads]
        return max((one for one in found if one is not None), default=self.assumed)


@dataclass(frozen=True, slots=True)
class Price:
    """A field of a selection: its response key, its own weight, how many objects it gives (one, where there is no
    `size`) and what each costs. `each` is None for a leaf. `sure` says that no such object is null; `opaque` is a leaf
    that prints objects of its own."""

    key: str
    weight: int = 0
    size: Size | None = None
    each: "Each | None" = None
    sure: bool = True
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """An object: for each type that it may be, its weight and its fields."""

    kinds: tuple[tuple[int, tuple[Price, ...]], ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A sum: what is fixed, sizes times other sums, and the dearest of alternatives."""

    fixed: int
    terms: tuple["Term", ...] = ()
    either: tuple[tuple["Expression", ...], ...] = ()

    def value(self, variables: Variables, literals: Literals = ()) -> int:
        """For the inputs of one request."""
        total = self.fixed
        for term in self.terms:
            total += term.size.of(variables, literals) * term.each.value(variables, literals)
        for options in self.either:
            total += max(option.value(variables, literals) for option in options)
        return total


@dataclass(frozen=True, slots=True)
class Term:
    """A list: where it is, how long, and what each of its objects costs."""

    path: tuple[str, ...]
    size: Size
    each: Expression


@dataclass(frozen=True, slots=True)
class Bill:
    """An operation's cost for all requests of its form. `exempt` is introspection alone. `settled` is a bill that holds
    for the inputs it was made with and no others."""

    root: Each
    requested: Expression
    exempt: bool = False
    settled: bool = False


def bill_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fields: Fields, denied: frozenset[tuple[str, str]],
    reader: Reader, literals: Literals = (),
) -> Bill:  # fmt: skip
    """The bill of an operation; `denied` are (type, field) that are never run and cost nothing."""
    root = schema.get_root_type(operation.operation)
    assert root is not None
    pricer = _Pricer(schema, fields, denied, reader, literals)
    chosen = fields.of(root, [operation.selection_set])
    exempt = bool(chosen) and all(nodes[0].name.value in (*INTROSPECTION, "__typename") for nodes in chosen.values())
    exempt = exempt and any(nodes[0].name.value in INTROSPECTION for nodes in chosen.values())
    each = pricer.object(root, [operation.selection_set], {})
    return Bill(each, Expression(0) if exempt else _expression(each, ()), exempt, pricer.settled)


def reader_of(variables: Variables) -> Reader:
    """Reads the inputs of one request from its own document."""

    def reader(node: ValueNode, kind: GraphQLInputType, members: Sequence[str]) -> Read:
        def read(_variables: Variables, _literals: Literals) -> Any:
            value = value_from_ast(node, kind, dict(variables))
            for name in members:
                value = value.get(name) if isinstance(value, Mapping) else None
            return None if value is Undefined else value

        return read

    return reader


def _length(value: Any) -> int | None:
    if isinstance(value, list | tuple):
        return len(value)
    if isinstance(value, int):
        return min(max(value, 0), LARGEST)
    return None if value is None else 1  # one item stands for a list of it


@dataclass(slots=True)
class _Pricer:
    schema: GraphQLSchema
    fields: Fields
    denied: frozenset[tuple[str, str]]
    reader: Reader
    literals: Literals
    settled: bool = field(default=False)

    def object(self, kind: Any, sets: list[SelectionSetNode | None], sizes: Mapping[str, Size]) -> Each:
        kinds = self.schema.get_possible_types(kind) if is_abstract_type(kind) else [kind]
        found = []
        for one in kinds:
            prices = tuple(self.price(one, key, nodes, sizes) for key, nodes in self.fields.of(one, sets).items())
            found.append((weight_of_object(one), prices))
        return Each(tuple(found))

    def price(self, kind: GraphQLObjectType, key: str, nodes: Nodes, sizes: Mapping[str, Size]) -> Price:
        name = nodes[0].name.value
        declared = kind.fields.get(name)
        if declared is None or (kind.name, name) in self.denied:
            return Price(key, opaque=name in INTROSPECTION)
        target: Any = get_named_type(declared.type)
        own, sized = self.size(declared, nodes[0])
        weight = weight_of(declared) + self.supplied(declared, nodes[0], own or next(iter(sized.values()), None))
        if is_leaf_type(target):
            return Price(key, weight, opaque=isinstance(target, GraphQLScalarType) and target.name == "JSON")
        inner = declared.type.of_type if isinstance(declared.type, GraphQLNonNull) else declared.type
        listed = isinstance(inner, GraphQLList)
        size = (sizes.get(name) or own or Size((), ASSUMED)) if listed else None
        each = self.object(target, [node.selection_set for node in nodes], sized)
        sure = isinstance(inner.of_type if listed else declared.type, GraphQLNonNull)
        return Price(key, weight, size, each, sure)

    def size(self, declared: GraphQLField, node: FieldNode) -> tuple[Size | None, dict[str, Size]]:
        """The size of the field itself, or those of the fields of its answer."""
        says = size_of(declared)
        if says is None:
            return None, {}
        size = self.read(says, declared, node)
        fields = given(says.sized_fields)
        return (None, dict.fromkeys(fields, size)) if fields else (size, {})

    def read(self, says: ListSize, declared: GraphQLField, node: FieldNode) -> Size:
        values = {argument.name.value: argument.value for argument in node.arguments or ()}
        reads, names = [], []
        for path in given(says.slicing_arguments):
            name, *members = path.split(".")
            argument = declared.args[name]
            if name in values:
                read = self.reader(values[name], argument.type, members)
                if read is not None:
                    reads.append(read)
                    names.append(name)
            elif argument.default_value is not Undefined:
                reads.append(_fixed(argument.default_value))
        assumed = says.assumed_size
        return Size(tuple(reads), assumed if isinstance(assumed, int) else 1, next(iter(names), ""))

    def supplied(self, declared: GraphQLField, node: FieldNode, size: Size | None) -> int:
        """The weights of the arguments that are given; of one that lists what is asked for, for each item."""
        total = 0
        for argument in node.arguments or ():
            name = argument.name.value
            weight = weight_of(declared.args[name])
            if not weight or self.absent(argument.value):
                continue
            slicing = given(getattr(size_of(declared), "slicing_arguments", ()))
            if size is not None and any(path.split(".")[0] == name for path in slicing):
                self.settled = True
                weight *= size.of(self.fields.variables, self.literals)
            total += weight
        return total

    def absent(self, node: ValueNode) -> bool:
        if isinstance(node, VariableNode):
            return self.fields.variables.get(node.name.value) is None
        return isinstance(node, NullValueNode)


def _fixed(value: Any) -> Read:
    return lambda _variables, _literals: value


def _expression(each: Each, path: tuple[str, ...]) -> Expression:
    options = list(dict.fromkeys(_sum(weight, prices, path) for weight, prices in each.kinds))
    if len(options) == 1:
        return options[0]
    if all(not one.terms and not one.either for one in options):
        return Expression(max(one.fixed for one in options))
    return Expression(0, (), (tuple(options),))


def _sum(weight: int, prices: Sequence[Price], path: tuple[str, ...]) -> Expression:
    fixed = weight
    terms: list[Term] = []
    either: list[tuple[Expression, ...]] = []
    for price in prices:
        fixed += price.weight
        if price.each is None:
            continue
        here = (*path, price.key)
        inner = _expression(price.each, here)
        if price.size is None:
            fixed += inner.fixed
            terms += inner.terms
            either += inner.either
        elif not price.size.reads and not inner.terms and not inner.either:
            fixed += price.size.assumed * inner.fixed
        else:
            terms.append(Term(here, price.size, inner))
    return Expression(fixed, tuple(terms), tuple(either))
