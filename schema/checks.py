"""Gathers, through the loaders, what the filing room's checks look at. The rules are in `app.filing.checks`. Loaders
see what the caller sees, and only the owner sees products: others get no finding that would rest on one."""

from collections.abc import Sequence
from typing import Any

from app.engine.context import Context
from app.filing.checks import Check, EntryView, LineView, blockers, check_entry
from app.filing.entry import EDITABLE, EntryStatus, ReleaseStatus
from app.store.statement import Order, Select

_LINES = (Order("number"), Order("id"))
_OPEN = (EntryStatus.DRAFT, EntryStatus.READY)
_CLEARED = (ReleaseStatus.RELEASED, ReleaseStatus.ADMISSIBLE)


async def checks_of_entry(context: Context, row: Any) -> tuple[Check, ...]:
    """Every finding about an entry as it stands."""
    select = Select("entry_line", order=_LINES)
    lines = await context.loaders.children(select, "entry_id", None).load(row.id)
    owned = _owned(context, row)
    views = [await _line(context, line, line.hts_number, None, named=owned) for line in lines]
    return check_entry(EntryView(row.type, row.port, tuple(views), context.today(), await _identified(context, row)))


async def blockers_of_shipment(context: Context, row: Any) -> tuple[str, tuple[Check, ...], Any | None]:
    """(pre-clearance state, blockers, the latest entry) of a shipment: the blockers of that entry while it can be
    changed, of the entry the shipment would become where there is none, and none for who is not the owner."""
    entries = await context.loaders.children(Select("entry", order=_CREATED), "shipment_id", None).load(row.id)
    live = [entry for entry in entries if entry.status != EntryStatus.CANCELLED]
    latest = live[-1] if live else None
    if not _owned(context, row):
        blocking: tuple[Check, ...] = ()
    elif latest is None:
        blocking = blockers(await _checks_of_shipment(context, row))
    else:
        blocking = blockers(await checks_of_entry(context, latest)) if latest.status in EDITABLE else ()
    return _state(live, blocking), blocking, latest


async def _checks_of_shipment(context: Context, row: Any) -> tuple[Check, ...]:
    select = Select("shipment_line", order=_LINES)
    lines = await context.loaders.children(select, "shipment_id", None).load(row.id)
    products = await context.loaders.row("product").load_many([line.product_id for line in lines])
    views = [
        await _line(context, line, getattr(product, "hts_number", None), product)
        for line, product in zip(lines, products, strict=True)
    ]
    identified = await _identified(context, row)
    return check_entry(EntryView("01", row.port_of_unlading, tuple(views), context.today(), identified))


def _owned(context: Context, row: Any) -> bool:
    return bool(row.organisation_id == context.principal.organisation_id)


_CREATED = (Order("created_at"), Order("id"))


def _state(entries: Sequence[Any], blocking: Sequence[Check]) -> str:
    if any(entry.release_status in _CLEARED for entry in entries):
        return "CLEARED"
    if any(entry.status not in _OPEN for entry in entries):
        return "ENTRY_FILED"
    if entries:
        return "ENTRY_DRAFTED"
    return "BLOCKED" if blocking else "READY"


async def _line(
    context: Context, line: Any, number: str | None, product: Any | None, *, named: bool = True
) -> LineView:
    """`named`: whether findings may name the product."""
    found = await context.loaders.tariff_line().load((number, context.today())) if number else None
    loaded = await context.loaders.revision().load(context.today()) if number else None
    return LineView(
        number=line.number,
        product_id=line.product_id if named else None,
        sku=getattr(product, "sku", None),
        hts_number=number,
        origin_country=line.origin_country,
        customs_value=line.customs_value_amount,
        currency=line.customs_value_currency,
        in_force=None if loaded is None else found is not None,
        declarable=None if found is None else found.declarable,
    )


async def _identified(context: Context, row: Any) -> bool:
    importer = await context.loaders.row("party").load(row.importer_id)
    return importer is not None and bool(importer.identifiers)
