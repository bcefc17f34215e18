"""Cursors of the event log: opaque to clients, a version byte, the position, a mark of the event that stands there, and
a checksum that covers the identity of the log. A cursor means "after this event"; the checksum tells a mistyped text or
another log's, the mark a log that has lost the event and given its position to another (a standby that was behind, a
backup). Neither keeps a secret."""

import base64
import binascii
import hashlib

from app.errors import BadUserInput

EARLIEST = "earliest"

_PLACE = b"\x02"
_EVENT = b"\x03"
_LENGTHS = {13: _PLACE, 17: _EVENT}
_LARGEST = 2**63 - 1
_PERSON = b"tidegate-events"


def encode(position: int, log: int, event: str = "") -> str:
    """The cursor of the event of this id at this position of this log; without one that of a place alone, where nothing
    has to be remembered of what stands there. 0 stands before the first."""
    body = (_EVENT if event else _PLACE) + position.to_bytes(8) + (mark(event) if event else b"")
    return base64.urlsafe_b64encode(body + _checksum(body, log)).decode().rstrip("=")


def decode(text: str, log: int, *, earliest: bool = False) -> tuple[int, bytes]:
    """The position of a cursor and its event's mark, which is empty where it bears none. Raises BadUserInput for any
    text `encode` does not write for this log; with `earliest`, that word is position 0, before the oldest event kept.
    """
    if earliest and text == EARLIEST:
        return 0, b""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    body, position = raw[:-4], int.from_bytes(raw[1:9])
    written = body + _checksum(body, log)
    known = raw[:1] == _LENGTHS.get(len(raw)) and position <= _LARGEST and raw == written
    if not known or base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise BadUserInput("the cursor is none of this gateway's: pass one that an event carried, or leave it out")
    return position, body[9:]


def mark(event: str) -> bytes:
    """What a cursor remembers of an event."""
    return hashlib.blake2b(event.encode(), digest_size=4, person=_PERSON).digest()


def _checksum(body: bytes, log: int) -> bytes:
    return hashlib.blake2b(body, digest_size=4, key=log.to_bytes(8), person=_PERSON).digest()
