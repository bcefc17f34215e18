"""Tariff lines, their rates, and the revisions they stand in."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from app.engine.bindings import PAGING, InForce, RateText, column, computed, declare, related
from app.engine.context import Context, Info
from app.engine.paging import Edge, Page, PageArguments, PageInfo, pack, root_page, unpack
from app.engine.planning.weights import costing
from app.engine.scopes import requires
from app.errors import BadUserInput
from app.store import tariff as store_tariff
from app.store.statement import Order, Select, Where
from app.tariff.rate import parse_rate, parse_special
from schema.enums import ComponentKind, RateKind
from schema.measure import Measure, measures_of
from schema.node import Node
from schema.scalars import CountryCode, HtsNumber

AsOf = Annotated[
    date | None, strawberry.argument(description="The day the tariff is read for; today in UTC where it is absent.")
]
_SCOPES = [["tariff:read"], ["duty:quote"], ["classifications:suggest"]]


@strawberry.type(description="One term of a rate.")
class RateComponent:
    """A percentage of value or an amount per unit."""

    kind: ComponentKind = column("Percentage or amount.")
    percent: Decimal | None = column("The percentage; 2.5 means 2.5 %.")
    amount: Decimal | None = column("US dollars per unit.")
    unit: str | None = column("The unit of the rate text, such as KG, NO or DOZ.")
    basis: str | None = column("What it is levied on where that is not the whole article.")


@strawberry.type(description="A rate of duty as it is printed, and what it means.")
class Rate:
    """Parsed from the rate text."""

    text: str = column("The text of the tariff.")
    kind: RateKind = column("Its shape.")
    components: list[RateComponent] = column("Its terms; they add up.", size=2)
    minimum: list[RateComponent] = column("Not less than these.", size=1)
    maximum: list[RateComponent] = column("Not more than these.", size=1)
    reference: str | None = column("Where the rate stands, or the condition it stands under, in words.")
    ad_valorem_percent: Decimal | None = column("The percentage where the whole duty is one; 0 for Free.")


@strawberry.type(description="A rate of the special sub-column and the programs that have it.")
class SpecialRate:
    """Column 1 special."""

    programs: list[str] = column("The program symbols, such as KR, S or A+.")
    rate: Rate = column("The rate.")


@strawberry.type(description="A loaded revision of the tariff.", directives=requires(_SCOPES))
class TariffRevision:
    """One export of the HTS, or the starter."""

    id: strawberry.ID = column("The global id.")
    name: str = column("The name it was loaded under.")
    effective_from: date = column("The first day it is in force.")
    loaded_at: datetime = column("When it was loaded.")
    line_count: int = column("How many numbered lines it has.")
    sha256: str = column("The digest of the file it came from.")
    starter: bool = column("Whether it is the starter excerpt, used only where no other revision is in force.")
    notice: str | None = column("What to know before relying on it.")


@strawberry.type(
    description="A line of the tariff in one revision; inherited rates are filled in.",
    directives=requires(["tariff:read"]),
)
class TariffLine(Node):
    """A chapter's heading, subheading or statistical line."""

    number: HtsNumber = column("The HTS number.")
    description: str = column("The line's own text.")
    full_description: str = column("The texts from the heading down to this line.")
    indent: int = column("How deep it stands below its heading.")
    declarable: bool = column("Whether goods can be entered under it.")
    units: list[str] = column("The units of quantity to report.")
    footnotes: list[str] = column("Its footnotes, such as references to chapter 99.")
    quota_quantity: str = column("The quota quantity where the line has one.")

    @computed("The general rate (column 1); null where no rate stands.", binding=RateText("general"))
    def general(root: Any) -> Rate | None:  # noqa: N805
        """Parsed."""
        return _rate(root.general)

    @computed("The special rates (column 1) with their programs.", needs=("special",), size=3)
    def special(root: Any) -> list[SpecialRate]:  # noqa: N805
        """Parsed."""
        rates: Any = parse_special(root.special) if root.special else ()
        return list(rates)

    @computed("The column 2 rate; null where no rate stands.", binding=RateText("other"))
    def other(root: Any) -> Rate | None:  # noqa: N805
        """Parsed."""
        return _rate(root.other)

    @computed(
        "The measures that reach it from an origin, whatever else is declared; `dutyEstimate` says which apply.",
        size=10,
    )
    async def additional_duties(
        root: Any,  # noqa: N805
        info: Info,
        origin_country: Annotated[CountryCode, strawberry.argument(description="The country of origin.")],
        as_of: AsOf = None,
    ) -> list[Measure]:
        """From the pack of measures."""
        found: Any = await measures_of(info.context, root.number, origin_country, as_of or info.context.today())
        return list(found)

    revision: TariffRevision = related("The revision this line stands in.", "tariff_revision", "revision_id")

    @computed("The next numbered line above.", needs=("revision_id", "parent_number"))
    async def parent(root: Any, info: Info) -> "TariffLine | None":  # noqa: N805
        """By number."""
        return await _above(info.context, root)

    @computed("The numbered lines above, the heading first.", needs=("revision_id",), size=4)
    async def ancestors(root: Any, info: Info) -> "list[TariffLine]":  # noqa: N805
        """Walked upwards, level by level."""
        found: list[Any] = []
        above = await _above(info.context, root)
        while above is not None:
            found.insert(0, above)
            above = await _above(info.context, above)
        return found

    @computed("The numbered lines directly below, in tariff order.", needs=("revision_id",), size=10)
    async def children(root: Any, info: Info) -> "list[TariffLine]":  # noqa: N805
        """By parent number."""
        key = (root.revision_id, root.number)
        found: list[TariffLine] = await info.context.loaders.lines_below().load(key)
        return found


def _rate(text: str) -> Any:
    return parse_rate(text) if text else None


async def _above(context: Context, row: Any) -> Any | None:
    if row.parent_number is None:
        return None
    return await context.loaders.line_in_revision().load((row.revision_id, row.parent_number))


def tariff_line_by(name: str) -> Any:
    """A field `tariffLine(asOf:)` for the HTS number in a column; null where it is not in force on that day."""

    async def resolve(root: Any, info: Info, as_of: AsOf = None) -> Any:
        number = getattr(root, name)
        if number is None:
            return None
        return await info.context.loaders.tariff_line().load((number, as_of or info.context.today()))

    description = "The line of its HTS number in the revision in force; null where it is not."
    return computed(description, binding=InForce(name), weight=2)(resolve)


async def find_line(context: Context, number: str, as_of: date | None) -> Any | None:
    """The line of a number in the revision in force on a day."""
    if len(number) < 4:
        raise BadUserInput("`number` needs 4 to 10 digits. Use `tariffLines(under:)` for a chapter.")
    return await context.loaders.tariff_line().load((number, as_of or context.today()))


async def list_lines(
    context: Context, search: str | None, under: str | None, as_of: date | None, asked: PageArguments
) -> Page | None:
    """A page of the numbered lines in force on a day: in tariff order, or best match first where words are searched.
    Digits are searched as the start of a number. None before the first revision."""
    revision = await context.loaders.revision().load(as_of or context.today())
    if revision is None:
        raise BadUserInput("No tariff revision is in force on that day. Load one, or ask for a later day.")
    text = (search or "").strip()
    digits = text.replace(".", "")
    if digits.isascii() and digits.isdigit() and len(digits) <= 10:
        under, text = _narrower(under, _dotted(digits)), ""
    if text:
        return await _search(context, revision.id, text, under, asked)
    where = [Where("revision_id", "eq", revision.id), Where("number", "filled", True)]
    if under:
        where.append(Where("number", "under", under))
    return await root_page(context, Select("tariff_line", tuple(where)), Order("id"), asked)


async def _search(context: Context, revision_id: str, text: str, under: str | None, asked: PageArguments) -> Page:
    size, cursor, backward = asked.size, asked.cursor, asked.backward
    after = None if cursor is None else _place(cursor)
    store = context.store
    found = await store_tariff.search(
        store, revision_id, text, under=under, after=after, limit=size + 1, backward=backward
    )
    more = len(found) > size
    rows = found[:size][::-1] if backward else found[:size]
    edges = [Edge(pack(["search", row.score, row.position]), row) for row in rows]
    info = PageInfo(
        has_next_page=after is not None if backward else more,
        has_previous_page=more if backward else after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Page(edges, info, lambda: store_tariff.search_count(store, revision_id, text, under=under))


def _place(cursor: str) -> tuple[int, int]:
    match unpack(cursor):
        case ["search", score, position] if _is_whole(score) and _is_whole(position):
            if abs(score) < 2**53 and 0 <= position < 2**31:
                return score, position
    raise BadUserInput("This cursor belongs to another list. Start again without it.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _dotted(digits: str) -> str:
    return ".".join(part for part in (digits[:4], digits[4:6], digits[6:8], digits[8:]) if part)


def _narrower(one: str | None, other: str) -> str:
    if one is None or other.startswith(one):
        return other
    return one if one.startswith(other) else f"{one}!"


async def lines_field(root: Any, info: Info, **arguments: Any) -> Any:
    """Resolver of `Query.tariffLines`."""
    arguments = {name: value for name, value in arguments.items() if value is not strawberry.UNSET}
    asked = PageArguments(*(arguments.get(name) for name in PAGING))
    return await list_lines(
        info.context, arguments.get("search"), arguments.get("under"), arguments.get("as_of"), asked
    )


declare(
    lines_field,
    {
        "search": Annotated[
            str | None,
            strawberry.argument(
                description="Words of the description, everyday names such as laptop, or the first digits of a number.",
                directives=costing(10),
            ),
        ],
        "under": Annotated[HtsNumber | None, strawberry.argument(description="Only lines at or below this number.")],
        "as_of": AsOf,
        **PAGING,
    },
)


async def list_revisions(context: Context) -> Sequence[Any]:
    """Every loaded revision, oldest first."""
    return await store_tariff.revisions(context.store, context.principal)
