"""Customs entries: the type with its lines and history, filter and order, inputs."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry

from app.duty.assessment import LineInput
from app.engine.bindings import column, computed, counted_rows, money, ordered, related, summed
from app.engine.context import Info
from app.engine.scopes import requires
from schema.checks import checks_of_entry
from schema.duty import DutyQuoteLine
from schema.duty_inputs import duty_of_line
from schema.enums import EntryStatus, FilingEnvironment, ReleaseStatus, SummaryStatus
from schema.node import Node
from schema.party import Party
from schema.product import Product
from schema.scalars import CountryCode, HtsNumber
from schema.shipment import Shipment
from schema.tariff import TariffLine, tariff_line_by
from schema.values import Check, Money, Port, Quantity, port

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
    quantities: list[Quantity] = column("The quantities declared.", size=2)

    @computed("The duty of the line by the tariff of today.", scopes=("commercial:read", "duty:quote"), weight=10)
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

    customs_value: Money | None = money("The customs value of all lines.", "customs_value", scopes=())
    line_count: int = counted_rows("How many lines there are.")


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

    @computed(
        "What the checks before filing find, blockers first; to others than the owner, from what they may see.",
        weight=15,
        size=5,
    )
    async def checks(root: Any, info: Info) -> list[Check]:  # noqa: N805
        """Run when asked for."""
        found: Any = await checks_of_entry(info.context, root)
        return list(found)

    totals: EntryTotals | None = summed(
        "What the lines add up to.",
        "entry_line",
        "customs_value",
        "number",
        column="entry_id",
        scopes=_COMMERCIAL,
        weight=2,
    )
