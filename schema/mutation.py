"""Every mutation: which input it takes, which service runs it, what it changes. Inputs become commands in
`schema.commands`; what a command does is the services' business."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

import strawberry

from app.engine.context import Context
from app.services import classifications, entries, entry_draft, products, shipments
from app.services.outcome import Outcome
from app.services.quotes import CREATE_ERRORS, QuoteCreate
from schema import commands
from schema.classification import Classification, ClassificationDecideInput
from schema.duty import DutyQuote
from schema.duty_inputs import DutyQuoteInput, question
from schema.entry import Entry
from schema.entry_inputs import (
    EntryCancelInput,
    EntryDraftInput,
    EntryFileInput,
    EntryStatusRecordInput,
    EntryUpdateInput,
)
from schema.payload import Answer, Changed, Counted, answer, mutation
from schema.product import Product
from schema.product_inputs import ProductArchiveInput, ProductsUpsertInput, ProductUpsertInput
from schema.shipment import Shipment
from schema.shipment_inputs import ShipmentArchiveInput, ShipmentBookInput, ShipmentUpdateInput

PRODUCT = Changed("product", Product | None, "product")
SHIPMENT = Changed("shipment", Shipment | None, "shipment")
CLASSIFICATION = Changed("classification", Classification | None, "classification")
ENTRY = Changed("entry", Entry | None, "entry")

QUOTE_ERRORS: Any = StrEnum("DutyQuoteCreateErrorCode", CREATE_ERRORS)  # type: ignore[misc]

Service = Callable[[Any, Any, Any], Awaitable[Outcome]]


def _by(service: Service, command: Callable[[Any], Any], table: str) -> Callable[[Context, Any], Awaitable[Answer]]:
    """Runs a service on the command an input stands for, and reads the changed object."""

    async def run(context: Context, given: Any) -> Answer:
        outcome = await service(context.store, context.principal, command(given))
        return await answer(context, outcome, table)

    return run


async def _upsert_products(context: Context, given: ProductsUpsertInput) -> Answer:
    rows = tuple(commands.product(row) for row in given.products)
    bulk = await products.upsert_products(context.store, context.principal, rows, given.idempotency_key)
    faults = [*bulk.faults, *(fault for outcome in bulk.outcomes for fault in outcome.faults)]
    ids = [outcome.id for outcome in bulk.outcomes]
    found = iter(await context.fresh().loaders.row("product").load_many([one for one in ids if one]))
    return Answer([next(found) if one else None for one in ids], faults)


async def _create_quote(context: Context, given: DutyQuoteInput) -> Answer:
    command = QuoteCreate(question(given, context), given.idempotency_key)
    return await answer(context, await context.desk.create(context.principal, command), "duty_quote")


@strawberry.type(description="What can be changed. Every mutation answers with `userErrors` instead of failing.")
class Mutation:
    """Noun first, then verb."""

    product_upsert = mutation(
        "ProductUpsert",
        "Creates a product or changes it; found by its SKU.",
        ProductUpsertInput,
        PRODUCT,
        products.ProductUpsertErrorCode,
        _by(products.upsert_product, commands.product, "product"),
        ("products:write",),
    )
    products_upsert = mutation(
        "ProductsUpsert",
        "Creates or changes up to 1,000 products: good rows are written, faulty ones reported.",
        ProductsUpsertInput,
        Changed("products", list[Product | None] | None, "product", many=True),
        products.ProductsUpsertErrorCode,
        _upsert_products,
        ("products:write",),
        Counted("products", 10),
    )
    product_archive = mutation(
        "ProductArchive",
        "Archives a product, or brings it back.",
        ProductArchiveInput,
        PRODUCT,
        products.ProductArchiveErrorCode,
        _by(products.archive_product, commands.archive, "product"),
        ("products:write",),
    )
    shipment_book = mutation(
        "ShipmentBook",
        "Books a shipment and sets pre-clearance in motion.",
        ShipmentBookInput,
        SHIPMENT,
        shipments.ShipmentBookErrorCode,
        _by(shipments.book_shipment, commands.shipment_book, "shipment"),
        ("shipments:write",),
    )
    shipment_update = mutation(
        "ShipmentUpdate",
        "Changes a shipment.",
        ShipmentUpdateInput,
        SHIPMENT,
        shipments.ShipmentUpdateErrorCode,
        _by(shipments.update_shipment, commands.shipment_update, "shipment"),
        ("shipments:write",),
    )
    shipment_archive = mutation(
        "ShipmentArchive",
        "Archives a shipment, or brings it back.",
        ShipmentArchiveInput,
        SHIPMENT,
        shipments.ShipmentArchiveErrorCode,
        _by(shipments.archive_shipment, commands.archive, "shipment"),
        ("shipments:write",),
    )
    classification_decide = mutation(
        "ClassificationDecide",
        "Confirms, rejects or replaces a product's HTS number.",
        ClassificationDecideInput,
        CLASSIFICATION,
        classifications.ClassificationDecideErrorCode,
        _by(classifications.decide_classification, commands.classification_decide, "classification"),
        ("classifications:decide",),
    )
    duty_quote_create = mutation(
        "DutyQuoteCreate",
        "Works out duty and fees of an entry and keeps the answer with its receipt.",
        DutyQuoteInput,
        Changed("duty_quote", DutyQuote | None, "duty_quote"),
        QUOTE_ERRORS,
        _create_quote,
        ("duty:quote",),
        Counted("lines", 3),
    )
    entry_draft = mutation(
        "EntryDraft",
        "Drafts an entry from a shipment.",
        EntryDraftInput,
        ENTRY,
        entry_draft.EntryDraftErrorCode,
        _by(entry_draft.draft_entry, commands.entry_draft, "entry"),
        ("entries:write",),
    )
    entry_update = mutation(
        "EntryUpdate",
        "Changes an entry that has not been filed.",
        EntryUpdateInput,
        ENTRY,
        entries.EntryUpdateErrorCode,
        _by(entries.update_entry, commands.entry_update, "entry"),
        ("entries:write",),
    )
    entry_file = mutation(
        "EntryFile",
        "Files an entry with the simulated port; nothing reaches CBP. What blocks it are userErrors with code BLOCKED; "
        "`dryRun` only names them.",
        EntryFileInput,
        ENTRY,
        entries.EntryFileErrorCode,
        _by(entries.file_entry, commands.entry_file, "entry"),
        ("entries:file",),
    )
    entry_cancel = mutation(
        "EntryCancel",
        "Withdraws an entry.",
        EntryCancelInput,
        ENTRY,
        entries.EntryCancelErrorCode,
        _by(entries.cancel_entry, commands.entry_cancel, "entry"),
        ("entries:file",),
    )
    entry_status_record = mutation(
        "EntryStatusRecord",
        "Records a status learnt outside. The same message twice changes nothing.",
        EntryStatusRecordInput,
        ENTRY,
        entries.EntryStatusRecordErrorCode,
        _by(entries.record_entry_status, commands.entry_status, "entry"),
        ("entries:write",),
    )
