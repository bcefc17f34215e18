"""/healthz answers without I/O, /readyz says check by check whether traffic may come, /metrics is for Prometheus."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response as HttpResponse

from app.telemetry import Metrics, logger
from app.web.drain import Drain
from app.web.ports import Note, ReadinessCheck

log = logger("tidegate.web")


class Health:
    """The three endpoints of an operator."""

    def __init__(self, checks: Mapping[str, ReadinessCheck], drain: Drain, metrics: Metrics, seconds: float) -> None:
        self._checks = checks
        self._drain = drain
        self._metrics = metrics
        self._seconds = seconds

    async def live(self, request: Request) -> HttpResponse:
        """200 as long as the event loop turns."""
        return _json(200, {"status": "ok"})

    async def ready(self, request: Request) -> HttpResponse:
        """200 where every check passes and the process is not draining, else 503."""
        found = await asyncio.gather(*(self._run(name, check) for name, check in self._checks.items()))
        checks = dict(zip(self._checks, found, strict=True))
        if self._drain.started:
            return _json(503, {"status": "draining", "checks": checks})
        ready = all(check["ok"] for check in found)
        return _json(200 if ready else 503, {"status": "ready" if ready else "not ready", "checks": checks})

    async def metrics(self, request: Request) -> HttpResponse:
        """The counters of this worker in the exposition format of Prometheus."""
        body, media = self._metrics.render()
        return HttpResponse(body, headers={"Content-Type": media})

    async def _run(self, name: str, check: ReadinessCheck) -> dict[str, Any]:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                reason = await check()
        except TimeoutError:
            reason = f"no answer within {self._seconds:g} s"
        except Exception as error:
            log.error("readiness.failed", check=name, exc_info=error)
            reason = "the check itself failed; see the log"
        passes = reason is None or isinstance(reason, Note)
        result: dict[str, Any] = {"ok": passes, "ms": round((time.perf_counter() - started) * 1000, 2)}
        if reason is not None:
            result["note" if passes else "reason"] = reason
        return result


def _json(status: int, value: object) -> HttpResponse:
    return HttpResponse(orjson.dumps(value), status, media_type="application/json")
