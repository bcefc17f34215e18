"""`tidegate worker`: what runs beside the gateways, in a process of its own. `serve` runs the same for one machine."""

import asyncio
import signal
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.installation import Unreachable, load, open_store

if TYPE_CHECKING:
    from app.settings import Settings

_AGAIN_SECONDS = 1.0


def worker(
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do now, and end.")] = False,
) -> None:
    """Run the relay of events and the cleaning.  Example: tidegate worker"""
    from app.telemetry import configure_logging

    settings = load()
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(_once(settings) if once else _run(settings))


async def _once(settings: "Settings") -> None:
    from app.delivery.worker import clean

    async with open_store(settings) as store:
        moved = await store.relay.move()
        gone = await clean(store, keep_events=timedelta(days=settings.event_retention_days))
    typer.echo(f"{moved} events were given their position, {gone} were too old and are deleted")


async def _run(settings: "Settings") -> None:
    """Until SIGTERM or SIGINT. A database that is away at the start is waited for, as one that goes away later is."""
    loop = asyncio.get_running_loop()
    work = loop.create_task(_patiently(settings))
    for signalled in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signalled, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


async def _patiently(settings: "Settings") -> None:
    from app.telemetry import logger

    while True:
        try:
            return await _work(settings)
        except Unreachable as fault:
            logger(__name__).warning("worker.waits", reason=fault.message)
        await asyncio.sleep(_AGAIN_SECONDS)


async def _work(settings: "Settings") -> None:
    from app.delivery.copy import open_copy
    from app.delivery.worker import run_worker
    from app.events.bus import Bus

    async with open_store(settings) as store:
        copy, bus = open_copy(store, settings.stream_url), Bus(store)
        if copy is not None:
            bus.on_beat.append(copy.seen)
        keep = timedelta(days=settings.event_retention_days)
        await asyncio.gather(run_worker(store, keep_events=keep, copy=copy), bus.run())
