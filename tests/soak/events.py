"""Kills processes at seeded points of a run of events and says what was lost.

python -m tests.soak.events [--topology sqlite|postgresql|nats] [--events 20000] [--kills 50] [--seed 1] [--pause 0]
    [--logs FOLDER]"""

import argparse
import asyncio
import json
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.clock import system_clock
from app.principal import SCOPES
from app.security import open_tokens
from app.settings import Settings
from app.store.migrations import upgrade
from app.store.session import Store
from tests.soak.readers import KINDS, Reader, verdict
from tests.soak.topology import Topology, Writer, topology
from tests.soak.writer import prepare

SETTLE_SECONDS = 180.0


async def soak(
    kind: str,
    *,
    events: int,
    kills: int,
    seed: int,
    pause: float = 0.0,
    gateways: int = 2,
    entries: int = 20,
    logs: Path | None = None,
) -> dict[str, Any]:
    """One run; see the keys of what it returns."""
    with topology(kind, gateways, logs) as made:
        store = Store.open(made.url, system_clock)
        await upgrade(store)
        await store.close()
        principal, known = await prepare(made.url, entries)
        settings = Settings(database_url=made.url, state_dir=made.folder / "state")
        token = open_tokens(settings).mint(
            subject="soak",
            organisation_id=principal.organisation_id,
            scopes=frozenset(SCOPES),
            lifetime=timedelta(hours=12),
            now=system_clock(),
        )
        made.start()
        readers = [one(f"{one.__name__}-{n}", made.ports[n:] + made.ports[:n], token) for n in (0, 1) for one in KINDS]  # type: ignore[attr-defined]
        reading = [asyncio.create_task(reader.run()) for reader in readers]
        writer = Writer(made.url, principal.organisation_id, known, events, pause)
        try:
            killed = await _disturb(made, writer, readers, events, kills, random.Random(seed))
            acknowledged = set(writer.acknowledged)
            await _settle(made, readers, acknowledged, reading)
        finally:
            writer.stop()
            await _end(reading)
    verdicts = [verdict(reader, acknowledged) for reader in readers]
    return {
        "topology": kind,
        "seed": seed,
        "acknowledged": len(acknowledged),
        "kills": len(killed),
        "ended": made.ended,
        "killed": {name: killed.count(name) for name in sorted(set(killed))},
        **{key: sum(one[key] for one in verdicts) for key in ("lost", "duplicate", "repeated", "backwards")},
        "readers": verdicts,
    }


async def _disturb(
    made: Topology, writer: Writer, readers: list[Reader], events: int, kills: int, chance: random.Random
) -> list[str]:
    """Kills one of them whenever so many events are acknowledged; a point that passed while a process came back is
    taken right after. Ends when the writer has, and every kill was made."""
    points = sorted(chance.randrange(1, max(2, events - 1)) for _ in range(kills))
    following = asyncio.create_task(writer.follow())
    killed: list[str] = []
    while points or not following.done():
        if following.done():
            following.result()
        if points and (len(writer.acknowledged) >= points[0] or following.done()):
            points.pop(0)
            victim = chance.choice(made.victims)
            await victim.kill()
            killed.append(victim.name)
            await asyncio.sleep(chance.random() * 0.5)
        else:
            made.revive()
            await asyncio.sleep(0.005)
    following.result()
    return killed


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Ends them; a client that swallows a cancellation hears another."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1.0)


async def _settle(
    made: Topology, readers: list[Reader], acknowledged: set[int], reading: list[asyncio.Task[None]]
) -> None:
    """Until every reader has everything; a reader that failed is a fault of the run."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SETTLE_SECONDS
    while loop.time() < end and not all(acknowledged <= reader.numbers for reader in readers):
        for task in reading:
            if task.done():
                task.result()
        made.revive()
        await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--topology", choices=("sqlite", "postgresql", "nats"), default="sqlite")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--logs", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes it started go with it
    report = asyncio.run(
        soak(
            given.topology,
            events=given.events,
            kills=given.kills,
            seed=given.seed,
            pause=given.pause,
            logs=given.logs,
        )
    )
    print(json.dumps(report, indent=1))
    sys.exit(bool(report["lost"] or report["duplicate"] or report["backwards"]))


if __name__ == "__main__":
    main()
