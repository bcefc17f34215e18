"""The schema's history, run by alembic and configured in code: one set of steps for both databases.
`upgrade` brings a database to head, `differences` says where it departs from the tables."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from app.store import tables as _tables
from app.store.session import Store

_FULL_TEXT = "tariff_search"
_UPGRADE_LOCK = 7_460_552


async def upgrade(store: Store) -> list[str]:
    """Brings the database to head in one transaction and returns the steps taken, oldest first."""
    async with store.write_connection() as connection:
        if store.dialect == "postgresql":
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
        return await connection.run_sync(_upgrade)


async def pending(store: Store) -> list[str]:
    """The steps that are still to be taken."""
    async with store.reader.connect() as connection:
        return await connection.run_sync(lambda sync: _steps(MigrationContext.configure(sync)))


async def differences(store: Store) -> list[str]:
    """Where the database departs from the tables in code, one line each; none at head."""
    async with store.reader.connect() as connection:
        return await connection.run_sync(_differences)


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent), version_locations=[str(Path(__file__).parent / "versions")])


def _steps(context: MigrationContext) -> list[str]:
    script = _script()
    done = context.get_current_heads()
    revisions = [step.revision for step in script.walk_revisions("base", "heads")]
    seen = {step.revision for head in done for step in script.iterate_revisions(head, "base")}
    return [revision for revision in reversed(revisions) if revision not in seen]


def _upgrade(connection: sa.Connection) -> list[str]:
    script = _script()
    taken: list[str] = []

    def steps(revision: Any, context: MigrationContext) -> Any:
        plan = script._upgrade_revs("head", revision)
        taken.extend(step.revision.revision for step in plan)
        return plan

    context = MigrationContext.configure(connection, opts={"fn": steps, "render_as_batch": True})
    with Operations.context(context):
        context.run_migrations()
    return taken


def _differences(connection: sa.Connection) -> list[str]:
    def ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        return not (name or "").startswith(_FULL_TEXT)

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": False})
    assert _tables.TABLES
    return [repr(difference) for difference in compare_metadata(context, SQLModel.metadata)]
