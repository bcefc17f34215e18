"""SQL that says which line of the tariff is in force on a day, for both dialects."""

# ruff: noqa: S608  (this module writes SQL: names are of the schema, values are bound)

from typing import Protocol

from app.store.json_shapes import Row


class Rooms(Protocol):
    """Where a statement's rows come from."""

    def row(self, table: str) -> Row:
        """A new row of a table."""
        ...

    def scope(self, row: Row) -> str:
        """The tenant filter of a row."""
        ...


def in_force(writer: Rooms, row: Row, number: str, day: str) -> str:
    """That a row is the line of a number in the revision in force on a day, as `app.tariff.schedule` decides both:
    of several revisions, and of a number and its other spelling."""
    revision, line = writer.row("tariff_revision"), writer.row("tariff_line")
    r, n = revision.alias, line.alias
    chosen = (
        f"SELECT {r}.id FROM tariff_revision {r} WHERE ({writer.scope(revision)}) AND {r}.effective_from <= {day}"
        f" ORDER BY {r}.starter, {r}.effective_from DESC, {r}.loaded_at DESC, {r}.name DESC LIMIT 1"
    )
    other = (
        f"CASE length({number}) WHEN 10 THEN {number} || '.00'"
        f" WHEN 13 THEN CASE WHEN {number} LIKE '%.00' THEN substr({number}, 1, 10) END END"
    )
    found = (  # SQLite knows no column of an outer row in ORDER BY
        f"SELECT {n}.id, {n}.number = {number} AS same, {n}.position FROM tariff_line {n} WHERE"
        f" ({writer.scope(line)}) AND {n}.revision_id = ({chosen}) AND {n}.number IN ({number}, {other})"
        f" AND ({n}.number = {number} OR {n}.declarable)"
    )
    best = f"SELECT id FROM ({found}) {n} ORDER BY same DESC, position DESC LIMIT 1"
    return f"({writer.scope(row)}) AND {row.alias}.id = ({best})"
