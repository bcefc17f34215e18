"""Connections for the compiler: their arguments (page, cursor, filter, order) and what is chosen of them as a tree."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type

from app.engine.bindings import BINDING, Paged
from app.engine.lane.inputs import Given, NotPlannable, Read, Unready, listed, stored
from app.engine.paging import LARGEST, decode, keys_of
from app.errors import BadUserInput
from app.store.json_tree import Edges, Fixed, Info, Members, Nodes, Page, Slot, Total, kind_of
from app.store.statement import LONGEST_WORD, MOST_WORDS, Order, Select, Where, storable

if TYPE_CHECKING:
    from app.engine.lane.compile import Compiler


def page_tree(
    compiler: "Compiler", binding: Paged, declared: GraphQLField, kind: GraphQLObjectType, nodes: list[FieldNode]
) -> Page:
    """The page that a connection field asks for. NotPlannable where its arguments are refused."""
    given = compiler.arguments(declared, nodes)
    backward = "first" not in given
    if backward == ("last" not in given):
        raise NotPlannable("neither or both of first and last")
    if ("after" if backward else "before") in given:
        raise NotPlannable("a cursor on the wrong side")
    order = _order(given.get("orderBy")) or binding.order
    cursor = given.get("before" if backward else "after")
    select = Select(
        binding.table,
        where=(*binding.where, *_conditions(compiler, binding, declared, given.get("filter"))),
        order=keys_of(order, backward),
        after=None if cursor is None else _after(compiler, cursor, binding.table, order),
        limit=compiler.slot(_size(given["last" if backward else "first"].read), "integer"),  # type: ignore[arg-type]
    )
    bodies: list[Members] = []
    layout = tuple(
        (key, _part(compiler, kind, binding.table, inner, bodies))
        for key, inner in compiler.collect(kind, [node.selection_set for node in nodes]).items()
    )
    page = Page(select, binding.column, binding.link, backward, cursor is not None, tuple(bodies), layout)
    column = kind_of(binding.table, order.column)
    if column is None or column.form not in ("text", "safe"):
        raise NotPlannable(f"an order by {order.column}")
    return page


def _part(
    compiler: "Compiler", kind: GraphQLObjectType, table: str, nodes: list[FieldNode], bodies: list[Members]
) -> Nodes | Edges | Info | Total | Fixed:
    name = nodes[0].name.value
    if name == "__typename":
        return Fixed(kind.name)
    if (kind.name, name) in compiler.denied:
        return Fixed(None)
    inner: Any = get_named_type(kind.fields[name].type)
    match name:
        case "totalCount":
            return Total()
        case "nodes":
            bodies.append(compiler.members(inner, table, nodes))
            return Nodes(len(bodies) - 1)
        case "edges":
            return Edges(_edges(compiler, inner, table, nodes, bodies))
        case "pageInfo":
            fields = compiler.collect(inner, [node.selection_set for node in nodes])
            return Info(
                tuple(
                    (key, Fixed(inner.name) if found[0].name.value == "__typename" else found[0].name.value)
                    for key, found in fields.items()
                )
            )
    raise NotPlannable(f"{kind.name}.{name}")


def _edges(
    compiler: "Compiler", kind: GraphQLObjectType, table: str, nodes: list[FieldNode], bodies: list[Members]
) -> tuple[tuple[str, Any], ...]:
    found: list[tuple[str, Any]] = []
    for key, inner in compiler.collect(kind, [node.selection_set for node in nodes]).items():
        match inner[0].name.value:
            case "__typename":
                found.append((key, Fixed(kind.name)))
            case name if (kind.name, name) in compiler.denied:
                found.append((key, Fixed(None)))
            case "cursor":
                found.append((key, "cursor"))
            case "node":
                target: Any = get_named_type(kind.fields["node"].type)
                bodies.append(compiler.members(target, table, inner))
                found.append((key, len(bodies) - 1))
            case name:
                raise NotPlannable(f"{kind.name}.{name}")
    return tuple(found)


def _size(read: Read) -> Read:
    def size(variables: Any, literals: Any) -> int:
        value = read(variables, literals)
        if type(value) is int and 1 <= value <= LARGEST:
            return value
        raise Unready

    return size


def _order(given: Given | None) -> Order | None:
    if given is None:
        return None
    field, direction = given.child("field"), given.child("direction")
    if field is None or direction is None:
        raise NotPlannable("an order without a field")
    return Order(field.value.value, direction.value.value == "DESC")


def _after(compiler: "Compiler", cursor: Given, table: str, order: Order) -> tuple[Slot, ...]:
    keys = keys_of(order, backward=False)
    return tuple(compiler.slot(_key(cursor.read, table, order, place)) for place in range(len(keys)))


def _key(read: Read, table: str, order: Order, place: int) -> Read:
    def key(variables: Any, literals: Any) -> Any:
        try:
            return decode(read(variables, literals), table, order)[place]
        except BadUserInput as fault:
            raise Unready from fault

    return key


def _conditions(compiler: "Compiler", binding: Paged, declared: GraphQLField, given: Given | None) -> tuple[Where, ...]:
    """The filter's conditions; a filter that is not sent has its defaults."""
    if binding.filter is None:
        return ()
    kind: Any = get_named_type(declared.args["filter"].type)
    defaults = binding.filter()
    found: list[Where] = []
    for name, part in kind.fields.items():
        definition = part.extensions["strawberry-definition"]
        template = definition.metadata.get(BINDING)
        if template is None:
            continue
        member = _default(getattr(defaults, definition.python_name)) if given is None else given.child(name)
        if member is not None:
            found.append(_condition(compiler, binding.table, template, member, get_named_type(part.type).name))
    return tuple(found)


def _default(value: Any) -> Given | None:
    if value is None or type(value).__name__ == "UnsetType":
        return None
    return Given(value, lambda _variables, _literals: value)


def _condition(compiler: "Compiler", table: str, template: Where, member: Given, type_name: str) -> Where:
    column = kind_of(table, template.column)
    read = member.read
    if template.operator == "filled":
        return Where(template.column, "filled", bool(member.value))
    plain = template.operator != "under" or type_name == "HtsNumber"
    if column is None or column.form not in ("text", "safe") or not plain:
        raise NotPlannable(f"a filter by {template.column}")
    if template.operator == "words":
        slot = compiler.slot(lambda variables, literals: patterns(read(variables, literals)), "texts")
    elif template.operator == "in" and len(listed(member.value)) == 1:
        only = compiler.slot(lambda variables, literals: stored(listed(read(variables, literals))[0]))
        return Where(template.column, "eq", only)
    elif template.operator == "in":
        slot = compiler.slot(lambda variables, literals: [stored(one) for one in read(variables, literals)], "texts")
    else:
        slot = compiler.slot(lambda variables, literals: stored(read(variables, literals)))
    return Where(template.column, template.operator, slot)


def patterns(text: str) -> list[str]:
    """For each word of a text the LIKE pattern, escaped by /, of what contains it. Unready for more than texts have."""
    escapes: Mapping[int, str] = {ord(sign): f"/{sign}" for sign in "/%_"}
    words = text.casefold().split()
    if len(words) > MOST_WORDS or not all(len(word) <= LONGEST_WORD and storable(word) for word in words):
        raise Unready("a search for more than any text has")
    return [f"%{word.translate(escapes)}%" for word in words]
