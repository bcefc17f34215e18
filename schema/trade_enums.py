"""Enums of organisations, travel, events and order, each value with its description."""

from enum import StrEnum

from app.events.types import EVENTS, EventType
from app.values import Incoterm, OrganisationKind, ShipmentStatus, TransportMode
from schema.described import describe

__all__ = ["EventType", "Incoterm", "OrderDirection", "OrganisationKind", "ShipmentStatus", "TransportMode"]


class OrderDirection(StrEnum):
    """Sort direction."""

    ASC = "ASC"
    DESC = "DESC"


describe(
    OrderDirection,
    "Which way a list is sorted.",
    {"ASC": "Smallest first, oldest first.", "DESC": "Largest first, newest first."},
)
describe(
    OrganisationKind,
    "What an organisation does in the trade.",
    {
        "IMPORTER": "Brings goods into the United States on its own account.",
        "BROKER": "A licensed customs broker that files for importers.",
        "PARTNER": "Takes part in shipments: a supplier, carrier, forwarder or warehouse.",
    },
)
describe(
    TransportMode,
    "How the goods travel.",
    {
        "OCEAN": "By vessel.",
        "AIR": "By aircraft.",
        "TRUCK": "By road.",
        "RAIL": "By rail.",
        "MAIL": "By post.",
        "COURIER": "By express courier.",
    },
)
describe(
    ShipmentStatus,
    "Where a shipment is on its way.",
    {
        "BOOKED": "Booked, not yet under way.",
        "DEPARTED": "Left the port of lading.",
        "IN_TRANSIT": "On the way.",
        "ARRIVED": "At the port of unlading.",
        "DELIVERED": "Delivered to the consignee.",
        "CANCELLED": "Will not travel.",
    },
)
describe(
    Incoterm,
    "Incoterms 2020 rule of the International Chamber of Commerce.",
    {
        "EXW": "Ex Works.",
        "FCA": "Free Carrier.",
        "FAS": "Free Alongside Ship.",
        "FOB": "Free On Board.",
        "CFR": "Cost and Freight.",
        "CIF": "Cost, Insurance and Freight.",
        "CPT": "Carriage Paid To.",
        "CIP": "Carriage and Insurance Paid To.",
        "DAP": "Delivered At Place.",
        "DPU": "Delivered At Place Unloaded.",
        "DDP": "Delivered Duty Paid.",
    },
)
describe(
    EventType,
    "What happened.",
    {kind.name: EVENTS[kind].description for kind in EventType},
)
