"""Duty through the graph: estimates with their reasons, stored quotes that read back as they were made, questions,
faults by line, the starter's notice, tenants, and how many statements all of it takes."""

from decimal import Decimal
from typing import Any

from app.services.measures import load_measures
from tests import scenes
from tests.graph.conftest import World, ask
from tests.unit.test_measure_file import measure, raw

ESTIMATE = """query($input: DutyQuoteInput!) { dutyEstimate(input: $input) {
  asOf complete knownDuty { amount } dutyTotal { amount currency } feeTotal { amount } total { amount }
  landedCost { amount } effectiveRate notices disclaimer receipt tariffRevision { name starter }
  userErrors { code field message }
  lines { number htsNumber dutyTotal { amount } error { code field }
    components { kind code htsNumber amount { amount } formula legalCitation }
    notApplied { reason measure { id label } } }
  fees { code amount { amount } }
  questions { line fact question assumed alternatives { answer dutyTotal { amount } difference { amount } } } } }"""
KEEP = """mutation($input: DutyQuoteInput!) { dutyQuoteCreate(input: $input) {
  dutyQuote { id } userErrors { code field message } } }"""
WHOLE = """asOf complete receipt notices disclaimer knownDuty { amount } total { amount } effectiveRate
  lines { htsNumber originCountry customsValue { amount } dutyTotal { amount } notices
    components { kind code htsNumber label rateText base { amount } amount { amount } formula legalCitation }
    notApplied { reason measure { id } } }
  fees { code amount { amount } }
  questions { line fact question assumed alternatives { answer difference { amount } } }"""

SHIRTS = {"htsNumber": "6109.10.00.12", "originCountry": "VN", "customsValue": "1234.56"}
LAPTOP = {"htsNumber": "8471.30.01.00", "originCountry": "VN", "customsValue": "1000"}
HONEY = {"htsNumber": "0409.00.00.35", "originCountry": "NZ", "customsValue": "500"}


async def estimated(world: World, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = await ask(world, ESTIMATE, input={"lines": list(lines), **more})
    assert list(response.errors) == []
    assert response.data is not None
    found: dict[str, Any] = response.data["dutyEstimate"]
    return found


async def test_every_dollar_of_an_estimate_has_its_clause(sqlite_world: World) -> None:
    # 16.5 % of 1,234.56 = 203.7024; 20 % reciprocal for Vietnam = 246.912; MPF at its least of the year
    answer = await estimated(sqlite_world, SHIRTS, asOf="2025-09-01", transportMode="OCEAN", freight="100")

    (line,) = answer["lines"]
    assert [(part["kind"], part["htsNumber"], part["amount"]["amount"]) for part in line["components"]] == [
        ("GENERAL", "6109.10.00.12", "203.7024"),
        ("IEEPA", "9903.02.69", "246.912"),
    ]
    assert all(part["legalCitation"] and "=" in part["formula"] for part in line["components"])
    assert [(fee["code"], fee["amount"]["amount"]) for fee in answer["fees"]] == [("499", "32.71"), ("501", "1.5432")]
    assert answer["dutyTotal"] == {"amount": "450.6144", "currency": "USD"}
    assert answer["total"] == {"amount": "484.8676"}
    assert answer["landedCost"] == {"amount": "1819.4276"}
    assert answer["effectiveRate"] == "36.5"
    assert answer["disclaimer"] == "Estimate, not legal advice."
    assert all(one["reason"] for one in line["notApplied"])


async def test_a_fact_that_would_change_the_answer_is_asked_with_the_money_at_stake(sqlite_world: World) -> None:
    answer = await estimated(sqlite_world, SHIRTS, asOf="2025-09-01")
    (question,) = [one for one in answer["questions"] if one["fact"] == "loaded_before"]

    told = await estimated(sqlite_world, SHIRTS | {"facts": {"loaded_before": "2025-08-06"}}, asOf="2025-09-01")

    assert question["line"] == 1
    assert question["alternatives"][0]["difference"] == {"amount": "-123.456"}
    assert told["dutyTotal"] == question["alternatives"][0]["dutyTotal"] | {"currency": "USD"}


async def test_a_faulty_line_is_named_and_the_others_still_answer(sqlite_world: World) -> None:
    answer = await estimated(
        sqlite_world, SHIRTS, LAPTOP | {"htsNumber": "9999.99.99.99"}, HONEY, LAPTOP | {"customsValue": "-1"},
        SHIRTS | {"facts": {"colour": 1}}, asOf="2025-09-01",
    )  # fmt: skip

    assert answer["complete"] is False
    assert [(one["code"], one["field"]) for one in answer["userErrors"]] == [
        ("UNKNOWN_NUMBER", ["lines", "1", "htsNumber"]),
        ("MISSING_QUANTITY", ["lines", "2", "quantities"]),
        ("NEGATIVE_VALUE", ["lines", "3", "customsValue"]),
        ("UNKNOWN_FACT", ["lines", "4", "facts", "colour"]),
    ]
    assert [line["dutyTotal"] is None for line in answer["lines"]] == [False, True, True, True, True]
    assert answer["knownDuty"] == {"amount": "450.6144"}
    assert (answer["dutyTotal"], answer["total"], answer["landedCost"]) == (None, None, None)
    assert {question["fact"] for question in answer["questions"]} >= {"quantity:KG"}


async def test_a_quantity_in_the_unit_of_the_rate_answers_the_question(sqlite_world: World) -> None:
    # 1.9 cents a kilogram of honey; 10 % for New Zealand goes on the value
    line = HONEY | {"quantities": [{"value": "100", "unit": "KG"}]}

    answer = await estimated(sqlite_world, line, asOf="2025-01-15")

    assert answer["dutyTotal"] == {"amount": "1.90", "currency": "USD"}


async def test_another_currency_needs_a_rate(sqlite_world: World) -> None:
    without = await estimated(sqlite_world, SHIRTS, asOf="2025-01-15", currency="EUR")
    given = await estimated(sqlite_world, SHIRTS, asOf="2025-01-15", currency="EUR", exchangeRate="1.1")

    assert [(one["code"], one["field"]) for one in without["userErrors"]] == [
        ("EXCHANGE_RATE_REQUIRED", ["exchangeRate"])
    ]
    assert given["dutyTotal"] == {"amount": "224.07264", "currency": "USD"}


async def test_a_day_before_the_first_revision_is_a_clear_error(sqlite_world: World) -> None:
    response = await ask(sqlite_world, ESTIMATE, input={"lines": [SHIRTS], "asOf": "2019-12-31"})

    assert response.data == {"dutyEstimate": None}
    assert [error["message"] for error in response.errors] == [
        "No revision of the tariff is loaded for 2019-12-31: ask for a later day."
    ]


async def test_whatever_stands_on_the_starter_says_so(sqlite_world: World) -> None:
    answer = await estimated(sqlite_world, SHIRTS)
    stored = await ask(sqlite_world, "{ dutyQuotes(first: 5) { nodes { notices tariffRevision { starter } } } }")

    assert answer["tariffRevision"]["starter"] is True
    assert [notice.split(":")[0] for notice in answer["notices"]] == ["Starter tariff"]
    assert stored.data is not None
    for quote in stored.data["dutyQuotes"]["nodes"]:
        assert quote["notices"] == answer["notices"]


async def kept(world: World, **given: Any) -> str:
    response = await ask(world, KEEP, input=given)
    assert response.data is not None
    assert response.data["dutyQuoteCreate"]["userErrors"] == []
    identifier: str = response.data["dutyQuoteCreate"]["dutyQuote"]["id"]
    return identifier


async def read(world: World, identifier: str) -> Any:
    document = f"query($id: ID!) {{ dutyQuote(id: $id) {{ {WHOLE} }} }}"
    response = await ask(world, document, id=identifier)
    assert list(response.errors) == []
    assert response.data is not None
    return response.data["dutyQuote"]


async def test_a_kept_quote_is_the_estimate_and_reads_back_the_same_whatever_is_loaded_later(
    sqlite_world: World,
) -> None:
    given: dict[str, Any] = {"lines": [SHIRTS, LAPTOP], "asOf": "2025-09-01", "transportMode": "AIR"}
    estimate = await ask(
        sqlite_world, f"query($input: DutyQuoteInput!) {{ dutyEstimate(input: $input) {{ {WHOLE} }} }}", input=given
    )
    first = await kept(sqlite_world, **given)
    before = await read(sqlite_world, first)

    # given a surcharge on shirts from Vietnam that is loaded afterwards
    surcharge = measure(id="late", scope={"prefixes": "6109"}, **{"from": "2025-01-01"})
    await load_measures(sqlite_world.store, raw(surcharge), source="late.json")
    again = await read(sqlite_world, await kept(sqlite_world, **given))

    assert estimate.data is not None
    assert before == estimate.data["dutyEstimate"]
    assert await read(sqlite_world, first) == before
    assert "late" in [part["code"] for part in again["lines"][0]["components"]]
    assert again["receipt"] != before["receipt"]


async def test_the_same_question_has_the_same_receipt_also_after_an_unrelated_measure(sqlite_world: World) -> None:
    given: dict[str, Any] = {"asOf": "2025-09-01"}
    first = await estimated(sqlite_world, SHIRTS, **given)
    unrelated = measure(id="robots", scope={"prefixes": "847950"}, **{"from": "2025-01-01"})
    await load_measures(sqlite_world.store, raw(unrelated), source="robots.json")

    assert (await estimated(sqlite_world, SHIRTS, **given)) == first
    assert (await estimated(sqlite_world, SHIRTS, asOf="2025-09-02"))["receipt"] != first["receipt"]


async def test_a_measure_loaded_by_another_process_is_in_the_next_answer_and_on_the_line(sqlite_world: World) -> None:
    asked = """{ tariffLine(number: "6109100012") { additionalDuties(originCountry: "NZ") { id code rateText } } }"""
    before = await ask(sqlite_world, asked)
    surcharge = measure(id="wool", scope={"prefixes": "6109"}, origins=["NZ"], program="wool")

    await load_measures(sqlite_world.store, raw(surcharge), source="wool.json")  # another process would do the same
    after = await ask(sqlite_world, asked)

    assert before.data is not None
    assert after.data is not None
    extra = [one for one in after.data["tariffLine"]["additionalDuties"] if one["id"] == "wool"]
    assert "wool" not in [one["id"] for one in before.data["tariffLine"]["additionalDuties"]]
    assert extra == [{"id": "wool", "code": "wool", "rateText": "+ 30%"}]


async def test_a_question_with_a_fault_is_not_kept(sqlite_world: World) -> None:
    before = await scenes.counts(sqlite_world.store)

    response = await ask(sqlite_world, KEEP, input={"lines": [SHIRTS, HONEY], "asOf": "2025-09-01"})

    assert response.data is not None
    assert response.data["dutyQuoteCreate"]["dutyQuote"] is None
    (fault,) = response.data["dutyQuoteCreate"]["userErrors"]
    assert (fault["code"], fault["field"]) == ("MISSING_QUANTITY", ["lines", "1", "quantities"])
    assert await scenes.counts(sqlite_world.store) == before


async def test_nobody_else_sees_a_quote(sqlite_world: World) -> None:
    identifier = sqlite_world.ids["DutyQuote"]
    document = """query($id: ID!) { dutyQuote(id: $id) { id } node(id: $id) { id }
      dutyQuotes(first: 5) { totalCount nodes { id } } }"""

    for other in (sqlite_world.stranger, sqlite_world.partner):
        response = await ask(sqlite_world, document, other, id=identifier)
        assert list(response.errors) == []
        assert response.data == {"dutyQuote": None, "node": None, "dutyQuotes": {"totalCount": 0, "nodes": []}}


async def statements(world: World, document: str, **variables: Any) -> int:
    before = world.store.statements
    response = await ask(world, document, **variables)
    assert list(response.errors) == []
    return world.store.statements - before


async def test_a_question_takes_two_statements_at_first_and_none_while_nobody_writes(sqlite_world: World) -> None:
    document = "query($input: DutyQuoteInput!) { dutyEstimate(input: $input) { dutyTotal { amount } } }"
    cold = {"lines": [SHIRTS | {"customsValue": str(place)} for place in range(1, 200)], "asOf": "2026-07-01"}
    warm = {"lines": [SHIRTS], "asOf": "2026-07-02"}

    assert await statements(sqlite_world, document, input=cold) == 2
    assert await statements(sqlite_world, document, input=warm) == 0
    assert await statements(sqlite_world, document, input=cold) == 0
    await scenes.a_product(sqlite_world.store, sqlite_world.importer, "written")
    assert await statements(sqlite_world, document, input=cold) == 1


async def test_lines_and_products_are_assessed_together(sqlite_world: World) -> None:
    store, importer = sqlite_world.store, sqlite_world.importer
    for place in range(6):
        await scenes.an_entry(store, importer, f"T-{place}")
    lines = "query($first: Int!) { entries(first: $first) { nodes { lines { duty { dutyTotal { amount } } } } } }"
    products = """query($first: Int!) { products(first: $first) { nodes {
      dutyEstimate(customsValue: "100") { total { amount } } } } }"""

    for document in (lines, products):
        await statements(sqlite_world, document, first=7)
        assert await statements(sqlite_world, document, first=7) == await statements(sqlite_world, document, first=1)

    response = await ask(sqlite_world, lines, first=7)
    assert response.data is not None
    totals = [line["duty"]["dutyTotal"] for entry in response.data["entries"]["nodes"] for line in entry["lines"]]
    assert len(totals) == 7
    assert all(Decimal(total["amount"]) >= 0 for total in totals)


async def test_null_is_the_default_where_there_is_one(sqlite_world: World) -> None:
    plain = await estimated(sqlite_world, SHIRTS, asOf="2025-09-01")
    nulls = await estimated(sqlite_world, SHIRTS, asOf="2025-09-01", currency=None, formalEntry=None)
    assert nulls == plain

    asked = "query($first: Int) { events(first: $first) { nodes { cursor } } }"
    some, more = await ask(sqlite_world, asked), await ask(sqlite_world, asked, first=None)
    assert some.data == more.data
    assert some.data is not None
    assert len(some.data["events"]["nodes"]) > 1

    draft = "mutation($input: EntryDraftInput!) { entryDraft(input: $input) { entry { type } userErrors { code } } }"
    shipment = sqlite_world.ids["Shipment"]
    made = await ask(sqlite_world, draft, input={"shipment": shipment, "type": None, "another": True})
    assert made.data == {"entryDraft": {"entry": {"type": "01"}, "userErrors": []}}
