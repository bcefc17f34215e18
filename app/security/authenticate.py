"""From an `Authorization` header to a principal. Remembers tokens it has verified; leaves signatures and claims to
`tokens` and `issuers`, and the question whether an organisation exists to the function it is given."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.errors import Unauthenticated
from app.principal import Principal
from app.security.issuers import Issuers
from app.security.tokens import MAXIMUM_TOKEN_BYTES, Tokens, Verified

REMEMBERED_TOKENS = 4_096
ORGANISATION_RECHECK = timedelta(seconds=30)
ORGANISATION_SECONDS = 5.0

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/=-]+) *", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A principal, and the time in which it is believed: the token's own, of the 30 s after it was checked."""

    principal: Principal
    since: datetime
    until: datetime

    @classmethod
    def of(cls, verified: Verified, checked_at: datetime) -> "_Remembered":
        """From what was verified just now."""
        since = max(verified.accepted_from, checked_at)
        return cls(verified.principal, since, min(verified.accepted_until, checked_at + ORGANISATION_RECHECK))


class Authenticator:
    """Safe to share between requests. At most `remembered` verified headers are kept, by digest and never by text;
    after 30 s, or when its time is over, a token is verified again."""

    def __init__(
        self,
        tokens: Tokens,
        organisation_exists: Callable[[str], Awaitable[bool]],
        clock: Clock,
        *,
        issuers: Issuers | None = None,
        remembered: int = REMEMBERED_TOKENS,
    ) -> None:
        self._tokens = tokens
        self._organisation_exists = organisation_exists
        self._clock = clock
        self._issuers = issuers
        self._limit = remembered
        self._known: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._asked: dict[str, asyncio.Task[bool]] = {}

    async def authenticate(self, authorization: str | None) -> Principal | None:
        """None without a header; the principal of a good `Bearer` token. Unauthenticated, with a message that
        repeats nothing of the header, for any other header, a token that is not accepted now, or one of an
        organisation that does not exist."""
        if authorization is None:
            return None
        token = _bearer(authorization)
        now = self._clock()
        digest = self.digest(authorization)
        known = self._fresh(digest, now)
        if known is not None:
            return known
        self._known.pop(digest, None)
        verified = await self._issuers.examine(token, now) if self._issuers is not None else None
        if verified is None:
            verified = self._tokens.examine(token, now)
        if not await self._exists(verified.principal.organisation_id):
            raise Unauthenticated("the token's organisation does not exist")
        self._remember(digest, _Remembered.of(verified, now))
        return verified.principal

    @staticmethod
    def digest(authorization: str) -> bytes:
        """What a header is remembered by."""
        return hashlib.sha256(authorization.encode()).digest()

    def remembered(self, digest: bytes) -> Principal | None:
        """The principal of a header that was accepted in these very words not long ago; else None, which says nothing
        about the header."""
        return self._fresh(digest, self._clock())

    async def _exists(self, organisation_id: str) -> bool:
        """Asked once for all who want to know at the same time, and of nobody for longer than a database takes."""
        asked = self._asked.get(organisation_id)
        if asked is None:
            asked = asyncio.get_running_loop().create_task(self._ask(organisation_id), context=Context())
            self._asked[organisation_id] = asked
            asked.add_done_callback(lambda _: self._asked.pop(organisation_id, None))
        return await asyncio.shield(asked)

    async def _ask(self, organisation_id: str) -> bool:
        async with asyncio.timeout(ORGANISATION_SECONDS):
            return await self._organisation_exists(organisation_id)

    def _fresh(self, digest: bytes, now: datetime) -> Principal | None:
        known = self._known.get(digest)
        if known is None or not known.since <= now < known.until:
            return None
        self._known.move_to_end(digest)
        return known.principal

    def _remember(self, digest: bytes, entry: _Remembered) -> None:
        self._known[digest] = entry
        self._known.move_to_end(digest)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)


def _bearer(authorization: object) -> str:
    """The token of an RFC 6750 header; the scheme in any case."""
    if not isinstance(authorization, str):
        raise Unauthenticated("the authorization must be text: Bearer TOKEN")
    if len(authorization) > MAXIMUM_TOKEN_BYTES + len("Bearer "):
        raise Unauthenticated(f"the token is longer than {MAXIMUM_TOKEN_BYTES} bytes")
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise Unauthenticated("the authorization header must be: Bearer TOKEN")
    return found[1]
