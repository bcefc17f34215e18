"""The tenant filter as the text of SQL, for statements that are put together by hand. Which rows it keeps is decided in
`scope` alone."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.store.scope import FOREIGN, RULES, alone, probed
from app.store.tables import TABLES

DialectName = Literal["sqlite", "postgresql"]
Sight = Literal["alone", "foreign", "probed", "listed"]
ROW = "the_row"


@cache
def scope_text(table: str, dialect: DialectName, sight: Sight) -> str:
    """The tenant filter of a table as SQL over `the_row`; `:organisation` stands for the organisation. `alone` leaves
    out what is shared, `foreign` what is not; `probed` asks of each row; `listed` finds the shared rows first."""
    source = cast("Any", TABLES[table].alias(ROW))
    ways: dict[Sight, Callable[[str], Any]] = {
        "alone": alone, "foreign": FOREIGN.__getitem__, "probed": probed, "listed": RULES.__getitem__
    }  # fmt: skip
    rule = ways[sight](table)
    condition = rule(source, cast("Any", sa.bindparam("organisation", type_=sa.Text())))
    whole: Any = sa.select(sa.literal_column("1")).select_from(source).where(condition)
    module = sqlite if dialect == "sqlite" else postgresql
    return str(whole.compile(dialect=module.dialect(paramstyle="named"))).partition("WHERE ")[2] or "1 = 1"
