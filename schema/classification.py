"""Classifications: which HTS number a product has, why, and who decided."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.engine.bindings import column, computed, matching, related, stored
from app.engine.context import Info
from app.engine.scopes import requires
from schema.enums import ClassificationDecision, ClassificationMethod, ClassificationStatus
from schema.node import Node
from schema.scalars import HtsNumber
from schema.tariff import TariffLine, tariff_line_by

if TYPE_CHECKING:
    from schema.product import Product


@strawberry.type(description="Something a candidate rests on.")
class Evidence:
    """A source and what it says."""

    kind: str = stored("What kind of source it is, such as TARIFF_TEXT or PRECEDENT.", "kind")
    text: str = stored("What it says.", "text")
    reference: str | None = stored("Where it can be read, such as a ruling's number.", "reference")


@strawberry.type(description="An HTS number that was considered.")
class ClassificationCandidate:
    """Kept as JSON with its classification."""

    hts_number: HtsNumber = stored("The HTS number.", "htsNumber")

    @computed("The line of that number in the revision in force today.", weight=2)
    async def tariff_line(root: Any, info: Info) -> TariffLine | None:  # noqa: N805
        """By number."""
        key = (root["htsNumber"], info.context.today())
        found: TariffLine | None = await info.context.loaders.tariff_line().load(key)
        return found

    confidence: float = stored("How sure, from 0 to 1.", "confidence")
    rationale: str = stored("Why.", "rationale")
    evidence: list[Evidence] = stored("What it rests on.", "evidence", size=3)


@strawberry.type(
    description="A proposed or decided HTS number of a product.", directives=requires(["classifications:read"])
)
class Classification(Node):
    """A row of `classification`."""

    product: Annotated["Product", strawberry.lazy("schema.product")] | None = related(
        "The product.", "product", "product_id"
    )
    hts_number: HtsNumber = column("The HTS number.")
    tariff_line: TariffLine | None = tariff_line_by("hts_number")
    status: ClassificationStatus = column("Where it stands.")
    confidence: float = column("How sure, from 0 to 1; 1 for a person's decision.")
    method: ClassificationMethod = column("How it came about.")
    rationale: str = column("Why.")
    alternatives: list[ClassificationCandidate] = column(
        "The other numbers that were considered, the best first.", size=5
    )
    decided_by: str | None = column("Who decided.")
    decided_at: datetime | None = column("When it was decided.")
    created_at: datetime = column("When it was proposed.")


@strawberry.input(description="Keeps the classifications that fit every given field.")
class ClassificationFilter:
    """Each field is a condition."""

    product: strawberry.ID | None = matching("Of this product.", "product_id")
    statuses: list[ClassificationStatus] | None = matching("Any of these statuses.", "status", "in")
    methods: list[ClassificationMethod] | None = matching("Came about in any of these ways.", "method", "in")
    hts_under: HtsNumber | None = matching("At or below this HTS number.", "hts_number", "under")


@strawberry.input(description="A decision about a product's HTS number.")
class ClassificationDecideInput:
    """About a classification, or directly about a product."""

    classification: strawberry.ID | None = strawberry.field(
        description="The classification that is decided about.", default=None
    )
    product: strawberry.ID | None = strawberry.field(
        description="The product, where no classification of it is at hand.", default=None
    )
    decision: ClassificationDecision = strawberry.field(description="What is decided.")
    hts_number: HtsNumber | None = strawberry.field(
        description="The right number: for REPLACE, and to CONFIRM one for a product.", default=None
    )
    rationale: str | None = strawberry.field(description="Why.", default=None)
    idempotency_key: str | None = strawberry.field(description="Makes a repetition harmless for 24 h.", default=None)
    expected_version: int | None = strawberry.field(description="The product's version it was read at.", default=None)
