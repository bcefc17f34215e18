"""Events as rows of the log: their type, and a page of the pull feed. Subscriptions are `schema.subscription`'s."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.engine.bindings import column, computed
from app.engine.context import Context, Info
from app.engine.paging import Edge, Page, PageInfo
from app.engine.scopes import requires
from app.errors import BadUserInput, Forbidden
from app.events.types import EVENTS
from app.ids import type_of
from app.principal import Principal
from app.store.statement import Select, Where
from schema.enums import EventType
from schema.node import Node, find_node, reading
from schema.scalars import Json

_LARGEST = 1_000
PAGE = 50
_NO_KIND = "none"

Types = Annotated[list[EventType] | None, strawberry.argument(description="Only these kinds; all where absent.")]
Subject = Annotated[strawberry.ID | None, strawberry.argument(description="Only events about this object.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Resume after this event's cursor; `earliest` starts at the oldest event kept; absent is from now."
    ),
]


@strawberry.type(description="Something that happened, from the append-only log.", directives=requires(["events:read"]))
class Event(Node):
    """A row of `event_log`."""

    type: EventType = column("What happened.")
    occurred_at: datetime = column("When it happened.")

    @computed("The facts of the event, as documented for its type; needs the scope that reads its subject.")
    def data(root: Any, info: Info) -> Json:  # noqa: N805
        """Forbidden where the subject's type is out of reach; feeds leave such events out."""
        scopes = reading(type_of(root.subject_id))
        if not info.context.principal.has(*scopes):
            raise Forbidden(f"data of this event needs the scope {' '.join(scopes)}.", missingScopes=list(scopes))
        return root.data

    @computed("Its place in the log; resumes a feed or a subscription.", needs=("position", "id"))
    def cursor(root: Any, info: Info) -> str:  # noqa: N805
        """Opaque."""
        return info.context.feed.cursor(root.position, root.id)

    @computed("What it is about, as it is now; null where the caller may not see it.")
    async def subject(root: Any, info: Info) -> Node | None:  # noqa: N805
        """By id."""
        return await find_node(info.context, root.subject_id, "subject")


def kinds_for(principal: Principal, types: list[EventType] | None) -> frozenset[str] | None:
    """The stored names of the kinds a caller gets: of those asked for, the ones whose subjects its scopes reach. None
    where that is every kind. An event tells of its subject, so its kind needs the subject's own scope too."""
    reached = {kind.value for kind in EventType if principal.has(*reading(EVENTS[kind].subject))}
    wanted = {kind.value for kind in types} & reached if types else reached
    return None if len(wanted) == len(EventType) else frozenset(wanted or {_NO_KIND})


async def list_events(
    context: Context, types: list[EventType] | None, subject: str | None, after: str | None, first: int | None
) -> Page:
    """A page of the log, oldest first; without `after` it starts at the oldest event kept."""
    first = PAGE if first is None else first
    if not 1 <= first <= _LARGEST:
        raise BadUserInput(f"`first` is {first}: it must be from 1 to {_LARGEST}.")
    kinds = kinds_for(context.principal, types)
    rows = await context.feed.page(context.principal, types=kinds, subject=subject, after=after, limit=first + 1)
    edges = [Edge(context.feed.cursor(row.position, row.id), row) for row in rows[:first]]
    info = PageInfo(
        has_next_page=len(rows) > first,
        has_previous_page=after not in (None, "earliest"),
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    where = (Where("type", "in", tuple(kinds)),) if kinds else ()
    about = (Where("subject_id", "eq", subject),) if subject else ()
    whole = Select("event_log", where + about)
    return Page(edges, info, lambda: context.store.count(context.principal, whole))
