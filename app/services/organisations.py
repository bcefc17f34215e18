"""Organisations: the tenants, and which parties they are. For operators and for signing in; tenants cannot call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.errors import Refused
from app.ids import new_id, type_of
from app.principal import SystemPrincipal
from app.services.inputs import NAME, Faults
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.store.tables import Organisation, OrganisationParty, Party
from app.values import OrganisationKind

_SYSTEM = SystemPrincipal("organisations are the installation's, not a tenant's")


class OrganisationErrorCode(StrEnum):
    """What can be wrong with an organisation."""

    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Created:
    """`created` is False where it existed; `linked` are the party ids that are new links."""

    organisation_id: str
    created: bool
    linked: tuple[str, ...]


async def create_organisation(
    store: Store, name: str, kind: OrganisationKind | None = None, party_ids: tuple[str, ...] = ()
) -> Created:
    """Makes the organisation, or finds it by name, and links it to parties: it then sees what they take part in. `kind`
    None is IMPORTER for a new one and any for one that exists. Raises Refused for a bad name, an unknown party, or an
    organisation that is there and of another kind; then nothing is written."""
    faults = Faults(OrganisationErrorCode)
    cleaned = faults.text(name, "name", longest=NAME)
    if cleaned is None:
        raise Refused(f"the organisation's {faults.found[0].message}")
    async with store.unit(_SYSTEM) as unit:
        await unit.lock("organisations")
        row = await unit.find(Organisation, name=cleaned)
        created = row is None
        if row is None:
            made_as = (kind or OrganisationKind.IMPORTER).value
            row = Organisation(id=new_id("Organisation"), name=cleaned, kind=made_as, created_at=unit.now)
            unit.add(row)
            await unit.flush()
        elif kind is not None and row.kind != kind:
            raise Refused(f"there is an organisation {cleaned} already, and it is {_a(row.kind)}, not {_a(kind)}")
        known = {party.id for party in await unit.find_all(Party, id=list(party_ids))} if party_ids else set()
        unknown = [party for party in party_ids if party not in known]
        if unknown:
            raise Refused(f"no such party: {', '.join(unknown)}")
        links = await unit.find_all(OrganisationParty, organisation_id=row.id)
        linked = tuple(sorted(known - {link.party_id for link in links}))
        for party in linked:
            unit.add(OrganisationParty(organisation_id=row.id, party_id=party))
        if created or linked:
            unit.audit(row.id, "organisation.created" if created else "organisation.linked", row.id, parties=linked)
        return Created(row.id, created, linked)


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind.lower()}"


async def find_organisation(store: Store, name: str) -> Any | None:
    """The row of the organisation with exactly this name."""
    return await store.first(_SYSTEM, Select("organisation", (Where("name", "eq", name),)))


async def organisation_called(store: Store, id_or_name: str) -> str | None:
    """The id of the organisation with this id, or where it is no id with exactly this name."""
    if type_of(id_or_name) == "Organisation":
        return id_or_name if await organisation_exists(store, id_or_name) else None
    row = await find_organisation(store, id_or_name)
    return None if row is None else str(row.id)


async def organisation_exists(store: Store, organisation_id: str) -> bool:
    """Whether there is an organisation with this id."""
    return await store.first(_SYSTEM, Select("organisation", (Where("id", "eq", organisation_id),))) is not None


async def list_organisations(store: Store) -> Sequence[Any]:
    """Every organisation, by name."""
    return await store.rows(_SYSTEM, Select("organisation", order=(Order("name"), Order("id"))))


@dataclass(frozen=True, slots=True)
class LinkedParty:
    """A party that an organisation is, and the name of the organisation that recorded it."""

    party_id: str
    name: str
    recorded_by: str


async def linked_parties(store: Store) -> dict[str, list[LinkedParty]]:
    """The parties that organisations are linked to, by organisation id, in the order of their ids."""
    links = await store.rows(_SYSTEM, Select("organisation_party", order=(Order("party_id"),)))
    names = {row.id: row.name for row in await list_organisations(store)}
    wanted = tuple({link.party_id for link in links})
    rows = await store.rows(_SYSTEM, Select("party", (Where("id", "in", wanted),))) if wanted else ()
    parties = {row.id: row for row in rows}
    found: dict[str, list[LinkedParty]] = {}
    for link in links:
        party = parties[link.party_id]
        linked = LinkedParty(party.id, party.name, names[party.organisation_id])
        found.setdefault(link.organisation_id, []).append(linked)
    return found
