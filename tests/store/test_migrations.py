"""Migrations bring an empty database to exactly the tables in code, once, whoever runs them first."""

import asyncio
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from app.store.migrations import differences, known, pending, steps, upgrade
from app.store.session import Store
from app.store.statement import Select
from app.store.tables import TABLES
from tests.scenes import SYSTEM

ROOT = Path(__file__).parents[2]


async def test_head_is_the_tables_in_code(store: Store) -> None:
    assert await differences(store) == []
    assert await pending(store) == []
    assert await upgrade(store) == []


async def test_sqlite_keeps_rows_by_their_key_where_the_tables_say_so(store: Store) -> None:
    if store.dialect != "sqlite":
        return
    found = await store.fetch(sa.text("SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'"))

    said = {name for name, table in TABLES.items() if table.dialect_options["sqlite"]["with_rowid"] is False}
    assert {row[0] for row in found} & TABLES.keys() == said == {"party", "product", "shipment", "classification"}


def test_the_files_are_the_steps_that_alembic_finds() -> None:
    assert known() == steps.known()


async def test_a_database_that_departs_is_told(store: Store) -> None:
    async with store.write_connection() as connection:
        await connection.execute(sa.text("ALTER TABLE product ADD COLUMN surprise TEXT"))
    (found,) = await differences(store)
    assert "surprise" in found


async def test_every_table_can_be_read_after_the_upgrade(store: Store) -> None:
    for table in TABLES:
        assert await store.count(SYSTEM, Select(table)) == (1 if table == "installation" else 0)


async def test_an_empty_file_knows_what_is_pending(tmp_path: Path) -> None:
    store = Store.open(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}")
    try:
        before = await pending(store)
        assert before[0] == "0001"
        assert await upgrade(store) == before
        assert await pending(store) == []
    finally:
        await store.close()


async def test_two_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    stores = [Store.open(f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}") for _ in range(2)]
    try:
        taken = await asyncio.gather(*(upgrade(store) for store in stores))
        assert sorted(len(steps) > 0 for steps in taken) == [False, True]
    finally:
        for store in stores:
            await store.close()


def test_a_gateway_that_serves_does_not_import_alembic_or_the_command_line() -> None:
    script = (
        "import sys; import app.asgi, app.web.direct, app.web.raw, app.web.server; "
        "print(sorted({'alembic', 'mako', 'typer', 'nats'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_an_index_that_is_missing_is_told(store: Store) -> None:
    for name in ("ix_entry_filed", "ix_entry_status", "ix_product_live"):
        async with store.write_connection() as connection:
            await connection.execute(sa.text(f"DROP INDEX {name}"))
        assert [one for one in await differences(store) if name in one]
