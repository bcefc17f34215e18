"""How an enum of a room joins the graph: every value with a description."""

from enum import StrEnum
from typing import Any, TypeVar

import strawberry

E = TypeVar("E", bound=type[StrEnum])


def describe(enum: E, description: str, values: dict[str, str], name: str | None = None) -> E:
    """Registers an enum with the graph; KeyError where a value has no description."""
    made: Any = strawberry.enum(enum, name=name, description=description)
    for value in made.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum
