"""A process of its own that changes entry statuses through the services. Every event carries a number as its code, and
the number is printed once its transaction is committed: what was printed is acknowledged.

    python -m tests.soak.writer URL ENTRIES COUNT [--from N] [--pause SECONDS] [--on-demand] [--note N]"""

import argparse
import asyncio
import sys

from app.clock import system_clock
from app.filing.entry import EntryStatus
from app.principal import Principal
from app.services.entries import EntryStatusRecord, record_entry_status
from app.store.session import Store
from app.values import OrganisationKind
from tests import scenes

WALK = (EntryStatus.UNDER_REVIEW, EntryStatus.HELD)


async def prepare(url: str, entries: int) -> tuple[Principal, list[str]]:
    """Entries that are accepted, of the organisation demo."""
    store = Store.open(url, system_clock)
    try:
        principal = await scenes.principal_of(store, "demo", OrganisationKind.IMPORTER)
        found = []
        for number in range(entries):
            entry = await scenes.an_entry(store, principal, f"S-{number}")
            for status in (EntryStatus.SUBMITTED, EntryStatus.ACCEPTED):
                scenes.accepted(await scenes.told(store, principal, entry, status))
            found.append(entry)
        return principal, found
    finally:
        await store.close()


async def write_one(
    store: Store, principal: Principal, entry: str, number: int, step: int, note: str | None = None
) -> None:
    """Tries until the database has taken it. The same message twice is the same row, so that a retry after a lost
    answer makes no second event."""
    begun = system_clock()
    while True:
        command = EntryStatusRecord(WALK[step % 2], begun, "vendor", entry_id=entry, code=str(number), narrative=note)
        try:
            outcome = await record_entry_status(store, principal, command)
        except Exception as fault:
            print(f"# {type(fault).__name__}: {str(fault)[:120]}", file=sys.stderr, flush=True)
            await asyncio.sleep(0.05)
            continue
        if outcome.faults:
            raise SystemExit(f"refused: {outcome.faults}")
        return


async def run(given: argparse.Namespace) -> None:
    store = Store.open(given.url, system_clock)
    principal = Principal("writer", given.organisation, frozenset())
    loop = asyncio.get_running_loop()
    entries, note = given.entries.split(","), "x" * given.note or None
    for number in range(given.start, given.start + given.count):
        if given.on_demand and not await loop.run_in_executor(None, sys.stdin.readline):
            break
        await write_one(store, principal, entries[number % len(entries)], number, number // len(entries), note)
        print(number, flush=True)
        if given.pause:
            await asyncio.sleep(given.pause)
    await asyncio.wait_for(store.close(), 20)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("organisation")
    parser.add_argument("entries")
    parser.add_argument("count", type=int)
    parser.add_argument("--from", dest="start", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--note", type=int, default=0)
    parser.add_argument("--on-demand", action="store_true")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
