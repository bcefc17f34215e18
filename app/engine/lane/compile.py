"""A query turned into trees of names that the store writes as SQL: one tree for each root field. It reads the bindings
of the schema; what has none that SQL can answer is `NotPlannable`, and the whole operation is left to the executor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)

from app.clock import Clock, today
from app.engine.bindings import (
    BINDING,
    Column,
    Counted,
    InForce,
    JsonKey,
    Listed,
    Lookup,
    MoneyColumns,
    OrderedRows,
    Paged,
    Prefixed,
    RateText,
    Relation,
    Summed,
)
from app.engine.lane.inputs import (
    Given,
    Inputs,
    InPython,
    Introspects,
    NotPlannable,
    OutOfReach,
    Read,
    Unready,
    listed,
    stored,
)
from app.engine.lane.lists import page_tree
from app.engine.lane.parts import money_members, port_members, rate_members
from app.engine.planning.fields import Fields, Nodes
from app.ids import type_of
from app.store.json_tree import (
    Each,
    Fixed,
    Form,
    Inner,
    Kind,
    Line,
    Many,
    Member,
    Members,
    Named,
    One,
    Page,
    Part,
    Path,
    Scalar,
    Slot,
    SlotKind,
    Sums,
    Value,
    kind_of,
)
from app.store.statement import Select, Where

_PRINTED: Mapping[Form, frozenset[str]] = {
    "text": frozenset({"String", "ID", "HtsNumber", "CountryCode", "CurrencyCode"}),
    "safe": frozenset({"DateTime", "Date"}),
    "integer": frozenset({"Int"}),
    "float": frozenset({"Float"}),
    "flag": frozenset({"Boolean"}),
    "decimal": frozenset({"Decimal"}),
    "json": frozenset({"JSON"}),
}
"""The scalars that a column of a form is printed as."""

_FROM_JSON: Mapping[str, Form] = {
    **dict.fromkeys(("String", "ID", "HtsNumber", "CountryCode", "CurrencyCode", "Date"), "text"),
    **dict.fromkeys(("Int", "Float", "Boolean", "JSON"), "json"),
    "Decimal": "decimal",
}


_SHORTEST = 4
"""Of the numbers that one line is looked up by."""


@dataclass(frozen=True, slots=True)
class Row:
    """A root field that is one row, or null."""

    select: Select
    members: Members


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A root field that the executor answers, and why."""

    reason: str


Root = Row | Named | Line | Page | Fixed | Elsewhere


@dataclass(frozen=True, slots=True)
class Compiled:
    """The root fields by response key, and how the values of their slots are read."""

    parts: tuple[tuple[str, Root], ...]
    kinds: tuple[SlotKind, ...]
    reads: tuple[Read, ...]


@dataclass(slots=True)
class Compiler:
    """Compiles one operation for one form of its inputs. `denied` are (type, field) that the caller may not read."""

    schema: GraphQLSchema
    fields: Fields
    inputs: Inputs
    denied: frozenset[tuple[str, str]]
    scopes: frozenset[str]
    clock: Clock
    kinds: list[SlotKind] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)

    def compile(self, operation: OperationDefinitionNode) -> Compiled:
        """Raises NotPlannable."""
        query = self.schema.query_type
        assert query is not None
        fields = self.collect(query, [operation.selection_set])
        parts = tuple((key, self._either(query, nodes)) for key, nodes in fields.items())
        if all(isinstance(part, Fixed | Elsewhere) for _, part in parts):
            for _, part in parts:
                if isinstance(part, Elsewhere):
                    raise InPython(part.reason)
        return Compiled(parts, tuple(self.kinds), tuple(self.reads))

    def slot(self, read: Read, kind: SlotKind = "text") -> Slot:
        """A new slot whose value is read so."""
        self.kinds.append(kind)
        self.reads.append(read)
        return Slot(len(self.reads) - 1, kind)

    def collect(self, kind: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> dict[str, Nodes]:
        """The fields of selection sets by response key, with fragments of that type and @skip/@include applied."""
        return self.fields.of(kind, sets)

    def _either(self, query: GraphQLObjectType, nodes: Nodes) -> Root:
        try:
            return self._root(query, nodes)
        except InPython as reason:
            return Elsewhere(str(reason))

    def _root(self, query: GraphQLObjectType, nodes: Nodes) -> Root:
        name = nodes[0].name.value
        if name == "__typename":
            return Fixed(query.name)
        if name not in query.fields:
            raise Introspects("introspection")
        if (query.name, name) in self.denied:
            return Fixed(None)
        declared = query.fields[name]
        kind: Any = get_named_type(declared.type)
        match binding_of(declared):
            case Paged() as paged:
                return page_tree(self, paged, declared, kind, nodes)
            case Lookup() as lookup:
                return self._looked_up(lookup.table, declared, kind, nodes)
            case Prefixed() as prefixed:
                return (self._by_prefixes if prefixed.most else self._by_prefix)(prefixed, declared, nodes)
            case InForce():
                number = self.slot(_number(self.argument(declared, nodes, "number").read))
                return Line(number, self._day(declared, nodes), self.members(kind, "tariff_line", nodes))
        raise InPython(f"{query.name}.{name} is worked out in Python")

    def _looked_up(self, table: str, declared: GraphQLField, kind: GraphQLObjectType, nodes: Nodes) -> Row:
        given = self.arguments(declared, nodes)
        if "by" in given:
            named = [(name, found) for name in given["by"].value if (found := given["by"].child(name)) is not None]
            if len(named) != 1:
                raise NotPlannable("a look-up by other than one name")
            name, found = named[0]
            column = python_name(get_named_type(declared.args["by"].type), name)
        else:
            found, column = self.argument(declared, nodes, "id"), "id"
        select = Select(table, (Where(column, "eq", self.slot(found.read)),))
        return Row(select, self.members(kind, table, nodes))

    def _by_prefix(self, prefixed: Prefixed, declared: GraphQLField, nodes: Nodes) -> Row | Fixed:
        found = self.argument(declared, nodes, "id")
        name = type_of(found.value) if isinstance(found.value, str) else None
        if name is None or name not in prefixed.tables:
            return Fixed(None)
        table, members = self._of_prefix(prefixed, name, nodes)
        return Row(Select(table, (Where("id", "eq", self.slot(found.read)),)), members)

    def _by_prefixes(self, prefixed: Prefixed, declared: GraphQLField, nodes: Nodes) -> Named:
        found = self.argument(declared, nodes, "ids")
        names = {type_of(one) if isinstance(one, str) else None for one in listed(found.value)}
        name = names.pop() if len(names) == 1 else None
        if name is None or name not in prefixed.tables:
            raise NotPlannable("ids of other than one type")
        read = _at_most(prefixed.most, found.read)
        wanted, ids = self.slot(read, "texts"), self.slot(read)
        table, members = self._of_prefix(prefixed, name, nodes)
        return Named(table, wanted, ids, members)

    def _of_prefix(self, prefixed: Prefixed, name: str, nodes: Nodes) -> tuple[str, Members]:
        if prefixed.scopes[name] not in self.scopes:
            raise OutOfReach("a node the caller's scopes do not reach")
        kind = self.schema.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        table = prefixed.tables[name]
        return table, self.members(kind, table, nodes)

    def argument(self, declared: GraphQLField, nodes: Nodes, name: str) -> Given:
        """One that has to be there. Unready where it is not: validation lets null by for a variable with a default."""
        found = self.arguments(declared, nodes).get(name)
        if found is None:
            raise Unready
        return found

    def arguments(self, declared: GraphQLField, nodes: Nodes) -> dict[str, Given]:
        """The arguments that were sent and are not null. Where several fields are merged, validation compares their
        literals, so that another document of the same form may be refused: this plan is for its own text alone."""
        found: dict[str, Given] = {}
        self.inputs.pinned = self.inputs.pinned or len(nodes) > 1
        for argument in nodes[0].arguments or ():
            given = self.inputs.given(argument.value, declared.args[argument.name.value].type)
            if given is not None and given.value is not None:
                found[argument.name.value] = given
        return found

    def members(self, kind: GraphQLObjectType, table: str, nodes: Nodes) -> Members:
        """The chosen fields of an object that is a row of `table`, or a JSON object where there is no table."""
        fields = self.collect(kind, [node.selection_set for node in nodes])
        return tuple(Member(key, self._member(kind, table, inner)) for key, inner in fields.items())

    def _member(self, kind: GraphQLObjectType, table: str, nodes: Nodes) -> Value:
        name = nodes[0].name.value
        if name == "__typename":
            return Fixed(kind.name)
        if (kind.name, name) in self.denied:
            return Fixed(None)
        declared = kind.fields[name]
        binding = binding_of(declared)
        if isinstance(binding, JsonKey) and bool(table) == bool(binding.within):
            return self._value(Path(binding.within, binding.key), None, declared.type, nodes)
        if table:
            found = self._of_row(binding, table, declared, nodes)
            if found is not None:
                return found
        raise InPython(f"{kind.name}.{name} is worked out in Python")

    def _of_row(self, binding: Any, table: str, declared: GraphQLField, nodes: Nodes) -> Value | None:
        target: Any = get_named_type(declared.type)
        required = isinstance(declared.type, GraphQLNonNull)
        match binding:
            case Column(name):
                kind = kind_of(table, name)
                return None if kind is None else self._value(Path(name), kind, declared.type, nodes)
            case MoneyColumns(amount, currency):
                return Part(money_members(self, target, Path(amount), Path(currency), nodes), amount, required)
            case Listed(by):
                return Part(port_members(self, target, by, nodes), by, required)
            case Relation(other, by):
                return One(other, by, self.members(target, other, nodes), required)
            case InForce(by):
                return Line(by, self._day(declared, nodes), self.members(target, "tariff_line", nodes))
            case RateText(text):
                return Part(rate_members(self, target, text, nodes), text, said=True)
            case OrderedRows():
                select = Select(binding.table, order=binding.order)
                return Many(select, binding.column, binding.link, self.members(target, binding.table, nodes))
            case Paged():
                return page_tree(self, binding, declared, target, nodes)
            case Summed(other, by, money):
                members = self.members(target, other, nodes)
                return Sums(other, by, money.amount, money.currency, Counted.name, members)
            case Counted():
                return Scalar(Path(Counted.name), "integer")
        return None

    def _value(self, path: Path, kind: Kind | None, declared: GraphQLOutputType, nodes: Nodes) -> Value:
        """A column's value or a JSON key's (`kind` is None) as the type it is declared with."""
        required = isinstance(declared, GraphQLNonNull)
        inner: Any = declared.of_type if isinstance(declared, GraphQLNonNull) else declared
        if isinstance(inner, GraphQLList):
            return self._list(path, kind, inner, required, nodes)
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            return Scalar(path, _form(kind, inner), required=required)
        if kind is not None and kind.form != "json":
            raise NotPlannable(f"{inner.name} is no JSON column")
        if inner.name == "Money":
            return Inner(path, money_members(self, inner, Path(key="amount"), Path(key="currency"), nodes), required)
        return Inner(path, self.members(inner, "", nodes), required)

    def _list(self, path: Path, kind: Kind | None, declared: Any, required: bool, nodes: Nodes) -> Value:
        item: Any = get_named_type(declared)
        if not required or (kind is not None and (kind.form != "json" or kind.nullable)):
            raise NotPlannable(f"a list of {item.name} that may be null")
        if isinstance(item, GraphQLObjectType):
            return Each(path, self.members(item, "", nodes))
        if isinstance(item, GraphQLEnumType):
            _form(None, item)
        elif item.name not in ("String", "ID", "Int", "HtsNumber", "CountryCode"):
            raise NotPlannable(f"a list of {item.name}")
        return Scalar(path, "json", required=True)

    def _day(self, declared: GraphQLField, nodes: Nodes) -> Slot:
        """The day of `asOf`, or today."""
        given = self.arguments(declared, nodes).get("asOf")
        if given is None:
            clock = self.clock
            return self.slot(lambda _variables, _literals: today(clock).isoformat())
        read = given.read
        return self.slot(lambda variables, literals: stored(read(variables, literals)))


def _at_most(most: int, read: Read) -> Read:
    def ids(variables: Any, literals: Any) -> list[str]:
        found = listed(read(variables, literals))
        if len(found) > most:
            raise Unready
        return [stored(one) for one in found]

    return ids


def _number(read: Read) -> Read:
    def number(variables: Any, literals: Any) -> str:
        value = read(variables, literals)
        if type(value) is str and len(value) >= _SHORTEST:
            return value
        raise Unready

    return number


def binding_of(declared: GraphQLField) -> Any:
    """Where a field says its value lives; a field that says nothing and has no resolver is a column of its name."""
    definition = declared.extensions.get("strawberry-definition")
    if definition is None:
        return None
    found = definition.metadata.get(BINDING)
    return Column(definition.python_name) if found is None and definition.base_resolver is None else found


def python_name(kind: Any, name: str) -> str:
    """The Python name of an input's field."""
    return str(kind.fields[name].extensions["strawberry-definition"].python_name)


def _form(kind: Kind | None, leaf: GraphQLScalarType | GraphQLEnumType) -> Form:
    if isinstance(leaf, GraphQLEnumType):
        plain = all(str(getattr(member.value, "value", member.value)) == name for name, member in leaf.values.items())
        if plain and (kind is None or kind.form == "text"):
            return "text"
    elif kind is not None:
        if leaf.name in _PRINTED[kind.form]:
            return kind.form
    elif leaf.name in _FROM_JSON:
        return _FROM_JSON[leaf.name]
    raise InPython(f"{leaf.name} is printed by Python")
