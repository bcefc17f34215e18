"""The schema's history, run by alembic and configured in code: one set of steps for both databases. `upgrade` brings a
database to head, `differences` says where it departs from the tables. Alembic is imported where it is run, since a
gateway that serves only asks what is pending."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa

from app.store.session import Store

_UPGRADE_LOCK = 7_460_552


async def upgrade(store: Store) -> list[str]:
    """Brings the database to head in one transaction and returns the steps taken, oldest first."""
    from app.store.migrations import steps

    async with store.write_connection() as connection:
        if store.dialect == "postgresql":
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        return await connection.run_sync(steps.upgrade)


async def pending(store: Store) -> list[str]:
    """The steps that are still to be taken. Each step follows the one before it, so the database names the last."""
    async with store.reader.connect() as connection:
        tables = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        if "alembic_version" not in tables:
            return known()
        done = (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalars().all()
    return [step for step in known() if step > max(done, default="")]


async def differences(store: Store) -> list[str]:
    """Where the database departs from the tables in code, one line each; none at head."""
    from app.store.migrations import steps

    async with store.reader.connect() as connection:
        return await connection.run_sync(steps.differences)


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.name.partition("_")[0] for path in Path(__file__).with_name("versions").glob("[0-9]*.py")))


def known() -> list[str]:
    """Every step there is, oldest first: the number that its file begins with."""
    return list(_names())
