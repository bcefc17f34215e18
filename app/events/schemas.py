"""The JSON Schema of each kind of event, for those who take events in; and the kinds that are named already, with their
payload, and come with a capability of a later version."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.events.types import COUNT, EVENTS, MOMENT, NUMBER, TEXT, TEXTS, EventSpec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

PLANNED: Mapping[str, EventSpec] = MappingProxyType(
    {
        "classification.suggested": EventSpec(
            "A tariff number was suggested for a product.",
            "Classification",
            {
                "productId": (TEXT, "the product's id"),
                "sku": (TEXT, "the product's SKU"),
                "htsNumber": (TEXT, "the number suggested"),
                "confidence": (NUMBER, "how sure the suggestion is"),
            },
            comes_with="suggestions of tariff numbers",
        ),
        "classification.review_required": EventSpec(
            "A suggestion is not sure enough: a person has to look at it.",
            "Classification",
            {
                "productId": (TEXT, "the product's id"),
                "sku": (TEXT, "the product's SKU"),
                "htsNumber": (TEXT, "the number suggested first"),
                "confidence": (NUMBER, "how sure the suggestion is"),
                "reasons": (TEXTS, "why a person has to look at it"),
            },
            comes_with="suggestions of tariff numbers",
        ),
        "ruling.published": EventSpec(
            "A customs ruling was published.",
            "Ruling",
            {
                "number": (TEXT, "the ruling's number"),
                "issuedOn": ({"type": "string", "format": "date"}, "its day"),
                "htsNumbers": (TEXTS, "the tariff numbers it is about"),
            },
            comes_with="rulings",
        ),
        "batch.finished": EventSpec(
            "A batch was taken in to its end.",
            "Batch",
            {
                "rows": (COUNT, "how many rows it had"),
                "accepted": (COUNT, "how many were taken"),
                "rejected": (COUNT, "how many had faults"),
            },
            comes_with="batches",
        ),
        "webhook.paused": EventSpec(
            "A webhook endpoint failed for days and is paused.",
            "WebhookEndpoint",
            {
                "failures": (COUNT, "how many attempts failed in a row"),
                "failingSince": (MOMENT, "when the first of them was made"),
            },
            comes_with="webhooks",
        ),
        "key.expiring": EventSpec(
            "A key of a client of the API ends soon. Signing keys have no end, and signed tokens are kept nowhere.",
            "ApiClient",
            {"name": (TEXT, "the client's name"), "expiresAt": (MOMENT, "when the key ends")},
            comes_with="keys of clients",
        ),
    }
)
"""Names are taken; nothing tells them yet, and the graph does not know them."""


def names() -> list[str]:
    """Every kind, those that are told first."""
    return [*(kind.value for kind in EVENTS), *PLANNED]


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of an event's payload; KeyError for a name that is no kind. Fields may be added,
    so that others are allowed. `x-comes-with` stands where nothing tells it yet."""
    spec = _spec(name)
    coming = {} if spec.comes_with is None else {"x-comes-with": spec.comes_with}
    return {
        "$schema": _DIALECT,
        "$id": f"urn:tidegate:event:{name}:{spec.version}",
        "title": name,
        "description": spec.description,
        "x-subject": spec.subject,
        **coming,
        "type": "object",
        "properties": {field: {**shape, "description": meaning} for field, (shape, meaning) in spec.payload.items()},
        "required": list(spec.payload),
    }


def all_schemas() -> dict[str, Any]:
    """Every kind's schema by name."""
    return {name: json_schema(name) for name in names()}


def _spec(name: str) -> EventSpec:
    told = {kind.value: spec for kind, spec in EVENTS.items()}
    return told.get(name) or PLANNED[name]
