"""What the schema says of costs: `@cost` and `@listSize` of the GraphQL cost directives specification, as a field's own
declaration bears them. Looks up; adds nothing together."""

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLArgument, GraphQLField, GraphQLNamedType
from strawberry import UNSET
from strawberry.schema_directive import Location

ASSUMED = 10
"""How many objects a list gives that says nothing of its size."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT, Location.ARGUMENT_DEFINITION],
    description="What a field costs each time it is answered, an argument each time it is given, an object each time "
    "it stands in the answer. Without it a field and an argument cost 0, an object 1.",
)
class Cost:
    """`@cost(weight: "20")`: whole numbers, so that sums are exact."""

    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many objects a list gives: as its slicing arguments say (a number, or a list that counts), else "
    "as is assumed. With `sizedFields` it is these fields of the answer that are so long.",
)
class ListSize:
    """`@listSize(slicingArguments: ["first", "last"], sizedFields: ["edges", "nodes"])`."""

    assumed_size: int | None = UNSET
    slicing_arguments: list[str] | None = UNSET
    sized_fields: list[str] | None = UNSET
    require_one_slicing_argument: bool | None = UNSET


PAGE = ListSize(slicing_arguments=["first", "last"], sized_fields=["edges", "nodes"], require_one_slicing_argument=True)
"""A connection whose page size is asked for."""


def costing(weight: int = 0, size: "int | ListSize | None" = None) -> list[Any]:
    """The directives of a field of this weight and size; a number is the assumed size."""
    found: list[Any] = [Cost(weight=str(weight))] if weight else []
    if size is not None:
        found.append(size if isinstance(size, ListSize) else ListSize(assumed_size=size))
    return found


def feed(size: int) -> ListSize:
    """Of a connection that is read in one direction, with a page size of its own where none is asked for."""
    fields = ["edges", "nodes"]
    return ListSize(
        assumed_size=size, slicing_arguments=["first"], sized_fields=fields, require_one_slicing_argument=False
    )


def counted(argument: str, *fields: str) -> ListSize:
    """As many objects as the argument has items, in these fields of the answer or, without any, in the list itself;
    `input.lines` is a member of an input object."""
    sized: Any = list(fields) if fields else UNSET
    return ListSize(slicing_arguments=[argument], sized_fields=sized, require_one_slicing_argument=False)


def weight_of(part: GraphQLField | GraphQLArgument) -> int:
    """Of a field or an argument."""
    found = _declared(part, Cost)
    return 0 if found is None else int(found.weight)


def weight_of_object(kind: GraphQLNamedType) -> int:
    """Of each object of a type."""
    found = _declared(kind, Cost)
    return 1 if found is None else int(found.weight)


def size_of(field: GraphQLField) -> ListSize | None:
    """What a field says of the length of its list."""
    found: ListSize | None = _declared(field, ListSize)
    return found


def given(value: Sequence[str] | None) -> Sequence[str]:
    """A member of a directive; nothing where it is not set."""
    return value or ()


def _declared(part: GraphQLField | GraphQLArgument | GraphQLNamedType, kind: type) -> Any:
    definition = part.extensions.get("strawberry-definition")
    return next((one for one in getattr(definition, "directives", None) or () if isinstance(one, kind)), None)
