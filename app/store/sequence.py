"""The next number of a series, for the length of a transaction its own."""

import sqlalchemy as sa
from sqlmodel import select

from app.filing.numbering import entry_number, sequence_of
from app.store.tables import TABLES
from app.store.unit import Unit

_NUMBER = TABLES["entry"].c.entry_number


async def hold_series(unit: Unit, filer: str) -> None:
    """Keeps the series to this transaction. One that appends events before it draws a number takes it first, so that
    nobody waits in a circle."""
    await unit.lock(f"entry number {filer}")


async def next_entry_number(unit: Unit, filer: str) -> str:
    """The entry number after the greatest one of this filer code. An entry number is unique in the whole country, so
    the series runs across organisations. Raises ValueError when the ten million are used up."""
    await hold_series(unit, filer)
    series = _NUMBER.startswith(f"{filer}-", autoescape=True)
    last = (await unit.session.exec(select(sa.func.max(_NUMBER)).where(series))).one()
    return entry_number(filer, 1 if last is None else sequence_of(last) + 1)
