"""Runs one piece of work for a client that may leave and a clock that may run out; both really cancel it."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from app.errors import Timeout
from app.telemetry import logger

log = logger("tidegate.web")

Result = TypeVar("Result")


async def finish(work: Coroutine[Any, Any, Result], receive: Receive, seconds: float, grace: float) -> Result:
    """The work's result; raises Timeout after `seconds`, ClientDisconnect where the client hung up first.

    In every case the work has ended, or had `grace` seconds to end, before this returns."""
    task = asyncio.create_task(work)
    watcher = asyncio.create_task(_gone(receive))
    try:
        done, _ = await asyncio.wait({task, watcher}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            return task.result()
        if watcher in done:
            raise ClientDisconnect
        raise Timeout(f"The operation took longer than {seconds:g} seconds and was cancelled.")
    finally:
        await stop((task, watcher), grace)


async def stop(tasks: Iterable[asyncio.Task[Any]], grace: float) -> None:
    """Cancels these tasks and waits until they have ended, at most `grace` seconds; leftovers are logged."""
    pending = {task for task in tasks if not task.done()}
    for task in pending:
        task.cancel()
    if not pending:
        return
    done, left = await asyncio.wait(pending, timeout=grace)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("work.failed_while_ending", error=type(error).__name__)
    if left:
        log.error("work.outlived_cancellation", tasks=len(left))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
