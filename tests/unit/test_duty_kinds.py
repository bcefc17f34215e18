"""Every kind of rate, basis and condition a measure file may have, worked through measures of our own making."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.duty.assessment import DutyErrorCode, LineAssessment, LineInput
from app.duty.calculator import Calculator
from app.tariff.measure_file import book_of, packaged_files, parse_measure_file
from tests.unit.duty_lines import TARIFF

ON = date(2025, 1, 15)  # nothing of the pack reaches the goods of Australia then


def calculator(*measures: dict[str, Any], **sections: Any) -> Calculator:
    rows = [
        {
            "id": f"m{place}",
            "kind": "SECTION_232",
            "program": "robots",
            "label": f"Measure {place}",
            "from": "2025-01-01",
            "scope": {"all": True},
            "origins": ["AU"],
            "slot": f"slot{place}",
            "rank": 50,
            "citation": "Proc. 99999",
            "confidence": "compiled",
        }
        | measure
        for place, measure in enumerate(measures)
    ]
    document = {
        "format": "tidegate.measures/1",
        "name": "test/kinds",
        "version": "1",
        "recorded_at": "2025-01-01T00:00:00Z",
        "measures": rows,
    }
    return Calculator(book_of((*packaged_files(), parse_measure_file(json.dumps(document | sections).encode()))))


def assess(worker: Calculator, quantities: dict[str, str] | None = None, **facts: object) -> LineAssessment:
    """T-shirts of Australia at 16.5 %, worth 1,000.00."""
    held = {unit: Decimal(quantity) for unit, quantity in (quantities or {}).items()}
    return worker.assess(LineInput("6109100012", "AU", Decimal("1000.00"), held, None, facts), ON, TARIFF)


def rate(kind: str, **fields: str) -> dict[str, Any]:
    return {"rate": {"type": kind, **fields}}


@pytest.mark.parametrize(
    ("measure", "duty"),
    [
        (rate("additional", percent="7.5"), "240.00"),
        (rate("top_up", percent="20"), "200.00"),
        (rate("top_up", percent="10"), "165.00"),
        (rate("replace_base", percent="3"), "30.00"),
        (rate("per_unit", amount="0.25", unit="NO"), "180.00"),  # 60 pieces at $0.25
        (rate("quota", in_percent="1", over_percent="40", filled_fact="quartz_quota_filled"), "175.00"),
        (rate("none"), "165.00"),
        (rate("additional", percent="10") | {"basis": "non_us"}, "265.00"),
        (rate("additional", percent="10") | {"basis": "copper_content"}, "265.00"),
        (rate("additional", percent="10") | {"from": "2025-01-16"}, "165.00"),
        (rate("additional", percent="10") | {"to": "2025-01-15"}, "165.00"),
        (rate("additional", percent="10") | {"to": "2025-01-16"}, "265.00"),
        (rate("additional", percent="10") | {"scope": {"prefixes": "610910 85"}}, "265.00"),
        (rate("additional", percent="10") | {"scope": {"all": True, "except_prefixes": "6109"}}, "165.00"),
        (rate("additional", percent="10") | {"scope": {"in": ["textiles-and-apparel"]}}, "265.00"),
        (
            rate("additional", percent="10") | {"scope": {"in": ["textiles-and-apparel"], "only_prefixes": "62"}},
            "165.00",
        ),
        (rate("additional", percent="10") | {"scope": {"not_loaded": "note 1"}}, "165.00"),
        (rate("additional", percent="10") | {"origins": ["*"], "except_origins": ["AU"]}, "165.00"),
        (rate("additional", percent="10") | {"when": {"not": {"fact": "donation", "is": True}}}, "265.00"),
        (rate("additional", percent="10") | {"when": {"claim": ["AU"]}}, "165.00"),
        (rate("additional", percent="10") | {"when": {"fact": "us_content_pct", "declared": True}}, "165.00"),
    ],
)
def test_a_measure_of_its_kind(measure: dict[str, Any], duty: str) -> None:
    answer = assess(calculator(measure), {"NO": "60"})

    assert answer.error is None
    assert f"{answer.duty_total:.2f}" == duty


def test_a_quota_that_is_filled_charges_the_rate_over_it() -> None:
    worker = calculator(rate("quota", in_percent="1", over_percent="40", filled_fact="quartz_quota_filled"))

    assert assess(worker, quartz_quota_filled=True).duty_total == Decimal("565.00")


def test_a_rate_per_unit_without_its_quantity_is_a_question() -> None:
    answer = assess(calculator(rate("per_unit", amount="0.25", unit="NO")))

    assert answer.error is not None
    assert answer.error.code is DutyErrorCode.MISSING_QUANTITY
    assert [one.fact for one in answer.questions] == ["quantity:NO"]


def test_a_prohibition_changes_no_duty_and_is_told() -> None:
    answer = assess(calculator(rate("prohibition")))

    assert answer.duty_total == Decimal("165.00")
    assert answer.notices == ("Measure 0: the goods may not be entered (Proc. 99999 [compiled])",)


def test_in_a_slot_the_lowest_rank_wins_and_among_equals_the_highest_rate() -> None:
    one_slot = {"slot": "one"}
    worker = calculator(
        rate("additional", percent="10") | one_slot,
        rate("additional", percent="25") | one_slot,
        rate("additional", percent="5") | one_slot | {"rank": 40, "when": {"fact": "donation", "is": True}},
    )

    assert assess(worker).duty_total == Decimal("415.00")
    assert assess(worker, donation=True).duty_total == Decimal("215.00")
    reasons = {one.measure.id: one.reason for one in assess(worker, donation=True).not_applied}
    assert reasons == {"m0": "Measure 2 applies in its place", "m1": "Measure 2 applies in its place"}


def test_an_exemption_takes_the_slot_and_names_itself() -> None:
    worker = calculator(
        rate("none") | {"slot": "one", "rank": 10, "heading": "9903.99.02", "label": "Gifts"},
        rate("additional", percent="10") | {"slot": "one"},
    )

    answer = assess(worker)

    assert answer.duty_total == Decimal("165.00")
    assert [(one.measure.id, one.reason) for one in answer.not_applied] == [("m1", "exempt: 9903.99.02, Gifts")]


def test_a_measure_steps_back_wholly_or_on_the_value_covered() -> None:
    content = rate("additional", percent="50") | {"basis": "steel_content", "tags": ["metal"]}
    rest = rate("additional", percent="10") | {"yields_to": [{"tags": ["metal"], "on": "covered_value"}]}
    whole = rate("additional", percent="40") | {"yields_to": [{"tags": ["metal"], "on": "article"}]}
    worker = calculator(content, rest, whole)

    # 165 + 50 % × 300 + 10 % × 700
    assert assess(worker, steel_content_pct=30).duty_total == Decimal("385.00")
    # no steel: 165 + 10 % + 40 %
    assert assess(worker, steel_content_pct=0).duty_total == Decimal("665.00")
    # all steel: 165 + 50 %
    assert assess(worker, steel_content_pct=100).duty_total == Decimal("665.00")


def test_a_chain_of_stepping_back_is_worked_in_its_order_whatever_the_names() -> None:
    first = rate("additional", percent="10") | {"slot": "z", "tags": ["first"]}
    second = rate("additional", percent="20") | {
        "slot": "m",
        "tags": ["second"],
        "yields_to": [{"tags": ["first"], "on": "article"}],
    }
    third = rate("additional", percent="40") | {"slot": "a", "yields_to": [{"tags": ["second"], "on": "article"}]}

    # the second steps back for the first, so the third has nothing to step back for: 165 + 100 + 400
    assert assess(calculator(first, second, third)).duty_total == Decimal("665.00")
