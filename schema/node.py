"""The Node interface: every object with a global id, and how an id finds its row."""

from typing import Any

import strawberry

from app.engine.bindings import column
from app.engine.context import Context
from app.engine.scopes import missing
from app.errors import Forbidden
from app.ids import type_of

TABLES = {
    "Product": "product",
    "Shipment": "shipment",
    "Classification": "classification",
    "Entry": "entry",
    "DutyQuote": "duty_quote",
    "TariffLine": "tariff_line",
    "Event": "event_log",
}
"""The types that can be looked up by id, and the table each lives in."""

SCOPES = {
    "Product": "products:read",
    "Shipment": "shipments:read",
    "Classification": "classifications:read",
    "Entry": "entries:read",
    "DutyQuote": "duty:quote",
    "TariffLine": "tariff:read",
    "Event": "events:read",
    "TariffRevision": "tariff:read",
}
"""The scope that an object of each of these types, or an event about it, is read with."""


@strawberry.interface(description="An object with a global id.")
class Node:
    """Implemented by every type that `node` can find."""

    id: strawberry.ID = column("The global id: a typed prefix and a time-ordered part.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        """A row is of the type its id says."""
        return type_of(getattr(obj, "id", "")) == cls.__name__


async def find_node(context: Context, identifier: str, field: str = "node") -> Any | None:
    """The row behind a global id; None where there is none that the caller may see. Forbidden where the caller's
    scopes do not reach the type at all."""
    name = type_of(identifier)
    if name is None or name not in TABLES:
        return None
    lacking = missing((frozenset({SCOPES[name]}),), context.principal.scopes)
    if lacking:
        scopes = sorted(lacking)
        raise Forbidden(f"{field} of type {name} needs the scope {' and '.join(scopes)}.", missingScopes=scopes)
    return await context.loaders.row(TABLES[name]).load(identifier)


def reading(type_name: str | None) -> tuple[str, ...]:
    """The scopes that stand on a type, if any."""
    scope = SCOPES.get(type_name or "")
    return (scope,) if scope else ()
