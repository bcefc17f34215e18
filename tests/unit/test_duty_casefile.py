"""Quote files: columns, order, exact amounts, and errors that stay in their row."""

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duty.assessment import TariffSource
from app.duty.casefile import COLUMNS_IN, COLUMNS_OUT, CaseFileError, assess_cases, read_cases
from tests.unit.duty_lines import CALCULATOR, TARIFF

HEADER = ",".join(COLUMNS_IN)


def source_for(on: date) -> TariffSource | None:
    return TARIFF if on >= TARIFF.effective_from else None


def run(text: str) -> list[dict[str, str]]:
    return list(assess_cases(read_cases(io.StringIO(text)), source_for, CALCULATOR))


def case(**changes: str) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS_IN, "") | {
        "case_id": "c1",
        "hts10": "6109100012",
        "origin": "VN",
        "entry_date": "2025-09-01",
        "customs_value_usd": "1234.56",
    }
    return row | changes


def one(**changes: str) -> dict[str, str]:
    (row,) = assess_cases([case(**changes)], source_for, CALCULATOR)
    return row


def test_a_row_has_exact_unrounded_duty_without_fees() -> None:
    # 16.5 % of 1,234.56 = 203.7024; 20 % = 246.912
    row = one()

    assert tuple(row) == COLUMNS_OUT
    assert (row["base_duty"], row["additional_duty"], row["total_duty"]) == ("203.7024", "246.912", "450.6144")
    assert row["error"] == ""
    assert [(part["hts"], part["amount"]) for part in json.loads(row["components"])] == [
        ("6109.10.00.12", "203.7024"),
        ("9903.02.69", "246.912"),
    ]
    asked = {question["fact"]: question for question in json.loads(row["questions"])}
    assert asked["loaded_before"]["alternatives"] == [
        {"answer": "2025-08-07", "duty_total": "327.1584", "difference": "-123.456"}
    ]


def test_rows_come_out_one_for_one_in_order() -> None:
    body = "\n".join(
        (
            HEADER,
            'a,6109100012,VN,2025-09-01,100,,,"{""us_content_pct"": 25}"',
            "b,nonsense,VN,2025-09-01,100,,,",
            'c,0402215000,AU,2025-01-15,100,"{""KG"": 10.5, ""L"": 3}",,',
            "a,6109100012,KR,2025-01-15,100,{},KR,{}",
        )
    )

    rows = run(body + "\n")

    assert [row["case_id"] for row in rows] == ["a", "b", "c", "a"]
    assert [row["total_duty"] for row in rows] == ["31.50", "", "11.466", "0.00"]
    assert [row["error"].partition(":")[0] for row in rows] == ["", "UNKNOWN_NUMBER", "", ""]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"hts10": "9999999999"}, "UNKNOWN_NUMBER: small has no number 9999.99.99.99 [htsNumber]"),
        ({"hts10": ""}, "UNKNOWN_NUMBER"),
        ({"origin": "Vietnam"}, "UNKNOWN_COUNTRY"),
        ({"entry_date": "01/09/2025"}, "INVALID_DATE: '01/09/2025' is not a date such as 2025-04-05 [entry_date]"),
        ({"entry_date": "2024-12-31"}, "BEFORE_FIRST_REVISION: no revision of the tariff is loaded for 2024-12-31"),
        ({"customs_value_usd": "1,000"}, "INVALID_VALUE"),
        ({"customs_value_usd": "NaN"}, "INVALID_VALUE"),
        ({"customs_value_usd": "-5"}, "NEGATIVE_VALUE"),
        ({"quantities_json": "[1]"}, "INVALID_QUANTITY: quantities_json is not a JSON object [quantities_json]"),
        ({"quantities_json": '{"KG": "ten"}'}, "INVALID_QUANTITY: ten KG is not a quantity [quantities_json]"),
        ({"quantities_json": '{"KG": -1}'}, "INVALID_QUANTITY"),
        ({"quantities_json": '{"KG": NaN}'}, "INVALID_QUANTITY"),
        ({"facts_json": "{"}, "INVALID_FACT: facts_json is not a JSON object [facts_json]"),
        ({"facts_json": '{"colour": 1}'}, "UNKNOWN_FACT"),
        ({"facts_json": '{"donation": "yes"}'}, "INVALID_FACT"),
        ({"spi_claimed": "ZZ"}, "UNKNOWN_PREFERENCE"),
        ({"hts10": "0402215000"}, "MISSING_QUANTITY"),
        ({"hts10": "6204294000"}, "RATE_NOT_COMPUTABLE"),
    ],
)
def test_a_row_that_cannot_be_answered_says_why(changes: dict[str, str], error: str) -> None:
    row = one(**changes)

    assert row["error"].startswith(error)
    assert (row["base_duty"], row["additional_duty"], row["total_duty"]) == ("", "", "")
    assert row["components"] == "[]"


def test_a_missing_quantity_is_asked_in_its_row() -> None:
    asked = json.loads(one(hts10="0402215000")["questions"])

    assert [(question["fact"], question["question"]) for question in asked] == [
        ("quantity:KG", "What is the quantity in kilograms?")
    ]


def test_a_refused_claim_is_told_in_the_row() -> None:
    asked = json.loads(one(spi_claimed="KR")["questions"])

    assert "KR cannot be claimed: United States-Korea FTA is not open to goods of VN" in [
        question["question"] for question in asked
    ]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "case_id,hts10,origin\n"])
def test_a_file_without_our_columns_is_refused(text: str) -> None:
    with pytest.raises(CaseFileError):
        list(read_cases(io.StringIO(text)))


def test_a_byte_order_mark_and_other_columns_do_no_harm() -> None:
    rows = run("\ufeff" + HEADER + ",note\nx,6109100012,VN,2025-09-01,100,,,,hello\n")

    assert [(row["case_id"], row["total_duty"]) for row in rows] == [("x", "36.50")]


@given(st.dictionaries(st.sampled_from(COLUMNS_IN), st.text(max_size=30), max_size=8))
def test_no_row_crashes_and_every_row_comes_out(changes: dict[str, str]) -> None:
    row = one(**changes)

    assert bool(row["error"]) != bool(row["total_duty"])
    assert isinstance(json.loads(row["components"]), list)
    buffer = io.StringIO()
    csv.DictWriter(buffer, COLUMNS_OUT).writerow(row)
