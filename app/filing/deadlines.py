"""When things about an entry fall due: working days, the summary's due day, the scheduled liquidation.
The numbers and the holidays are data with their sources, in `deadlines.toml`."""

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Calendar:
    years: frozenset[int]
    holidays: frozenset[date]
    summary: tuple[tuple[date, int], ...]
    liquidation: tuple[tuple[date, int], ...]


def is_working_day(day: date) -> bool:
    """Monday to Friday and no federal holiday. Raises LookupError for a year whose holidays are not in the data."""
    calendar = _calendar()
    if day.year not in calendar.years:
        raise LookupError(f"the federal holidays of {day.year} are not in the data")
    return day.weekday() < 5 and day not in calendar.holidays


def summary_due_on(released_on: date) -> date | None:
    """The last day for the entry summary (19 CFR 142.12(b)); None where rule or holidays are not in the data."""
    left = _in_force(_calendar().summary, released_on)
    if left is None:
        return None
    day = released_on
    while left:
        day += _ONE_DAY
        try:
            left -= is_working_day(day)
        except LookupError:
            return None
    return day


def liquidates_on(entered_on: date) -> date | None:
    """The day CBP schedules liquidation for (19 CFR 159.11); None where no rule is in force."""
    days = _in_force(_calendar().liquidation, entered_on)
    return None if days is None else entered_on + timedelta(days=days)


def _in_force(rules: tuple[tuple[date, int], ...], on: date) -> int | None:
    return max(((start, value) for start, value in rules if start <= on), default=(None, None))[1]


@cache
def _calendar() -> _Calendar:
    data: dict[str, Any] = tomllib.loads(files(__package__).joinpath("deadlines.toml").read_text(encoding="utf-8"))
    return _Calendar(
        years=frozenset(data["holidays"]["years"]),
        holidays=frozenset(data["holidays"]["days"]),
        summary=tuple((rule["from"], rule["working_days"]) for rule in data["summary_due"]),
        liquidation=tuple((rule["from"], rule["days"]) for rule in data["liquidation"]),
    )
