"""Relay connections: the types of a page."""

from typing import Annotated, Any, Generic, TypeVar

import strawberry

from app.engine.bindings import computed

T = TypeVar("T")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether there are rows after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are rows before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row.")


@strawberry.type(description="A row of a page and its cursor.")
class Edge(Generic[T]):
    """Relay's Edge."""

    cursor: str = strawberry.field(description="Names this row's place; opaque.")
    node: T = strawberry.field(description="The row.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """Relay's Connection."""

    edges: list[Edge[T]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @computed("How many rows the whole list has; counted only where it is selected.", weight=20)
    def total_count(root: Any) -> int:  # noqa: N805
        """Counted by the page."""
        counted: Any = root.count()
        return counted  # awaited by the executor


First = Annotated[
    int | None,
    strawberry.argument(description="How many rows from the start, 1–1000. Either `first` or `last` is required."),
]
After = Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many rows from the end, 1–1000.")]
Before = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]
"""The arguments of a page, for a list whose resolver is written out."""
