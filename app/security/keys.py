"""Signing and verification keys: a local Ed25519 pair made on first run, and every public key that is trusted beside
it. A key is bound to one algorithm by its type (RFC 8725 §3.1); reading a token is left to `tokens`."""

import base64
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from jwt import PyJWK, PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app.errors import Refused

SIGNING_FILE = "signing.pem"
MINIMUM_RSA_BITS = 2048

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the only algorithm it verifies. `kid` is what a token names it by."""

    kid: str
    algorithm: str
    public_key: PublicKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """One key that signs, and all that verify, the signing one included, by kid."""

    kid: str
    signing_key: Ed25519PrivateKey = field(repr=False)
    verification: Mapping[str, VerificationKey]

    def candidates(self, kid: str | None, algorithm: str) -> Sequence[VerificationKey]:
        """The keys a token may be signed with: the one it names, or where it names none all of its algorithm."""
        if kid is not None:
            named = self.verification.get(kid)
            return (named,) if named is not None and named.algorithm == algorithm else ()
        return tuple(key for key in self.verification.values() if key.algorithm == algorithm)


def open_key_ring(folder: Path, trusted: Path | None = None) -> KeyRing:
    """The keys of `folder` (made where absent): `signing.pem` signs; it and every other `*.pem` there, public or
    private, verify. To rotate, rename `signing.pem` and restart; delete the old file when its tokens have expired.
    `trusted` is a file or folder of more public keys. Refused where a file cannot be read as a key."""
    signing_file = folder / SIGNING_FILE
    if not signing_file.exists():
        _make_signing_key(signing_file)
    signing = _private_key(signing_file)
    if not isinstance(signing, Ed25519PrivateKey):
        raise Refused(f"{signing_file} must be an Ed25519 private key")
    own = _verification_key(signing.public_key(), str(signing_file))
    verification = {own.kid: own}
    for key in _read_keys([*_key_files(folder), *(_key_files(trusted) if trusted else ())]):
        if verification.setdefault(key.kid, key).public_key != key.public_key:
            raise Refused(f"two different keys are called {key.kid}")
    return KeyRing(kid=own.kid, signing_key=signing, verification=verification)


def thumbprint(public_key: PublicKey) -> str:
    """RFC 7638: base64url of the SHA-256 over the key's required JWK members in lexical order."""
    members = {name: value for name, value in _jwk(public_key).items() if name in ("crv", "e", "kty", "n", "x", "y")}
    digest = hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def algorithm_of(public_key: object) -> str | None:
    """The JWS algorithm a key of this type is for; None for any other type, curve or a short RSA key."""
    match public_key:
        case Ed25519PublicKey():
            return "EdDSA"
        case EllipticCurvePublicKey() if isinstance(public_key.curve, SECP256R1):
            return "ES256"
        case RSAPublicKey() if public_key.key_size >= MINIMUM_RSA_BITS:
            return "RS256"
        case _:
            return None


def _jwk(public_key: PublicKey) -> dict[str, str]:
    match public_key:
        case Ed25519PublicKey():
            return OKPAlgorithm.to_jwk(public_key, as_dict=True)
        case EllipticCurvePublicKey():
            return ECAlgorithm.to_jwk(public_key, as_dict=True)
        case RSAPublicKey():
            return RSAAlgorithm.to_jwk(public_key, as_dict=True)


def _make_signing_key(path: Path) -> None:
    """Written whole beside the target, then linked: of processes that start at once one wins, all read its key."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.parent / f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _key_files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(
            path for path in place.iterdir() if path.suffix in (".pem", ".json") and not path.name.startswith(".")
        )
    elif place.exists():
        yield place
    else:
        raise Refused(f"{place} is neither a key file nor a folder of them")


def _read_keys(paths: Iterable[Path]) -> Iterator[VerificationKey]:
    for path in paths:
        raw = path.read_bytes()
        if path.suffix == ".json":
            yield from _jwks(raw, path)
        elif b"PRIVATE KEY" in raw:
            yield _verification_key(_private_key(path).public_key(), str(path))
        else:
            try:
                public_key = load_pem_public_key(raw)
            except (ValueError, UnsupportedAlgorithm) as fault:
                raise Refused(f"{path} is not a public key in PEM") from fault
            yield _verification_key(public_key, str(path))


def _jwks(raw: bytes, path: Path) -> Iterator[VerificationKey]:
    """Keys of a JWKS document (RFC 7517): those for encryption are left out; a key's own `kid` is kept."""
    try:
        members = orjson.loads(raw)["keys"]
        signing = [member for member in members if member.get("use", "sig") == "sig"]
        for member in signing:
            public_key = PyJWK.from_dict(member).key
            key = _verification_key(public_key, str(path))
            if member.get("alg", key.algorithm) != key.algorithm:
                raise Refused(f"{path} gives a key the algorithm {member['alg']!r} that its type is not for")
            yield VerificationKey(str(member.get("kid", key.kid)), key.algorithm, key.public_key)
    except (ValueError, KeyError, TypeError, AttributeError, PyJWTError) as fault:
        raise Refused(f"{path} is not a JWKS document") from fault


def _private_key(path: Path) -> PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise Refused(f"{path} is not an unencrypted private key in PEM") from fault
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey):
        raise Refused(f"{path} is a private key of a type that signs no token here")
    return key


def _verification_key(public_key: object, origin: str) -> VerificationKey:
    algorithm = algorithm_of(public_key)
    if algorithm is None or not isinstance(public_key, PublicKey):
        raise Refused(f"{origin}: keys are Ed25519, P-256, or RSA of at least {MINIMUM_RSA_BITS} bits")
    return VerificationKey(thumbprint(public_key), algorithm, public_key)
