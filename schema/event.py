"""Events: the pull feed's type and page, and the subscriptions."""

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.engine.bindings import column, computed, streamed
from app.engine.context import Context, Info
from app.engine.paging import Edge, Page, PageInfo
from app.engine.scopes import requires
from app.errors import BadUserInput
from app.events import cursor as cursors
from app.store.statement import Select, Where
from schema.entry import Entry
from schema.enums import EntryStatus, EventType
from schema.node import Node, find_node
from schema.scalars import Json

_LARGEST = 1_000
_ENTRY = frozenset(kind for kind in EventType if kind.value.startswith("entry."))
_SCOPES = ("entries:read", "events:read")

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
    data: Json = column("The facts of the event, as documented for its type.")

    @computed("Its place in the log; resumes a feed or a subscription.", needs=("position",))
    def cursor(root: Any) -> str:  # noqa: N805
        """Opaque."""
        return cursors.encode(root.position)

    @computed("What it is about, as it is now; null where the caller may not see it.")
    async def subject(root: Any, info: Info) -> Node | None:  # noqa: N805
        """By id."""
        return await find_node(info.context, root.subject_id, "subject")


@strawberry.type(description="An entry came to a status.")
class EntryStatusChanged:
    """`status` is the event's, `entry` is as of now."""

    @computed("Resumes the subscription after this event.")
    def cursor(root: Any) -> str:  # noqa: N805
        """Opaque."""
        return cursors.encode(root.position)

    occurred_at: datetime = column("When it happened.")

    @computed("The status the entry came to with this event.")
    def status(root: Any) -> EntryStatus:  # noqa: N805
        """The event's own."""
        return EntryStatus(root.data["status"])

    @computed("The status before.")
    def previous_status(root: Any) -> EntryStatus | None:  # noqa: N805
        """Null for the first."""
        before = root.data.get("previousStatus")
        return EntryStatus(before) if before else None

    @computed("The code of the notice.")
    def code(root: Any) -> str | None:  # noqa: N805
        """As it came."""
        return root.data.get("code")

    @computed("The notice in words.")
    def narrative(root: Any) -> str | None:  # noqa: N805
        """As it came."""
        return root.data.get("narrative")

    @computed("The entry as it is now.")
    async def entry(root: Any, info: Info) -> Entry | None:  # noqa: N805
        """By id."""
        found: Entry | None = await info.context.loaders.row("entry").load(root.subject_id)
        return found


async def list_events(
    context: Context, types: list[EventType] | None, subject: str | None, after: str | None, first: int
) -> Page:
    """A page of the log, oldest first; without `after` it starts at the oldest event kept."""
    if not 1 <= first <= _LARGEST:
        raise BadUserInput(f"`first` is {first}: it must be from 1 to {_LARGEST}.")
    kinds = frozenset(kind.value for kind in types) if types else None
    rows = await context.feed.page(context.principal, types=kinds, subject=subject, after=after, limit=first + 1)
    edges = [Edge(cursors.encode(row.position), row) for row in rows[:first]]
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


@strawberry.type(description="What can be subscribed to.")
class Subscription:
    """Every stream resumes after a cursor without a gap."""

    @streamed("Entries that come to a status, as it happens.", scopes=_SCOPES)
    async def entry_status_changed(
        self,
        info: Info,
        entries: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="Only these entries; all where absent.")
        ] = None,
        importer: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only entries of this importer.")
        ] = None,
        statuses: Annotated[
            list[EntryStatus] | None, strawberry.argument(description="Only these statuses; all where absent.")
        ] = None,
        after: After = None,
    ) -> AsyncGenerator[EntryStatusChanged, None]:
        """From the feed, kept to what was asked for."""
        wanted = {status.value for status in statuses} if statuses else None
        kinds = frozenset(kind.value for kind in _ENTRY if wanted is None or kind.name[6:] in wanted)
        subjects = tuple(entries) if entries else None
        async for row in await _stream(info, kinds, subjects, after, importer):
            yield row

    @streamed("Every event the caller may see, as it happens.", scopes=("events:read",))
    async def events(
        self,
        info: Info,
        types: Types = None,
        subject: Subject = None,
        after: After = None,
        first: Annotated[int | None, strawberry.argument(description="Completes after so many events.")] = None,
    ) -> AsyncGenerator[Event, None]:
        """From the feed."""
        if first is not None and first < 1:
            raise BadUserInput(f"`first` is {first}: it must be at least 1.")
        kinds = frozenset(kind.value for kind in types) if types else None
        sent = 0
        async for row in await _stream(info, kinds, (subject,) if subject else None, after):
            yield row
            sent += 1
            if sent == first:
                return


async def _stream(
    info: Info,
    kinds: frozenset[str] | None,
    subjects: tuple[str, ...] | None,
    after: str | None,
    importer: str | None = None,
) -> AsyncIterator[Any]:
    context = info.context
    return await context.feed.stream(context.principal, types=kinds, subjects=subjects, importer=importer, after=after)
