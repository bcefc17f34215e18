"""What alembic does with a connection: which steps are to be taken, taking them, and where a database departs from the
tables. Serving never imports it."""

import warnings
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from app.store import tables as _tables

_FULL_TEXT = "tariff_search"
VERSIONS = Path(__file__).parent / "versions"


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(VERSIONS.parent), version_locations=[str(VERSIONS)])


def known() -> list[str]:
    """Every step there is, oldest first."""
    return [step.revision for step in _script().walk_revisions("base", "heads")][::-1]


def upgrade(connection: sa.Connection) -> list[str]:
    """Brings the database to head and returns the steps taken, oldest first."""
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


def differences(connection: sa.Connection) -> list[str]:
    """One line for each."""
    assert _tables.TABLES
    unseen = _by_expression() if connection.dialect.name == "sqlite" else set()

    def ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        return not (name or "").startswith(_FULL_TEXT) and name not in unseen

    context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": False})
    with warnings.catch_warnings():
        for told in ("Skipped unsupported reflection", "autogenerate skipping metadata-specified"):
            warnings.filterwarnings("ignore", told)
        found = [repr(difference) for difference in compare_metadata(context, SQLModel.metadata)]
    there = set(connection.scalars(sa.text("SELECT name FROM sqlite_master"))) if unseen else set()
    return [*found, *(f"there is no index {name}" for name in sorted(unseen - there))]


def _by_expression() -> set[str]:
    """The indexes that SQLAlchemy does not read back from SQLite, since they are not of columns alone."""
    every = [index for table in SQLModel.metadata.sorted_tables for index in table.indexes]
    return {str(one.name) for one in every if not all(isinstance(part, sa.Column) for part in one.expressions)}
