"""The log line and the counters of a request that went the short way. Written without structlog's chain where the log
is JSON: the line is the same and costs a small part of it. Those of one turn of the loop are written together. A line
never holds a document, a variable or a token."""

import asyncio
import logging
from functools import lru_cache
from typing import TextIO

import orjson

from app.clock import system_clock
from app.telemetry import Metrics, is_plain_json, logger
from app.web.record import RequestRecord

NAME = "tidegate.http"
EVENT = "request.answered"
_METHOD, _PATH = "POST", "/graphql"
_LINE = (
    f'{{"method":"{_METHOD}","path":"{_PATH}","status":%d,"ms":%r,"request_id":"%s","operation":%s,"organisation":%s,'
    f'"event":"{EVENT}","logger":"{NAME}","level":"info","time":%s}}\n'
)

log = logger(NAME)


class Access:
    """Leaves a line and a count for each request; those of one turn of the loop at its end, together."""

    def __init__(self, metrics: Metrics) -> None:
        self._count = metrics.http.count
        self._waiting: list[tuple[RequestRecord, int, float]] = []

    def leave(self, record: RequestRecord, status: int, seconds: float) -> None:
        """Of a request that took so long. Its id is well formed, as `request_id_of` sees to."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append((record, status, seconds))

    def _write(self) -> None:
        """The lines are what structlog would have written; a client cannot bring more than names into them."""
        waiting, self._waiting = self._waiting, []
        stream, now, lines = _stream(), _text(system_clock()), []
        for record, status, seconds in waiting:
            self._count(_METHOD, _PATH, status, seconds)
            ms, operation, organisation = round(seconds * 1000, 2), record.operation_name, record.organisation_id
            if stream is not None:
                told = (status, ms, record.request_id, _known(operation), _known(organisation), now)
                lines.append(_LINE % told)
            else:
                log.info(
                    EVENT, method=_METHOD, path=_PATH, status=status, ms=ms, request_id=record.request_id,
                    operation=operation, organisation=organisation,
                )  # fmt: skip
        if stream is not None:
            stream.write("".join(lines))
            stream.flush()


def _text(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


_known = lru_cache(maxsize=1024)(_text)


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
