"""What keeps a shipment from being cleared is told to its owner, from its living entry where there is one; a party that
does not see the products is told nothing that would rest on them. And how a broker comes to its entries."""

from typing import Any

import orjson

from app.principal import Principal
from app.services.entries import EntryDraft, draft_entry
from app.services.organisations import create_organisation
from app.values import OrganisationKind
from tests import scenes
from tests.graph.conftest import World, ask

STATE = """query($r: String!) { shipment(by: {reference: $r}) { broker { id name } preclearance {
  state blockers { code message fix } entry { checks { code message fix } } } } }"""

DRAFT = """mutation($input: EntryDraftInput!) { entryDraft(input: $input) {
  entry { id entryNumber environment shipment { broker { name } } } userErrors { code field message } } }"""


async def data(world: World, document: str, principal: Principal | None = None, **variables: Any) -> Any:
    response = await ask(world, document, principal, **variables)
    assert list(response.errors) == []
    assert response.data is not None
    return response.data


async def preclearance(world: World, reference: str, principal: Principal | None = None) -> Any:
    return (await data(world, STATE, principal, r=reference))["shipment"]["preclearance"]


async def unclassified(world: World, reference: str, **more: Any) -> str:
    """A shipment of a product without a number; returns the product's id."""
    product = await scenes.a_product(world.store, world.importer, "NEW", number=None)
    await scenes.a_shipment(world.store, world.importer, reference, "NEW", **more)
    return product


async def test_only_the_owner_is_told_of_blockers_that_rest_on_products(world: World) -> None:
    product = await unclassified(world, "S-2")
    own = await preclearance(world, "S-2")
    assert (own["state"], [blocker["code"] for blocker in own["blockers"]]) == ("BLOCKED", ["UNCLASSIFIED"])
    assert own["blockers"][0]["fix"]["input"]["product"] == product
    theirs = await preclearance(world, "S-2", world.partner)
    assert theirs == {"state": "READY", "blockers": [], "entry": None}


async def test_what_a_party_reads_of_an_entry_names_no_product(sqlite_world: World) -> None:
    await scenes.a_product(sqlite_world.store, sqlite_world.importer, "OLD", number="8471.30.01.99")
    shipment = await scenes.a_shipment(sqlite_world.store, sqlite_world.importer, "S-3", "OLD")
    draft = EntryDraft(shipment)
    scenes.accepted(await draft_entry(sqlite_world.store, sqlite_world.importer, draft))
    own = await preclearance(sqlite_world, "S-3")
    theirs = await preclearance(sqlite_world, "S-3", sqlite_world.partner)
    assert (own["state"], theirs["state"], theirs["blockers"]) == ("ENTRY_DRAFTED", "ENTRY_DRAFTED", [])
    assert "prd_" not in orjson.dumps(theirs).decode()
    assert [check["code"] for check in theirs["entry"]["checks"]] == [check["code"] for check in own["entry"]["checks"]]


async def test_an_entry_with_a_port_of_its_own_is_not_blocked_by_the_shipments(world: World) -> None:
    await scenes.a_shipment(world.store, world.importer, "S-2", port_of_unlading=None)
    before = await preclearance(world, "S-2")
    assert (before["state"], [blocker["code"] for blocker in before["blockers"]]) == ("BLOCKED", ["PORT_MISSING"])
    shipment = (await data(world, '{ shipment(by: {reference: "S-2"}) { id } }'))["shipment"]["id"]
    made = await data(world, DRAFT, input={"shipment": shipment, "port": "2704"})
    assert made["entryDraft"]["userErrors"] == []
    after = await preclearance(world, "S-2")
    assert (after["state"], after["blockers"]) == ("ENTRY_DRAFTED", [])


async def test_a_broker_is_named_on_the_booking_and_its_vendors_number_on_the_entry(world: World) -> None:
    booked = await data(
        world,
        """mutation($input: ShipmentBookInput!) { shipmentBook(input: $input) {
             shipment { id broker { id name } } userErrors { code field } } }""",
        input={
            "reference": "S-2",
            "mode": "OCEAN",
            "portOfUnlading": "2704",
            "lines": [{"sku": "A-1", "quantity": "1", "unit": "NO"}],
            "broker": {"name": "Harbor Light", "country": "US"},
        },
    )
    shipment = booked["shipmentBook"]["shipment"]
    assert booked["shipmentBook"]["userErrors"] == []
    await create_organisation(world.store, "Broker", OrganisationKind.BROKER, (shipment["broker"]["id"],))
    wrong = await data(world, DRAFT, input={"shipment": shipment["id"], "entryNumber": "XYZ-1234567-4"})
    assert wrong["entryDraft"]["userErrors"] == [
        {"code": "INVALID", "field": ["entryNumber"], "message": "the check digit of XYZ-1234567 is 1, not 4"}
    ]
    made = await data(world, DRAFT, input={"shipment": shipment["id"], "entryNumber": "XYZ12345671"})
    entry = made["entryDraft"]["entry"]
    assert (entry["entryNumber"], entry["environment"]) == ("XYZ-1234567-1", "PRODUCTION")
    assert entry["shipment"] == {"broker": {"name": "Harbor Light"}}
    recorded = await data(
        world,
        """mutation { entryStatusRecord(input: {entry: {entryNumber: "XYZ-1234567-1"}, status: ACCEPTED, source: "ABI",
             occurredAt: "2026-11-20T11:00:00Z"}) { entry { id status } userErrors { code } } }""",
        world.stranger,  # the organisation Broker, a stranger no more
    )
    assert recorded["entryStatusRecord"] == {"entry": {"id": entry["id"], "status": "ACCEPTED"}, "userErrors": []}


async def test_a_second_entry_of_a_shipment_has_to_be_meant(world: World) -> None:
    shipment = world.ids["Shipment"]
    refused = (await data(world, DRAFT, input={"shipment": shipment}))["entryDraft"]
    assert (refused["entry"], [fault["code"] for fault in refused["userErrors"]]) == (None, ["ALREADY_DRAFTED"])
    made = (await data(world, DRAFT, input={"shipment": shipment, "another": True}))["entryDraft"]
    assert (made["entry"]["environment"], made["userErrors"]) == ("SIMULATED", [])


async def test_the_version_a_decision_expects_is_read_from_the_product(world: World) -> None:
    read = await data(world, "query($id: ID!) { product(by: {id: $id}) { version } }", id=world.ids["Product"])
    decide = """mutation($input: ClassificationDecideInput!) { classificationDecide(input: $input) {
      classification { htsNumber product { version } } userErrors { code field } } }"""
    version = read["product"]["version"]
    given = {"classification": world.ids["Classification"], "decision": "REPLACE", "htsNumber": "8471.50.01.50"}
    answer = await data(world, decide, input={**given, "expectedVersion": version + 1})
    stale = [{"code": "STALE", "field": ["expectedVersion"]}]
    assert answer["classificationDecide"] == {"classification": None, "userErrors": stale}
    answer = await data(world, decide, input={"product": world.ids["Product"], "decision": "REJECT",
                                              "expectedVersion": version})  # fmt: skip
    found = answer["classificationDecide"]
    assert (found["userErrors"], found["classification"]["product"]["version"]) == ([], version + 1)
    neither = await data(world, decide, input={"decision": "CONFIRM"})
    assert neither["classificationDecide"]["userErrors"] == [{"code": "REQUIRED", "field": ["classification"]}]


async def test_a_repeated_key_answers_with_the_same_object_as_it_is_now(world: World) -> None:
    upsert = """mutation($input: ProductUpsertInput!) { productUpsert(input: $input) {
      product { id name version } userErrors { code } } }"""
    first = await data(world, upsert, input={"sku": "K-1", "name": "Bolt", "idempotencyKey": "k"})
    await data(world, upsert, input={"sku": "K-1", "name": "Hex bolt"})
    again = await data(world, upsert, input={"sku": "K-1", "name": "Bolt", "idempotencyKey": "k"})
    identifier = first["productUpsert"]["product"]["id"]
    assert again["productUpsert"] == {
        "product": {"id": identifier, "name": "Hex bolt", "version": 2},
        "userErrors": [],
    }


async def test_the_key_of_a_single_row_is_refused(world: World) -> None:
    answer = await data(
        world,
        """mutation { productsUpsert(input: {products: [{sku: "K-1", name: "Bolt", idempotencyKey: "k"}]}) {
             products { id } userErrors { code field } } }""",
    )
    assert answer["productsUpsert"]["userErrors"] == [{"code": "INVALID", "field": ["products", "0", "idempotencyKey"]}]
