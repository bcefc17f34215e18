"""The only place that asks what time it is. Rooms take dates as arguments; edges and services take a Clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC, cut to the milliseconds that are stored and printed."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def today(clock: Clock) -> date:
    """The calendar day at the clock, in UTC."""
    return clock().date()
