"""The log through the graph: only events about what the caller's scopes and sight reach, by feed and by id."""

import pytest

from tests.graph.conftest import World, ask, codes, holding

FEED = "{ events(first: 50) { totalCount nodes { type data cursor } } }"


async def kinds(world: World, *scopes: str) -> set[str]:
    response = await ask(world, FEED, holding(world.importer, *scopes))
    assert list(response.errors) == []
    assert response.data is not None
    assert response.data["events"]["totalCount"] == len(response.data["events"]["nodes"])
    return {node["type"] for node in response.data["events"]["nodes"]}


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ((), set()),
        (("shipments:read",), {"SHIPMENT_BOOKED"}),
        (("entries:read",), {"ENTRY_DRAFT", "ENTRY_SUBMITTED", "ENTRY_HELD"}),
        (("classifications:read", "duty:quote"), {"CLASSIFICATION_DECIDED", "QUOTE_CREATED"}),
    ],
)
async def test_the_feed_tells_only_of_what_the_scopes_reach(
    sqlite_world: World, scopes: tuple[str, ...], expected: set[str]
) -> None:
    assert await kinds(sqlite_world, "events:read", *scopes) == expected


async def test_kinds_out_of_reach_are_not_told_when_asked_for_by_name(sqlite_world: World) -> None:
    caller = holding(sqlite_world.importer, "events:read", "shipments:read")

    response = await ask(sqlite_world, "{ events(types: [ENTRY_HELD]) { totalCount nodes { data } } }", caller)

    assert response.data == {"events": {"totalCount": 0, "nodes": []}}


async def test_an_event_by_id_needs_its_subjects_scope(sqlite_world: World) -> None:
    document = "query($id: ID!) { node(id: $id) { ... on Event { data } } }"
    identifier = sqlite_world.ids["Event"]

    blind = await ask(sqlite_world, document, holding(sqlite_world.importer, "events:read"), id=identifier)
    seeing = await ask(
        sqlite_world, document, holding(sqlite_world.importer, "events:read", "entries:read"), id=identifier
    )

    assert blind.data == {"node": None}
    assert codes(blind) == ["FORBIDDEN"]
    assert seeing.data is not None
    assert seeing.data["node"]["data"]["status"] == "DRAFT"


@pytest.mark.parametrize("after", ["", "x", "AAAA", "AQAAAAAAAAIH8pYDZB", "é"])
async def test_a_forged_cursor_is_refused(sqlite_world: World, after: str) -> None:
    response = await ask(sqlite_world, "query($a: String) { events(after: $a) { totalCount } }", a=after)

    assert codes(response) == ["BAD_USER_INPUT"]
