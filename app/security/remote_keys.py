"""The public keys an issuer publishes (RFC 7517), found by OpenID discovery or at a given URL: kept in memory, fetched
again when they are old or fit no token, used stale while the issuer errs. Which claims count is left to `issuers`."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
import orjson
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError

from app.clock import Clock
from app.errors import Unauthenticated
from app.security.keys import PublicKey, VerificationKey, algorithm_of, thumbprint
from app.settings import is_loopback, secure_url

DISCOVERY = "/.well-known/openid-configuration"
MAXIMUM_BYTES = 262_144
MAXIMUM_KEYS = 64
FETCH_SECONDS = 5.0
RETRY_AFTER = timedelta(seconds=10)
FRESH = timedelta(hours=1)
FRESH_AT_LEAST, FRESH_AT_MOST = timedelta(minutes=5), timedelta(hours=24)
STALE_AT_MOST = timedelta(hours=24)

_MAX_AGE = re.compile(r"max-age=\"?(\d{1,9})", re.ASCII | re.IGNORECASE)
_log = structlog.stdlib.get_logger("tidegate.issuers")


class Unavailable(Exception):
    """What an issuer publishes cannot be had or used; the text says why and is for the log."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document's JSON, and how long it may be kept if its server says so."""

    document: Any
    max_age: timedelta | None


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys as they were published at one moment; two may bear one name."""

    keys: Sequence[VerificationKey]
    fetched_at: datetime
    fresh_for: timedelta

    def candidates(self, kid: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys a token with this header may be signed with; without a name all of its algorithm."""
        return tuple(key for key in self.keys if key.algorithm == algorithm and kid in (None, key.kid))

    def is_fresh(self, now: datetime) -> bool:
        return timedelta(0) <= now - self.fetched_at < self.fresh_for

    def is_usable(self, now: datetime) -> bool:
        """Fresh, or old by no more than a day, which an issuer's outage is bridged with."""
        return now - self.fetched_at < self.fresh_for + STALE_AT_MOST


Fetch = Callable[[str], Awaitable[Fetched]]


class RemoteKeys:
    """The keys of one issuer. Safe to share between requests: one fetch at a time, whose outcome all wait for, and
    none within ten seconds of the one before."""

    def __init__(self, issuer: str, clock: Clock, fetch: Fetch, jwks_url: str | None = None) -> None:
        self._issuer = issuer
        self._clock = clock
        self._fetch = fetch
        self._jwks_url = jwks_url
        self._known: KeySet | None = None
        self._tried_at: datetime | None = None
        self._failing = False
        self._renewing: asyncio.Task[None] | None = None

    async def current(self) -> KeySet:
        """The keys, fetched where they are missing or old. Unauthenticated where there are none that may be used."""
        now = self._clock()
        known = self._known
        if known is None or not known.is_fresh(now):
            renewal = self._renewal(now)
            bridged = known is not None and self._failing and known.is_usable(now)
            if renewal is not None and not bridged:
                await asyncio.shield(renewal)
        if self._known is None or not self._known.is_usable(now):
            raise Unauthenticated("the keys of the token's issuer cannot be had at the moment", retryable=True)
        return self._known

    async def renewed_after(self, seen: KeySet) -> KeySet | None:
        """Keys published later than these, which fitted no token; None where there are none, or it is too early to
        ask again."""
        if self._known is seen:
            renewal = self._renewal(self._clock())
            if renewal is not None:
                await asyncio.shield(renewal)
        return None if self._known is seen else self._known

    def _renewal(self, now: datetime) -> "asyncio.Task[None] | None":
        if self._renewing is None or self._renewing.done():
            if self._tried_at is not None and timedelta(0) <= now - self._tried_at < RETRY_AFTER:
                return None
            self._tried_at = now
            self._renewing = asyncio.create_task(self._renew())
        return self._renewing

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                fetched = await self._fetch(self._jwks_url or await self._discovered())
            keys = published_keys(fetched.document)
        except (Unavailable, TimeoutError) as fault:
            self._failing = True
            _log.warning("keys of an issuer not fetched", issuer=self._issuer, reason=str(fault) or "too slow")
            return
        self._failing = False
        self._known = KeySet(keys, self._clock(), _lifetime(fetched.max_age))
        if not keys:
            _log.warning("an issuer publishes no key that can be used", issuer=self._issuer)

    async def _discovered(self) -> str:
        """`jwks_uri` of the issuer's configuration (OpenID Connect Discovery 1.0 §4)."""
        document = (await self._fetch(self._issuer.rstrip("/") + DISCOVERY)).document
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise Unavailable("its configuration names another issuer; the setting must spell it the same")
        url = document.get("jwks_uri")
        try:
            checked = secure_url(url) if isinstance(url, str) else None
        except ValueError:
            checked = None
        if checked is None or (is_loopback(checked) and not is_loopback(self._issuer)):
            raise Unavailable("its configuration has no https jwks_uri")
        return checked


def published_keys(document: Any) -> tuple[VerificationKey, ...]:
    """The keys of a JWKS document that sign and are Ed25519, P-256 or RSA of 2048 bits or more; others are left out.
    At most 64 are looked at. Unavailable where it is no such document."""
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise Unavailable("its keys are not a JWKS document")
    found = (_published(member) for member in members[:MAXIMUM_KEYS] if isinstance(member, dict))
    return tuple(key for key in found if key is not None)


def http_fetch(*, loopback: bool) -> Fetch:
    """A fetch by HTTP: no redirects, at most 256 KiB, no compression. Proxies of the environment are not used for a
    loopback issuer. The certificates are read here, once."""
    context: ssl.SSLContext = httpx2.create_ssl_context(trust_env=not loopback)

    async def fetch(url: str) -> Fetched:
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        try:
            async with (
                httpx2.AsyncClient(verify=context, trust_env=not loopback, timeout=FETCH_SECONDS) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                if response.status_code != 200 or "content-encoding" in response.headers:
                    raise Unavailable(f"{url} answered {response.status_code}, or compressed")
                body = await _read(response, url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
            raise Unavailable(f"{url}: {type(fault).__name__}") from fault
        try:
            return Fetched(orjson.loads(body), _max_age(response.headers.get("cache-control", "")))
        except orjson.JSONDecodeError as fault:
            raise Unavailable(f"{url} is not JSON") from fault

    return fetch


async def _read(response: httpx2.Response, url: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAXIMUM_BYTES:
            raise Unavailable(f"{url} is longer than {MAXIMUM_BYTES} bytes")
    return bytes(body)


def _published(member: dict[str, Any]) -> VerificationKey | None:
    operations = member.get("key_ops", ["verify"])
    if member.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        public_key = PyJWK.from_dict(member).key
    except (PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
        return None
    algorithm = algorithm_of(public_key)
    if algorithm is None or member.get("alg", algorithm) != algorithm or not isinstance(public_key, PublicKey):
        return None
    kid = member.get("kid")
    return VerificationKey(kid if isinstance(kid, str) else thumbprint(public_key), algorithm, public_key)


def _max_age(cache_control: str) -> timedelta | None:
    if "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return timedelta(0)
    found = _MAX_AGE.search(cache_control)
    return timedelta(seconds=int(found[1])) if found else None


def _lifetime(max_age: timedelta | None) -> timedelta:
    return FRESH if max_age is None else min(max(max_age, FRESH_AT_LEAST), FRESH_AT_MOST)
