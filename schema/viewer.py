"""The viewer: who is asking, with which scopes, and what they reach."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import strawberry

from app.engine.bindings import column, computed, related
from app.engine.context import Info
from app.errors import BadUserInput, ValidationFailed
from schema.enums import OrganisationKind


@strawberry.type(description="An organisation that uses this gateway.")
class Organisation:
    """A row of `organisation`; only one's own can be seen."""

    id: strawberry.ID = column("The global id.")
    name: str = column("The name.")
    kind: OrganisationKind = column("What it does in the trade.")
    created_at: datetime = column("When it was created.")


@strawberry.type(description="What operations may cost.")
class CostBudget:
    """Unlimited where nothing is configured."""

    limit: Decimal | None = column("The most that can be saved up; null is unlimited.")
    available: Decimal | None = column("What is left while this operation runs; null is unlimited.")
    restore_rate_per_second: Decimal | None = column("What comes back each second; null is unlimited.")


@strawberry.type(description="Whether one field of a document may be read.")
class FieldAccess:
    """For one path of response keys."""

    path: list[str] = column("The path of response keys.")
    allowed: bool = column("Whether the caller's scopes reach it.")
    missing_scopes: list[str] = column("The scopes that are missing.")


@strawberry.type(description="Who is asking.")
class Viewer:
    """The principal of the request."""

    subject: str = column("The subject of the token.")
    organisation: Organisation = related("The organisation the token speaks for.", "organisation", "organisation_id")
    expires_at: datetime | None = column("When the token expires.")

    @computed("The scopes the token holds.")
    def scopes(root: Any) -> list[str]:  # noqa: N805
        """Sorted."""
        return sorted(root.scopes)

    @computed("What operations may cost; nulls say that no budget is configured.")
    def budget(root: Any, info: Info) -> CostBudget:  # noqa: N805
        """While this operation is held back."""
        standing = info.context.standing(info.context.principal)
        told: Any = (None, None, None)
        if standing is not None:
            told = (Decimal(standing.limit), Decimal(standing.available), Decimal(str(standing.rate)))
        limit, available, rate = told
        return CostBudget(limit=limit, available=available, restore_rate_per_second=rate)

    @computed("For each field of a document that needs a scope, whether the caller may read it.", weight=1, size=20)
    def can(
        root: Any,  # noqa: N805
        info: Info,
        document: Annotated[str, strawberry.argument(description="A GraphQL document; it is not run.")],
    ) -> list[FieldAccess]:
        """Planned, not run."""
        try:
            found: Any = info.context.explain(document, info.context.principal)
        except ValidationFailed as fault:
            raise BadUserInput(fault.message) from fault
        return list(found)
