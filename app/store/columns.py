"""Column types that mean the same on SQLite and PostgreSQL: exact decimals, timestamps and days as the text that is
printed, canonical JSON, text in byte order. And short constructors for the fields of the tables."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine
from sqlmodel import Field

from app.values import canonical_json, format_timestamp, parse_timestamp

MONEY, QUANTITY, RATE = 4, 6, 8
_INT64 = 2**63 - 1


class Words(sa.types.TypeDecorator[str]):
    """Text whose order is byte order on both databases."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """COLLATE "C" on PostgreSQL; SQLite's BINARY already is it."""
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == "postgresql" else sa.Text())


class Scaled(sa.types.TypeDecorator[Decimal]):
    """An exact decimal: an int64 scaled by 10^scale on SQLite, NUMERIC(24, scale) on PostgreSQL. A value that has
    more decimals than the column, or that does not fit an int64, is a ValueError on both: nothing is rounded here."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """BIGINT or NUMERIC."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.Numeric(24, self.scale))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        """Checked the same way on both databases."""
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ValueError("an exact column takes a finite Decimal")
        units = value.scaleb(self.scale)
        if abs(units) > _INT64:
            raise ValueError(f"{value} is too large for this column")
        if units != units.to_integral_value():
            raise ValueError(f"{value} has more than {self.scale} decimals")
        return value if dialect.name == "postgresql" else int(units)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Back to a Decimal with exactly `scale` decimals."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return Decimal(value)
        return Decimal(value).scaleb(-self.scale)


class Timestamp(sa.types.TypeDecorator[datetime]):
    """A moment as it is printed: RFC 3339, UTC, milliseconds, `Z`."""

    impl = Words
    cache_ok = True

    def process_bind_param(self, value: datetime | str | None, dialect: Dialect) -> str | None:
        """Text passes as it is: keyset cursors carry the stored form."""
        return format_timestamp(value) if isinstance(value, datetime) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware datetime in UTC."""
        return None if value is None else parse_timestamp(value)


class Day(sa.types.TypeDecorator[date]):
    """A calendar day as YYYY-MM-DD."""

    impl = Words
    cache_ok = True

    def process_bind_param(self, value: date | str | None, dialect: Dialect) -> str | None:
        """ISO 8601."""
        return value.isoformat() if isinstance(value, date) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        """A date."""
        return None if value is None else date.fromisoformat(value)


class Json(sa.types.TypeDecorator[Any]):
    """Canonical JSON text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Sorted keys, no white space."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Plain Python values; numbers with a fraction are floats, so money is kept as text in JSON."""
        return None if value is None else orjson.loads(value)


BY_KEY = {"sqlite_with_rowid": False}
"""Of a table whose rows are mostly looked up by id from others': SQLite keeps them in the key's own tree, which halves
the way to a row."""


def newest(name: str, column: str) -> sa.Index:
    """For the newest rows of an organisation that have one value: a page is read off it without sorting, however many
    or few they are."""
    return sa.Index(name, "organisation_id", column, "created_at", "id")


def dated(name: str, moment: str, *within: str) -> sa.Index:
    """For rows in the order of a moment that some do not have yet, written as it is sorted by."""
    return sa.Index(name, "organisation_id", *within, sa.text(f"coalesce({moment}, '')"), "id")


def live(name: str) -> sa.Index:
    """For the newest rows that are not archived, and for counting them. Without its last column SQLite would look at
    each row."""
    only = sa.text("archived_at IS NULL")
    columns = ("organisation_id", "created_at", "id", "archived_at")
    return sa.Index(name, *columns, sqlite_where=only, postgresql_where=only)


def key() -> Any:
    """The primary key: the global id."""
    return Field(primary_key=True, sa_type=Words)


def owner(*, index: bool = False) -> Any:
    """The organisation whose row this is."""
    return Field(sa_type=Words, foreign_key="organisation.id", index=index)


def ref(target: str, *, index: bool = True, primary_key: bool = False) -> Any:
    """A required reference to another table's id."""
    return Field(sa_type=Words, foreign_key=f"{target}.id", index=index, primary_key=primary_key)


def maybe_ref(target: str, *, index: bool = True) -> Any:
    """An optional reference."""
    return Field(default=None, sa_type=Words, foreign_key=f"{target}.id", index=index, nullable=True)


def words(*, index: bool = False, primary_key: bool = False) -> Any:
    """Required text."""
    return Field(sa_type=Words, index=index, primary_key=primary_key)


def maybe_words() -> Any:
    """Optional text."""
    return Field(default=None, sa_type=Words, nullable=True)


def moment() -> Any:
    """A required timestamp."""
    return Field(sa_type=Timestamp)


def maybe_moment() -> Any:
    """An optional timestamp."""
    return Field(default=None, sa_type=Timestamp, nullable=True)


def day() -> Any:
    """A required calendar day."""
    return Field(sa_type=Day)


def maybe_day() -> Any:
    """An optional calendar day."""
    return Field(default=None, sa_type=Day, nullable=True)


def exact(scale: int) -> Any:
    """A required decimal."""
    return Field(sa_type=Scaled(scale))


def maybe_exact(scale: int) -> Any:
    """An optional decimal."""
    return Field(default=None, sa_type=Scaled(scale), nullable=True)


def json() -> Any:
    """A JSON value, never SQL NULL."""
    return Field(sa_type=Json)
