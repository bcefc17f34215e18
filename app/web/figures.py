"""What the lane has answered and why it declined, for Prometheus. Reasons name fields, never values."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Counted(Protocol):
    """The lane's own counts."""

    taken: int

    @property
    def declined(self) -> Mapping[str, int]:
        """By reason."""
        ...


class LaneFigures(Collector):
    """Reads the counts when it is asked."""

    def __init__(self, lane: Counted) -> None:
        self._lane = lane

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Answers of the lane, and operations it left to the executor by reason."""
        yield CounterMetricFamily("tidegate_lane_answers", "Operations answered by the lane", value=self._lane.taken)
        declined = CounterMetricFamily(
            "tidegate_lane_declined",
            "Operations left to the executor where a plan or its values said so",
            labels=["reason"],
        )
        for reason, count in self._lane.declined.items():
            declined.add_metric([reason], count)
        yield declined
