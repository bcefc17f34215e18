"""The same party is one row however fully it is stated, so that who is linked to it keeps seeing all that is its."""

import pytest

from app.errors import Refused
from app.principal import Principal
from app.services.entries import EntryDraft, draft_entry
from app.services.organisations import LinkedParty, create_organisation, linked_parties, list_organisations
from app.services.parties import PartyCommand, same_or_new, same_or_new_all
from app.store.session import Store
from app.store.statement import Order, Select, Where
from app.values import OrganisationKind
from tests.scenes import SYSTEM, a_product, a_shipment, accepted, counts, row_of

BARE = PartyCommand("Tan Phu Textiles", "VN")
MID, OTHER_MID, DUNS = ("MID", "VNTANPHU12HOC"), ("MID", "VNTANPHU99HAN"), ("DUNS", "123456789")


async def ids(store: Store, caller: Principal, *parties: PartyCommand) -> list[str]:
    """The rows the parties are, each stated in a transaction of its own."""
    found = []
    for party in parties:
        async with store.unit(caller) as unit:
            await unit.lock(caller.organisation_id)
            found.append((await same_or_new(unit, party)).id)
    return found


async def numbers(store: Store, caller: Principal, party: str) -> list[tuple[str, str]]:
    row = await row_of(store, caller, "party", party)
    return [(number["type"], number["value"]) for number in row.identifiers]


async def test_a_number_that_is_learnt_later_joins_the_party(store: Store, importer: Principal) -> None:
    first, second, third, fourth = await ids(
        store, importer,
        BARE,
        PartyCommand("TAN PHU  textiles", "VN", (MID,)),
        PartyCommand("Tan Phu Textiles", "VN", (DUNS, MID)),
        BARE,
    )  # fmt: skip
    assert first == second == third == fourth
    assert await numbers(store, importer, first) == [MID, DUNS]
    audit = await store.rows(SYSTEM, Select("audit_record", (Where("object_id", "eq", first),), (Order("id"),)))
    assert [(record.action, record.detail) for record in audit] == [
        ("party.changed", {"identifiers": ["MID"]}),
        ("party.changed", {"identifiers": ["DUNS"]}),
    ]


async def test_a_shared_number_counts_more_than_the_name(store: Store, importer: Principal) -> None:
    first, namesake, renamed = await ids(
        store, importer,
        PartyCommand("Tan Phu Textiles", "VN", (MID,)),
        PartyCommand("Phu Tan Garments", "VN", (DUNS,)),
        PartyCommand("Phu Tan Garments", "SG", (MID,)),
    )  # fmt: skip
    assert renamed == first != namesake
    assert (await row_of(store, importer, "party", first)).name == "Tan Phu Textiles"


async def test_numbers_that_contradict_are_two_parties_and_the_bare_name_guesses_neither(
    store: Store, importer: Principal
) -> None:
    one = PartyCommand("Tan Phu Textiles", "VN", (MID,))
    other = PartyCommand("Tan Phu Textiles", "VN", (OTHER_MID,))
    found = await ids(store, importer, one, other, BARE, one, other, BARE)
    assert len(set(found)) == 3
    assert found[:3] == found[3:]


async def test_a_number_within_another_number_is_not_the_number(store: Store, importer: Principal) -> None:
    tricky = PartyCommand("Percent", "VN", (("MID", 'V%"_'),))
    long = PartyCommand("Long", "VN", (("MID", "VNTANPHU12HOCX"),))
    short = PartyCommand("Short", "CN", (MID,))
    kinds = PartyCommand("Kinds", "CN", (("EIN", MID[1]),))
    assert len(set(await ids(store, importer, tricky, long, short, kinds))) == 4
    assert len(set(await ids(store, importer, tricky, PartyCommand("Percent Ltd", "DE", tricky.identifiers)))) == 1


async def test_one_input_that_states_a_party_twice_makes_one_row(store: Store, importer: Principal) -> None:
    fuller = PartyCommand("Tan Phu Textiles", "VN", (MID,))
    async with store.unit(importer) as unit:
        rows = await same_or_new_all(unit, [BARE, fuller, BARE])
        assert len({row.id for row in rows.values()}) == 1
    assert await store.count(importer, Select("party")) == 1


async def test_another_tenants_party_is_never_the_one(store: Store, importer: Principal, broker: Principal) -> None:
    command = PartyCommand("Tan Phu Textiles", "VN", (MID,))
    assert await ids(store, importer, command) != await ids(store, broker, command)


async def test_the_partner_keeps_seeing_what_is_booked_with_a_number_more(
    store: Store, importer: Principal, partner: Principal
) -> None:
    await a_product(store, importer)
    first = await row_of(store, importer, "shipment", await a_shipment(store, importer, "S-1", seller=BARE))
    await create_organisation(store, "Partner", OrganisationKind.PARTNER, (first.seller_id,))
    await a_shipment(store, importer, "S-2", seller=PartyCommand("Tan Phu Textiles", "VN", (MID,)))
    assert [row.reference for row in await store.rows(partner, Select("shipment", (), (Order("reference"),)))] == [
        "S-1", "S-2",
    ]  # fmt: skip


async def test_a_broker_named_on_a_booking_sees_shipment_and_entry(
    store: Store, importer: Principal, broker: Principal
) -> None:
    await a_product(store, importer)
    command = PartyCommand("Harbor Light", "US", (("FILER", "XYZ"),))
    row = await row_of(store, importer, "shipment", await a_shipment(store, importer, broker=command))
    await create_organisation(store, "Broker", OrganisationKind.BROKER, (row.broker_id,))
    entry = accepted(await draft_entry(store, importer, EntryDraft(row.id)))
    assert (await row_of(store, broker, "shipment", row.id)).broker_id == row.broker_id
    assert (await row_of(store, broker, "entry", entry)).status == "DRAFT"
    assert "harbor" not in row.search_text


async def test_links_are_listed_with_who_recorded_the_party(store: Store, importer: Principal) -> None:
    (party,) = await ids(store, importer, BARE)
    made = await create_organisation(store, "Carrier", OrganisationKind.PARTNER, (party,))
    assert await linked_parties(store) == {
        made.organisation_id: [LinkedParty(party, "Tan Phu Textiles", "Importer")],
    }


async def test_an_organisation_of_another_kind_is_refused_and_left_alone(store: Store, importer: Principal) -> None:
    (party,) = await ids(store, importer, BARE)
    await create_organisation(store, "Carrier", OrganisationKind.PARTNER)
    before = await counts(store)
    with pytest.raises(Refused, match="an organisation Carrier already, and it is a partner, not an importer"):
        await create_organisation(store, "Carrier", OrganisationKind.IMPORTER, (party,))
    assert await counts(store) == before
    assert (await create_organisation(store, "Carrier", party_ids=(party,))).linked == (party,)
    assert {row.name: row.kind for row in await list_organisations(store)}["Carrier"] == "PARTNER"
