"""Parties as an organisation knows them. An input states one by name, country and numbers; it is the party that was
stated in just this way before, else the one that shares a number, else the only one of this name and country whose
numbers do not contradict. Numbers learnt on the way are kept with it."""

import hashlib
from dataclasses import dataclass

from app.ids import new_id
from app.services.inputs import CODE, NAME, Faults
from app.store.parties import parties_like
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
    """Equal for the same statement, whatever the case and spacing of its name and the order of its identifiers. A row
    keeps that of the statement which made it."""
    name = _folded(party.name)
    identifiers = sorted({(kind.upper(), value.upper()) for kind, value in party.identifiers})
    return hashlib.sha256(canonical_json([name, party.country.upper(), identifiers]).encode()).hexdigest()


async def same_or_new(unit: Unit, party: PartyCommand) -> Party:
    """The caller's row of this (cleaned) party, made where there is none."""
    return (await same_or_new_all(unit, [party]))[fingerprint(party)]


async def same_or_new_all(unit: Unit, parties: list[PartyCommand]) -> dict[str, Party]:
    """The rows of several parties by fingerprint, with one look-up, or two where one was not stated like this before.
    The caller holds the organisation's lock."""
    wanted = {fingerprint(party): party for party in parties}
    if not wanted:
        return {}
    rows = await unit.find_all(Party, organisation_id=unit.organisation_id, fingerprint=list(wanted))
    found = {row.fingerprint: row for row in rows}
    others = {mark: party for mark, party in wanted.items() if mark not in found}
    if others:
        countries = {party.country for party in others.values()}
        values = {value for party in others.values() for _, value in party.identifiers}
        known = list(await parties_like(unit, countries, values))
        for mark, party in others.items():
            found[mark] = _matched(unit, party, known) or _new(unit, party, mark)
            if found[mark].fingerprint == mark:
                unit.add(found[mark])
                known.append(found[mark])
    await unit.flush()
    return found


def _matched(unit: Unit, party: PartyCommand, known: list[Party]) -> Party | None:
    """The known row that this party is, with the numbers it did not have yet; the oldest of several that share a
    number. Of several with the name alone none is guessed: to be mistaken shows one partner another's shipments."""
    numbers = set(party.identifiers)
    sharing = [row for row in known if numbers & _numbers(row)]
    named = [row for row in known if _folded(row.name) == _folded(party.name) and row.country == party.country]
    fitting = [row for row in named if not _contradict(numbers, _numbers(row))]
    row = sharing[0] if sharing else fitting[0] if len(fitting) == 1 else None
    added = sorted(numbers - _numbers(row)) if row is not None else []
    if row is not None and added:
        row.identifiers = [*row.identifiers, *({"type": kind, "value": value} for kind, value in added)]
        unit.audit(row.organisation_id, "party.changed", row.id, identifiers=[kind for kind, _ in added])
    return row


def _contradict(one: set[tuple[str, str]], other: set[tuple[str, str]]) -> bool:
    """Whether both have a number of one kind, and share none of it."""
    shared = {kind for kind, _ in one} & {kind for kind, _ in other}
    return any(not {n for n in one if n[0] == kind} & {n for n in other if n[0] == kind} for kind in shared)


def _numbers(row: Party) -> set[tuple[str, str]]:
    return {(number["type"].upper(), number["value"].upper()) for number in row.identifiers}


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


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
