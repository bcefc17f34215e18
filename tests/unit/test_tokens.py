"""Tokens, hostile ones above all: what is not signed by a trusted key, for us, for now, is refused."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.errors import BadUserInput, TidegateError, Unauthenticated
from app.ids import new_id
from app.principal import SCOPES, Principal
from app.security.keys import open_key_ring
from app.security.tokens import MAXIMUM_TOKEN_BYTES, Tokens, open_tokens
from app.settings import Settings

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
ORGANISATION = new_id("Organisation")
UNTRUSTED = "the token is not signed by a key that is trusted here"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "keys"


@pytest.fixture(scope="module")
def tokens(folder: Path) -> Tokens:
    return Tokens(open_key_ring(folder), "tidegate", "tidegate", timedelta(seconds=30))


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims at NOW for an hour; a change to None takes the claim away."""
    at = int(NOW.timestamp())
    good = {
        "iss": "tidegate",
        "aud": "tidegate",
        "sub": "ada",
        "org": ORGANISATION,
        "scope": "entries:read events:read",
        "iat": at,
        "nbf": at,
        "exp": at + 3600,
        "jti": "one",
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def signed(tokens: Tokens, body: dict[str, Any] | bytes, **header: Any) -> str:
    """A token by the ring's own key."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return jwt.PyJWS().encode(
        payload, tokens.keys.signing_key, algorithm="EdDSA", headers={"kid": tokens.keys.kid, **header}
    )


def by_hand(header: dict[str, Any], body: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(body).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def refusal(tokens: Tokens, token: str, now: datetime = NOW) -> str:
    with pytest.raises(Unauthenticated) as refused:
        tokens.verify(token, now)
    return refused.value.message


def test_a_minted_token_is_read_back(tokens: Tokens) -> None:
    token = tokens.mint(
        subject="Zoë 船", organisation_id=ORGANISATION, scopes={"events:read"}, lifetime=timedelta(hours=1), now=NOW
    )
    principal = tokens.verify(token, NOW)
    assert principal == Principal(
        subject="Zoë 船",
        organisation_id=ORGANISATION,
        scopes=frozenset({"events:read"}),
        expires_at=NOW + timedelta(hours=1),
        token_id=principal.token_id,
    )
    assert isinstance(principal.scopes, frozenset)
    assert hash(principal) is not None
    assert principal.token_id
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "kid": tokens.keys.kid, "typ": "JWT"}


def test_two_tokens_never_share_an_id(tokens: Tokens) -> None:
    made = [
        tokens.mint(subject="a", organisation_id=ORGANISATION, scopes=(), lifetime=timedelta(hours=1), now=NOW)
        for _ in range(50)
    ]
    assert len({tokens.verify(token, NOW).token_id for token in made}) == 50


def test_minting_refuses_a_scope_that_is_not_on_the_list_and_names_the_nearest(tokens: Tokens) -> None:
    with pytest.raises(BadUserInput) as refused:
        tokens.mint(
            subject="a",
            organisation_id=ORGANISATION,
            scopes={"entries:reed", "tariff:read"},
            lifetime=timedelta(hours=1),
            now=NOW,
        )
    assert refused.value.message == "unknown scope entries:reed; did you mean entries:read?"


@pytest.mark.parametrize("subject", ["", " ", "a\nb", "x" * 201, "\u202eevil"])
def test_minting_refuses_a_subject_that_cannot_be_printed(tokens: Tokens, subject: str) -> None:
    with pytest.raises(BadUserInput, match="a subject is"):
        tokens.mint(subject=subject, organisation_id=ORGANISATION, scopes=(), lifetime=timedelta(hours=1), now=NOW)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), timedelta(days=367)])
def test_minting_refuses_a_lifetime_out_of_bounds(tokens: Tokens, lifetime: timedelta) -> None:
    with pytest.raises(BadUserInput, match="a token lives"):
        tokens.mint(subject="a", organisation_id=ORGANISATION, scopes=(), lifetime=lifetime, now=NOW)


def test_an_unknown_scope_of_a_signed_token_opens_nothing(tokens: Tokens) -> None:
    token = signed(tokens, claims(scope="  entries:read   all:write *  entries:read"))
    assert tokens.verify(token, NOW).scopes == frozenset({"entries:read"})


def test_every_scope_fits_into_a_token(tokens: Tokens) -> None:
    token = tokens.mint(
        subject="x" * 200, organisation_id=ORGANISATION, scopes=SCOPES, lifetime=timedelta(hours=1), now=NOW
    )
    assert tokens.verify(token, NOW).scopes == SCOPES.keys()
    assert len(token) < MAXIMUM_TOKEN_BYTES / 4


def test_a_token_lives_until_its_expiry_and_the_leeway(tokens: Tokens) -> None:
    token = signed(tokens, claims())
    end = NOW + timedelta(hours=1)
    assert tokens.verify(token, end + timedelta(seconds=29.999)).expires_at == end
    assert refusal(tokens, token, end + timedelta(seconds=30)) == "the token has expired"


def test_a_token_begins_at_its_not_before_less_the_leeway(tokens: Tokens) -> None:
    token = signed(tokens, claims(nbf=int(NOW.timestamp()) + 60))
    assert tokens.verify(token, NOW + timedelta(seconds=30)).subject == "ada"
    assert refusal(tokens, token, NOW + timedelta(seconds=29.999)) == "the token is not valid yet"


def test_a_token_issued_in_the_future_is_refused_whatever_its_not_before(tokens: Tokens) -> None:
    token = signed(tokens, claims(iat=int(NOW.timestamp()) + 60, nbf=0))
    assert refusal(tokens, token) == "the token is not valid yet"


def test_an_unsigned_token_is_refused(tokens: Tokens) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        assert refusal(tokens, by_hand({"alg": algorithm, "typ": "JWT"}, claims())) == UNTRUSTED
        assert refusal(tokens, by_hand({"alg": algorithm, "kid": tokens.keys.kid}, claims())) == UNTRUSTED


@pytest.mark.parametrize("form", ["pem", "raw", "der"])
def test_the_public_key_is_no_shared_secret(tokens: Tokens, form: str) -> None:
    # given a token signed by HMAC with the bytes of the public key
    public = tokens.keys.signing_key.public_key()
    secret = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "raw": public.public_bytes(Encoding.Raw, PublicFormat.Raw),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    }[form]
    unsigned = by_hand({"alg": "HS256", "kid": tokens.keys.kid}, claims()).rpartition(".")[0]
    signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
    token = f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    # then it is not accepted
    assert refusal(tokens, token) == UNTRUSTED


def test_a_key_verifies_only_the_algorithm_of_its_type(tmp_path: Path) -> None:
    # given a trusted RSA key, and a token that is rightly signed by it, but as RS512 and PS256
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "idp.pem").write_bytes(pem)
    tokens = Tokens(open_key_ring(tmp_path / "keys", tmp_path / "idp.pem"), "tidegate", "tidegate", timedelta(0))
    # then only RS256 is accepted
    assert tokens.verify(jwt.encode(claims(), private, algorithm="RS256"), NOW).subject == "ada"
    for algorithm in ("RS384", "RS512", "PS256"):
        assert refusal(tokens, jwt.encode(claims(), private, algorithm=algorithm)) == UNTRUSTED


def test_a_stranger_cannot_bring_his_own_key(tokens: Tokens) -> None:
    stranger = Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(stranger.public_key()))
    for header in ({"kid": tokens.keys.kid}, {}, {"kid": "other"}, {"jwk": jwk}, {"jku": "https://evil.example/jwks"}):
        assert refusal(tokens, jwt.encode(claims(), stranger, algorithm="EdDSA", headers=header)) == UNTRUSTED


def test_a_tampered_token_is_refused(tokens: Tokens) -> None:
    head, body, signature = signed(tokens, claims()).split(".")
    more = base64.urlsafe_b64encode(json.dumps(claims(scope=" ".join(SCOPES))).encode()).rstrip(b"=").decode()
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    for token in (f"{head}.{more}.{signature}", f"{head}.{body}.{flipped}", f"{head}.{body}.", f"{head}.{body}.AAAA"):
        assert refusal(tokens, token) == UNTRUSTED


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"iss": "elsewhere"}, "the token is of another issuer"),
        ({"iss": ["tidegate"]}, "the token is of another issuer"),
        ({"iss": None}, "the token is of another issuer"),
        ({"aud": "elsewhere"}, "the token is for another audience"),
        ({"aud": ["elsewhere"]}, "the token is for another audience"),
        ({"aud": []}, "the token is for another audience"),
        ({"aud": {"tidegate": 1}}, "the token is for another audience"),
        ({"aud": None}, "the token is for another audience"),
        ({"exp": None}, "the token's time (exp) is missing or malformed"),
        ({"exp": "9999999999"}, "the token's time (exp) is missing or malformed"),
        ({"exp": True}, "the token's time (exp) is missing or malformed"),
        ({"exp": 1e300}, "the token's time (exp) is missing or malformed"),
        ({"exp": 10**30}, "the token's time (exp) is missing or malformed"),
        ({"exp": -1}, "the token's time (exp) is missing or malformed"),
        ({"exp": [1]}, "the token's time (exp) is missing or malformed"),
        ({"iat": None}, "the token's time (iat) is missing or malformed"),
        ({"iat": "now"}, "the token's time (iat) is missing or malformed"),
        ({"nbf": "now"}, "the token's time (nbf) is missing or malformed"),
        ({"sub": None}, "the token's subject (sub) is missing or malformed"),
        ({"sub": 7}, "the token's subject (sub) is missing or malformed"),
        ({"sub": ""}, "the token's subject (sub) is missing or malformed"),
        ({"sub": "a\r\nb"}, "the token's subject (sub) is missing or malformed"),
        ({"org": None}, "the token's organisation (org) is missing or malformed"),
        ({"org": 7}, "the token's organisation (org) is missing or malformed"),
        ({"org": "demo"}, "the token's organisation (org) is missing or malformed"),
        ({"org": "prd_01"}, "the token's organisation (org) is missing or malformed"),
        ({"org": "org_' or 1=1"}, "the token's organisation (org) is missing or malformed"),
        ({"scope": None}, "the token's scopes (scope) are missing or malformed"),
        ({"scope": ["entries:read"]}, "the token's scopes (scope) are missing or malformed"),
        ({"jti": 7}, "the token's id (jti) is malformed"),
        ({"jti": "x" * 201}, "the token's id (jti) is malformed"),
    ],
)
def test_a_signed_token_with_a_wrong_claim_is_refused(tokens: Tokens, changed: dict[str, Any], message: str) -> None:
    assert refusal(tokens, signed(tokens, claims(**changed))) == message


def test_one_of_several_audiences_is_enough_and_token_id_and_not_before_are_optional(tokens: Tokens) -> None:
    token = signed(tokens, claims(aud=["other", "tidegate"], jti=None, nbf=None))
    assert tokens.verify(token, NOW).token_id is None


def test_times_may_carry_fractions(tokens: Tokens) -> None:
    at = NOW.timestamp()
    token = signed(tokens, claims(exp=at + 0.5))
    assert tokens.verify(token, NOW).expires_at == NOW + timedelta(seconds=0.5)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"text"', b"{", b"\xff\xfe", b"[" * 3000])
def test_a_signed_payload_that_is_no_object_is_refused(tokens: Tokens, body: bytes) -> None:
    assert refusal(tokens, signed(tokens, body)) == UNTRUSTED


@pytest.mark.parametrize("kid", [7, ["a"], {"a": 1}, True])
def test_a_key_id_that_is_no_text_is_refused(tokens: Tokens, kid: object) -> None:
    assert refusal(tokens, by_hand({"alg": "EdDSA", "kid": kid}, claims(), b"x" * 64)) in (
        "the token is malformed",
        UNTRUSTED,
    )


@pytest.mark.parametrize("header", [{}, {"alg": None}, {"alg": 7}, {"alg": ["EdDSA"]}, {"alg": "EdDSA", "crit": ["x"]}])
def test_a_header_without_a_usable_algorithm_is_refused(tokens: Tokens, header: dict[str, Any]) -> None:
    assert refusal(tokens, by_hand(header, claims(), b"x" * 64)) in ("the token is malformed", UNTRUSTED)


def test_a_detached_payload_is_not_accepted(tokens: Tokens) -> None:
    token = signed(tokens, claims(), b64=False, crit=["b64"])
    assert refusal(tokens, token) in ("the token is malformed", UNTRUSTED)


def test_an_oversized_token_is_refused_before_it_is_parsed(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(token: str) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr(jwt, "get_unverified_header", never)
    token = "a" * (MAXIMUM_TOKEN_BYTES + 1)
    assert refusal(tokens, token) == "the token is longer than 8192 bytes"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "é.b.c", "\ud800.b.c", "eyJhbGciOiJFZERTQSJ9", " a.b.c"]
)
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    assert refusal(tokens, token) in ("the token is malformed", UNTRUSTED)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(header=st.text(max_size=40), body=st.text(max_size=80), signature=st.binary(max_size=80))
def test_no_text_makes_anything_but_a_refusal_that_repeats_nothing(
    tokens: Tokens, header: str, body: str, signature: bytes
) -> None:
    parts = (header.encode("utf-8", "surrogatepass"), body.encode("utf-8", "surrogatepass"), signature)
    encoded = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    for token in (f"{header}.{body}", encoded):
        with pytest.raises(TidegateError) as refused:
            tokens.verify(token, NOW)
        assert isinstance(refused.value, Unauthenticated)
        assert refused.value.extensions == {}


@pytest.mark.parametrize("kind", ["ed25519", "p256", "rsa"])
def test_a_trusted_key_of_each_algorithm_verifies(tmp_path: Path, kind: str) -> None:
    private, algorithm = {
        "ed25519": lambda: (Ed25519PrivateKey.generate(), "EdDSA"),
        "p256": lambda: (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        "rsa": lambda: (rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
    }[kind]()
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (trusted / "idp.pem").write_bytes(pem)
    tokens = open_tokens(Settings(state_dir=tmp_path / "state", trusted_keys=trusted))
    assert tokens.verify(jwt.encode(claims(), private, algorithm=algorithm), NOW).organisation_id == ORGANISATION


def test_after_a_rotation_tokens_of_the_old_key_are_still_accepted(tmp_path: Path) -> None:
    # given a token, and a key that was renamed after it
    settings = Settings(state_dir=tmp_path)
    before = open_tokens(settings)
    old = before.mint(subject="a", organisation_id=ORGANISATION, scopes=(), lifetime=timedelta(hours=1), now=NOW)
    (tmp_path / "keys" / "signing.pem").rename(tmp_path / "keys" / "until-december.pem")
    # when the process starts again
    after = open_tokens(settings)
    # then it signs with a new key and verifies with both
    new = after.mint(subject="b", organisation_id=ORGANISATION, scopes=(), lifetime=timedelta(hours=1), now=NOW)
    assert after.keys.kid != before.keys.kid
    assert after.verify(old, NOW).subject == "a"
    assert after.verify(new, NOW).subject == "b"
    # and once the old file is gone its tokens are not accepted
    (tmp_path / "keys" / "until-december.pem").unlink()
    assert refusal(open_tokens(settings), old) == UNTRUSTED


def test_no_key_or_secret_is_printed(tokens: Tokens) -> None:
    raw = tokens.keys.signing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert raw.splitlines()[1] not in repr(tokens)
    assert "Ed25519PrivateKey" not in repr(tokens)
