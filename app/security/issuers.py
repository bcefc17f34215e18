"""Tokens of issuers outside this installation: whose they are, and which organisation and scopes their claims mean, as
the settings map them. Signatures are left to `tokens`, the issuers' keys to `remote_keys`."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.clock import Clock
from app.errors import BadUserInput, Refused, Unauthenticated
from app.principal import SCOPES, Principal
from app.security.remote_keys import RemoteKeys, http_fetch
from app.security.tokens import (
    MAXIMUM_TOKEN_BYTES,
    Verified,
    header_of,
    moment,
    names_audience,
    refuse_unknown_scopes,
    refuse_untimely,
    signed_claims,
    subject_of,
    token_id_of,
)
from app.settings import Settings, is_loopback

MAXIMUM_NAME = 200

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

FindOrganisation = Callable[[str], Awaitable[str | None]]
"""From an organisation's id or name to its id; None where there is none."""


@dataclass(frozen=True, slots=True)
class ClaimMap:
    """Where the organisation and the scopes stand: a claim's name, or with a leading `/` a JSON pointer (RFC 6901).
    `aliases` are what an issuer's own words (roles, groups) mean in scopes."""

    organisation: str
    scopes: str
    aliases: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Issuer:
    """`organisation`, an id or a name, is who all its tokens speak for; where None each token says it."""

    url: str
    keys: RemoteKeys
    organisation: str | None = None


class Issuers:
    """Reads the tokens of the issuers it knows; those of any other are none of its business."""

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        claims: ClaimMap,
        audience: str,
        leeway: timedelta,
        find_organisation: FindOrganisation,
    ) -> None:
        self._issuers = issuers
        self._map = claims
        self._audience = audience
        self._leeway = leeway
        self._find_organisation = find_organisation

    async def examine(self, token: str, now: datetime) -> Verified | None:
        """None for a token that names none of these issuers. Otherwise its signature, audience, time, organisation and
        scopes are checked, in this order; words that mean no scope are dropped. Unauthenticated, with a message that
        repeats nothing of the token, where one fails or the issuer's keys cannot be had."""
        issuer = self._issuers.get(_claimed_issuer(token))
        if issuer is None:
            return None
        claims = await _signed_by(issuer, token)
        if claims.get("iss") != issuer.url:
            raise Unauthenticated("the token is of another issuer")
        if not names_audience(claims.get("aud"), self._audience):
            raise Unauthenticated("the token is for another audience")
        accepted_from, accepted_until = self._span(claims)
        refuse_untimely(now, accepted_from, accepted_until)
        principal = Principal(
            subject=subject_of(claims),
            organisation_id=await self._organisation(issuer, claims),
            scopes=self._scopes(claims),
            expires_at=moment(claims, "exp"),
            token_id=token_id_of(claims),
        )
        return Verified(principal, accepted_from, accepted_until)

    def _span(self, claims: Mapping[str, Any]) -> tuple[datetime, datetime]:
        """From when until when it is accepted; `iat` and `nbf` may be absent, `exp` may not."""
        begins = max((moment(claims, name) for name in ("iat", "nbf") if name in claims), default=_BEGINNING)
        return max(begins, _BEGINNING + self._leeway) - self._leeway, moment(claims, "exp") + self._leeway

    async def _organisation(self, issuer: Issuer, claims: Mapping[str, Any]) -> str:
        said = issuer.organisation
        if said is None:
            value = read_claim(claims, self._map.organisation)
            if isinstance(value, list) and len(value) == 1:
                [value] = value
            if not isinstance(value, str) or not 0 < len(value) <= MAXIMUM_NAME:
                raise Unauthenticated(f"the token's organisation ({self._map.organisation}) is missing or malformed")
            said = value
        found = await self._find_organisation(said)
        if found is None:
            raise Unauthenticated("the token's organisation does not exist")
        return found

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        value = read_claim(claims, self._map.scopes)
        words = value.split() if isinstance(value, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise Unauthenticated(f"the token's scopes ({self._map.scopes}) are missing or malformed")
        meant = (self._map.aliases.get(word, frozenset((word,))) for word in words)
        return frozenset(SCOPES).intersection(scope for scopes in meant for scope in scopes)


def open_issuers(settings: Settings, find_organisation: FindOrganisation, clock: Clock) -> Issuers | None:
    """The issuers of the settings; None where there are none. Opens no connection: keys are fetched with the first
    token. Refused where the settings contradict each other or map a word to an unknown scope."""
    if not settings.issuers:
        if settings.jwks_url is not None:
            raise Refused("TIDEGATE_JWKS_URL needs TIDEGATE_ISSUERS: whose keys are they?")
        return None
    if settings.jwks_url is not None and len(settings.issuers) > 1:
        raise Refused("TIDEGATE_JWKS_URL is for one issuer; several are found by OpenID discovery")
    opened: dict[str, Issuer] = {}
    for entry in settings.issuers:
        url, _, organisation = entry.partition("=")
        if url == settings.issuer or url in opened:
            raise Refused(f"{url} is named twice among TIDEGATE_ISSUER and TIDEGATE_ISSUERS")
        fetch = http_fetch(loopback=is_loopback(url))
        opened[url] = Issuer(url, RemoteKeys(url, clock, fetch, settings.jwks_url), organisation or None)
    claims = ClaimMap(settings.organisation_claim, settings.scope_claim, _aliases(settings.scope_map))
    leeway = timedelta(seconds=settings.token_leeway_seconds)
    return Issuers(opened, claims, settings.audience, leeway, find_organisation)


def read_claim(claims: Mapping[str, Any], place: str) -> Any:
    """A claim by name, or with a leading `/` by JSON pointer through objects; None where it is absent."""
    if not place.startswith("/"):
        return claims.get(place)
    value: Any = claims
    for step in place[1:].split("/"):
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, Mapping) else None
    return value


async def _signed_by(issuer: Issuer, token: str) -> Mapping[str, Any]:
    """The claims, verified with the issuer's keys; where none fits, once more with keys it published since."""
    header_of(token)
    keys = await issuer.keys.current()
    try:
        return signed_claims(token, keys)
    except Unauthenticated:
        newer = await issuer.keys.renewed_after(keys)
        if newer is None:
            raise
        return signed_claims(token, newer)


def _claimed_issuer(token: str) -> str:
    """What an unverified token says of its issuer, to choose the keys by; empty where it says nothing usable."""
    parts = token.split(".")
    if len(token) > MAXIMUM_TOKEN_BYTES or len(parts) != 3:
        return ""
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return ""
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


def _aliases(entries: tuple[str, ...]) -> Mapping[str, frozenset[str]]:
    aliases: dict[str, frozenset[str]] = {}
    for entry in entries:
        word, _, scopes = entry.partition("=")
        aliases[word.strip()] = frozenset(scopes.split())
        try:
            refuse_unknown_scopes(aliases[word.strip()])
        except BadUserInput as fault:
            raise Refused(f"TIDEGATE_SCOPE_MAP: {fault.message}") from fault
    return aliases
