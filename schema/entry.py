"""Customs entries: the type with its lines and history, filter and order, inputs."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from app.duty.assessment import LineInput
from app.engine.bindings import Amount, column, computed, matching, money, ordered, related
from app.engine.context import Info
from app.engine.scopes import requires
from app.store.statement import Order, Select
from schema.checks import checks_of_entry
from schema.duty import DutyQuoteLine, duty_of_line
from schema.enums import EntryStatus, FilingEnvironment, OrderDirection, ReleaseStatus, SummaryStatus
from schema.node import Node
from schema.product import Product
from schema.scalars import CountryCode, HtsNumber
from schema.shipment import Shipment
from schema.tariff import TariffLine, tariff_line_by
from schema.values import Check, Money, Party, Port, Quantity, port

_COMMERCIAL = ("commercial:read",)


@strawberry.type(description="One line of an entry.")
class EntryLine:
    """A row of `entry_line`."""

    number: int = column("Its place on the entry, from 1.")
    product: Product | None = related("The product.", "product", "product_id")
    tariff_line: TariffLine | None = tariff_line_by("hts_number")
    hts_number: HtsNumber = column("The HTS number declared.")
    origin_country: CountryCode = column("The country of origin declared.")
    customs_value: Money | None = money("The customs value declared.", "customs_value")
    quantities: list[Quantity] = column("The quantities declared.")

    @computed("The duty of the line by the tariff of today.", scopes=("commercial:read", "duty:quote"))
    async def duty(root: Any, info: Info) -> DutyQuoteLine | None:  # noqa: N805
        """Null without a value in US dollars."""
        if root.customs_value_amount is None or root.customs_value_currency != "USD":
            return None
        quantities = {one["unit"]: Decimal(one["value"]) for one in root.quantities}
        line = LineInput(root.hts_number, root.origin_country, root.customs_value_amount, quantities)
        return await duty_of_line(info.context, line, info.context.today())


@strawberry.type(description="One step of an entry's history.")
class EntryStatusChange:
    """A row of `entry_status_change`."""

    status: EntryStatus = column("The status it came to.")
    previous_status: EntryStatus | None = column("The status before; null for the first.")
    occurred_at: datetime = column("When it happened.")
    recorded_at: datetime = column("When it was learnt.")
    code: str | None = column("The code of the notice, such as a CBP disposition code.")
    narrative: str | None = column("The notice in words.")
    source: str = column("Where it was learnt from.")


@strawberry.type(description="What the lines of an entry add up to.")
class EntryTotals:
    """Null parts where a line has no value or the currencies differ."""

    customs_value: Money | None = column("The customs value of all lines.")
    line_count: int = column("How many lines there are.")


@strawberry.type(description="A customs entry.", directives=requires(["entries:read"]))
class Entry(Node):
    """A row of `entry`."""

    entry_number: str = column("The entry number: filer code, seven digits, check digit.")
    type: str = column("The entry type, such as 01 for consumption.")
    port: Port = port("The port of entry.", "port")
    importer: Party = related("The importer of record.", "party", "importer_id")
    shipment: Shipment | None = related("The shipment it was made for.", "shipment", "shipment_id")
    environment: FilingEnvironment = column("Where it was filed.")
    status: EntryStatus = column("Where it stands.")
    release_status: ReleaseStatus = column("Its cargo release half.")
    summary_status: SummaryStatus = column("Its entry summary half.")
    status_history: list[EntryStatusChange] = ordered(
        "Every step, the oldest first.", "entry_status_change", "sequence", column="entry_id"
    )
    lines: list[EntryLine] = ordered("Its lines.", "entry_line", "number", column="entry_id")
    filed_at: datetime | None = column("When it was sent.")
    released_at: datetime | None = column("When the goods were released.")
    summary_due_on: date | None = column("The day the entry summary is due (19 CFR 142.12).")
    liquidates_on: date | None = column("The day liquidation is expected.")
    created_at: datetime = column("When it was drafted.")
    updated_at: datetime = column("When it was last changed.")
    version: int = column("Counts the changes; goes with `expectedVersion`.")

    @computed("What the checks before filing find, blockers first; to others than the owner, from what they may see.")
    async def checks(root: Any, info: Info) -> list[Check]:  # noqa: N805
        """Run when asked for."""
        found: Any = await checks_of_entry(info.context, root)
        return list(found)

    @computed("What the lines add up to.", scopes=_COMMERCIAL)
    async def totals(root: Any, info: Info) -> EntryTotals | None:  # noqa: N805
        """Summed from the lines."""
        select = Select("entry_line", order=(Order("number"), Order("id")))
        lines = await info.context.loaders.children(select, "entry_id", None).load(root.id)
        return EntryTotals(customs_value=_total(lines), line_count=len(lines))


def _total(lines: list[Any]) -> Any | None:
    currencies = {line.customs_value_currency for line in lines}
    if len(currencies) != 1 or None in currencies:
        return None
    return Amount(sum((line.customs_value_amount for line in lines), Decimal(0)), currencies.pop())


@strawberry.input(description="Keeps the entries that fit every given field.")
class EntryFilter:
    """Each field is a condition."""

    search: str | None = matching("Words of the entry number or the importer's name.", "search_text", "words")
    statuses: list[EntryStatus] | None = matching("Any of these statuses.", "status", "in")
    importer: strawberry.ID | None = matching("Of this importer.", "importer_id")
    shipment: strawberry.ID | None = matching("Of this shipment.", "shipment_id")
    types: list[str] | None = matching("Any of these entry types.", "type", "in")
    filed_from: datetime | None = matching("Sent at or after this moment.", "filed_at", "ge")
    filed_until: datetime | None = matching("Sent before this moment.", "filed_at", "lt")
    updated_since: datetime | None = matching("Changed at or after this moment.", "updated_at", "ge")


@strawberry.enum(description="What entries are sorted by.")
class EntryOrderField(Enum):
    """The column."""

    ENTRY_NUMBER = strawberry.enum_value("entry_number", description="By entry number.")
    STATUS = strawberry.enum_value("status", description="By status name.")
    FILED_AT = strawberry.enum_value("filed_at", description="By filing.")
    CREATED_AT = strawberry.enum_value("created_at", description="By drafting.")
    UPDATED_AT = strawberry.enum_value("updated_at", description="By last change.")


@strawberry.input(description="How entries are sorted.")
class EntryOrder:
    """A field and a direction."""

    field: EntryOrderField = strawberry.field(description="What they are sorted by.")
    direction: OrderDirection = strawberry.field(description="Which way.", default=OrderDirection.ASC)


@strawberry.input(one_of=True, description="How one entry is named: exactly one of these.")
class EntryBy:
    """By id or by number."""

    id: strawberry.ID | None = strawberry.field(description="The global id.", default=UNSET)
    entry_number: str | None = strawberry.field(description="The entry number.", default=UNSET)


_KEY = "Makes a repetition harmless for 24 h."


@strawberry.input(description="An entry to draft from a shipment.")
class EntryDraftInput:
    """Lines are taken from the shipment's."""

    shipment: strawberry.ID = strawberry.field(description="The shipment.")
    type: str = strawberry.field(description="The entry type; 01 is a consumption entry.", default="01")
    port: str | None = strawberry.field(
        description="The port of entry, Schedule D; the shipment's port of unlading where it is absent.", default=None
    )
    entry_number: str | None = strawberry.field(
        description="The number under which your filer (you, or your broker with its ABI vendor) files it, so that the "
        "vendor's answers find it; a number of the simulated port where it is absent.",
        default=None,
    )
    another: bool = strawberry.field(
        description="Allows an entry beside one that is neither cancelled nor rejected, as for a split shipment.",
        default=False,
    )
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)


@strawberry.input(description="What changes about an entry that has not been filed.")
class EntryUpdateInput:
    """A field that is left out keeps its value."""

    id: strawberry.ID = strawberry.field(description="The entry.")
    port: str | None = strawberry.field(description="The port of entry, Schedule D.", default=UNSET)
    type: str | None = strawberry.field(description="The entry type.", default=UNSET)
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="An entry to file.")
class EntryFileInput:
    """With the simulated port: nothing reaches CBP."""

    id: strawberry.ID = strawberry.field(description="The entry.")
    dry_run: bool = strawberry.field(description="Only say what would block it.", default=False)
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="An entry to withdraw.")
class EntryCancelInput:
    """By id."""

    id: strawberry.ID = strawberry.field(description="The entry.")
    reason: str | None = strawberry.field(description="Why, for the history.", default=None)
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)
    expected_version: int | None = strawberry.field(description="The version it was read at.", default=None)


@strawberry.input(description="A status learnt outside: from one's own ABI vendor, by mail, on the telephone.")
class EntryStatusRecordInput:
    """The same message twice changes nothing."""

    entry: EntryBy = strawberry.field(description="The entry.")
    status: EntryStatus = strawberry.field(description="The status it came to.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    code: str | None = strawberry.field(description="The code of the notice.", default=None)
    narrative: str | None = strawberry.field(description="The notice in words.", default=None)
    source: str = strawberry.field(description="Where it was learnt from.")
    idempotency_key: str | None = strawberry.field(description=_KEY, default=None)


def entry_where(by: EntryBy) -> tuple[str, Any]:
    """The column and value that name one entry."""
    return ("id", by.id) if by.id is not UNSET else ("entry_number", by.entry_number)
