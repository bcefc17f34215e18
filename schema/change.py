"""What changed in the tariff, and what it means for the caller's own data."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import strawberry

from app.engine.bindings import Amount, column, computed
from app.engine.context import Context, Info
from app.engine.paging import Edge, Page, PageArguments, PageInfo, pack, unpack
from app.engine.scopes import requires
from app.errors import BadUserInput
from app.services.changes import Change, tariff_changes
from app.services.holdings import Delta, Holdings, Impact, holdings_of, reached
from app.services.quote_document import measure_form
from schema.enums import TariffChangeKind
from schema.measure import Measure
from schema.scalars import HtsNumber
from schema.tariff import TariffLine
from schema.values import Money

_EARLIEST = date(1900, 1, 1)
_NAMES = {"additional_duties": "additionalDuties"}
_DELTA_SCOPES = ("entries:read", "commercial:read", "duty:quote")


@strawberry.type(description="What a change means for the caller's own data.")
class ChangeImpact:
    """Counted when asked for."""

    @computed("Whether it is about anything of the organisation's own that the caller may see.")
    def mine(root: Any) -> bool:  # noqa: N805
        """Products, filed entries or open quotes."""
        return bool(root.goods)

    products: int | None = column("Products in use whose confirmed number it is about.", scopes=("products:read",))
    entries: int | None = column(
        "Entries filed in the year before it took effect, with a line it is about.", scopes=("entries:read",)
    )
    open_quotes: int | None = column(
        "Stored quotes for today or a later day of entry, with a line it is about.",
        "open_quotes",
        scopes=("duty:quote",),
    )

    @computed(
        "What the entry lines of the year before would owe more (or, below zero, less) after the change than before "
        "it, all else being equal and without declared facts; null where it cannot be worked out.",
        scopes=_DELTA_SCOPES,
        weight=200,
    )
    async def duty_delta(root: Any, info: Info) -> Money | None:  # noqa: N805
        """In US dollars."""
        amount: Any = (await _delta(root, info.context)).amount
        return None if amount is None else Amount(amount, "USD")  # type: ignore[return-value]

    @computed(
        "How many of those lines are not in `dutyDelta`, since they have no duty to compare.",
        scopes=_DELTA_SCOPES,
        weight=200,
    )
    async def unanswered_lines(root: Any, info: Info) -> int | None:  # noqa: N805
        """Beside the delta."""
        return (await _delta(root, info.context)).unanswered


@strawberry.type(
    description="A change of the tariff: of a line between two revisions, or of a measure.",
    directives=requires(["tariff:read"]),
)
class TariffChange:
    """One change on one day."""

    number: HtsNumber = column("The line's number; of a measure its heading in chapter 99, 9903 where it has none.")
    kind: TariffChangeKind = column("What happens.")
    effective_from: date = column("The first day of entry it holds for.")

    @computed("The line before; null where it is new or where a measure changes.")
    async def before(root: Any, info: Info) -> TariffLine | None:  # noqa: N805
        """In the earlier revision."""
        return await _line(info.context, root, 0)

    @computed("The line afterwards; null where it is gone or where a measure changes.")
    async def after(root: Any, info: Info) -> TariffLine | None:  # noqa: N805
        """In the later revision."""
        return await _line(info.context, root, 1)

    @computed("Which parts of the line differ: general, special, other, units, description, additionalDuties.")
    def fields(root: Any) -> list[str]:  # noqa: N805
        """None for a line that is new or gone, and for a measure."""
        return [] if root.lines is None else [_NAMES.get(name, name) for name in root.lines.fields]

    @computed("The measure that begins, ends or changes, as it is afterwards where it goes on.")
    def measure(root: Any) -> Measure | None:  # noqa: N805
        """Null where a line changes."""
        form: Any = None if root.measure is None else measure_form(root.measure)
        return form

    @computed("The measure as it was before a loading changed it.")
    def measure_before(root: Any) -> Measure | None:  # noqa: N805
        """Null where it begins or ends by its own dates."""
        form: Any = None if root.old is None or root.new is None else measure_form(root.old)
        return form

    @computed("What it means for the caller's own data.", weight=50)
    async def affects(root: Any, info: Info) -> ChangeImpact:  # noqa: N805
        """From the organisation's own products, entries and quotes."""
        found: Any = await _impact(info.context, root)
        return found


async def _line(context: Context, change: Change, side: int) -> Any | None:
    if change.lines is None or change.revisions is None:
        return None
    line = (change.lines.before, change.lines.after)[side]
    if line is None:
        return None
    return await context.loaders.line_in_revision().load((change.revisions[side].id, line.number))


async def _impact(context: Context, change: Change) -> Impact:
    async def load(keys: Sequence[Change]) -> list[Impact]:
        holdings = await _holdings(context, min(key.effective_from for key in keys))
        book = (await context.desk.bench(context.principal)).measures
        goods = holdings.goods
        found = await asyncio.to_thread(lambda: [reached(key, goods, book) for key in keys])
        return [Impact(key, holdings, own) for key, own in zip(keys, found, strict=True)]

    return await context.loaders.batch("change_impact", load).load(change)


async def _holdings(context: Context, since: date) -> Holdings:
    async def load(keys: Sequence[date]) -> list[Holdings]:
        return [await holdings_of(context.store, context.principal, key, context.today()) for key in keys]

    return await context.loaders.batch("holdings", load).load(since)


async def _delta(impact: Impact, context: Context) -> Delta:
    async def load(keys: Sequence[Impact]) -> list[Delta]:
        return [await key.duty_delta(context.principal, context.desk) for key in keys]

    return await context.loaders.batch("duty_delta", load).load(impact)


async def list_changes(
    context: Context, since: date, until: date | None, affecting_me: bool | None, asked: PageArguments
) -> Page:
    """A page of what takes effect from `since` up to `until`, by day and number."""
    if until is not None and until < since:
        raise BadUserInput("`until` lies before `since`.")
    since = max(since, _EARLIEST)
    changes = await tariff_changes(context.store, context.principal, context.desk.differences, since, until)
    if affecting_me and changes:
        goods = (await _holdings(context, changes[0].effective_from)).goods
        book = (await context.desk.bench(context.principal)).measures
        changes = await asyncio.to_thread(lambda: [one for one in changes if reached(one, goods, book)])
    return _page(changes, asked)


def _page(changes: Sequence[Change], asked: PageArguments) -> Page:
    size, cursor = asked.size, asked.cursor
    kept, total = list(changes), len(changes)
    if cursor is not None:
        place = _place(cursor)
        kept = [one for one in kept if (one.key < place if asked.backward else one.key > place)]
    more = len(kept) > size
    shown = kept[-size:] if asked.backward else kept[:size]
    edges = [Edge(pack(["change", *one.key]), one) for one in shown]
    info = PageInfo(
        has_next_page=cursor is not None if asked.backward else more,
        has_previous_page=more if asked.backward else cursor is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )

    async def count() -> int:
        return total

    return Page(edges, info, count)


def _place(cursor: str) -> tuple[str, str, str, str]:
    match unpack(cursor):
        case ["change", str(day), str(number), str(kind), str(measure)]:
            return day, number, kind, measure
    raise BadUserInput("This cursor belongs to another list. Start again without it.")


Since = Annotated[date, strawberry.argument(description="The first day.")]
Until = Annotated[date | None, strawberry.argument(description="The day to stop before; open where absent.")]
AffectingMe = Annotated[
    bool | None,
    strawberry.argument(
        description="Only changes about a number of the organisation's own products, entries or quotes."
    ),
]
