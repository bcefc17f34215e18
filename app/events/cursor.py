"""Cursors of the event log: opaque to clients, a version byte, the position and a checksum that covers the identity of
the log. A cursor means "after this event"; the checksum tells a mistyped text or another log's, it keeps no secret."""

import base64
import binascii
import hashlib

from app.errors import BadUserInput

EARLIEST = "earliest"

_VERSION = b"\x02"
_LARGEST = 2**63 - 1
_PERSON = b"tidegate-events"


def encode(position: int, log: int) -> str:
    """The cursor of the event at this position of this log; 0 stands before the first."""
    body = _VERSION + position.to_bytes(8)
    return base64.urlsafe_b64encode(body + _checksum(body, log)).decode().rstrip("=")


def decode(text: str, log: int, *, earliest: bool = False) -> int:
    """The position of a cursor. Raises BadUserInput for any text `encode` does not write for this log; with
    `earliest`, that word is position 0, before the oldest event kept."""
    if earliest and text == EARLIEST:
        return 0
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    position = int.from_bytes(raw[1:9])
    if len(raw) != 13 or position > _LARGEST or encode(position, log) != text:
        raise BadUserInput("the cursor is none of this gateway's: pass one that an event carried, or leave it out")
    return position


def _checksum(body: bytes, log: int) -> bytes:
    return hashlib.blake2b(body, digest_size=4, key=log.to_bytes(8), person=_PERSON).digest()
