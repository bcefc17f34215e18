"""How a field says, once, in its own declaration, where its value lives: a column, two columns of money, a related
row, ordered rows, a connection. The ordinary resolvers are made here from that; a compiler can read the same
bindings from the field's metadata."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar

import strawberry
from strawberry import UNSET

from app.engine.context import Info
from app.engine.paging import PageArguments, nested_page, root_page
from app.engine.planning.weights import ASSUMED, PAGE, Cost, ListSize, costing
from app.engine.scopes import describe, requires
from app.store.statement import Link, Operator, Order, Select, Where

BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Column:
    """The row's own column."""

    name: str


@dataclass(frozen=True, slots=True)
class MoneyColumns:
    """Two columns, amount and currency; null where the amount is."""

    amount: str
    currency: str


@dataclass(frozen=True, slots=True)
class Relation:
    """The row of `table` whose id stands in the column `by`."""

    table: str
    by: str


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """The rows of `table` whose `column` is this row's id, or that `link` pairs with it, in order."""

    table: str
    order: tuple[Order, ...]
    column: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Paged:
    """A connection over `table`: of all rows the caller sees, or of those that belong to this row."""

    table: str
    order: Order
    column: str = ""
    link: Link | None = None
    where: tuple[Where, ...] = ()
    filter: type | None = None
    order_by: type | None = None


@dataclass(frozen=True, slots=True)
class JsonKey:
    """A key of a JSON object: of the row itself, or of its column `within`."""

    key: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """The row of `table` that the argument `by`, an input whose fields are columns, or `id` names."""

    table: str


@dataclass(frozen=True, slots=True)
class Prefixed:
    """The row that the argument `id` names, of the type its prefix says: tables and scopes by type. With `most`, the
    rows that `ids` name, at most so many, in their order."""

    tables: Mapping[str, str]
    scopes: Mapping[str, str]
    most: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """What the packaged list of ports knows of the code in the column `by`."""

    by: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The line of the tariff in force on the day of the argument `asOf`, or today, whose number stands in the column
    `by`; where there is none, in the argument `number`."""

    by: str = ""


@dataclass(frozen=True, slots=True)
class RateText:
    """A rate as it is parsed from the text in a column; null where that is empty. SQL knows its `text`."""

    column: str


@dataclass(frozen=True, slots=True)
class Summed:
    """What the rows of `table` whose `column` is this row's id add up to: an object with the columns of their money,
    null where one has none or their currencies differ, and with `Counted` rows."""

    table: str
    column: str
    money: MoneyColumns


@dataclass(frozen=True, slots=True)
class Counted:
    """How many rows were summed."""

    name: ClassVar[str] = "row_count"


@dataclass(frozen=True, slots=True)
class Python:
    """Worked out in Python; says from which columns."""

    needs: tuple[str, ...] = ()


Scopes = Iterable[str] | Iterable[Iterable[str]]


def column(
    description: str,
    name: str | None = None,
    *,
    scopes: Scopes = (),
    deprecated: str | None = None,
    size: int | None = None,
) -> Any:
    """A field whose value is a column of its row; `name` where it is not the field's own. `size` is how long a list of
    objects is assumed to be."""
    costs = costing(size=size)
    if name is None:
        return _field(description, None, scopes, None, deprecated, costs)

    def resolve(root: Any) -> Any:
        return getattr(root, name)

    return _field(description, Column(name), scopes, resolve, deprecated, costs)


def money(description: str, prefix: str, *, scopes: Scopes = ("commercial:read",)) -> Any:
    """A field of type Money from the columns `<prefix>_amount` and `<prefix>_currency`."""
    binding = MoneyColumns(f"{prefix}_amount", f"{prefix}_currency")

    def resolve(root: Any) -> Any:
        amount = getattr(root, binding.amount)
        return None if amount is None else Amount(amount, getattr(root, binding.currency))

    return _field(description, binding, scopes, resolve)


def stored(
    description: str,
    key: str,
    read: Callable[[Any], Any] | None = None,
    *,
    within: str = "",
    size: int | ListSize | None = None,
) -> Any:
    """A field whose value stands under a key of a JSON object: the row itself, or its column `within`. `read` makes a
    value of what JSON holds; an absent key is null. `size` is how long a list of objects is assumed to be."""

    def resolve(root: Any) -> Any:
        held = root if isinstance(root, dict) else getattr(root, within)
        value = held.get(key)
        return value if read is None or value is None else read(value)

    return _field(description, JsonKey(key, within), (), resolve, costs=costing(size=size))


def related(description: str, table: str, by: str, *, scopes: Scopes = ()) -> Any:
    """A field that leads to one row of another table."""

    async def resolve(root: Any, info: Info) -> Any:
        key = getattr(root, by)
        return None if key is None else await info.context.loaders.row(table).load(key)

    return _field(description, Relation(table, by), scopes, resolve)


def ordered(
    description: str,
    table: str,
    order: str,
    *,
    column: str = "",
    link: Link | None = None,
    scopes: Scopes = (),
    size: int = ASSUMED,
) -> Any:
    """A field that lists the rows of another table that belong to this one, `size` of them as is assumed."""
    binding = OrderedRows(table, (Order(order), Order("id")), column, link)
    select = Select(table, order=binding.order)

    async def resolve(root: Any, info: Info) -> Any:
        return await info.context.loaders.children(select, column, link).load(root.id)

    return _field(description, binding, scopes, resolve, costs=costing(size=size))


def summed(
    description: str, table: str, prefix: str, order: str, *, column: str, scopes: Scopes = (), weight: int = 0
) -> Any:
    """A field of what the rows of another table that belong to this one add up to: the money of `<prefix>_amount` and
    `<prefix>_currency`, and their number. They are read in the order in which `ordered` reads them."""
    money = MoneyColumns(f"{prefix}_amount", f"{prefix}_currency")
    select = Select(table, order=(Order(order), Order("id")))

    async def resolve(root: Any, info: Info) -> Any:
        rows = await info.context.loaders.children(select, column, None).load(root.id)
        amounts = [getattr(row, money.amount) for row in rows]
        currencies = {getattr(row, money.currency) for row in rows}
        plain = len(currencies) == 1 and None not in currencies and None not in amounts
        found = {money.amount: sum(amounts, Decimal(0)), money.currency: currencies.pop()} if plain else {}
        return SimpleNamespace(**{money.amount: None, money.currency: None, Counted.name: len(rows)} | found)

    return _field(description, Summed(table, column, money), scopes, resolve, costs=costing(weight))


def counted_rows(description: str) -> Any:
    """A field that says how many rows were summed."""

    def resolve(root: Any) -> Any:
        return getattr(root, Counted.name)

    return _field(description, Counted(), (), resolve)


def paged(description: str, binding: Paged, *, scopes: Scopes = ()) -> Any:
    """A connection field with paging arguments and, where the binding has them, `filter` and `orderBy`."""

    async def resolve(root: Any, info: Info, **arguments: Any) -> Any:
        arguments = {name: value for name, value in arguments.items() if value is not UNSET}
        given = arguments.get("filter") or (binding.filter() if binding.filter else None)
        where = binding.where + conditions(given)
        asked = PageArguments(*(arguments.get(name) for name in PAGING))
        order = ordering(arguments.get("order_by")) or binding.order
        if binding.column or binding.link:
            loaders = info.context.loaders
            return await nested_page(
                loaders, Select(binding.table, where), order, asked, binding.column, binding.link, root.id
            )
        return await root_page(info.context, Select(binding.table, where), order, asked)

    declare(resolve, _page_parameters(binding))
    return _field(description, binding, scopes, resolve, costs=costing(size=PAGE))


Decorator = Callable[[Callable[..., Any]], Any]


def computed(
    description: str,
    *,
    needs: tuple[str, ...] = (),
    scopes: Scopes = (),
    binding: Lookup | Prefixed | Listed | InForce | RateText | None = None,
    weight: int = 0,
    size: int | ListSize | None = None,
) -> Decorator:
    """A field worked out by the decorated resolver; `needs` names the columns it reads. A `binding` says what the
    resolver does, for who would rather do it in SQL. `weight` is what it costs each time besides its objects, `size`
    how many of them a list gives."""

    def made(resolver: Callable[..., Any]) -> Any:
        return _field(description, binding or Python(needs), scopes, resolver, costs=costing(weight, size))

    return made


def streamed(description: str, *, scopes: Scopes) -> Decorator:
    """A subscription field whose events come from the decorated generator."""

    def made(resolver: Callable[..., Any]) -> Any:
        given = list(scopes)
        return strawberry.subscription(
            resolver=resolver, description=describe(description, given), directives=requires(given)
        )

    return made


def matching(description: str, column: str, operator: Operator = "eq") -> Any:
    """A filter's field: keeps the rows whose column stands in this relation to the value."""
    return strawberry.field(description=description, default=UNSET, metadata={BINDING: Where(column, operator, None)})


def conditions(given: Any) -> tuple[Where, ...]:
    """The conditions a filter input stands for; absent and null fields do not filter."""
    if not given:
        return ()
    found: list[Where] = []
    for part in given.__strawberry_definition__.fields:
        value = getattr(given, part.python_name)
        template = part.metadata.get(BINDING)
        if template is not None and value is not UNSET and value is not None:
            kept = tuple(value) if isinstance(value, list) else value
            found.append(Where(template.column, template.operator, kept))
    return tuple(found)


def ordering(given: Any) -> Order | None:
    """The order an order input stands for: its field's value is the column."""
    if not given:
        return None
    return Order(given.field.value, given.direction.value == "DESC")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money, as the graph's Money type reads it."""

    amount: Any
    currency: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def _field(
    description: str,
    binding: Any,
    scopes: Scopes,
    resolver: Any,
    deprecated: str | None = None,
    costs: Iterable[Cost | ListSize] = (),
) -> Any:
    scopes = list(scopes)
    arguments: dict[str, Any] = {
        "description": describe(description, scopes),
        "directives": [*requires(scopes), *costs],
        "metadata": {} if binding is None else {BINDING: binding},
        "deprecation_reason": deprecated,
    }
    return strawberry.field(**arguments) if resolver is None else strawberry.field(resolver=resolver, **arguments)


def _argument(annotation: Any, description: str) -> Any:
    return Annotated[annotation | None, strawberry.argument(description=description)]


def _page_parameters(binding: Paged) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if binding.filter is not None:
        parameters["filter"] = _argument(binding.filter, "Keeps only rows that fit every given field.")
    if binding.order_by is not None:
        parameters["order_by"] = _argument(binding.order_by, "The sort order; the newest first where it is absent.")
    return parameters | PAGING


PAGING: dict[str, Any] = {
    "first": _argument(int, "How many rows from the start, 1–1000. Either `first` or `last` is required."),
    "after": _argument(str, "Only rows after this cursor."),
    "last": _argument(int, "How many rows from the end, 1–1000."),
    "before": _argument(str, "Only rows before this cursor."),
}


def declare(resolver: Any, parameters: Mapping[str, Any], *, required: bool = False) -> None:
    """Gives a resolver the signature that strawberry reads its arguments from; optional unless `required`."""
    default = Parameter.empty if required else UNSET
    first = [
        Parameter("root", Parameter.POSITIONAL_OR_KEYWORD, annotation=Any),
        Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    rest = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation in parameters.items()
    ]
    resolver.__signature__ = Signature([*first, *rest])
    resolver.__annotations__ = {"root": Any, "info": Info, **parameters}
