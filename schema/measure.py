"""Measures of trade policy as the graph shows them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import strawberry

from app.engine.bindings import computed, stored
from app.engine.context import Context
from app.services.quote_document import measure_form
from app.services.quotes import measures_reaching
from app.tariff.code import parse_hts
from schema.scalars import HtsNumber


def single_number(heading: str | None) -> HtsNumber | None:
    """The number a measure's heading is; None where it names several, such as 9903.05.20-.84."""
    try:
        return None if heading is None else HtsNumber(parse_hts(heading))
    except ValueError:
        return None


def declared_under(description: str) -> Any:
    """A field `htsNumber` over the key of that name. The database cannot tell a number from a range of numbers, so
    this is read in Python."""

    def hts_number(root: Any) -> HtsNumber | None:
        return single_number(root["htsNumber"])

    return computed(description)(hts_number)


@strawberry.type(description="A measure of trade policy: an additional duty, an exemption, a prohibition.")
class Measure:
    """As the pack of measures says it."""

    id: strawberry.ID = stored("The measure's id in its pack.", "id")
    code: str = stored("The program it belongs to.", "code")
    authority: str = stored("The authority it rests on, such as SECTION_301.", "authority")
    hts_number: HtsNumber | None = declared_under("Its heading of chapter 99; null where it has several.")
    label: str = stored("What it is.", "label")
    rate_text: str = stored("Its rate.", "rateText")
    effective_from: date = stored("The first day of entry it holds for.", "effectiveFrom", date.fromisoformat)
    effective_to: date | None = stored("The day it ends; null while it is open.", "effectiveTo", date.fromisoformat)
    legal_citation: str = stored("Where it is laid down, and how far that was checked.", "legalCitation")


async def measures_of(context: Context, number: str, origin: str, on: date) -> list[Any]:
    """The measures that reach a number from an origin on a day of entry; the book is asked for once for an answer."""

    async def load(keys: Sequence[Any]) -> list[Any]:
        return [await context.desk.bench(context.principal)] * len(keys)

    bench = await context.loaders.batch("bench", load).load("measures")
    return [measure_form(measure) for measure in measures_reaching(bench.measures, number, origin, on)]
