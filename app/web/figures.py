"""What the engine has answered, by which way and at what cost, and what streams hold, for Prometheus. Labels are closed
lists; nothing here names a field, a value or a caller."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Lane(Protocol):
    """The lane's own counts."""

    taken: int
    hits: int
    misses: int

    @property
    def declined(self) -> Mapping[str, int]:
        """By reason."""
        ...


class Meter(Protocol):
    """The counts of what is charged."""

    requested: int
    actual: int
    throttled: int
    exceeded: int
    faults: int


class EngineFigures(Collector):
    """Reads the counts when it is asked."""

    def __init__(self, lane: Lane, meter: Meter, reasons: Sequence[str]) -> None:
        self._lane = lane
        self._meter = meter
        self._reasons = reasons

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Ways, plans, reasons, costs and refusals."""
        lane, meter = self._lane, self._meter
        ordinary = sum(lane.declined.values())
        yield _by("operations", "GraphQL operations by the way they took", "path", fast=lane.taken, ordinary=ordinary)
        yield CounterMetricFamily("tidegate_lane_answers", "Operations answered by the lane", lane.taken)
        yield _by("plans", "Look-ups of a plan of the lane", "result", hit=lane.hits, miss=lane.misses)
        reasons = {reason: lane.declined.get(reason, 0) for reason in self._reasons}
        yield _by("lane_declined", "Operations left to the ordinary executor", "reason", **reasons)
        yield _by("cost", "Cost of the operations that ran", "kind", requested=meter.requested, actual=meter.actual)
        refused = {"throttled": meter.throttled, "exceeded": meter.exceeded}
        yield _by("cost_refused", "Operations refused for their cost", "reason", **refused)
        yield CounterMetricFamily("tidegate_limiter_faults", "Failures of the limiter, all let through", meter.faults)


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


def _by(name: str, text: str, label: str, **counts: int) -> CounterMetricFamily:
    family = CounterMetricFamily(f"tidegate_{name}", text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family
