"""The official 2026 export, loaded whole, read and searched in the graph as of different days."""

from datetime import date
from pathlib import Path

import pytest

from app.services.tariff import load_tariff
from app.store.session import Store
from app.tariff.export import read_export
from tests.conftest import Tenants
from tests.graph.conftest import ask, make_world

HTS = Path(__file__).parents[3] / "shared" / "data" / "hts"

pytestmark = pytest.mark.skipif(not HTS.exists(), reason="the official exports are not on this machine")


async def test_the_full_export_is_loaded_and_searched_and_the_starter_gives_way(store: Store, tenants: Tenants) -> None:

    world = await make_world(store, tenants)
    for name, effective in (("hts_2026_rev_4", date(2026, 2, 24)), ("hts_2026_rev_10", date(2026, 6, 8))):
        export = read_export((HTS / f"{name}.json.gz").read_bytes())
        await load_tariff(store, export, name=name, effective_from=effective)

    response = await ask(
        world,
        """{ tariffRevisions { name lineCount starter }
          now: tariffLine(number: "7318152095") { fullDescription general { text } revision { name } }
          spring: tariffLine(number: "7318152095", asOf: "2026-06-07") { revision { name } }
          before: tariffLine(number: "8471300100", asOf: "2026-01-01") { revision { name starter } }
          words: tariffLines(search: "bolts steel", first: 3) { totalCount nodes { number } pageInfo { endCursor } }
          laptop: tariffLines(search: "laptop", first: 3) { nodes { number } }
          digits: tariffLines(search: "7318.15", first: 50) { totalCount }
          under: tariffLines(under: "7318", search: "bolts", first: 1000) { totalCount nodes { number } } }""",
    )

    assert list(response.errors) == []
    data = response.data
    assert data is not None
    assert [row["name"] for row in data["tariffRevisions"]] == ["starter-2026", "hts_2026_rev_4", "hts_2026_rev_10"]
    assert data["tariffRevisions"][2]["lineCount"] == 29_597
    assert data["now"]["revision"] == {"name": "hts_2026_rev_10"}
    assert data["now"]["general"] == {"text": "Free"}
    assert data["spring"]["revision"] == {"name": "hts_2026_rev_4"}
    assert data["before"]["revision"] == {"name": "starter-2026", "starter": True}
    assert data["words"]["totalCount"] > 10
    assert data["laptop"]["nodes"][0] == {"number": "8471.30.01.00"}
    assert data["digits"]["totalCount"] > 10
    assert all(node["number"].startswith("7318") for node in data["under"]["nodes"])
    assert data["under"]["totalCount"] == len(data["under"]["nodes"]) > 5


async def test_a_search_is_paged_without_a_gap(store: Store, tenants: Tenants) -> None:

    world = await make_world(store, tenants)
    export = read_export((HTS / "hts_2026_rev_10.json.gz").read_bytes())
    await load_tariff(store, export, name="rev-10", effective_from=date(2026, 6, 8))
    document = """query($c: String, $n: Int!) { tariffLines(search: "cotton shirts", first: $n, after: $c) {
        totalCount nodes { number } pageInfo { hasNextPage endCursor } } }"""
    whole = await ask(world, document, n=1000)
    assert whole.data is not None
    found: list[str] = []
    cursor, more = None, True

    while more:
        response = await ask(world, document, n=7, c=cursor)
        assert response.data is not None
        page = response.data["tariffLines"]
        found += [node["number"] for node in page["nodes"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert found == [node["number"] for node in whole.data["tariffLines"]["nodes"]]
    assert len(found) == whole.data["tariffLines"]["totalCount"] > 20
