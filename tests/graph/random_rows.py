"""Rows at random for three organisations, one of them a party of what another one ships: every nullable column null now
and then, texts that JSON has to escape, amounts of every number of decimals, moments and names that are equal."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.ids import PREFIXES, encode
from app.principal import SCOPES, Principal
from app.store.session import Store
from app.store.tables import TABLES

_TEXTS = (
    "steel valve", 'with "quotes" and \\ backslash', "tab\tand\nnewline", "control \x01\x1f\x7f", "café ☕ 深圳 🚢",
    "percent % under _ slash /", "", " ", "</script>\u2028\u2029", "ÄÖÜ ß İ", "Steel", "STEEL", "a'b''c", "null",
)  # fmt: skip
_COUNTRIES = ("CN", "VN", "DE", "IN", "MX")
_NUMBERS = ("8471.30.01.00", "8471.30.01", "6109.10.00.12", "0101.21.00", "8471", "9999.99.99.99")
_MONEY = ("0", "0.5", "10", "1234.5", "1234.56", "0.0001", "99999999.9999", "-3.25", "-0.05", "7.1230", "1000000")
_QUANTITY = ("1", "0.000001", "12.5", "1000", "3.140000", "250.75")


@dataclass(frozen=True)
class Rows:
    """Who there is, and the ids, names and cursors' worth of what they have."""

    callers: tuple[Principal, ...]
    ids: dict[str, list[str]]
    skus: list[str]
    references: list[str]
    numbers: list[str]


class _Maker:
    def __init__(self, seed: int, size: int) -> None:
        self.pick = random.Random(seed)
        self.size = size
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self._next = 0

    def id(self, kind: str) -> str:
        self._next += 1
        return f"{PREFIXES[kind]}_{encode((self._next + 7) << 80 | self.pick.getrandbits(70), 26)}"

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        self.tables.setdefault(table, []).append(row)
        return row

    def maybe(self, value: Any) -> Any:
        return value if self.pick.random() < 0.7 else None

    def text(self) -> str:
        return self.pick.choice(_TEXTS) + self.pick.choice(("", " router", " pump"))

    def port(self) -> str:
        return self.pick.choice(("2704", "2709", "9999", ""))

    def moment(self) -> datetime:
        """Few different ones, so that sort keys are equal now and then."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self.pick.randrange(12), milliseconds=123)

    def money(self, required: bool = False) -> tuple[Decimal | None, str | None]:
        if not required and self.pick.random() < 0.2:
            return None, None
        return Decimal(self.pick.choice(_MONEY)), self.pick.choice(("USD", "EUR"))

    def one(self, table: str, organisation: str) -> dict[str, Any]:
        return self.pick.choice([row for row in self.tables[table] if row["organisation_id"] == organisation])


def _parties(make: _Maker, organisation: str) -> None:
    for number in range(4):
        identifiers = [{"type": "EIN", "value": str(i)} for i in range(make.pick.randrange(3))]
        make.add(
            "party", id=make.id("Party"), organisation_id=organisation, name=make.text(), created_at=make.moment(),
            country=make.pick.choice(_COUNTRIES), identifiers=identifiers, fingerprint=f"{organisation}{number}",
        )  # fmt: skip


def _products(make: _Maker, organisation: str) -> None:
    for number in range(make.size):
        amount, currency = make.money()
        row = make.add(
            "product", id=make.id("Product"), organisation_id=organisation, sku=f"S{number:03d}{make.text()}",
            name=make.text(), description=make.text(), origin_country=make.maybe(make.pick.choice(_COUNTRIES)),
            manufacturer_id=make.maybe(make.one("party", organisation)["id"]), unit_price_amount=amount,
            unit_price_currency=currency, hts_number=make.maybe(make.pick.choice(_NUMBERS)), classification_id=None,
            classification_status=None, attributes={"text": make.text(), "list": [1, 2.5, None, True, {"b": {}}]},
            search_text=make.text().casefold(), archived_at=make.moment() if make.pick.random() < 0.2 else None,
            created_at=make.moment(), updated_at=make.moment(), version=make.pick.randrange(1, 9),
        )  # fmt: skip
        for _ in range(make.pick.randrange(4)):
            found = _classification(make, organisation, row["id"])
            if make.pick.random() < 0.7:
                row["classification_id"], row["classification_status"] = found["id"], found["status"]


def _classification(make: _Maker, organisation: str, product: str) -> dict[str, Any]:
    evidence = [{"kind": "PRECEDENT", "text": make.text(), "reference": make.maybe("N1")}]
    alternatives = [
        {"htsNumber": number, "confidence": 0.25, "rationale": make.text(), "evidence": evidence}
        for number in make.pick.sample(_NUMBERS, make.pick.randrange(3))
    ]
    return make.add(
        "classification", id=make.id("Classification"), organisation_id=organisation, product_id=product,
        hts_number=make.pick.choice(_NUMBERS), status=make.pick.choice(("SUGGESTED", "CONFIRMED", "REJECTED")),
        confidence=make.pick.choice((0.0, 1.0, 0.5, 0.1234, 0.0001, 0.9999)),
        method=make.pick.choice(("MANUAL", "LEXICAL")),
        rationale=make.text(), alternatives=alternatives, decided_by=make.maybe("ann"),
        decided_at=make.maybe(make.moment()), created_at=make.moment(),
    )  # fmt: skip


def _shipments(make: _Maker, organisation: str) -> None:
    for number in range(make.size):
        amount, currency = make.money()
        containers = [
            {"number": f"MSKU{i}", "sizeType": make.maybe("45G1"), "seal": make.maybe(make.text())}
            for i in range(make.pick.randrange(3))
        ]
        shipment = make.add(
            "shipment", id=make.id("Shipment"), organisation_id=organisation, reference=f"R{number}{make.text()}",
            status=make.pick.choice(("BOOKED", "ARRIVED")), mode=make.pick.choice(("OCEAN", "AIR")),
            carrier=make.maybe(make.text()), master_bill=make.maybe("MB1"), house_bills=["H1", make.text()],
            containers=containers, port_of_lading=make.maybe("CNSHA"), port_of_unlading=make.maybe(make.port()),
            estimated_departure=make.maybe(make.moment()), estimated_arrival=make.maybe(make.moment()),
            arrived_at=make.maybe(make.moment()), incoterm=make.maybe("FOB"),
            importer_id=make.one("party", organisation)["id"],
            consignee_id=make.maybe(make.one("party", organisation)["id"]),
            seller_id=make.maybe(make.one("party", organisation)["id"]), total_value_amount=amount,
            total_value_currency=currency, search_text=make.text().casefold(), archived_at=make.maybe(None),
            created_at=make.moment(), updated_at=make.moment(), version=1,
        )  # fmt: skip
        for party in {shipment[role] for role in ("importer_id", "consignee_id", "seller_id")} - {None}:
            make.add("shipment_party", shipment_id=shipment["id"], party_id=party, organisation_id=organisation)
        for place in range(make.pick.randrange(4)):
            amount, currency = make.money()
            make.add(
                "shipment_line", id=make.id("ShipmentLine"), organisation_id=organisation,
                shipment_id=shipment["id"], number=place + 1, product_id=make.one("product", organisation)["id"],
                quantity=Decimal(make.pick.choice(_QUANTITY)), unit="NO", origin_country="VN",
                customs_value_amount=amount, customs_value_currency=currency, purchase_order=make.maybe(make.text()),
            )  # fmt: skip


def _entries(make: _Maker, organisation: str) -> None:
    for number in range(make.size):
        filed = make.maybe(make.moment())
        entry = make.add(
            "entry", id=make.id("Entry"), organisation_id=organisation, entry_number=f"SIM-{number:07d}-1",
            type=make.pick.choice(("01", "11")), port=make.port(), importer_id=make.one("party", organisation)["id"],
            shipment_id=make.maybe(make.one("shipment", organisation)["id"]), environment="SIMULATED",
            status=make.pick.choice(("DRAFT", "RELEASED", "PAID")), release_status="RELEASED",
            summary_status=make.pick.choice(("NOT_FILED", "PAID")), filed_at=filed, released_at=make.maybe(filed),
            summary_due_on=make.maybe(date(2026, 2, 3)), liquidates_on=None, search_text=make.text().casefold(),
            created_at=make.moment(), updated_at=make.moment(), version=1,
        )  # fmt: skip
        for party in {entry["importer_id"], make.one("party", organisation)["id"]}:
            make.add("entry_party", entry_id=entry["id"], party_id=party, organisation_id=organisation)
        for place in range(make.pick.randrange(4)):
            amount, currency = make.money()
            product = make.maybe(make.one("product", organisation)["id"])
            make.add(
                "entry_line", id=make.id("EntryLine"), organisation_id=organisation, entry_id=entry["id"],
                number=place + 1, product_id=product, hts_number=make.pick.choice(_NUMBERS), origin_country="VN",
                customs_value_amount=amount, customs_value_currency=currency,
                quantities=[{"unit": "KG", "value": make.pick.choice(("10", "2.50", "0.5"))}],
            )  # fmt: skip
        for step in range(make.pick.randrange(3)):
            make.add(
                "entry_status_change", id=make.id("EntryStatusChange"), organisation_id=organisation,
                entry_id=entry["id"], sequence=step + 1, status="DRAFT", previous_status=make.maybe("READY"),
                occurred_at=make.moment(), recorded_at=make.moment(), code=make.maybe("98"),
                narrative=make.maybe(make.text()), source="test", fingerprint=str(step),
            )  # fmt: skip


def _tariff(make: _Maker) -> None:
    """A starter and two revisions of one day; a number may go by its other spelling, and then has to be declarable."""
    for starter, day, name in ((True, 20, "starter"), (False, 10, "older"), (False, 15, "one"), (False, 15, "other")):
        revision = make.add(
            "tariff_revision", id=make.id("TariffRevision"), name=name, effective_from=date(2026, 1, day),
            loaded_at=make.moment(), line_count=3, sha256="0" * 64, starter=starter, notice=make.maybe("Take care."),
        )  # fmt: skip
        for position, number in enumerate((None, *make.pick.sample(_NUMBERS, 4))):
            make.add(
                "tariff_line", id=f"{revision['id'].replace('trv_', 'trl_')}{position}", revision_id=revision["id"],
                position=position, number=number, indent=position, description=make.text(),
                full_description=make.text(), parent_number=None, declarable=make.pick.random() < 0.6,
                units=make.pick.choice(([], ["NO"], ["KG", "NO"])), general=make.pick.choice(("", "Free", "2.5%")),
                special="", other=make.pick.choice(("", "35%")), rates_from=None, footnotes=[], quota_quantity="",
                additional_duties="",
            )  # fmt: skip


async def fill(store: Store, seed: int, size: int = 9) -> Rows:
    """Writes the rows. The first organisation owns most; the second is a party of some of it; the third of nothing."""
    make = _Maker(seed, size)
    organisations = []
    for name in ("One", "Two", "Three"):
        identifier = make.id("Organisation")
        organisations.append(identifier)
        make.add("organisation", id=identifier, name=name, kind="IMPORTER", created_at=make.moment())
        for rows in (_parties, _products, _shipments, _entries):
            rows(make, identifier)
    _tariff(make)
    party = make.one("party", organisations[0])["id"]
    make.add("organisation_party", organisation_id=organisations[1], party_id=party)
    order = [table.name for table in TABLES.values() if table.name in make.tables]
    async with store.write_connection() as connection:
        for name in order:
            await connection.execute(sa.insert(TABLES[name]), make.tables[name])
    callers = tuple(Principal(f"s{i}", one, frozenset(SCOPES)) for i, one in enumerate(organisations))
    kinds = {"Product": "product", "Shipment": "shipment", "Entry": "entry", "Classification": "classification"}
    ids = {kind: [row["id"] for row in make.tables[table]] for kind, table in kinds.items()}
    skus = [row["sku"] for row in make.tables["product"]]
    references = [row["reference"] for row in make.tables["shipment"]]
    return Rows(callers, ids, skus, references, [row["entry_number"] for row in make.tables["entry"]])
