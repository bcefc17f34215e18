"""`tidegate worker`: what runs beside the gateways, in a process of its own. `serve` runs the same for one machine."""

import asyncio
import signal
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.installation import load, open_store

if TYPE_CHECKING:
    from app.settings import Settings


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
    """Until SIGTERM or SIGINT."""
    from app.delivery.copy import open_copy
    from app.delivery.worker import run_worker
    from app.events.bus import Bus

    async with open_store(settings) as store:
        copy, bus = open_copy(store, settings.stream_url), Bus(store)
        if copy is not None:
            bus.on_beat.append(copy.seen)
        keep = timedelta(days=settings.event_retention_days)
        work = asyncio.ensure_future(asyncio.gather(run_worker(store, keep_events=keep, copy=copy), bus.run()))
        loop = asyncio.get_running_loop()
        for signalled in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signalled, work.cancel)
        with suppress(asyncio.CancelledError):
            await work
