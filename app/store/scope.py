"""THE tenant filter: which rows of a table a caller may see. Every read goes through it; the system principal is the
only caller it leaves alone. A table without a rule here cannot be read at all, and a test enumerates them."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, Table

from app.principal import Caller, Principal
from app.store.tables import TABLES

Rule = Callable[[Table, str], ColumnElement[bool]]

_entry_party = TABLES["entry_party"]
_shipment_party = TABLES["shipment_party"]
_is_party = TABLES["organisation_party"]


def visible(table: Table, caller: Caller) -> ColumnElement[bool] | None:
    """The condition that keeps the rows of `table` this caller may see; None for the system, which sees all.
    KeyError for a table that has no rule."""
    rule = RULES[table.name]
    return rule(table, caller.organisation_id) if isinstance(caller, Principal) else None


def shared_entries(organisation: str) -> Select[tuple[str]]:
    """Ids of the entries this organisation is a party of."""
    return (
        sa.select(_entry_party.c.entry_id)
        .join(_is_party, _is_party.c.party_id == _entry_party.c.party_id)
        .where(_is_party.c.organisation_id == organisation)
    )


def shared_shipments(organisation: str) -> Select[tuple[str]]:
    """Ids of the shipments this organisation is a party of."""
    return (
        sa.select(_shipment_party.c.shipment_id)
        .join(_is_party, _is_party.c.party_id == _shipment_party.c.party_id)
        .where(_is_party.c.organisation_id == organisation)
    )


def _own(table: Table, organisation: str) -> ColumnElement[bool]:
    return table.c.organisation_id == organisation


def _itself(table: Table, organisation: str) -> ColumnElement[bool]:
    return table.c.id == organisation


def _public(table: Table, organisation: str) -> ColumnElement[bool]:
    return sa.true()


def _own_or_everybodys(table: Table, organisation: str) -> ColumnElement[bool]:
    return sa.or_(_own(table, organisation), table.c.organisation_id.is_(None))


def _with_entry(column: str) -> Rule:
    def rule(table: Table, organisation: str) -> ColumnElement[bool]:
        return sa.or_(_own(table, organisation), table.c[column].in_(shared_entries(organisation)))

    return rule


def _with_shipment(column: str) -> Rule:
    def rule(table: Table, organisation: str) -> ColumnElement[bool]:
        return sa.or_(_own(table, organisation), table.c[column].in_(shared_shipments(organisation)))

    return rule


def _party(table: Table, organisation: str) -> ColumnElement[bool]:
    on_entries = sa.select(_entry_party.c.party_id).where(_entry_party.c.entry_id.in_(shared_entries(organisation)))
    on_shipments = sa.select(_shipment_party.c.party_id).where(
        _shipment_party.c.shipment_id.in_(shared_shipments(organisation))
    )
    return sa.or_(_own(table, organisation), table.c.id.in_(on_entries), table.c.id.in_(on_shipments))


def _event(table: Table, organisation: str) -> ColumnElement[bool]:
    return sa.or_(
        _own(table, organisation),
        table.c.subject_id.in_(shared_entries(organisation)),
        table.c.subject_id.in_(shared_shipments(organisation)),
    )


def _shares(link: Any, column: str, row: ColumnElement[str], organisation: str) -> ColumnElement[bool]:
    """Whether this organisation is a party of the entry or the shipment whose id is given."""
    return (
        sa.exists(sa.literal_column("1"))
        .where(link.c[column] == row, _is_party.c.party_id == link.c.party_id)
        .where(_is_party.c.organisation_id == organisation)
        .correlate_except(link, _is_party)
    )


def _each_with(link: Any, column: str, own: str) -> Rule:
    def rule(table: Table, organisation: str) -> ColumnElement[bool]:
        return sa.or_(_own(table, organisation), _shares(link, column, table.c[own], organisation))

    return rule


def _each_party(table: Table, organisation: str) -> ColumnElement[bool]:
    def on(link: Any, column: str) -> ColumnElement[bool]:
        named = link.alias()
        return (
            sa.exists(sa.literal_column("1"))
            .where(named.c.party_id == table.c.id, _shares(link, column, named.c[column], organisation))
            .correlate_except(named)
        )

    return sa.or_(_own(table, organisation), on(_entry_party, "entry_id"), on(_shipment_party, "shipment_id"))


def probed(table: str) -> Rule:
    """The rule of a table asked of each row by itself: the same rows, quicker where few rows are looked at, however
    much the organisation takes part in."""
    return _PROBED.get(table) or RULES[table]


def _shared_entry(table: Table, organisation: str) -> ColumnElement[bool]:
    return sa.and_(sa.not_(_own(table, organisation)), table.c.id.in_(shared_entries(organisation)))


def _shared_shipment(table: Table, organisation: str) -> ColumnElement[bool]:
    return sa.and_(sa.not_(_own(table, organisation)), table.c.id.in_(shared_shipments(organisation)))


FOREIGN: dict[str, Rule] = {"entry": _shared_entry, "shipment": _shared_shipment}
"""Of what is listed: the visible rows that are not the organisation's own."""

_PROBED: dict[str, Rule] = {
    "party": _each_party,
    "shipment": _each_with(_shipment_party, "shipment_id", "id"),
    "shipment_line": _each_with(_shipment_party, "shipment_id", "shipment_id"),
    "shipment_party": _each_with(_shipment_party.alias("shared_with"), "shipment_id", "shipment_id"),
    "entry": _each_with(_entry_party, "entry_id", "id"),
    "entry_line": _each_with(_entry_party, "entry_id", "entry_id"),
    "entry_status_change": _each_with(_entry_party, "entry_id", "entry_id"),
    "entry_party": _each_with(_entry_party.alias("shared_with"), "entry_id", "entry_id"),
}


def alone(table: str) -> Rule:
    """The rule of a table for an organisation that is no party of anything: the same rows, without the search for
    shared ones, which keeps a database from using its indexes. Whoever uses it has to make sure of the "no party"."""
    return _own if table in SHARED else RULES[table]


RULES: dict[str, Rule] = {
    "organisation": _itself,
    "organisation_party": _own,
    "party": _party,
    "product": _own,
    "classification": _own,
    "shipment": _with_shipment("id"),
    "shipment_line": _with_shipment("shipment_id"),
    "shipment_party": _with_shipment("shipment_id"),
    "entry": _with_entry("id"),
    "entry_line": _with_entry("entry_id"),
    "entry_status_change": _with_entry("entry_id"),
    "entry_party": _with_entry("entry_id"),
    "duty_quote": _own,
    "tariff_revision": _public,
    "tariff_line": _public,
    "measure_load": _public,
    "trusted_document": _own_or_everybodys,
    "client_mode": _own,
    "event_log": _event,
    "installation": _public,
    "event_pending": _own,
    "api_client": _own,
    "audit_record": _own,
    "idempotency_record": _own,
}

SHARED = frozenset({
    "party", "shipment", "shipment_line", "shipment_party", "entry", "entry_line", "entry_status_change",
    "entry_party", "event_log",
})  # fmt: skip
"""The tables whose rows parties see, too."""
