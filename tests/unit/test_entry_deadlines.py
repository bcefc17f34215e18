"""Working days know federal holidays; the summary and the liquidation follow from release."""

from datetime import date, timedelta

import pytest

from app.filing import deadlines
from app.filing.deadlines import is_working_day, liquidates_on, summary_due_on


def observed(day: date) -> date:
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def by_law(year: int) -> set[date]:
    """The eleven of 5 U.S.C. 6103, and New Year's Day of the year after where it is observed in this one."""
    memorial = max(date(year, 5, day) for day in range(25, 32) if date(year, 5, day).weekday() == 0)
    fixed = [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)]
    days = {observed(date(year, month, day)) for month, day in fixed} | {observed(date(year + 1, 1, 1))}
    days |= {
        nth(year, 1, 0, 3),
        nth(year, 2, 0, 3),
        memorial,
        nth(year, 9, 0, 1),
        nth(year, 10, 0, 2),
        nth(year, 11, 3, 4),
    }
    return {day for day in days if day.year == year}


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028])
def test_the_holidays_in_the_data_are_those_of_the_law(year: int) -> None:
    kept = {day for day in deadlines._calendar().holidays if day.year == year}
    assert kept == by_law(year)
    assert not any(is_working_day(day) for day in kept)


@pytest.mark.parametrize(
    ("released", "due"),
    [
        (date(2026, 11, 2), date(2026, 11, 17)),  # Veterans Day in between
        (date(2026, 11, 20), date(2026, 12, 7)),  # Thanksgiving in between
        (date(2026, 12, 18), date(2027, 1, 5)),  # Christmas and New Year
        (date(2025, 3, 1), date(2025, 3, 14)),  # released on a Saturday
    ],
)
def test_the_summary_is_due_ten_working_days_after_release(released: date, due: date) -> None:
    assert summary_due_on(released) == due


def test_no_due_day_is_guessed_beyond_the_known_holidays() -> None:
    assert summary_due_on(date(2028, 12, 28)) is None
    assert summary_due_on(date(2024, 12, 1)) is None
    with pytest.raises(LookupError, match="2029"):
        is_working_day(date(2029, 1, 2))


def test_liquidation_is_scheduled_314_days_after_entry() -> None:
    assert liquidates_on(date(2026, 1, 1)) == date(2026, 11, 11)
    assert liquidates_on(date(2024, 1, 1)) is None
