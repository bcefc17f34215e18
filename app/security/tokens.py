"""Tokens: JSON Web Tokens signed by a key of the ring, read strictly. Knows signatures, claims and time; whether the
organisation exists is left to `authenticate`."""

import difflib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt
import orjson

from app.errors import BadUserInput, Unauthenticated
from app.ids import type_of
from app.principal import SCOPES, Principal, unknown_scopes
from app.security.keys import KeyRing, VerificationKey, open_key_ring
from app.settings import Settings

MAXIMUM_TOKEN_BYTES = 8_192
MAXIMUM_SUBJECT_LENGTH = 200
MAXIMUM_LIFETIME = timedelta(days=366)

_LAST_SECOND = 253_370_764_800  # the first of January 9999, so that a leeway fits behind it
_signatures = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class Verified:
    """A principal and the span in which its token is accepted, the leeway already in it: from ≤ now < until."""

    principal: Principal
    accepted_from: datetime
    accepted_until: datetime


class Keys(Protocol):
    """Public keys to choose from: the ring's, or those an issuer publishes."""

    def candidates(self, kid: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys a token with this header may be signed with."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and reads the tokens of one issuer for one audience."""

    keys: KeyRing
    issuer: str
    audience: str
    leeway: timedelta

    def mint(
        self, *, subject: str, organisation_id: str, scopes: Iterable[str], lifetime: timedelta, now: datetime
    ) -> str:
        """A signed token (RFC 7519; header `kid`). BadUserInput for an unknown scope, an empty or unprintable
        subject, a lifetime that is not between a second and 366 days."""
        granted = frozenset(scopes)
        refuse_unknown_scopes(granted)
        if not is_subject(subject):
            raise BadUserInput(f"a subject is 1 to {MAXIMUM_SUBJECT_LENGTH} printable characters")
        if not timedelta(seconds=1) <= lifetime <= MAXIMUM_LIFETIME:
            raise BadUserInput("a token lives between one second and 366 days")
        issued = int(now.timestamp())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "org": organisation_id,
            "scope": " ".join(sorted(granted)),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode(claims, self.keys.signing_key, algorithm="EdDSA", headers={"kid": self.keys.kid})

    def verify(self, token: str, now: datetime) -> Principal:
        """Who a token speaks for; see `examine`."""
        return self.examine(token, now).principal

    def examine(self, token: str, now: datetime) -> Verified:
        """Checks size, signature, issuer, audience and time, in this order; scopes that are not on the closed list
        are dropped. Unauthenticated, with a message that repeats nothing of the token, where one fails."""
        verified = self._claims_of(signed_claims(token, self.keys))
        refuse_untimely(now, verified.accepted_from, verified.accepted_until)
        return verified

    def _claims_of(self, claims: Mapping[str, Any]) -> Verified:
        if claims.get("iss") != self.issuer:
            raise Unauthenticated("the token is of another issuer")
        if not names_audience(claims.get("aud"), self.audience):
            raise Unauthenticated("the token is for another audience")
        expires, issued = moment(claims, "exp"), moment(claims, "iat")
        starts = moment(claims, "nbf") if "nbf" in claims else issued
        organisation, scope = claims.get("org"), claims.get("scope")
        if not isinstance(organisation, str) or type_of(organisation) != "Organisation":
            raise Unauthenticated("the token's organisation (org) is missing or malformed")
        if not isinstance(scope, str):
            raise Unauthenticated("the token's scopes (scope) are missing or malformed")
        principal = Principal(
            subject=subject_of(claims),
            organisation_id=organisation,
            scopes=frozenset(SCOPES).intersection(scope.split()),
            expires_at=expires,
            token_id=token_id_of(claims),
        )
        return Verified(principal, max(starts, issued) - self.leeway, expires + self.leeway)


def open_tokens(settings: Settings) -> Tokens:
    """The tokens of this installation; its key pair is made on first use, in `keys` of the state folder."""
    return Tokens(
        keys=open_key_ring(settings.state_dir / "keys", settings.trusted_keys),
        issuer=settings.issuer,
        audience=settings.audience,
        leeway=timedelta(seconds=settings.token_leeway_seconds),
    )


def signed_claims(token: str, keys: Keys) -> Mapping[str, Any]:
    """The claims of a token whose signature is right: the header may only choose among `keys`, and the key says the
    algorithm. Unauthenticated, repeating nothing of the token, where none fits."""
    header = header_of(token)
    kid, algorithm = header.get("kid"), header.get("alg")
    candidates = keys.candidates(kid, algorithm) if isinstance(algorithm, str) else ()
    for key in candidates:
        try:
            signed = _signatures.decode_complete(token, key.public_key, algorithms=[key.algorithm])
            claims = orjson.loads(signed["payload"])
        except (jwt.PyJWTError, ValueError):
            continue
        if isinstance(claims, dict):
            return claims
    raise Unauthenticated("the token is not signed by a key that is trusted here")


def header_of(token: str) -> Mapping[str, Any]:
    """The header, unverified. Unauthenticated for what is too long or no token."""
    if len(token) > MAXIMUM_TOKEN_BYTES:
        raise Unauthenticated(f"the token is longer than {MAXIMUM_TOKEN_BYTES} bytes")
    if not token.isascii():
        raise Unauthenticated("the token is malformed")
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as fault:
        raise Unauthenticated("the token is malformed") from fault


def refuse_untimely(now: datetime, accepted_from: datetime, accepted_until: datetime) -> None:
    """Unauthenticated, saying which, where a token's time is over or has not begun: from ≤ now < until is its time."""
    if now >= accepted_until:
        raise Unauthenticated("the token has expired")
    if now < accepted_from:
        raise Unauthenticated("the token is not valid yet")


def refuse_unknown_scopes(scopes: frozenset[str]) -> None:
    unknown = unknown_scopes(scopes)
    if unknown:
        near = difflib.get_close_matches(unknown[0], SCOPES, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; the scopes are {' '.join(SCOPES)}"
        raise BadUserInput(f"unknown scope {', '.join(unknown)}{hint}")


def subject_of(claims: Mapping[str, Any]) -> str:
    """The `sub` claim. Unauthenticated where it is missing or malformed."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_subject(subject):
        raise Unauthenticated("the token's subject (sub) is missing or malformed")
    return subject


def token_id_of(claims: Mapping[str, Any]) -> str | None:
    """The `jti` claim, if there is one. Unauthenticated where it is malformed."""
    token_id = claims.get("jti")
    if token_id is not None and (not isinstance(token_id, str) or not is_subject(token_id)):
        raise Unauthenticated("the token's id (jti) is malformed")
    return token_id


def is_subject(text: str) -> bool:
    """1 to 200 printable characters that are not all blank."""
    return 0 < len(text) <= MAXIMUM_SUBJECT_LENGTH and text.isprintable() and not text.isspace()


def names_audience(claim: object, audience: str) -> bool:
    """Whether an `aud` claim, one name or several, has this one."""
    return claim == audience or (isinstance(claim, list) and audience in claim)


def moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate claim (RFC 7519 §2) as an aware datetime. Unauthenticated where it is missing or malformed."""
    seconds = claims.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LAST_SECOND:
        raise Unauthenticated(f"the token's time ({name}) is missing or malformed")
    return datetime.fromtimestamp(seconds, UTC)
