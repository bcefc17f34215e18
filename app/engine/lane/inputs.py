"""What a request brings to a plan: its variables and its lifted literals. A `Given` is a value of this request and how
to read it from the next one; a probe says what of the inputs decides the form of a statement."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar, Literal, get_args

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    value_from_ast,
)

from app.store.json_shapes import NotExpressible
from app.values import format_timestamp

Variables = Mapping[str, Any]
Literals = Sequence[str | int]
Read = Callable[[Variables, Literals], Any]
Probe = Callable[[Variables, Literals], Any]

_LARGEST_INT = 2**31


Label = Literal["python", "introspection", "scopes", "form", "values", "database", "kind", "refused", "off"]
"""Why operations are left to the ordinary executor, for counting: a field is worked out in Python; introspection; what
scopes may see is only known from rows; a form that the lane does not write; values to be refused; the database would
not answer; no query at all; it is refused before it runs; there is no lane."""
LABELS: tuple[Label, ...] = get_args(Label)


class NotPlannable(Exception):
    """The operation is left to the ordinary executor; says why, in words and by a label."""

    label: ClassVar[Label] = "form"


class InPython(NotPlannable):
    """A field that has to be worked out in Python."""

    label = "python"


class Introspects(NotPlannable):
    """The schema itself is asked for."""

    label = "introspection"


class OutOfReach(NotPlannable):
    """Whether the caller's scopes reach it is for the resolver to say."""

    label = "scopes"


class Unready(Exception):
    """This request's values are left to the ordinary executor, which says what is wrong with them."""

    label: ClassVar[Label] = "values"


@dataclass(frozen=True, slots=True)
class Declined:
    """Why an operation is left to the ordinary executor: a label, and words that name fields and never values."""

    label: Label
    text: str

    @classmethod
    def by(cls, reason: Exception) -> "Declined":
        """From what was raised; of a database's refusals only that there was one."""
        label = getattr(reason, "label", None)
        if label is None:
            return cls("form", str(reason)) if isinstance(reason, NotExpressible) else _BY_DATABASE
        return cls(label, str(reason) or "values that the lane does not read")


_BY_DATABASE = Declined("database", "the database would not answer it")


@dataclass(frozen=True, slots=True)
class Given:
    """A value of this request, and how to read it from another one of the same form."""

    value: Any
    read: Read

    def child(self, name: str) -> "Given | None":
        """A member of an input object; None where it is absent or null."""
        if not isinstance(self.value, Mapping) or self.value.get(name) is None:
            return None
        read = self.read
        return Given(self.value[name], lambda variables, literals: read(variables, literals)[name])


@dataclass(frozen=True, slots=True)
class GivenObject(Given):
    """An input object written out in the document: its members are read one by one."""

    members: Mapping[str, Given]

    def child(self, name: str) -> Given | None:
        """A member; None where it is absent or null."""
        found = self.members.get(name)
        return None if found is None or found.value is None else found


class Inputs:
    """The inputs of the request a plan is made for. `taken` gathers the literals that later requests may change,
    `pinned` says that none of them may after all."""

    def __init__(self, variables: Variables, literals: Literals, places: Mapping[int, int]) -> None:
        self.variables = variables
        self.taken: set[int] = set()
        self.pinned = False
        self._literals = literals
        self._places = places

    def given(self, node: ValueNode, kind: GraphQLInputType) -> Given | None:
        """The value of a node; None where it is a variable that was not sent. NotPlannable for what cannot be read
        from another request."""
        if isinstance(node, VariableNode):
            name = node.name.value
            if name not in self.variables:
                return None
            return Given(self.variables[name], lambda variables, _: variables[name])
        if isinstance(node, NullValueNode):
            return _constant(None)
        if isinstance(kind, GraphQLNonNull):
            return self.given(node, kind.of_type)
        if isinstance(kind, GraphQLList):
            return self._listed(node, kind)
        if isinstance(node, ObjectValueNode) and isinstance(kind, GraphQLInputObjectType):
            return self._object(node, kind)
        if isinstance(node, StringValueNode | IntValueNode):
            return self._literal(node, kind)
        if isinstance(node, EnumValueNode | BooleanValueNode):
            return _constant(value_from_ast(node, kind))
        raise NotPlannable("a literal of an unusual kind")

    def _listed(self, node: ValueNode, kind: GraphQLList[Any]) -> Given:
        nodes = node.values if isinstance(node, ListValueNode) else (node,)
        items = [self.given(item, kind.of_type) for item in nodes]
        if any(item is None or item.value is None for item in items):
            raise NotPlannable("a list with an absent item")
        reads = [item.read for item in items if item is not None]
        values = [item.value for item in items if item is not None]
        return Given(values, lambda variables, literals: [read(variables, literals) for read in reads])

    def _object(self, node: ObjectValueNode, kind: GraphQLInputObjectType) -> Given:
        members: dict[str, Given] = {}
        coerced = value_from_ast(node, kind, dict(self.variables))
        if not isinstance(coerced, dict):
            raise NotPlannable("an input object that does not fit its type")
        for name, value in coerced.items():
            members[name] = _constant(value)
        for field in node.fields:
            found = self.given(field.value, kind.fields[field.name.value].type)
            if found is not None:
                members[field.name.value] = found
        return GivenObject(coerced, _unreadable, members)

    def _literal(self, node: StringValueNode | IntValueNode, kind: GraphQLInputType) -> Given:
        place = self._places.get(node.loc.start) if node.loc is not None else None
        if place is None or not isinstance(kind, GraphQLScalarType):
            value = value_from_ast(node, kind)
            return _constant(value)
        self.taken.add(place)
        coerce = coercer(kind)
        return Given(coerce(self._literals[place]), lambda _, literals: coerce(literals[place]))


def coercer(kind: GraphQLScalarType) -> Callable[[Any], Any]:
    """Reads a scalar as a variable of this type is read; raises Unready for what does not fit."""
    match kind.name:
        case "Int":
            return _int
        case "String" | "ID":
            return _string
        case "Boolean":
            return _boolean
    parse = kind.parse_value

    def read(value: Any) -> Any:
        try:
            return parse(value)
        except Exception as fault:
            raise Unready from fault

    return read


def _int(value: Any) -> int:
    if type(value) is int and -_LARGEST_INT <= value < _LARGEST_INT:
        return value
    raise Unready


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    raise Unready


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise Unready


def _constant(value: Any) -> Given:
    return Given(value, lambda _variables, _literals: value)


def _unreadable(_variables: Variables, _literals: Literals) -> Any:
    raise NotPlannable("an input object is read member by member")


def stored(value: Any) -> Any:
    """An input value in the form the database holds it: text for everything but integers."""
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str) and "\x00" not in value:
        return value
    raise Unready


def listed(value: Any) -> list[Any]:
    """A list as it is; any other value stands for a list of one."""
    return value if isinstance(value, list) else [value]


def form_of(kind: GraphQLInputType, value: Any) -> Any:
    """What of a value decides the form of a statement: whether it is there, and the value itself where it is a
    boolean or an enum; of an input object, of each of its members; of a list, whether it is one of one."""
    if value is None:
        return None
    if isinstance(kind, GraphQLNonNull):
        return form_of(kind.of_type, value)
    if isinstance(kind, GraphQLInputObjectType):
        return tuple((name, form_of(kind.fields[name].type, inner)) for name, inner in value.items())
    if isinstance(kind, GraphQLEnumType) or (isinstance(kind, GraphQLScalarType) and kind.name == "Boolean"):
        return value
    if isinstance(kind, GraphQLList):
        return "one" if len(listed(value)) == 1 else "several"
    return True


def variable_probes(kinds: Mapping[str, GraphQLInputType]) -> Iterator[Probe]:
    """A probe for each variable that is not always there and always alike."""
    for name, kind in kinds.items():
        if isinstance(kind, GraphQLNonNull):
            inner = kind.of_type
            if isinstance(inner, GraphQLScalarType) and inner.name != "Boolean":
                continue
        yield _probe(name, kind)


def _probe(name: str, kind: GraphQLInputType) -> Probe:
    def probe(variables: Variables, _: Literals) -> Any:
        return form_of(kind, variables[name]) if name in variables else "absent"

    return probe
