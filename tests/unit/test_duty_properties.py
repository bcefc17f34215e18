"""What holds for every line: no negative duty, additive stacking, one path like the other, no crash on bad input."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.countries import country_codes
from app.duty.assessment import LineInput, Rounding
from app.duty.calculator import Calculator
from app.duty.column import choose_column
from app.duty.stacking import decide
from app.tariff.measure import MeasureRateType
from app.tariff.measure_file import packaged_book
from tests.unit.duty_lines import CALCULATOR, RATES, TARIFF

UNITS = ("KG", "T", "CKG", "L", "PFL", "BBL", "M2", "M3", "NO", "PR", "DOZ", "GROSS", "THOUSAND", "DEGREE")
PARTS = ("KG LEAD CONTENT", "USD CASE", "USD STRAP, BAND OR BRACELET", "USD BATTERY")
ENOUGH = dict.fromkeys((*UNITS, *PARTS), Decimal(10))

days = st.integers(0, 730).map(lambda count: date(2025, 1, 1) + timedelta(days=count))
origins = st.sampled_from(("CN", "HK", "CA", "MX", "DE", "JP", "KR", "GB", "TW", "VN", "IN", "BR", "RU", "CH", "AU"))
values = st.decimals(Decimal(0), Decimal(10**9), places=2)
facts = st.fixed_dictionaries(
    {},
    optional={
        "steel_content_pct": st.integers(0, 100),
        "metal_content_pct_of_value": st.integers(0, 100),
        "us_content_pct": st.integers(0, 100),
        "us_smelted_cast": st.booleans(),
        "certified_auto_part": st.booleans(),
        "transshipped": st.booleans(),
        "usmca_qualifying": st.booleans(),
        "no_metal_content": st.booleans(),
        "loaded_before": days.map(str),
    },
)
lines = st.builds(
    LineInput,
    number=st.sampled_from(sorted(RATES)),
    origin=origins,
    customs_value=values,
    quantities=st.just(ENOUGH),
    claimed_preference=st.sampled_from((None, "S", "KR")),
    facts=facts,
)


@given(lines, days)
def test_no_amount_is_negative_and_the_total_is_their_sum(line: LineInput, on: date) -> None:
    answer = CALCULATOR.assess(line, on, TARIFF)

    if answer.duty_total is None:
        assert answer.error is not None
        return
    amounts = [part.amount for part in answer.components]
    assert min(amounts) >= 0
    assert sum(amounts) == answer.duty_total
    assert all(part.legal_citation and part.formula for part in answer.components)
    assert all(one.reason for one in answer.not_applied)


@given(lines, days)
def test_stacking_is_additive_and_a_slot_charges_once(line: LineInput, on: date) -> None:
    """Each charge is its own percentage of its own share: no charge is taken of another one."""
    recipe = CALCULATOR.recipe(line, on, TARIFF)
    answer = CALCULATOR.assess(line, on, TARIFF)
    if answer.duty_total is None:
        return
    slots = [step.measure.slot for step in recipe.steps]  # type: ignore[union-attr]
    assert len(slots) == len(set(slots))
    for step, part in zip(recipe.steps, answer.components[1:], strict=True):  # type: ignore[union-attr]
        assert part.amount <= line.customs_value * step.factor * step.share
        if step.type is not MeasureRateType.TOP_UP:
            assert part.amount == line.customs_value * step.share * step.factor


@given(lines, days)
def test_duty_grows_in_step_with_value_where_the_rate_is_ad_valorem(line: LineInput, on: date) -> None:
    one = CALCULATOR.assess(line, on, TARIFF)
    three = CALCULATOR.assess(
        LineInput(
            line.number,
            line.origin,
            line.customs_value * 3,
            {unit: quantity * 3 for unit, quantity in ENOUGH.items() if unit != "DEGREE"} | {"DEGREE": Decimal(10)},
            line.claimed_preference,
            line.facts,
        ),
        on,
        TARIFF,
    )

    if one.duty_total is not None:
        assert three.duty_total == one.duty_total * 3


@settings(max_examples=60)
@given(st.lists(st.tuples(lines, days), min_size=1, max_size=12))
def test_the_batch_and_the_single_path_agree(rows: list[tuple[LineInput, date]]) -> None:
    """A batch that remembers, and a calculator that has seen nothing, answer alike."""
    batch = list(CALCULATOR.assess_lines(rows, TARIFF))

    for number, ((line, on), remembered) in enumerate(zip(rows, batch, strict=True), 1):
        fresh = Calculator(packaged_book()).assess(line, on, TARIFF, number=number)
        assert fresh == remembered


@given(lines, days)
def test_a_recipe_says_what_deciding_anew_says(line: LineInput, on: date) -> None:
    recipe = CALCULATOR.recipe(line, on, TARIFF)
    if not hasattr(recipe, "steps"):
        return
    book = packaged_book()
    tariff = TARIFF.find(recipe.number)
    assert tariff is not None
    column = choose_column(tariff, line.origin, on, line.claimed_preference, book)
    matched = book.matching(recipe.number.replace(".", "").ljust(10, "0"), line.origin, on)
    anew = decide(matched, dict(recipe.facts), column.claim, book)  # type: ignore[union-attr]

    assert [charge.measure.id for charge in anew.charges] == [step.measure.id for step in recipe.steps]


@given(lines, days)
def test_rounding_moves_each_amount_by_less_than_a_cent_of_the_rounded_value(line: LineInput, on: date) -> None:
    dollars = replace(line, customs_value=line.customs_value.quantize(Decimal(1), ROUND_HALF_UP))
    exact = CALCULATOR.assess(dollars, on, TARIFF)
    rounded = CALCULATOR.assess(line, on, TARIFF, rounding=Rounding.CFR_159_3)

    for one, other in zip(exact.components, rounded.components, strict=True):
        assert abs(one.amount - other.amount) <= Decimal("0.005")
        assert other.amount == other.amount.quantize(Decimal("0.01"))


fact_names = st.sampled_from(sorted(packaged_book().facts)) | st.text(max_size=6)
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary(max_size=4)


@given(
    number=st.text(max_size=20) | st.sampled_from(sorted(RATES)),
    origin=st.text(max_size=4) | st.sampled_from(country_codes()),
    value=st.decimals(allow_nan=True, allow_infinity=True),
    quantities=st.dictionaries(st.text(max_size=4), st.decimals(allow_nan=True), max_size=3),
    claim=st.none() | st.text(max_size=4),
    declared=st.dictionaries(
        st.sampled_from(sorted(packaged_book().facts)) | st.text(max_size=6), anything, max_size=3
    ),
    on=st.dates(),
)
@example("8471.30.01.00", "DE", Decimal("sNaN"), {}, None, {}, date(2025, 6, 1))
@example("8471.30.01.00", "DE", Decimal("1E+999999"), {"KG": Decimal("1E-999999")}, "", {}, date.max)
def test_no_input_crashes_the_calculator(
    number: str,
    origin: str,
    value: Decimal,
    quantities: Mapping[str, Decimal],
    claim: str | None,
    declared: Mapping[str, object],
    on: date,
) -> None:
    answer = CALCULATOR.assess(LineInput(number, origin, value, quantities, claim, declared), on, TARIFF)

    assert (answer.error is None) == (answer.duty_total is not None)


@pytest.mark.parametrize("country", country_codes())
def test_every_country_has_an_answer_on_every_side_of_every_change(country: str) -> None:
    for on in ("2025-01-01", "2025-04-07", "2025-09-01", "2026-03-01", "2026-08-01"):
        answer = CALCULATOR.assess(LineInput("6109100012", country, Decimal(100)), date.fromisoformat(on), TARIFF)
        assert answer.error is None
        assert answer.duty_total is not None
        assert answer.duty_total >= Decimal("16.50")
