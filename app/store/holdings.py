"""What an organisation has under HTS numbers, counted and listed without reading whole rows: its own products, entry
lines and quotes, never those of others that it may see."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.principal import Principal
from app.store.session import Store
from app.store.tables import TABLES

_PRODUCT, _ENTRY, _LINE, _QUOTE = (TABLES[name] for name in ("product", "entry", "entry_line", "duty_quote"))
_PORTION = 5_000


async def products_by_number(store: Store, caller: Principal) -> Sequence[Any]:
    """(hts_number, origin_country, products) of the products in use that have a confirmed number."""
    columns = (_PRODUCT.c.hts_number, _PRODUCT.c.origin_country)
    own = _PRODUCT.c.organisation_id == caller.organisation_id
    kept = (own, _PRODUCT.c.hts_number.is_not(None), _PRODUCT.c.archived_at.is_(None))
    return await store.fetch(sa.select(*columns, sa.func.count().label("products")).where(*kept).group_by(*columns))


async def lines_filed(store: Store, caller: Principal, since: date, until: date) -> AsyncIterator[Sequence[Any]]:
    """The lines of the entries filed from one day up to another, in portions, so that others get their turn: entry,
    number, origin, value, currency, quantities, `filed_at`. Entries that were refused or withdrawn are left out:
    nothing is owed on them."""
    columns = (
        _LINE.c.id,
        _LINE.c.entry_id,
        _LINE.c.hts_number,
        _LINE.c.origin_country,
        _LINE.c.customs_value_amount,
        _LINE.c.customs_value_currency,
        _LINE.c.quantities,
        _ENTRY.c.filed_at,
    )
    kept = (
        _LINE.c.organisation_id == caller.organisation_id,
        _ENTRY.c.filed_at >= since.isoformat(),
        _ENTRY.c.filed_at < until.isoformat(),
        _ENTRY.c.status.not_in(("REJECTED", "CANCELLED")),
    )
    joined = _LINE.join(_ENTRY, _ENTRY.c.id == _LINE.c.entry_id)
    query = sa.select(*columns).select_from(joined).where(*kept).order_by(_LINE.c.id).limit(_PORTION)
    last = ""
    while portion := await store.fetch(query.where(_LINE.c.id > last)):
        yield portion
        last = portion[-1].id
        if len(portion) < _PORTION:
            return


async def quotes_from(store: Store, caller: Principal, day: date) -> Sequence[Any]:
    """(id, as_of, assessment) of the quotes whose date of entry is this day or later."""
    kept = (_QUOTE.c.organisation_id == caller.organisation_id, _QUOTE.c.as_of >= day)
    return await store.fetch(sa.select(_QUOTE.c.id, _QUOTE.c.as_of, _QUOTE.c.assessment).where(*kept))
