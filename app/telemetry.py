"""What an operator sees of a running process: log lines without secrets, and counters for Prometheus.
Decides nothing; holds no counter of its own, each application makes its `Metrics`."""

import logging
import re
import sys
from bisect import bisect_left
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from traceback import extract_tb
from typing import Any, TextIO

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from app.settings import LogFormat, LogLevel, hide_password

HIDDEN = "[hidden]"

_SECRET_NAMES = re.compile(r"(?i)authori[sz]ation|password|passwd|secret|cookie|credential|api_?key|(^|_)token$")
_SECRET_TEXTS = re.compile(
    r"(?i)\bbearer\s+\S+|\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]+-----|$)",
    re.DOTALL,
)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Record = MutableMapping[str, Any]
_PLACES = 8


@dataclass(frozen=True, slots=True)
class Metrics:
    """The counters of one application, in a registry of their own. Labels are closed lists, never ids."""

    registry: CollectorRegistry
    http: "HttpFigures"
    graphql_operations_total: Counter
    """kind: query, mutation, subscription, invalid; outcome: ok, partial, refused, failed"""
    sockets_open: Gauge
    subscriptions_open: Gauge
    events_appended_total: Counter
    relay_lag_seconds: Gauge
    stream_lag_events: Gauge
    tariff_loads_total: Counter

    def render(self) -> tuple[bytes, str]:
        """The exposition text and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


class HttpFigures(Collector):
    """HTTP requests that were answered, and how long that took. Counted from the loop's thread alone, so without the
    locks that cost more than the rest of a count."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], tuple[list[int], list[float], dict[int, int]]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """`route` is the pattern, not the path; all three are of closed lists."""
        try:
            numbers, spent, counts = self._times[method, route]
        except KeyError:
            numbers, spent, counts = self._times[method, route] = ([0] * (len(_SECONDS) + 1), [0.0], {})
        counts[status] = counts.get(status, 0) + 1
        numbers[bisect_left(_SECONDS, seconds)] += 1
        spent[0] += seconds

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        """The counts by method, route and status, the times by method and route."""
        total = CounterMetricFamily(
            "tidegate_http_requests", "HTTP requests answered", labels=("method", "route", "status")
        )
        for route, (_, _, counts) in self._times.items():
            for status, number in counts.items():
                total.add_metric((*route, str(status)), number)
        yield total
        text = "Seconds until the last byte of an HTTP answer"
        seconds = HistogramMetricFamily("tidegate_http_request_seconds", text, labels=("method", "route"))
        for route, (numbers, spent, _) in self._times.items():
            bounds = [*map(str, _SECONDS), "+Inf"]
            seconds.add_metric(route, list(zip(bounds, accumulate(numbers), strict=True)), spent[0])
        yield seconds


def new_metrics() -> Metrics:
    """Counters at zero, named `tidegate_…`, sharing nothing with any others."""
    registry = CollectorRegistry()

    def counter(name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace="tidegate", registry=registry)

    def gauge(name: str, text: str) -> Gauge:
        return Gauge(name, text, namespace="tidegate", registry=registry)

    http = HttpFigures()
    registry.register(http)
    return Metrics(
        registry=registry,
        http=http,
        graphql_operations_total=counter("graphql_operations_total", "GraphQL operations", "kind", "outcome"),
        sockets_open=gauge("sockets_open", "Sockets open in this worker"),
        subscriptions_open=gauge("subscriptions_open", "Subscriptions open in this worker"),
        events_appended_total=counter("events_appended_total", "Events appended to the log by this worker"),
        relay_lag_seconds=gauge("relay_lag_seconds", "For how long the oldest committed event has had no position"),
        stream_lag_events=gauge("stream_lag_events", "How many events of the log NATS has not brought to this worker"),
        tariff_loads_total=counter("tariff_loads_total", "Tariff revisions loaded by this worker"),
    )


def configure_logging(
    level: LogLevel = LogLevel.INFO, log_format: LogFormat = LogFormat.JSON, stream: TextIO | None = None
) -> None:
    """Sends structlog's and the standard library's records to `stream` (standard error) in one form, secrets hidden.
    An exception is told by its types and places alone: its text can hold what a caller sent. At the level debug the
    whole traceback is written."""
    tell: structlog.typing.Processor = _places
    if level is LogLevel.DEBUG:
        tell = structlog.processors.format_exc_info
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format is LogFormat.JSON:
        last += [tell, _hide_secrets, _json_line]
    else:
        colours = (stream or sys.stderr).isatty()
        last += [tell, _hide_secrets, _as_text, _console(colours)]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # a record that cannot be written would be shown whole, with what callers sent
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its context at every look at the database
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def is_plain_json(handler: logging.Handler) -> bool:
    """Whether the handler writes each record as one line of JSON, as `configure_logging` sets it up."""
    return getattr(handler.formatter, "processors", (None,))[-1] is _json_line


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `log.info("entry.released", entry=…)`, an event in the past tense and its facts."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def hide_secrets(value: Any) -> Any:
    """The value with tokens, passwords of URLs and private keys replaced in every text, and everything under a
    secret's name, to any depth."""
    match value:
        case str():
            return _SECRET_TEXTS.sub(HIDDEN, hide_password(value) if "://" in value else value)
        case dict():
            return {
                key: HIDDEN if _SECRET_NAMES.search(str(key)) else hide_secrets(part) for key, part in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [hide_secrets(part) for part in value]
        case _:
            return value


def _places(_logger: Any, _method: str, record: Record) -> Record:
    """Puts the exception's type, those of its causes, and where each was raised in the place of its text."""
    given = record.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    told: list[str] = []
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        steps = [f"{Path(step.filename).name}:{step.lineno} {step.name}" for step in extract_tb(error.__traceback__)]
        told.append(" < ".join([type(error).__qualname__, *reversed(steps[-_PLACES:])]))
        error = error.__cause__ or error.__context__
    if told:
        record["exception"] = told
    return record


def _hide_secrets(_logger: Any, _method: str, record: Record) -> Record:
    hidden: Record = hide_secrets(dict(record))
    return hidden


def _as_text(_logger: Any, _method: str, record: Record) -> Record:
    """The places of an exception as lines, which is what the console shows."""
    if isinstance(record.get("exception"), list):
        record["exception"] = "\n".join(record["exception"])
    return record


def _console(colours: bool) -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(
        colors=colours, timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
    )


def _json_line(_logger: Any, _method: str, record: Record) -> str:
    return orjson.dumps(record, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
