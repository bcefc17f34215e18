"""Parties that may be the one an input states: a coarse net for the services, which decide."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from app.store.scope import visible
from app.store.tables import TABLES, Party
from app.store.unit import Unit
from app.values import canonical_json


async def parties_like(unit: Unit, countries: Collection[str], values: Collection[str]) -> Sequence[Party]:
    """The organisation's own parties that are established in one of these countries or bear one of these numbers, the
    oldest first. Numbers are looked for in the JSON text, so one that only contains another's is found too."""
    text = sa.type_coerce(col(Party.identifiers), sa.Text)
    bears = [text.contains(canonical_json(value), autoescape=True) for value in values]
    like = sa.or_(col(Party.country).in_(sorted(countries)), *bears)
    scope = visible(TABLES["party"], unit.caller)
    own = [col(Party.organisation_id) == unit.organisation_id] + ([] if scope is None else [scope])
    order = (col(Party.created_at), col(Party.id))
    return (await unit.session.exec(select(Party).where(*own, like).order_by(*order))).all()
