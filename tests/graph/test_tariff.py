"""The tariff through the graph: numbers with and without the suffix 00, headings that are no number, days and cursors
that are refused, and searches that run both ways."""

from datetime import date
from typing import Any

import orjson
import pytest

from app.engine.paging import pack
from app.services.tariff import load_tariff
from app.tariff.export import read_export
from tests.graph.conftest import World, ask, codes

DAY = date(2026, 1, 1)
PAGE = """query($first: Int, $after: String, $last: Int, $before: String) {
  tariffLines(search: "machines", first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def answered(world: World, document: str, **variables: Any) -> dict[str, Any]:
    response = await ask(world, document, **variables)
    assert list(response.errors) == []
    assert response.data is not None
    return dict(response.data)


async def test_a_line_is_found_by_its_legal_number_where_only_the_suffix_00_is_printed(world: World) -> None:
    data = await answered(
        world,
        """{ short: tariffLine(number: "8471.30.01") { number general { text } }
          long: tariffLine(number: "8471300100") { number }
          divided: tariffLine(number: "6109.10.00") { number declarable } }""",
    )

    assert data["short"] == {"number": "8471.30.01.00", "general": {"text": "Free"}}
    assert data["long"] == {"number": "8471.30.01.00"}
    assert data["divided"] == {"number": "6109.10.00", "declarable": False}


async def test_a_heading_that_names_several_numbers_is_no_hts_number(sqlite_world: World) -> None:
    document = """query($origin: CountryCode!) { tariffLine(number: "0406.10.88.00") {
      additionalDuties(originCountry: $origin, asOf: "2026-09-01") { id htsNumber label } } }"""
    found: dict[str, str | None] = {}

    for origin in ("CN", "DE", "CA"):
        line = (await answered(sqlite_world, document, origin=origin))["tariffLine"]
        assert all(measure["label"] for measure in line["additionalDuties"])
        found |= {measure["id"]: measure["htsNumber"] for measure in line["additionalDuties"]}

    assert found["s301_fl_add_12.5"] is None  # 9903.05.20-.84
    assert found["s301_fl_top10"] is None  # 9903.05.38/.39
    assert {len(number) for number in found.values() if number is not None} == {len("9903.01.25")}


async def test_an_estimate_and_the_quote_that_is_kept_of_it_name_real_numbers_only(sqlite_world: World) -> None:
    chosen = """lines { htsNumber components { code htsNumber label }
      notApplied { reason measure { id htsNumber label } } }"""
    given = {
        "asOf": "2026-09-01",
        "lines": [{"htsNumber": "0406.10.88.00", "originCountry": "CN", "customsValue": "1000",
                   "quantities": [{"value": "10", "unit": "KG"}]}],
    }  # fmt: skip
    asked = f"query($i: DutyQuoteInput!) {{ dutyEstimate(input: $i) {{ userErrors {{ message }} {chosen} }} }}"
    keep = """mutation($i: DutyQuoteInput!) {
      dutyQuoteCreate(input: $i) { dutyQuote { id } userErrors { message } } }"""

    estimate = (await answered(sqlite_world, asked, i=given))["dutyEstimate"]
    made = (await answered(sqlite_world, keep, i=given))["dutyQuoteCreate"]
    assert (estimate["userErrors"], made["userErrors"]) == ([], [])
    kept = await answered(
        sqlite_world, f"query($id: ID!) {{ dutyQuote(id: $id) {{ {chosen} }} }}", id=made["dutyQuote"]["id"]
    )

    (line,) = estimate["lines"]
    assert kept["dutyQuote"]["lines"] == [line]
    several = [part for part in line["components"] if part["htsNumber"] is None]
    assert [part["code"] for part in several] == ["s301_fl_add_12.5"]
    shown = [part["htsNumber"] for part in (*line["components"], *(one["measure"] for one in line["notApplied"]))]
    assert all(len(number) in (10, 13) for number in shown if number is not None)


@pytest.mark.parametrize(
    "day", ["2026-W01-1", "2026-1-001", "20260101", "2026-01-01T00:00:00Z", "2026-02-30", "２026-01-01"]
)
async def test_a_day_is_written_with_year_month_and_day(sqlite_world: World, day: str) -> None:
    response = await ask(
        sqlite_world, 'query($day: Date) { tariffLine(number: "8471300100", asOf: $day) { number } }', day=day
    )

    assert codes(response) == ["GRAPHQL_VALIDATION_FAILED"]


@pytest.mark.parametrize("arguments", [("first", "after"), ("last", "before")])
@pytest.mark.parametrize(
    "cursor",
    [
        pack(["search", True, False]),
        pack(["search", 1, True]),
        pack(["search", 1.0, 1]),
        pack(["search", "1", 1]),
        pack(["search", 2**63, 1]),
        pack(["search", -(2**53), 1]),
        pack(["search", 1, 2**31]),
        pack(["search", 1, -1]),
        pack(["search", 1]),
        pack(["tariff_line", "id", 0, "trl_1"]),
        "WyJzZWFyY2giLDFlOTk5LDBd",  # ["search",1e999,0]
        "",
    ],
)
async def test_a_forged_cursor_is_refused(sqlite_world: World, arguments: tuple[str, str], cursor: str) -> None:
    variables: dict[str, Any] = {arguments[0]: 2, arguments[1]: cursor}

    response = await ask(sqlite_world, PAGE, **variables)

    assert codes(response) == ["BAD_USER_INPUT"]


async def paged(world: World, **variables: Any) -> tuple[list[str], dict[str, Any]]:
    page = (await answered(world, PAGE, **variables))["tariffLines"]
    return [node["number"] for node in page["nodes"]], page["pageInfo"]


async def test_a_search_is_paged_from_its_end_in_the_same_order(world: World) -> None:
    whole, _ = await paged(world, first=1000)
    assert len(whole) > 4
    found: list[str] = []
    before, more = None, True

    while more:
        numbers, info = await paged(world, last=2, before=before)
        assert info["hasNextPage"] is (before is not None)
        found = numbers + found
        before, more = info["startCursor"], info["hasPreviousPage"]

    assert found == whole
    _, first = await paged(world, first=3)
    assert (await paged(world, last=2, before=first["endCursor"]))[0] == whole[:2]


async def test_the_goods_of_a_search_come_before_the_provisions_about_them(world: World) -> None:
    fields = {"units": [], "general": "Free", "special": "", "other": "", "footnotes": []}
    lines = (("9903.01.01", "Laptops"), ("9802.00.10.00", "Laptops"), ("8471.30.01.00", "Laptops and other machines"))
    rows = [{"htsno": number, "indent": "0", "description": words, **fields} for number, words in lines]
    await load_tariff(world.store, read_export(orjson.dumps(rows)), name="official", effective_from=DAY)

    data = await answered(world, '{ tariffLines(search: "laptop", first: 3) { nodes { number } } }')

    assert [node["number"] for node in data["tariffLines"]["nodes"]] == [
        "8471.30.01.00", "9903.01.01", "9802.00.10.00",
    ]  # fmt: skip
