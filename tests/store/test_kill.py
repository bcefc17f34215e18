"""A process that is killed in the middle of writing leaves nothing half done and loses nothing it acknowledged."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from app.services.tariff import load_tariff
from app.store.session import Store
from app.store.statement import Select
from app.tariff.export import read_export
from app.tariff.starter import starter_export
from tests.scenes import SYSTEM

ROOT = Path(__file__).parents[2]

LOADER = """
import asyncio, os, signal, sys
from datetime import date
from app.services.tariff import load_tariff
from app.store.session import Store
from app.store import tariff
from app.tariff.export import read_export
from app.tariff.starter import starter_export

tariff._CHUNK = 50

def progress(done, total):
    if done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    store = Store.open(sys.argv[1])
    await load_tariff(store, read_export(starter_export()), name="killed", effective_from=date(2026, 1, 1),
                      progress=progress)

asyncio.run(main())
"""

WRITER = """
import asyncio, sys
from app.principal import Principal
from app.services.products import ProductUpsert, upsert_product
from app.services.organisations import create_organisation
from app.store.session import Store
from app.values import OrganisationKind

async def main():
    store = Store.open(sys.argv[1])
    made = await create_organisation(store, "demo", OrganisationKind.IMPORTER)
    principal = Principal("writer", made.organisation_id, frozenset())
    number = 0
    while True:
        outcome = await upsert_product(store, principal, ProductUpsert(f"P-{number}", "Thing"))
        print(outcome.id, flush=True)
        number += 1

asyncio.run(main())
"""


def run(code: str, url: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


async def test_a_killed_load_leaves_no_revision_and_can_be_repeated(store: Store, database_url: str) -> None:
    process = await asyncio.to_thread(lambda: run(LOADER, database_url))
    with process:
        assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
    for table in ("tariff_revision", "tariff_line"):
        assert await store.count(SYSTEM, Select(table)) == 0
    export = read_export(starter_export())
    loaded = await load_tariff(store, export, name="killed", effective_from=date(2026, 1, 1))
    assert await store.count(SYSTEM, Select("tariff_line")) == len(export.rows)
    assert (loaded.already, loaded.lines) == (False, sum(row.number is not None for row in export.rows))


@pytest.mark.parametrize("acknowledged", [7, 23])
async def test_a_killed_writer_loses_nothing_it_acknowledged(
    store: Store, database_url: str, acknowledged: int
) -> None:
    process = await asyncio.to_thread(lambda: run(WRITER, database_url))
    with process:
        assert process.stdout is not None
        told = [(await asyncio.to_thread(process.stdout.readline)).strip() for _ in range(acknowledged)]
        process.kill()
        rest, _ = await asyncio.to_thread(process.communicate)
    told += rest.split()
    kept = [row.id for row in await store.rows(SYSTEM, Select("product"))]
    audited = [row.object_id for row in await store.rows(SYSTEM, Select("audit_record")) if row.object_id[:3] == "prd"]
    assert len(told) >= acknowledged
    assert set(told) <= set(kept)
    assert len(kept) - len(told) in (0, 1)
    assert sorted(audited) == sorted(kept)
