"""Parties as an organisation knows them. The same name, country and identifiers are the same party."""

import hashlib
from dataclasses import dataclass

from app.ids import new_id
from app.services.inputs import CODE, NAME, Faults
from app.store.tables import Party
from app.store.unit import Unit
from app.values import canonical_json

MOST_IDENTIFIERS = 20


@dataclass(frozen=True, slots=True)
class PartyCommand:
    """A party as an input states it; identifiers are (type, value) pairs such as ("EIN", "12-3456789")."""

    name: str
    country: str
    identifiers: tuple[tuple[str, str], ...] = ()


def read_party(faults: Faults, command: PartyCommand, *path: str) -> PartyCommand | None:
    """The party cleaned, or None with its faults under `path`."""
    before = len(faults.found)
    name = faults.text(command.name, *path, "name", longest=NAME)
    country = faults.country(command.country, *path, "country")
    if len(command.identifiers) > MOST_IDENTIFIERS:
        faults.add("TOO_MANY", f"at most {MOST_IDENTIFIERS} identifiers", *path, "identifiers")
        return None
    pairs = []
    for place, (kind, value) in enumerate(command.identifiers):
        at = (*path, "identifiers", str(place))
        pair = (faults.text(kind, *at, "type", longest=CODE), faults.text(value, *at, "value", longest=CODE))
        if pair[0] is not None and pair[1] is not None:
            pairs.append((pair[0].upper(), pair[1].upper()))
    if len(faults.found) > before or name is None or country is None:
        return None
    return PartyCommand(name, country, tuple(sorted(set(pairs))))


def fingerprint(party: PartyCommand) -> str:
    """Equal for the same party, whatever the case and spacing of its name and the order of its identifiers."""
    name = " ".join(party.name.casefold().split())
    identifiers = sorted({(kind.upper(), value.upper()) for kind, value in party.identifiers})
    return hashlib.sha256(canonical_json([name, party.country.upper(), identifiers]).encode()).hexdigest()


async def same_or_new(unit: Unit, party: PartyCommand) -> Party:
    """The caller's row of this (cleaned) party, made where there is none."""
    return (await same_or_new_all(unit, [party]))[fingerprint(party)]


async def same_or_new_all(unit: Unit, parties: list[PartyCommand]) -> dict[str, Party]:
    """The rows of several parties by fingerprint, with one look-up."""
    wanted = {fingerprint(party): party for party in parties}
    if not wanted:
        return {}
    rows = await unit.find_all(Party, organisation_id=unit.organisation_id, fingerprint=list(wanted))
    found = {row.fingerprint: row for row in rows}
    for mark, party in wanted.items():
        if mark not in found:
            found[mark] = _new(unit, party, mark)
            unit.add(found[mark])
    await unit.flush()
    return found


def _new(unit: Unit, party: PartyCommand, mark: str) -> Party:
    return Party(
        id=new_id("Party"),
        organisation_id=unit.organisation_id,
        name=party.name,
        country=party.country,
        identifiers=[{"type": kind, "value": value} for kind, value in party.identifiers],
        fingerprint=mark,
        created_at=unit.now,
    )
