"""Identifiers: a typed prefix, an underscore, and 26 characters of time-ordered base 32 (48 bits of milliseconds,
80 random bits, monotonic within a process). The primary key is the global id of the graph."""

import os
import re
import threading
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

PREFIXES = {
    "Organisation": "org",
    "Party": "pty",
    "Product": "prd",
    "Shipment": "shp",
    "ShipmentLine": "shl",
    "Classification": "cls",
    "Entry": "ent",
    "EntryLine": "enl",
    "EntryStatusChange": "esc",
    "DutyQuote": "dqt",
    "TariffRevision": "trv",
    "TariffLine": "trl",
    "Event": "evt",
    "ApiClient": "apc",
    "AuditRecord": "aud",
    "Measure": "msr",
    "MeasureLoad": "msl",
    "TrustedDocument": "tdc",
}
TYPES = {prefix: name for name, prefix in PREFIXES.items()}

_SHAPE = re.compile(r"[a-z]{3}_[0-9a-z]{1,64}")
_lock = threading.Lock()
_last = 0


def new_id(type_name: str) -> str:
    """A fresh id of this type, greater than every id this process has made before."""
    return f"{PREFIXES[type_name]}_{_ordered()}"


def type_of(identifier: str) -> str | None:
    """The graph's type an id claims to be of; None where the text is no id of ours."""
    if not _SHAPE.fullmatch(identifier):
        return None
    return TYPES.get(identifier[:3])


def encode(number: int, width: int) -> str:
    """`number` in lower-case Crockford base 32, `width` characters, so that text order is numeric order."""
    out = []
    for _ in range(width):
        out.append(ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(out))


def _ordered() -> str:
    global _last
    fresh = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    with _lock:
        _last = fresh if fresh > _last else _last + 1
        return encode(_last, 26)
