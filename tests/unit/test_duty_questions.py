"""Questions: the facts that would change the answer, what is assumed meanwhile, and the money at stake."""

from decimal import Decimal
from importlib.resources import files

import pytest

from app.duty.facts import fact_table
from app.tariff.measure_file import packaged_book
from tests.unit.duty_lines import ask


def stakes(number: str, origin: str, on: str, claim: str | None = None, **facts: object) -> dict[str, list[tuple]]:  # type: ignore[type-arg]
    answer = ask(number, origin, on, claim=claim, **facts)
    return {
        one.fact: [(other.answer, f"{other.difference:.2f}") for other in one.alternatives] for one in answer.questions
    }


def test_an_unknown_content_is_taken_as_the_whole_value_and_asked() -> None:
    # bolts of Canada in August 2025: 50 % of all; without steel 35 % fentanyl on all, so 150.00 less
    asked = stakes("7318.15.20.10", "CA", "2025-08-01")

    assert asked["metal_content_pct_of_value"] == [("0", "-150.00")]
    assert asked["no_metal_content"] == [("true", "-150.00")]
    assert "usmca_qualifying" not in asked  # the fentanyl tariff is not charged


def test_a_declared_content_is_not_asked_again() -> None:
    asked = stakes("7318.15.20.10", "CA", "2025-08-01", steel_content_pct=40)

    assert "metal_content_pct_of_value" not in asked
    assert "steel_content_pct" not in asked
    assert asked["usmca_qualifying"] == [("true", "-210.00")]  # 35 % of the 600 that are not steel


def test_a_listed_medicine_is_taken_as_not_patented_and_asked() -> None:
    answer = ask("3004.90.92.25", "IN", "2026-10-05")

    (question,) = [one for one in answer.questions if one.fact == "pharma"]
    assert answer.duty_total == 0
    assert question.assumed == "not patented"
    assert [(other.answer, other.difference) for other in question.alternatives] == [("patented", Decimal(1000))]


@pytest.mark.parametrize(
    ("number", "origin", "on", "fact", "answer", "difference"),
    [
        ("8708.30.50.90", "JP", "2025-06-01", "certified_auto_part", "true", "150.00"),  # 25 % in place of 10 %
        ("8471.50.01.50", "TW", "2026-02-01", "advanced_chip_39b", "true", "250.00"),
        ("6810.99.00.20", "IN", "2026-09-01", "quartz_quota_filled", "true", "250.00"),
        ("8418.10.00.10", "GB", "2026-05-01", "uk_melted_95pct", "false", "100.00"),
        ("6109.10.00.12", "VN", "2025-08-10", "loaded_before", "2025-08-07", "-100.00"),
        ("6109.10.00.12", "MX", "2025-08-10", "usmca_qualifying", "true", "-250.00"),
        (
            "4901.99.00.93",
            "CN",
            "2025-06-10",
            "informational_materials",
            "false",
            "200.00",
        ),  # and Annex II
    ],
)
def test_the_money_at_stake(number: str, origin: str, on: str, fact: str, answer: str, difference: str) -> None:
    assert (answer, difference) in stakes(number, origin, on)[fact]


def test_answering_a_question_gives_the_total_it_was_priced_at() -> None:
    answer = ask("7318.15.20.10", "CA", "2025-08-01")

    for question in answer.questions:
        for other in question.alternatives:
            value: object = other.answer == "true" if other.answer in ("true", "false") else other.answer
            assert ask("7318.15.20.10", "CA", "2025-08-01", **{question.fact: value}).duty_total == other.duty_total


def test_a_fact_that_changes_nothing_is_not_asked() -> None:
    assert stakes("0901.21.00.10", "KR", "2025-01-15") == {}
    assert "donation" not in stakes("6109.10.00.12", "VN", "2025-09-01")  # nobody is asked for the unlikely


def test_the_vocabulary_has_type_default_and_meaning_of_every_fact() -> None:
    rows = {name: (kind, default, meaning) for name, kind, default, meaning in fact_table(packaged_book())}

    assert {
        "metal_content_pct_of_value",
        "steel_content_pct",
        "aluminum_content_pct",
        "copper_content_pct",
        "no_metal_content",
        "metal_under_15pct_weight",
        "us_content_pct",
        "us_melted_smelted_95pct",
        "us_smelted_cast",
        "certified_auto_part",
        "civil_aircraft_use",
        "donation",
        "loaded_before",
        "transshipped",
        "pharma",
        "quartz_quota_filled",
        "advanced_chip_39b",
        "commerce_authorized_9903.82.18",
        "commerce_authorized_9903.82.19",
        "usmca_qualifying",
    } <= set(rows)
    assert rows["donation"][:2] == ("boolean", "false")
    assert rows["pharma"][:2] == ('"patented" or "generic"', "not patented")
    assert rows["metal_content_pct_of_value"][:2] == ("percent", "100")
    assert all(meaning for _, _, meaning in rows.values())


def test_the_page_beside_the_measures_has_the_same_vocabulary() -> None:
    page = files("app.tariff").joinpath("measures", "README.md").read_text(encoding="utf-8")

    for name, kind, default, meaning in fact_table(packaged_book()):
        assert f"| `{name}` | {kind} | {default} | {meaning} |" in page
