"""What the lane has answered and why it declined, and what streams hold, for Prometheus. Reasons name fields, never
values."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
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


class StreamFigures(Collector):
    """What is held for sockets and event streams: each of them is 0 once the last has gone, but for the tasks."""

    def __init__(self, groups: Callable[[], int], clients: Sized) -> None:
        self._groups = groups
        self._clients = clients

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Groups that share answers, clients with something open, tasks of the event loop."""
        groups, clients = self._groups(), len(self._clients)
        yield GaugeMetricFamily("tidegate_subscription_groups", "Groups of subscribers that share answers", groups)
        yield GaugeMetricFamily("tidegate_stream_clients", "Clients with a socket or an event stream open", clients)
        yield GaugeMetricFamily("tidegate_event_loop_tasks", "Tasks of the event loop", _tasks())


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # rendered where no loop runs
        return 0
