"""What changed, and what it means for the caller: line by line between revisions, measure by measure; and what filed
entries owed under a measure."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.filing.entry import EntryStatus
from app.principal import Principal
from app.services.measures import load_measures
from app.services.shipment_inputs import LineCommand
from app.services.tariff import load_tariff
from app.store.session import Store
from app.tariff.export import read_export
from tests import scenes
from tests.conftest import SetClock
from tests.graph.conftest import World, ask, codes, without
from tests.unit.test_cli_tariff import row
from tests.unit.test_measure_file import measure, raw

CHANGES = """query(
  $since: Date!, $until: Date, $mine: Boolean, $first: Int, $after: String, $last: Int, $before: String
) {
  tariffChanges(since: $since, until: $until, affectingMe: $mine, first: $first, after: $after, last: $last,
    before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes { kind number effectiveFrom fields before { number general { text } } after { number general { text } }
      measure { id } measureBefore { rateText }
      affects { products entries openQuotes dutyDelta { amount currency } unansweredLines } } } }"""
IMPACT = """query($measure: String!, $from: Date!, $to: Date!) { dutyImpact(measure: $measure, from: $from, to: $to) {
  measures entries lines unanswered csv disclaimer duty { amount currency }
  rows { month origin chapter entries lines customsValue { amount } duty { amount } } } }"""

OLD = [
    row("8471", "0", "Computers"),
    row("8471.30.01.00", "1", "Portable", "Free", other="35%", units=["No."]),
    row("6109.10.00", "0", "Shirts", "16.5%", special="Free (KR)", other="90%"),
    row("6109.10.00.12", "1", "Printed", units=["doz."]),
    row("0402.21.50.00", "0", "Milk powder", "$1.092/kg", other="$1.556/kg", units=["kg"]),
    row("9403.60.80.93", "0", "Chairs", "Free", other="40%", units=["No."]),
]
NEW = [
    row("8471", "0", "Computers"),
    row("8471.30.01.00", "1", "Portable", "2%", other="35%", units=["No."]),
    row("6109.10.00", "0", "Shirts", "16.5%", special="Free (KR)", other="90%"),
    row("6109.10.00.12", "1", "Printed", units=["doz.", "kg"]),
    row("0402.21.50.00", "0", "Milk powder", "$2.00/kg", other="$1.556/kg", units=["kg"]),
    row("9403.60.80.94", "0", "Chairs", "Free", other="40%", units=["No."]),
]
AFTER = "2026-12-01"


async def revisions(store: Store) -> None:
    for name, rows, day in (("old", OLD, date(2020, 6, 1)), ("new", NEW, date.fromisoformat(AFTER))):
        export = read_export(json.dumps(rows).encode())
        await load_tariff(store, export, name=name, effective_from=day)


async def filed(
    store: Store,
    caller: Principal,
    reference: str,
    number: str,
    at: datetime,
    *,
    origin: str = "VN",
    kilograms: int = 0,
) -> str:
    """An entry of one line worth 1,000 dollars, filed at a moment."""
    sku = f"P-{reference}"
    await scenes.a_product(store, caller, sku, number=number)
    line = LineCommand(
        sku, Decimal(kilograms or 10), "KG" if kilograms else "NO", origin_country=origin,
        customs_value_amount=Decimal("1000.00"), customs_value_currency="USD",
    )  # fmt: skip
    shipment = await scenes.a_shipment(store, caller, reference, sku, lines=(line,))
    entry = scenes.accepted(await scenes.draft_entry(store, caller, scenes.EntryDraft(shipment)))
    assert (await scenes.told(store, caller, entry, EntryStatus.SUBMITTED, at)).faults == ()
    return entry


@pytest.fixture
async def traded(sqlite_world: World) -> World:
    """The world with two revisions of the tariff, and entries of the past year."""
    store, importer = sqlite_world.store, sqlite_world.importer
    await revisions(store)
    await filed(store, importer, "laptops", "8471.30.01.00", datetime(2026, 10, 1, tzinfo=UTC))
    await filed(store, importer, "shirts", "6109.10.00.12", datetime(2026, 1, 15, tzinfo=UTC))
    await filed(store, importer, "milk", "0402.21.50.00", datetime(2026, 9, 1, tzinfo=UTC), origin="AU", kilograms=50)
    await filed(store, importer, "chairs", "9403.60.80.93", datetime(2026, 9, 1, tzinfo=UTC), origin="CA")
    return sqlite_world


async def changes(world: World, principal: Principal | None = None, **variables: Any) -> Any:
    given = {"since": AFTER, "until": "2026-12-02", "first": 100} | variables
    response = await ask(world, CHANGES, principal, **given)
    assert list(response.errors) == []
    assert response.data is not None
    return response.data["tariffChanges"]


async def test_lines_that_come_go_or_change_between_revisions(traded: World) -> None:
    page = await changes(traded)

    assert [(one["number"], one["kind"], one["fields"]) for one in page["nodes"]] == [
        ("0402.21.50.00", "RATE_CHANGED", ["general"]),
        ("6109.10.00.12", "UNITS_CHANGED", ["units"]),
        ("8471.30.01.00", "RATE_CHANGED", ["general"]),
        ("9403.60.80.93", "REMOVED", []),
        ("9403.60.80.94", "ADDED", []),
    ]
    assert {one["effectiveFrom"] for one in page["nodes"]} == {AFTER}
    sides = [(one["before"] or {}).get("general") for one in page["nodes"]]
    assert sides == [{"text": "$1.092/kg"}, {"text": "16.5%"}, {"text": "Free"}, {"text": "Free"}, None]
    assert page["nodes"][3]["after"] is None
    assert page["totalCount"] == 5


async def test_each_change_says_what_it_means_for_the_callers_own_data(traded: World) -> None:
    # laptops: 2 % of 1,000 more on each of two entries, one of which is the world's own and filed in November;
    # milk: 50 kg at $0.908 more; chairs: gone, so there is no duty to compare; shirts: only units
    quote = """mutation($input: DutyQuoteInput!) { dutyQuoteCreate(input: $input) { userErrors { code } } }"""
    shirts = {"htsNumber": "6109.10.00.12", "originCountry": "VN", "customsValue": "10"}
    await ask(traded, quote, input={"lines": [shirts], "asOf": "2026-11-21"})
    await ask(traded, quote, input={"lines": [shirts], "asOf": "2026-11-19"})

    affected = {one["number"]: one["affects"] for one in (await changes(traded))["nodes"]}

    def impact(products: int, entries: int, quotes: int, delta: str | None, unanswered: int = 0) -> dict[str, Any]:
        amount = None if delta is None else {"amount": delta, "currency": "USD"}
        counted = {"products": products, "entries": entries, "openQuotes": quotes}
        return counted | {"dutyDelta": amount, "unansweredLines": unanswered}

    assert affected == {
        "0402.21.50.00": impact(1, 1, 0, "45.40"),
        "6109.10.00.12": impact(1, 1, 1, "0.00"),
        "8471.30.01.00": impact(2, 2, 1, "40.00"),
        "9403.60.80.93": impact(1, 1, 0, None, 1),
        "9403.60.80.94": impact(0, 0, 0, "0.00"),
    }


async def test_affecting_me_keeps_what_is_about_ones_own_numbers(traded: World) -> None:
    mine = await changes(traded, mine=True)
    nobodys = await changes(traded, traded.stranger, mine=True)

    assert [one["number"] for one in mine["nodes"]] == [
        "0402.21.50.00", "6109.10.00.12", "8471.30.01.00", "9403.60.80.93",
    ]  # fmt: skip
    assert nobodys["nodes"] == []
    everything = await changes(traded, traded.stranger)
    assert {one["affects"]["entries"] for one in everything["nodes"]} == {0}


async def test_a_partner_of_an_entry_is_not_counted_as_its_owner(traded: World) -> None:
    assert (await changes(traded, traded.partner, mine=True))["nodes"] == []


async def test_what_a_scope_takes_away_is_null_and_does_not_count(traded: World) -> None:
    caller = without(traded.importer, "entries:read", "products:read", "duty:quote")
    response = await ask(traded, CHANGES, caller, since=AFTER, until="2026-12-02", mine=True, first=5)

    assert set(codes(response)) == {"FORBIDDEN"}
    assert response.data is not None
    assert response.data["tariffChanges"]["nodes"] == []


async def test_pages_run_forwards_and_backwards_over_all_changes(traded: World) -> None:
    whole = [one["number"] for one in (await changes(traded))["nodes"]]
    first = await changes(traded, first=2)
    second = await changes(traded, first=2, after=first["pageInfo"]["endCursor"])
    last = await changes(traded, first=None, last=2)
    middle = await changes(traded, first=None, last=2, before=last["pageInfo"]["startCursor"])

    assert [one["number"] for one in first["nodes"] + second["nodes"]] == whole[:4]
    assert [one["number"] for one in middle["nodes"] + last["nodes"]] == whole[1:]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (True, True)
    refused = await ask(traded, CHANGES, since=AFTER, first=2, after="bm9uc2Vuc2U")
    assert codes(refused) == ["BAD_USER_INPUT"]


async def test_measures_begin_and_end_with_the_money_they_move(traded: World) -> None:
    # given a surcharge of 30 % on shirts for the last week of the year
    surcharge = measure(id="week", scope={"prefixes": "6109"}, **{"from": "2026-12-20", "to": "2026-12-27"})
    await load_measures(traded.store, raw(surcharge), source="week.json")

    page = await changes(traded, since="2026-12-15", until="2027-01-01", mine=True)

    assert [(one["kind"], one["effectiveFrom"], one["number"], one["measure"]) for one in page["nodes"]] == [
        ("MEASURE_BEGINS", "2026-12-20", "9903.99.01", {"id": "week"}),
        ("MEASURE_ENDS", "2026-12-27", "9903.99.01", {"id": "week"}),
    ]
    assert [one["affects"]["dutyDelta"]["amount"] for one in page["nodes"]] == ["300.00", "-300.00"]
    assert [one["affects"]["products"] for one in page["nodes"]] == [1, 1]


async def test_a_loading_that_changes_a_measure_is_told_with_both_sides(traded: World, clock: SetClock) -> None:
    rate = {"type": "additional", "percent": "10"}
    surcharge = measure(id="shirts", scope={"prefixes": "6109"}, **{"from": "2026-03-01"})
    await load_measures(traded.store, raw(surcharge), source="one.json")
    clock.forward(days=5)
    await load_measures(traded.store, raw(surcharge | {"rate": rate}, version="2"), source="two.json")

    page = await changes(traded, since="2026-11-22", until="2026-11-30")

    (change,) = page["nodes"]
    assert (change["kind"], change["effectiveFrom"], change["measure"]) == (
        "MEASURE_CHANGED", "2026-11-25", {"id": "shirts"},
    )  # fmt: skip
    assert change["measureBefore"] == {"rateText": "+ 30%"}
    assert change["affects"]["dutyDelta"] == {"amount": "-200.00", "currency": "USD"}


async def test_the_starter_is_compared_with_nothing(sqlite_world: World) -> None:
    page = await changes(sqlite_world, since="2020-01-01", until="2020-12-31")

    assert [one for one in page["nodes"] if one["measure"] is None] == []


async def test_what_entries_owed_under_a_measure_by_month_origin_and_chapter(traded: World) -> None:
    # shirts from Vietnam filed on 2026-01-15: IEEPA reciprocal at 20 % of 1,000; laptops are in annex II, and by
    # September IEEPA was over
    given = {"measure": "ieepa", "from": "2026-01-01", "to": "2026-12-01"}
    response = await ask(traded, IMPACT, **given)
    assert list(response.errors) == []
    assert response.data is not None
    answer = response.data["dutyImpact"]

    assert answer["rows"] == [
        {
            "month": "2026-01", "origin": "VN", "chapter": "61", "entries": 1, "lines": 1,
            "customsValue": {"amount": "1000.00"}, "duty": {"amount": "200.00"},
        }
    ]  # fmt: skip
    assert answer["duty"] == {"amount": "200.00", "currency": "USD"}
    assert (answer["entries"], answer["lines"], answer["unanswered"]) == (1, 1, 0)
    assert answer["csv"] == (
        "month,origin,chapter,entries,lines,customs_value_usd,duty_usd\n2026-01,VN,61,1,1,1000.00,200.00\n"
    )
    for principal in (traded.stranger, traded.partner):
        other = await ask(traded, IMPACT, principal, **given)
        assert other.data is not None
        assert (other.data["dutyImpact"]["rows"], other.data["dutyImpact"]["entries"]) == ([], 0)


async def test_an_impact_is_asked_by_id_heading_program_or_authority(traded: World) -> None:
    times = {"from": "2026-01-01", "to": "2026-12-01"}
    found = {}
    for name in ("IEEPA", "9903.02.69", "s122", "nothing"):
        response = await ask(traded, IMPACT, measure=name, **times)
        found[name] = None if not response.data or not response.data["dutyImpact"] else response.data["dutyImpact"]
    assert found["nothing"] is None
    assert found["IEEPA"] is not None
    assert found["9903.02.69"] is not None
    assert found["9903.02.69"]["duty"] == found["IEEPA"]["duty"]
    assert found["s122"] is not None
    assert found["s122"]["rows"] == []


async def test_entries_that_were_withdrawn_or_refused_owe_nothing(traded: World) -> None:
    before = await ask(traded, IMPACT, measure="IEEPA", **{"from": "2026-01-01", "to": "2026-12-01"})
    (entry,) = [
        one
        for one in await traded.store.rows(traded.importer, scenes.Select("entry"))
        if one.filed_at == datetime(2026, 1, 15, tzinfo=UTC)
    ]
    await scenes.told(traded.store, traded.importer, entry.id, EntryStatus.REJECTED)

    after = await ask(traded, IMPACT, measure="IEEPA", **{"from": "2026-01-01", "to": "2026-12-01"})

    assert before.data is not None
    assert after.data is not None
    assert before.data["dutyImpact"]["entries"] == 1
    assert after.data["dutyImpact"]["entries"] == 0


async def test_the_differences_of_two_revisions_are_read_once(traded: World) -> None:
    document = """query($since: Date!) { tariffChanges(since: $since, first: 5) { nodes { number } } }"""
    taken = []
    for _ in range(2):
        before = traded.store.statements
        await ask(traded, document, since=AFTER)
        taken.append(traded.store.statements - before)

    assert taken[0] - taken[1] == 2  # the lines of either revision
    assert taken[1] <= 4
