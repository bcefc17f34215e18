"""The only place that asks what time it is. Rooms take dates as arguments; edges and services take a Clock."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from time import time_ns

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_last = (0, _EPOCH)


def system_clock() -> datetime:
    """Now, in UTC, cut to the milliseconds that are stored and printed."""
    global _last
    millisecond = time_ns() // 1_000_000
    held, moment = _last  # busy servers ask several times within one
    if held != millisecond:
        moment = _EPOCH + timedelta(milliseconds=millisecond)
        _last = (millisecond, moment)
    return moment


def today(clock: Clock) -> date:
    """The calendar day at the clock, in UTC."""
    return clock().date()
