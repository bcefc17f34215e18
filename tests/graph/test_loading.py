"""Loading: how many statements a nested page takes, and that nothing outlives the answer it was read for."""

from app.filing.entry import EntryStatus
from app.services.entry_draft import EntryDraft, draft_entry
from tests import scenes
from tests.graph.conftest import World, ask

NESTED = """query($first: Int!) { entries(first: $first) { nodes {
  id entryNumber status importer { id name } shipment { id reference status }
  lines { number htsNumber product { sku description classification { htsNumber confidence } } } } } }"""


async def fill(world: World, entries: int) -> None:
    for number in range(entries):
        shipment = await scenes.a_shipment(world.store, world.importer, f"S-more-{number}")
        scenes.accepted(await draft_entry(world.store, world.importer, EntryDraft(shipment)))


async def test_a_nested_page_takes_at_most_eight_statements_however_long_it_is(sqlite_world: World) -> None:
    await fill(sqlite_world, 12)
    store = sqlite_world.store
    taken = []
    for first in (1, 13):
        before = store.statements
        response = await ask(sqlite_world, NESTED, first=first)
        taken.append(store.statements - before)
        assert list(response.errors) == []
        assert response.data is not None
        assert len(response.data["entries"]["nodes"]) == first

    assert max(taken) <= 8
    assert taken[0] == taken[1]


async def test_two_answers_never_share_rows(sqlite_world: World) -> None:
    document = "query($id: ID!) { entry(by: {id: $id}) { status } }"
    identifier = sqlite_world.ids["Entry"]
    first = await ask(sqlite_world, document, id=identifier)
    await scenes.told(sqlite_world.store, sqlite_world.importer, identifier, EntryStatus.RELEASED)

    second = await ask(sqlite_world, document, id=identifier)

    assert first.data == {"entry": {"status": "HELD"}}
    assert second.data == {"entry": {"status": "RELEASED"}}


async def test_parallel_root_fields_do_not_disturb_each_other(sqlite_world: World) -> None:
    response = await ask(
        sqlite_world,
        """{ a: entries(first: 5) { totalCount nodes { lines { product { sku } } } }
             b: shipments(first: 5) { totalCount nodes { lines { product { sku } } } }
             c: products(first: 5) { totalCount nodes { sku shipments(first: 1) { totalCount } } } }""",
    )

    assert list(response.errors) == []
    assert response.data is not None
    assert [response.data[key]["totalCount"] for key in "abc"] == [1, 1, 1]
    assert response.data["c"]["nodes"] == [{"sku": "A-1", "shipments": {"totalCount": 1}}]
