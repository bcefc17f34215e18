"""Measures of trade policy as the graph shows them."""

from datetime import date
from typing import Any

import strawberry

from app.engine.bindings import stored
from app.engine.context import Context
from app.services.quote_document import measure_form
from schema.scalars import HtsNumber


@strawberry.type(description="A measure of trade policy: an additional duty, an exemption, a prohibition.")
class Measure:
    """As the pack of measures says it."""

    id: strawberry.ID = stored("The measure's id in its pack.", "id")
    code: str = stored("The program it belongs to.", "code")
    authority: str = stored("The authority it rests on, such as SECTION_301.", "authority")
    hts_number: HtsNumber | None = stored("Its heading of chapter 99.", "htsNumber")
    label: str = stored("What it is.", "label")
    rate_text: str = stored("Its rate.", "rateText")
    effective_from: date = stored("The first day of entry it holds for.", "effectiveFrom", date.fromisoformat)
    effective_to: date | None = stored("The day it ends; null while it is open.", "effectiveTo", date.fromisoformat)
    legal_citation: str = stored("Where it is laid down, and how far that was checked.", "legalCitation")


def measures_of(context: Context, number: str, origin: str, on: date) -> list[Any]:
    """The measures that reach a number from an origin on a day of entry."""
    return [measure_form(measure) for measure in context.desk.measures_of(number, origin, on)]
