"""Fills a database with a known amount of work: `python -m tests.bench.seed --database-url URL`. The same arguments
give the same rows, the organisation's own id excepted. What rows mean in the trade is for the sample."""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from zlib import crc32

import sqlalchemy as sa

from app.filing.numbering import entry_number
from app.ids import PREFIXES, encode
from app.services.inputs import search_text
from app.services.organisations import create_organisation
from app.services.parties import PartyCommand, fingerprint
from app.services.tariff import list_revisions, load_tariff
from app.store.migrations import upgrade
from app.store.session import Store
from app.store.tables import TABLES
from app.tariff.export import read_export
from app.tariff.starter import starter_export, starter_label
from app.values import OrganisationKind

ORGANISATION = "demo"
LINES = 5
_START = datetime(2026, 1, 1, tzinfo=UTC)
_CHUNK = 2_000
_COUNTRIES = ("CN", "VN", "DE", "IN", "MX", "JP", "KR", "IT", "TH", "GB")
_PORTS = ("2704", "2709", "4601", "3001", "1401", "5301")
_ABROAD = ("CNSHA", "VNSGN", "DEHAM", "INNSA", "JPTYO", "ITGOA")
_MODES = ("OCEAN", "OCEAN", "AIR", "TRUCK", "RAIL")
_SHIPPED = ("BOOKED", "IN_TRANSIT", "ARRIVED", "DELIVERED")
_STATUSES = (
    ("DRAFT", "NOT_FILED", "NOT_FILED"),
    ("SUBMITTED", "SUBMITTED", "NOT_FILED"),
    ("RELEASED", "RELEASED", "NOT_FILED"),
    ("PAID", "RELEASED", "PAID"),
)
_WORDS = ("steel", "cotton", '"premium"', "wireless", "hydraulic", "ceramic", "organic", "café-grade", "valve", "pump")

Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Amounts:
    """How many of each."""

    products: int = 10_000
    shipments: int = 10_000
    entries: int = 20_000
    parties: int = 500


def identifier(kind: str, number: int) -> str:
    """The id of the n-th row of a kind, in the order of the numbers."""
    return f"{PREFIXES[kind]}_{encode((number + 1) << 80, 26)}"


@dataclass(frozen=True)
class Plan:
    """Every row of one seed, table by table."""

    organisation: str
    amounts: Amounts
    numbers: tuple[str, ...]

    def tables(self) -> Iterator[tuple[str, Rows]]:
        """In the order of the foreign keys."""
        yield "party", self._parties()
        yield "product", self._products()
        yield "classification", self._classifications()
        yield "shipment", self._shipments()
        yield "shipment_line", self._shipment_lines()
        yield "shipment_party", self._pairs("shipment", "Shipment", self.amounts.shipments)
        yield "entry", self._entries()
        yield "entry_line", self._entry_lines()
        yield "entry_status_change", self._history()
        yield "entry_party", self._pairs("entry", "Entry", self.amounts.entries)

    def _parties(self) -> Rows:
        pick = random.Random("party")
        for i in range(self.amounts.parties):
            country = pick.choice(_COUNTRIES)
            who = PartyCommand(f"{pick.choice(_WORDS).title()} Trading {i}", country, (("EIN", f"{i:09d}"),))
            yield {
                "id": identifier("Party", i), "organisation_id": self.organisation, "name": who.name,
                "country": country, "identifiers": [{"type": "EIN", "value": f"{i:09d}"}],
                "fingerprint": fingerprint(who), "created_at": _START,
            }  # fmt: skip

    def _number(self, product: int) -> str:
        return self.numbers[product % len(self.numbers)]

    def _products(self) -> Rows:
        pick = random.Random("product")
        for i in range(self.amounts.products):
            text = " ".join(pick.choices(_WORDS, k=6))
            at = _START + timedelta(minutes=i)
            sku = f"SKU-{i:06d}"
            yield {
                "id": identifier("Product", i), "organisation_id": self.organisation, "sku": sku,
                "name": text[:40], "description": text, "origin_country": pick.choice(_COUNTRIES),
                "manufacturer_id": identifier("Party", pick.randrange(self.amounts.parties)),
                "unit_price_amount": Decimal(pick.randrange(100, 900_000)).scaleb(-2), "unit_price_currency": "USD",
                "hts_number": self._number(i), "classification_id": identifier("Classification", i),
                "classification_status": "CONFIRMED", "attributes": {"weightGrams": pick.randrange(10, 90_000)},
                "search_text": search_text(sku, text[:40], text), "archived_at": None, "created_at": at,
                "updated_at": at, "version": 1,
            }  # fmt: skip

    def _classifications(self) -> Rows:
        pick = random.Random("classification")
        for i in range(self.amounts.products):
            yield {
                "id": identifier("Classification", i), "organisation_id": self.organisation,
                "product_id": identifier("Product", i), "hts_number": self._number(i), "status": "CONFIRMED",
                "confidence": pick.randrange(5_000, 10_001) / 10_000, "method": "LEXICAL",
                "rationale": "By the words of the tariff.", "alternatives": [], "decided_by": "seed",
                "decided_at": _START, "created_at": _START + timedelta(minutes=i),
            }  # fmt: skip

    def _shipments(self) -> Rows:
        pick = random.Random("shipment")
        for i in range(self.amounts.shipments):
            at = _START + timedelta(minutes=i)
            reference, importer = f"SHP-{i:07d}", self._importer("shipment", i)
            yield {
                "id": identifier("Shipment", i), "organisation_id": self.organisation, "reference": reference,
                "status": pick.choice(_SHIPPED), "mode": pick.choice(_MODES), "carrier": "Meridian Ocean Lines",
                "master_bill": f"MOLU{i:09d}", "house_bills": [f"H{i:08d}"],
                "containers": [{"number": f"MOLU{i:06d}0", "sizeType": "45G1", "seal": None}],
                "port_of_lading": pick.choice(_ABROAD), "port_of_unlading": pick.choice(_PORTS),
                "estimated_departure": at, "estimated_arrival": at + timedelta(days=20), "arrived_at": None,
                "incoterm": "FOB", "importer_id": importer, "consignee_id": importer, "seller_id": None,
                "total_value_amount": Decimal(pick.randrange(10_000, 9_000_000)).scaleb(-2),
                "total_value_currency": "USD", "search_text": search_text(reference), "archived_at": None,
                "created_at": at, "updated_at": at, "version": 1,
            }  # fmt: skip

    def _shipment_lines(self) -> Rows:
        pick = random.Random("shipment line")
        for i in range(self.amounts.shipments * 2):
            yield {
                "id": identifier("ShipmentLine", i), "organisation_id": self.organisation,
                "shipment_id": identifier("Shipment", i // 2), "number": i % 2 + 1,
                "product_id": identifier("Product", pick.randrange(self.amounts.products)),
                "quantity": Decimal(pick.randrange(1, 5_000)), "unit": "NO", "origin_country": pick.choice(_COUNTRIES),
                "customs_value_amount": Decimal(pick.randrange(100, 900_000)).scaleb(-2),
                "customs_value_currency": "USD", "purchase_order": None,
            }  # fmt: skip

    def _entries(self) -> Rows:
        pick = random.Random("entry")
        for i in range(self.amounts.entries):
            at = _START + timedelta(minutes=i)
            status, release, summary = pick.choice(_STATUSES)
            filed = None if status == "DRAFT" else at + timedelta(hours=2)
            number = entry_number("SIM", i + 1)
            yield {
                "id": identifier("Entry", i), "organisation_id": self.organisation, "entry_number": number,
                "type": "01", "port": pick.choice(_PORTS),
                "importer_id": self._importer("entry", i),
                "shipment_id": identifier("Shipment", i % self.amounts.shipments), "environment": "SIMULATED",
                "status": status, "release_status": release, "summary_status": summary, "filed_at": filed,
                "released_at": filed + timedelta(days=1) if filed and release == "RELEASED" else None,
                "summary_due_on": filed.date() + timedelta(days=11) if filed else None, "liquidates_on": None,
                "search_text": search_text(number), "created_at": at, "updated_at": at, "version": 1,
            }  # fmt: skip

    def _entry_lines(self) -> Rows:
        pick = random.Random("entry line")
        for i in range(self.amounts.entries * LINES):
            product = pick.randrange(self.amounts.products)
            yield {
                "id": identifier("EntryLine", i), "organisation_id": self.organisation,
                "entry_id": identifier("Entry", i // LINES), "number": i % LINES + 1,
                "product_id": identifier("Product", product), "hts_number": self._number(product),
                "origin_country": pick.choice(_COUNTRIES),
                "customs_value_amount": Decimal(pick.randrange(500, 999_999)).scaleb(-2),
                "customs_value_currency": "USD", "quantities": [{"unit": "NO", "value": str(pick.randrange(1, 500))}],
            }  # fmt: skip

    def _history(self) -> Rows:
        for i in range(self.amounts.entries):
            at = _START + timedelta(minutes=i)
            yield {
                "id": identifier("EntryStatusChange", i), "organisation_id": self.organisation,
                "entry_id": identifier("Entry", i), "sequence": 1, "status": "DRAFT", "previous_status": None,
                "occurred_at": at, "recorded_at": at, "code": None, "narrative": None, "source": "seed",
                "fingerprint": "seed",
            }  # fmt: skip

    def _pairs(self, noun: str, kind: str, amount: int) -> Rows:
        for i in range(amount):
            party = self._importer(noun, i)
            yield {f"{noun}_id": identifier(kind, i), "party_id": party, "organisation_id": self.organisation}

    def _importer(self, noun: str, number: int) -> str:
        return identifier("Party", crc32(f"{noun} {number}".encode()) % self.amounts.parties)


async def seed(url: str, amounts: Amounts) -> dict[str, int]:
    """Migrates, makes the organisation and writes the rows in one transaction. SystemExit where it has rows already.
    Says how many rows each table got."""
    store = Store.open(url)
    try:
        await upgrade(store)
        made = await create_organisation(store, ORGANISATION, OrganisationKind.IMPORTER)
        export, label = read_export(starter_export()), starter_label()
        if not await list_revisions(store):
            await load_tariff(
                store, export, name=label.name, effective_from=label.effective_from, starter=True, notice=label.notice
            )
        numbers = tuple(row.number for row in export.rows if row.number and row.declarable)
        plan = Plan(made.organisation_id, amounts, numbers)
        counts: dict[str, int] = {}
        async with store.write_connection() as connection:
            product = TABLES["product"].c
            mine = sa.select(product.id).where(product.organisation_id == made.organisation_id).limit(1)
            if (await connection.execute(mine)).first() is not None:
                raise SystemExit(f"the organisation {ORGANISATION} has products already: seed an empty database")
            for name, rows in plan.tables():
                counts[name] = 0
                while chunk := list(islice(rows, _CHUNK)):
                    await connection.execute(sa.insert(TABLES[name]), chunk)
                    counts[name] += len(chunk)
        async with store.writer.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql("ANALYZE")
        return counts
    finally:
        await store.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fill a database with a known amount of rows.")
    parser.add_argument("--database-url", required=True)
    for name, default in (("products", 10_000), ("shipments", 10_000), ("entries", 20_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    started = time.perf_counter()
    counts = asyncio.run(seed(given.database_url, Amounts(given.products, given.shipments, given.entries)))
    json.dump({"seconds": round(time.perf_counter() - started, 1), "rows": counts}, sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
