"""Many sockets that connect, subscribe and go, in every way a socket can go; then nothing of them may be left.

python -m tests.soak.sockets [--cycles 10000] [--at-once 20] [--seed 1]"""

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import psutil
from websockets.asyncio.client import connect

from app.clock import system_clock
from app.principal import SCOPES
from app.security import open_tokens
from app.settings import Settings
from app.store.migrations import upgrade
from app.store.session import Store
from tests.nats_server import free_port
from tests.soak.topology import Program
from tests.soak.writer import prepare

DOCUMENTS = (
    "subscription { entryStatusChanged { cursor status } }",
    "subscription { entryStatusChanged { cursor status entry { id } } }",
    "subscription { events(first: 1) { cursor } }",
    "subscription { nothing }",
    "{ viewer { organisation { name } } }",
)
ENDS = ("complete", "close", "cut", "cut at once", "break the protocol")


async def cycle(url: str, token: str, document: str, end: str) -> None:
    """One socket from its beginning to its end."""
    options: Any = {"subprotocols": ["graphql-transport-ws"], "proxy": None, "ping_interval": None}
    async with connect(url, open_timeout=30, close_timeout=5, **options) as socket:
        if end == "cut at once":
            socket.transport.abort()
            return
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        await socket.send(json.dumps(init))
        await socket.recv()
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": document}}))
        if end == "complete":
            await socket.send(json.dumps({"type": "complete", "id": "1"}))
        elif end == "cut":
            socket.transport.abort()
        elif end == "break the protocol":
            await socket.send("[]")


async def cycles(url: str, token: str, count: int, at_once: int, chance: random.Random) -> Counter[str]:
    """Runs them; returns how many ended in which way."""
    left, done = [(chance.choice(DOCUMENTS), chance.choice(ENDS)) for _ in range(count)], Counter[str]()

    async def work() -> None:
        while left:
            document, end = left.pop()
            await cycle(url, token, document, end)
            done[end] += 1

    await asyncio.gather(*(work() for _ in range(at_once)))
    return done


async def figures(port: int, process: psutil.Process) -> dict[str, float]:
    """What the gateway says of itself, and the system of it."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    said = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    names = ("sockets_open", "subscriptions_open", "subscription_groups", "stream_clients", "event_loop_tasks")
    found = {name: float(said[f"tidegate_{name}"]) for name in names}
    return {**found, "files": process.num_fds(), "rss_mb": process.memory_info().rss / 1048576}


async def settled(port: int, process: psutil.Process) -> dict[str, float]:
    """The figures once sockets have gone, or after 15 s."""
    for _ in range(75):
        found = await figures(port, process)
        if not found["sockets_open"] and not found["subscriptions_open"]:
            await asyncio.sleep(1.0)
            return await figures(port, process)
        await asyncio.sleep(0.2)
    return found


async def soak(count: int, *, at_once: int, seed: int) -> dict[str, Any]:
    """A gateway of its own: a first tenth of the cycles to warm it, then the others between two looks."""
    with tempfile.TemporaryDirectory(prefix="tidegate-sockets-") as name:
        folder = Path(name)
        (folder / "state").mkdir()
        settings = Settings(database_url=f"sqlite+aiosqlite:///{folder / 'soak.sqlite3'}", state_dir=folder / "state")
        store = Store.open(settings.store_url, system_clock)
        await upgrade(store)
        await store.close()
        principal, _ = await prepare(settings.store_url, 2)
        token = open_tokens(settings).mint(
            subject="soak", organisation_id=principal.organisation_id, scopes=frozenset(SCOPES),
            lifetime=timedelta(hours=12), now=system_clock(),
        )  # fmt: skip
        port = free_port()
        environment = {
            "TIDEGATE_DATABASE_URL": settings.store_url,
            "TIDEGATE_STATE_DIR": str(settings.state_dir),
            "TIDEGATE_LOG_LEVEL": "error",
        }
        gateway = Program("gateway", ["serve", "--port", str(port)], environment, folder / "log")
        try:
            return await _measured(port, psutil.Process(gateway.pid), token, count, at_once, random.Random(seed))
        finally:
            gateway.stop()


async def _measured(
    port: int, process: psutil.Process, token: str, count: int, at_once: int, chance: random.Random
) -> dict[str, Any]:
    for _ in range(300):
        try:
            await figures(port, process)
            break
        except httpx2.HTTPError:
            await asyncio.sleep(0.1)
    url, begun = f"ws://127.0.0.1:{port}/graphql", time.monotonic()
    done = await cycles(url, token, max(20, count // 10), at_once, chance)
    before = await settled(port, process)
    done += await cycles(url, token, count - max(20, count // 10), at_once, chance)
    after = await settled(port, process)
    grown = {name: round(after[name] - before[name], 1) for name in after}
    return {"cycles": dict(done), "seconds": round(time.monotonic() - begun), "after": after, "grown": grown}


def left(report: dict[str, Any]) -> list[str]:
    """What is left over that should not be. SQLite closes no file while its process holds a lock on it, but keeps it
    for the next connection: so many more as were ever open at once, which is the store's pool at its widest."""
    grown, after = report["grown"], report["after"]
    open_still = [name for name in ("sockets_open", "subscriptions_open", "subscription_groups", "stream_clients")
                  if after[name]]  # fmt: skip
    more = [name for name, most in (("event_loop_tasks", 2), ("files", 15), ("rss_mb", 12)) if grown[name] > most]
    return open_still + more


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the process it started goes with it
    report = asyncio.run(soak(given.cycles, at_once=given.at_once, seed=given.seed))
    report["left"] = left(report)
    print(json.dumps(report, indent=1))
    sys.exit(bool(report["left"]))


if __name__ == "__main__":
    main()
