"""The tariff's own duty: columns, preferences, units of the rate text, and what a missing quantity means."""

from datetime import date
from decimal import Decimal

import pytest

from app.duty.assessment import DutyErrorCode, LineInput
from app.duty.calculator import Calculator
from app.tariff.measure_file import packaged_book
from tests.unit.duty_lines import TARIFF, ask

BEFORE = "2025-01-15"  # no measure reaches these goods then


@pytest.mark.parametrize(
    ("number", "quantities", "duty"),
    [
        ("0201.30.02.00", {}, "40.00"),  # 4 %
        ("0402.21.50.00", {"KG": "250.5"}, "273.546"),  # 250.5 × $1.092
        ("0601.10.15.00", {"THOUSAND": "10"}, "8.96"),  # 10,000 bulbs at 89.6¢ a thousand
        ("2204.21.50.40", {"L": "1000"}, "63.00"),
        ("2709.00.20.00", {"BBL": "100"}, "10.50"),
        ("6402.19.50.00", {"PR": "12"}, "329.12"),  # 12 × $0.76 = 9.12, and 32 % = 320.00
        ("2607.00.00.20", {"KG LEAD CONTENT": "300"}, "3.30"),
        # 96 degrees: 1.4606¢ − 4 × 0.020668¢ = 1.377928¢ × 1,000 kg
        ("1701.14.10.00", {"KG": "1000", "DEGREE": "96"}, "13.77928"),
        # 70 degrees: 1.4606¢ − 30 × 0.020668¢ = 0.84056¢ is under the least, 0.943854¢
        ("1701.14.10.00", {"KG": "1000", "DEGREE": "70"}, "9.43854"),
        # 5 watches at 44¢, 6 % of a case of 40, 14 % of a strap of 20, 5.3 % of a battery of 10:
        # 2.20 + 2.40 + 2.80 + 0.53
        (
            "9102.11.10.00",
            {"NO": "5", "USD CASE": "40", "USD STRAP, BAND OR BRACELET": "20", "USD BATTERY": "10"},
            "7.93",
        ),
    ],
)
def test_a_rate_text_comes_to(number: str, quantities: dict[str, str], duty: str) -> None:
    answer = ask(number, "AU", BEFORE, quantities=quantities)

    assert answer.error is None
    assert answer.duty_total == Decimal(duty)


@pytest.mark.parametrize(
    ("number", "quantities", "missing"),
    [
        ("0402.21.50.00", {}, ["quantity:KG"]),
        ("0402.21.50.00", {"T": "1"}, ["quantity:KG"]),  # units that the text does not have are no help
        ("2607.00.00.20", {"KG": "300"}, ["quantity:KG LEAD CONTENT"]),
        ("1701.14.10.00", {"KG": "1000"}, ["quantity:DEGREE"]),
        (
            "9102.11.10.00",
            {"NO": "5"},
            ["quantity:USD CASE", "quantity:USD STRAP, BAND OR BRACELET", "quantity:USD BATTERY"],
        ),
    ],
)
def test_a_missing_quantity_is_a_question_and_not_a_zero(
    number: str, quantities: dict[str, str], missing: list[str]
) -> None:
    answer = ask(number, "AU", BEFORE, quantities=quantities)

    assert answer.duty_total is None
    assert answer.components == ()
    assert [one.fact for one in answer.questions] == missing
    assert answer.error is not None
    assert answer.error.code is DutyErrorCode.MISSING_QUANTITY


@pytest.mark.parametrize(
    ("number", "origin", "claim", "kind", "duty"),
    [
        ("6109.10.00.12", "KR", None, "GENERAL", "165.00"),
        ("6109.10.00.12", "KR", "KR", "SPECIAL", "0.00"),
        ("6109.10.00.12", "RU", None, "COLUMN_2", "900.00"),
        ("0901.21.00.10", "KR", "KR", "SPECIAL", "0.00"),  # Free for all, and the special column is blank
        ("6109.10.00.12", "US", None, "GENERAL", "165.00"),
    ],
)
def test_the_column_that_applies(number: str, origin: str, claim: str | None, kind: str, duty: str) -> None:
    answer = ask(number, origin, BEFORE, claim=claim)

    assert [part.kind.value for part in answer.components] == [kind]
    assert f"{answer.duty_total:.2f}" == duty
    assert answer.preference == claim
    assert answer.notices == ()


@pytest.mark.parametrize(
    ("number", "origin", "claim", "reason"),
    [
        ("6109.10.00.12", "VN", "KR", "KR cannot be claimed: United States-Korea FTA is not open to goods of VN"),
        (
            "6109.10.00.12",
            "IN",
            "A",
            "A cannot be claimed: the program was not in force on 2025-01-15 (it",
        ),
        ("8418.10.00.10", "KR", "KR", None),  # Free for all
        ("3926.40.00.10", "AU", "AU", "AU cannot be claimed: the special column of 3926.40.00.10 does not have it"),
        ("6109.10.00.12", "CU", "KR", "KR cannot be claimed: CU pays column 2"),
    ],
)
def test_a_claim_that_is_not_open_falls_back_and_says_why(
    number: str, origin: str, claim: str, reason: str | None
) -> None:
    answer = ask(number, origin, BEFORE, claim=claim)

    assert answer.error is None
    if reason is None:
        assert answer.notices == ()
    else:
        assert answer.preference is None
        assert answer.notices[0].startswith(reason)


def test_a_claim_that_was_refused_proves_no_origin() -> None:
    # the special column of these brake parts' neighbour has no S: fentanyl 25 % on top of 4.4-cent ore stays
    answer = ask("2607.00.00.20", "MX", "2025-05-01", claim="S", quantities={"KG LEAD CONTENT": "0"})

    assert f"{answer.duty_total:.2f}" == "250.00"


@pytest.mark.parametrize(
    ("number", "origin", "on", "value", "claim", "code"),
    [
        ("9999.99.99.99", "DE", BEFORE, "1", None, DutyErrorCode.UNKNOWN_NUMBER),
        ("8471.30", "DE", BEFORE, "1", None, DutyErrorCode.UNKNOWN_NUMBER),
        ("laptop", "DE", BEFORE, "1", None, DutyErrorCode.UNKNOWN_NUMBER),
        ("8471.30.01", "DE", BEFORE, "1", None, DutyErrorCode.NOT_DECLARABLE),
        ("8471.30.01.00", "XX", BEFORE, "1", None, DutyErrorCode.UNKNOWN_COUNTRY),
        ("8471.30.01.00", "de", BEFORE, "1", None, DutyErrorCode.UNKNOWN_COUNTRY),
        ("8471.30.01.00", "DE", BEFORE, "-0.01", None, DutyErrorCode.NEGATIVE_VALUE),
        ("8471.30.01.00", "DE", BEFORE, "NaN", None, DutyErrorCode.INVALID_VALUE),
        ("8471.30.01.00", "DE", BEFORE, "Infinity", None, DutyErrorCode.INVALID_VALUE),
        ("8471.30.01.00", "DE", BEFORE, "1E+15", None, DutyErrorCode.INVALID_VALUE),
        ("8471.30.01.00", "DE", BEFORE, "0.000000001", None, DutyErrorCode.INVALID_VALUE),
        ("8471.30.01.00", "DE", BEFORE, "1", "QQ", DutyErrorCode.UNKNOWN_PREFERENCE),
        ("8471.30.01.00", "DE", "2024-12-31", "1", None, DutyErrorCode.BEFORE_FIRST_REVISION),
        ("6204.29.40.00", "DE", BEFORE, "1", None, DutyErrorCode.RATE_NOT_COMPUTABLE),
        ("0402.21.50.00", "AU", BEFORE, "1", "AU", DutyErrorCode.RATE_NOT_COMPUTABLE),
    ],
)
def test_a_faulty_line_answers_with_a_code(
    number: str, origin: str, on: str, value: str, claim: str | None, code: DutyErrorCode
) -> None:
    answer = ask(number, origin, on, value=value, claim=claim)

    assert answer.error is not None
    assert (answer.error.code, answer.duty_total, answer.components) == (code, None, ())
    assert answer.error.field
    assert answer.error.message


@pytest.mark.parametrize(
    ("facts", "code", "message"),
    [
        ({"steel_pct": 40}, DutyErrorCode.UNKNOWN_FACT, "'steel_pct' is not a fact that a measure reads; did you mean"),
        (
            {"steel_content_pct": 101},
            DutyErrorCode.INVALID_FACT,
            "steel_content_pct is a percentage from 0 to 100,",
        ),
        ({"steel_content_pct": True}, DutyErrorCode.INVALID_FACT, "steel_content_pct is a percentage from 0 to 100"),
        ({"steel_content_pct": "NaN"}, DutyErrorCode.INVALID_FACT, "steel_content_pct is a percentage from 0 to 100"),
        ({"donation": 1}, DutyErrorCode.INVALID_FACT, "donation is true or false, not 1"),
        ({"donation": "yes"}, DutyErrorCode.INVALID_FACT, "donation is true or false, not 'yes'"),
        ({"loaded_before": "April 5"}, DutyErrorCode.INVALID_FACT, "loaded_before is a date such as 2025-04-05, not"),
        ({"loaded_before": "2025-02-30"}, DutyErrorCode.INVALID_FACT, "loaded_before is a date such as 2025-04-05"),
        ({"pharma": "herbal"}, DutyErrorCode.INVALID_FACT, "pharma is patented or generic, not 'herbal'"),
    ],
)
def test_an_unknown_fact_or_a_wrong_type_is_named(facts: dict[str, object], code: DutyErrorCode, message: str) -> None:
    answer = ask("8471.30.01.00", "DE", BEFORE, **facts)

    assert answer.error is not None
    assert answer.error.code is code
    assert answer.error.message.startswith(message)
    assert answer.error.field == ("facts", next(iter(facts)))


def test_an_absent_fact_may_be_null() -> None:
    assert ask("8471.30.01.00", "DE", BEFORE, steel_content_pct=None).error is None


def test_a_number_of_another_revision_is_not_in_force() -> None:
    calculator = Calculator(packaged_book(), known_elsewhere=lambda number: number == "8507.60.00.10")

    gone = calculator.assess(LineInput("8507600010", "DE", Decimal(1)), date(2025, 1, 1), TARIFF)
    never = calculator.assess(LineInput("8507600099", "DE", Decimal(1)), date(2025, 1, 1), TARIFF)

    assert gone.error is not None
    assert never.error is not None
    assert (gone.error.code, never.error.code) == (DutyErrorCode.NOT_IN_FORCE, DutyErrorCode.UNKNOWN_NUMBER)
