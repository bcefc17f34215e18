"""The log line and the counters of a request that was answered. Written without structlog's chain where the log is
JSON: the line is the same and costs a twentieth; those of one turn of the loop are written together. It never holds a
document, a variable or a token."""

import asyncio
import logging
from typing import Any, TextIO

import orjson

from app.clock import system_clock
from app.telemetry import Metrics, is_plain_json, logger
from app.web.record import RequestRecord

NAME = "tidegate.http"
EVENT = "request.answered"
_AS_STRUCTLOG = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE

log = logger(NAME)


class Access:
    """Leaves a line and a count for each request; those of one turn of the loop at its end, together."""

    def __init__(self, metrics: Metrics) -> None:
        self._count = metrics.http.count
        self._waiting: list[tuple[str, str, str, RequestRecord, int, float]] = []

    def leave(self, method: str, route: str, path: str, record: RequestRecord, status: int, seconds: float) -> None:
        """`method` and `route` are of closed lists; the path is cut to what a log line bears."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append((method, route, path, record, status, seconds))

    def _write(self) -> None:
        """The lines are what structlog would have written; a client cannot bring more than names into them."""
        waiting, self._waiting = self._waiting, []
        stream, now, lines = _stream(), system_clock(), []
        for method, route, path, record, status, seconds in waiting:
            self._count(method, route, status, seconds)
            facts: dict[str, Any] = {
                "method": method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "request_id": record.request_id,
                "operation": record.operation_name,
                "organisation": record.organisation_id,
            }
            if stream is None:
                log.info(EVENT, **facts)
            else:
                facts |= {"event": EVENT, "logger": NAME, "level": "info", "time": now}
                lines.append(orjson.dumps(facts, option=_AS_STRUCTLOG))
        if stream is not None:
            stream.write(b"".join(lines).decode())
            stream.flush()


def _stream() -> TextIO | None:
    """Where the log's lines go, if they go there as JSON and nothing else listens."""
    root = logging.getLogger()
    if len(root.handlers) != 1 or root.level > logging.INFO:
        return None
    handler = root.handlers[0]
    if type(handler) is not logging.StreamHandler or not is_plain_json(handler):
        return None
    found: TextIO = handler.stream
    return found
