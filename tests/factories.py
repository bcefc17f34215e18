"""One row of every table: a new table without a factory here fails the leak test. Rows hang together: `Family` is an
organisation with a party, a product, a shipment, an entry and everything that belongs to them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlmodel import SQLModel

from app.ids import new_id
from app.principal import SystemPrincipal
from app.store import tables as t
from app.store.session import Store

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Family:
    """Ids that the rows of one organisation refer to."""

    organisation: str
    party: str
    product: str
    shipment: str
    entry: str
    revision: str

    @classmethod
    def new(cls) -> "Family":
        """Fresh ids."""
        names = ("Organisation", "Party", "Product", "Shipment", "Entry", "TariffRevision")
        return cls(*(new_id(name) for name in names))


Factory = Callable[[Family], SQLModel]


def _product(family: Family) -> SQLModel:
    return t.Product(
        id=family.product, organisation_id=family.organisation, sku="A-1", name="Thing", description="A thing",
        attributes={}, search_text="a-1 thing", created_at=MOMENT, updated_at=MOMENT,
    )  # fmt: skip


def _classification(family: Family) -> SQLModel:
    return t.Classification(
        id=new_id("Classification"), organisation_id=family.organisation, product_id=family.product,
        hts_number="8471.30.01.00", status="SUGGESTED", confidence=0.5, method="LEXICAL", rationale="Words",
        alternatives=[], created_at=MOMENT,
    )  # fmt: skip


def _shipment(family: Family) -> SQLModel:
    return t.Shipment(
        id=family.shipment, organisation_id=family.organisation, reference="S-1", status="BOOKED", mode="OCEAN",
        house_bills=[], containers=[], importer_id=family.party, search_text="s-1", created_at=MOMENT,
        updated_at=MOMENT,
    )  # fmt: skip


def _shipment_line(family: Family) -> SQLModel:
    return t.ShipmentLine(
        id=new_id("ShipmentLine"), organisation_id=family.organisation, shipment_id=family.shipment, number=1,
        product_id=family.product, quantity=Decimal(1), unit="NO", origin_country="VN",
    )  # fmt: skip


def _entry(family: Family) -> SQLModel:
    return t.Entry(
        id=family.entry, organisation_id=family.organisation, entry_number=f"SIM-{family.entry[-11:]}", type="01",
        port="2704", importer_id=family.party, shipment_id=family.shipment, environment="SIMULATED", status="DRAFT",
        release_status="NOT_FILED", summary_status="NOT_FILED", search_text="sim", created_at=MOMENT,
        updated_at=MOMENT,
    )  # fmt: skip


def _entry_line(family: Family) -> SQLModel:
    return t.EntryLine(
        id=new_id("EntryLine"), organisation_id=family.organisation, entry_id=family.entry, number=1,
        product_id=family.product, hts_number="8471.30.01.00", origin_country="VN", quantities=[],
    )  # fmt: skip


def _entry_status_change(family: Family) -> SQLModel:
    return t.EntryStatusChange(
        id=new_id("EntryStatusChange"), organisation_id=family.organisation, entry_id=family.entry, sequence=1,
        status="DRAFT", occurred_at=MOMENT, recorded_at=MOMENT, source="tests", fingerprint="f",
    )  # fmt: skip


def _tariff_line(family: Family) -> SQLModel:
    return t.TariffLine(
        id=new_id("TariffLine"), revision_id=family.revision, position=0, number="0101.21.00", indent=0,
        description="Horses", full_description="Horses", declarable=True, units=["No."], general="Free", special="",
        other="Free", footnotes=[], quota_quantity="", additional_duties="",
    )  # fmt: skip


def _event(family: Family) -> SQLModel:
    return t.EventLog(
        id=new_id("Event"), organisation_id=family.organisation, type="entry.draft", subject_id=family.entry,
        occurred_at=MOMENT, data={"status": "DRAFT"},
    )  # fmt: skip


FACTORIES: dict[str, Factory] = {
    "organisation": lambda family: t.Organisation(
        id=family.organisation, name=family.organisation, kind="IMPORTER", created_at=MOMENT
    ),
    "party": lambda family: t.Party(
        id=family.party, organisation_id=family.organisation, name="Importer", country="US", identifiers=[],
        fingerprint=family.party, created_at=MOMENT,
    ),
    "organisation_party": lambda family: t.OrganisationParty(
        organisation_id=family.organisation, party_id=family.party
    ),
    "product": _product,
    "classification": _classification,
    "shipment": _shipment,
    "shipment_line": _shipment_line,
    "shipment_party": lambda family: t.ShipmentParty(
        shipment_id=family.shipment, party_id=family.party, organisation_id=family.organisation
    ),
    "entry": _entry,
    "entry_line": _entry_line,
    "entry_status_change": _entry_status_change,
    "entry_party": lambda family: t.EntryParty(
        entry_id=family.entry, party_id=family.party, organisation_id=family.organisation
    ),
    "tariff_revision": lambda family: t.TariffRevision(
        id=family.revision, name=family.revision, effective_from=date(2026, 1, 1), loaded_at=MOMENT, line_count=1,
        sha256="0" * 64, starter=False,
    ),
    "tariff_line": _tariff_line,
    "measure_load": lambda family: t.MeasureLoad(
        id=new_id("MeasureLoad"), name=family.revision, version="1", recorded_at=MOMENT, loaded_at=MOMENT,
        sha256="0" * 64, measures=0, content="{}",
    ),
    "trusted_document": lambda family: t.TrustedDocument(
        id=new_id("TrustedDocument"), organisation_id=family.organisation, manifest="m", document_id="d",
        sha256="0" * 64, body="{ __typename }", pushed_at=MOMENT,
    ),
    "client_mode": lambda family: t.ClientMode(organisation_id=family.organisation, subject="s", mode="trusted"),
    "duty_quote": lambda family: t.DutyQuote(
        id=new_id("DutyQuote"), organisation_id=family.organisation, as_of=date(2026, 11, 20), receipt="r",
        tariff_revision_id=family.revision, request={}, assessment={}, created_at=MOMENT,
    ),
    "event_log": _event,
    "event_pending": lambda family: t.EventPending(
        id=new_id("Event"), organisation_id=family.organisation, type="entry.draft", subject_id=family.entry,
        occurred_at=MOMENT, data={"status": "DRAFT"}, recorded_at=MOMENT,
    ),
    "installation": lambda family: t.Installation(name=family.revision, value="v"),
    "api_client": lambda family: t.ApiClient(
        id=new_id("ApiClient"), organisation_id=family.organisation, name="client", subject="client", scopes=[],
        created_at=MOMENT,
    ),
    "audit_record": lambda family: t.AuditRecord(
        id=new_id("AuditRecord"), organisation_id=family.organisation, subject="s", action="a",
        object_id=family.entry, at=MOMENT, detail={},
    ),
    "idempotency_record": lambda family: t.IdempotencyRecord(
        organisation_id=family.organisation, idempotency_key="k", operation="o", input_sha256="0", outcome={},
        created_at=MOMENT,
    ),
}  # fmt: skip

MODELS: dict[str, type[SQLModel]] = {
    model.__tablename__: model  # type: ignore[misc]
    for model in (getattr(t, name) for name in dir(t))
    if isinstance(model, type) and issubclass(model, SQLModel) and hasattr(model, "__table__")
}


async def make_family(store: Store) -> Family:
    """A row in every table, of one fresh organisation."""
    family = Family.new()
    async with store.unit(SystemPrincipal("tests")) as unit:
        for name in t.TABLES:
            unit.add(FACTORIES[name](family))
            await unit.flush()
    return family


async def link(store: Store, organisation: str, party: str) -> None:
    """Says that the organisation is that party."""
    async with store.unit(SystemPrincipal("tests")) as unit:
        unit.add(t.OrganisationParty(organisation_id=organisation, party_id=party))


def columns_of(row: Any) -> dict[str, Any]:
    """A row as a plain dict."""
    return dict(row._mapping)
