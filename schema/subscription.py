"""Subscriptions: which events of the log each stands for, and the payloads. A resolver says what is to be read; the
reading itself is the feed's, so that subscribers who want the same can share it."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.engine.bindings import column, computed, streamed
from app.engine.context import Info
from app.errors import BadUserInput
from app.events.feed import Interest
from schema.classification import Classification
from schema.entry import Entry
from schema.enums import ClassificationDecision, ClassificationStatus, EntryStatus, EventType, ShipmentStatus
from schema.event import After, Event, Subject, Types, kinds_for
from schema.product import Product
from schema.scalars import HtsNumber
from schema.shipment import Shipment

_ENTRY = frozenset(kind for kind in EventType if kind.value.startswith("entry."))


def _only(what: str) -> Any:
    return strawberry.argument(description=f"Only these {what}; all where absent.")


@strawberry.type(description="An entry came to a status.")
class EntryStatusChanged:
    """`status` is the event's, `entry` is as of now."""

    @computed("Resumes the subscription after this event.")
    def cursor(root: Any, info: Info) -> str:  # noqa: N805
        """Opaque."""
        return info.context.feed.cursor(root.position, root.id)

    occurred_at: datetime = column("When it happened.")

    @computed("The status the entry came to with this event.")
    def status(root: Any) -> EntryStatus:  # noqa: N805
        """The event's own."""
        return EntryStatus(root.data["status"])

    @computed("The status before.")
    def previous_status(root: Any) -> EntryStatus | None:  # noqa: N805
        """Null for the first."""
        before = root.data.get("previousStatus")
        return EntryStatus(before) if before else None

    @computed("The code of the notice.")
    def code(root: Any) -> str | None:  # noqa: N805
        """As it came."""
        return root.data.get("code")

    @computed("The notice in words.")
    def narrative(root: Any) -> str | None:  # noqa: N805
        """As it came."""
        return root.data.get("narrative")

    @computed("The entry as it is now.")
    async def entry(root: Any, info: Info) -> Entry | None:  # noqa: N805
        """By id."""
        found: Entry | None = await info.context.loaders.row("entry").load(root.subject_id)
        return found


@strawberry.type(description="A shipment changed.")
class ShipmentUpdated:
    """`status` is the event's, `shipment` is as of now."""

    @computed("Resumes the subscription after this event.")
    def cursor(root: Any, info: Info) -> str:  # noqa: N805
        """Opaque."""
        return info.context.feed.cursor(root.position, root.id)

    occurred_at: datetime = column("When it happened.")

    @computed("The status of the shipment after this event.")
    def status(root: Any) -> ShipmentStatus:  # noqa: N805
        """The event's own."""
        return ShipmentStatus(root.data["status"])

    @computed("The status before; the same where something else changed.")
    def previous_status(root: Any) -> ShipmentStatus:  # noqa: N805
        """The event's own."""
        return ShipmentStatus(root.data["previousStatus"])

    @computed("Names of the fields that changed.")
    def changed(root: Any) -> list[str]:  # noqa: N805
        """In the order of the alphabet."""
        names: list[str] = root.data["changed"]
        return names

    @computed("The shipment as it is now.")
    async def shipment(root: Any, info: Info) -> Shipment | None:  # noqa: N805
        """By id."""
        found: Shipment | None = await info.context.loaders.row("shipment").load(root.subject_id)
        return found


@strawberry.type(description="A person confirmed, rejected or replaced the tariff number of a product.")
class ClassificationDecided:
    """`status` and `hts_number` are the event's, `classification` and `product` are as of now."""

    @computed("Resumes the subscription after this event.")
    def cursor(root: Any, info: Info) -> str:  # noqa: N805
        """Opaque."""
        return info.context.feed.cursor(root.position, root.id)

    occurred_at: datetime = column("When it was decided.")

    @computed("What was decided.")
    def decision(root: Any) -> ClassificationDecision:  # noqa: N805
        """The event's own."""
        return ClassificationDecision(root.data["decision"])

    @computed("The status of the classification after this event.")
    def status(root: Any) -> ClassificationStatus:  # noqa: N805
        """The event's own."""
        return ClassificationStatus(root.data["status"])

    @computed("The number decided about.")
    def hts_number(root: Any) -> HtsNumber:  # noqa: N805
        """The event's own."""
        return HtsNumber(root.data["htsNumber"])

    @computed("The number confirmed for the product before; null where there was none.")
    def previous_hts_number(root: Any) -> HtsNumber | None:  # noqa: N805
        """The event's own."""
        before = root.data.get("previousHtsNumber")
        return HtsNumber(before) if before else None

    @computed("The classification as it is now.")
    async def classification(root: Any, info: Info) -> Classification | None:  # noqa: N805
        """By id."""
        found: Classification | None = await info.context.loaders.row("classification").load(root.subject_id)
        return found

    @computed("The product as it is now.")
    async def product(root: Any, info: Info) -> Product | None:  # noqa: N805
        """By id."""
        found: Product | None = await info.context.loaders.row("product").load(root.data["productId"])
        return found


@strawberry.type(description="What can be subscribed to.")
class Subscription:
    """Every stream resumes after a cursor without a gap."""

    @streamed("Entries that come to a status, as it happens.", scopes=("entries:read", "events:read"))
    async def entry_status_changed(
        self,
        info: Info,
        entries: Annotated[list[strawberry.ID] | None, _only("entries")] = None,
        importer: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only entries of this importer.")
        ] = None,
        statuses: Annotated[list[EntryStatus] | None, _only("statuses")] = None,
        after: After = None,
    ) -> AsyncGenerator[EntryStatusChanged, None]:
        """The events of entries, kept to what was asked for."""
        wanted = {status.value for status in statuses} if statuses else None
        kinds = frozenset(kind.value for kind in _ENTRY if wanted is None or kind.name[6:] in wanted)
        return await _tail(info, Interest(kinds, tuple(entries) if entries else None, importer), after)

    @streamed("Shipments that change, as it happens.", scopes=("events:read", "shipments:read"))
    async def shipment_updated(
        self,
        info: Info,
        shipments: Annotated[list[strawberry.ID] | None, _only("shipments")] = None,
        after: After = None,
    ) -> AsyncGenerator[ShipmentUpdated, None]:
        """The event `shipment.updated`."""
        kinds = frozenset({EventType.SHIPMENT_UPDATED.value})
        return await _tail(info, Interest(kinds, tuple(shipments) if shipments else None), after)

    @streamed("Tariff numbers that people decide about, as it happens.", scopes=("classifications:read", "events:read"))
    async def classification_decided(
        self,
        info: Info,
        products: Annotated[list[strawberry.ID] | None, _only("products")] = None,
        after: After = None,
    ) -> AsyncGenerator[ClassificationDecided, None]:
        """The event `classification.decided`."""
        kinds = frozenset({EventType.CLASSIFICATION_DECIDED.value})
        return await _tail(info, Interest(kinds, products=frozenset(products) if products else None), after)

    @streamed("Every event the caller may see, as it happens.", scopes=("events:read",))
    async def events(
        self,
        info: Info,
        types: Types = None,
        subject: Subject = None,
        after: After = None,
        first: Annotated[int | None, strawberry.argument(description="Completes after so many events.")] = None,
    ) -> AsyncGenerator[Event, None]:
        """The log itself."""
        if first is not None and first < 1:
            raise BadUserInput(f"`first` is {first}: it must be at least 1.")
        kinds = kinds_for(info.context.principal, types)
        return await _tail(info, Interest(kinds, (subject,) if subject else None), after, first)


async def _tail(info: Info, interest: Interest, after: str | None, first: int | None = None) -> Any:
    return await info.context.feed.tail(info.context.principal, interest, after, first)
