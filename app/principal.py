"""Who is asking: a tenant's caller with scopes and an expiry, or the system itself. Decides nothing."""

from dataclasses import dataclass, field
from datetime import datetime

SCOPES: dict[str, str] = {
    "products:read": "Read products",
    "products:write": "Create, change and archive products",
    "shipments:read": "Read shipments",
    "shipments:write": "Book, change and archive shipments",
    "classifications:read": "Read classifications",
    "classifications:suggest": "Ask for classification suggestions",
    "classifications:decide": "Confirm, reject or replace classifications",
    "tariff:read": "Read the tariff",
    "duty:quote": "Estimate and quote duty",
    "entries:read": "Read customs entries",
    "entries:write": "Draft entries and record their statuses",
    "entries:file": "File and cancel entries, see the filing messages",
    "commercial:read": "See prices, values and trading partners",
    "events:read": "Subscribe to events and pull the feed",
    "webhooks:manage": "Manage webhook endpoints",
    "batches:run": "Run batches",
    "audit:read": "Read the audit log",
    "access:manage": "Manage API clients and keys",
    "schema:read": "Introspection and the SDL",
    "schema:debug": "Plans and SQL of operations",
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller of one organisation; `expires_at` ends its sockets."""

    subject: str
    organisation_id: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    token_id: str | None = None

    def has(self, *scopes: str) -> bool:
        """Whether every one of these scopes is held."""
        return all(scope in self.scopes for scope in scopes)


@dataclass(frozen=True, slots=True)
class SystemPrincipal:
    """The process itself: the only reader that sees every tenant's rows. A test names who may make one."""

    reason: str
    subject: str = field(default="system")


Caller = Principal | SystemPrincipal


def unknown_scopes(scopes: frozenset[str]) -> list[str]:
    """Those that are not on the closed list, sorted."""
    return sorted(scopes - SCOPES.keys())
