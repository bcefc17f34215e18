"""Tokens of outside issuers: whose keys, which claims, and what happens while an issuer rotates, errs or lies."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from app.errors import Refused, Unauthenticated
from app.ids import new_id
from app.security.authenticate import Authenticator
from app.security.issuers import ClaimMap, Issuer, Issuers, open_issuers, read_claim
from app.security.keys import open_key_ring
from app.security.remote_keys import (
    MAXIMUM_KEYS,
    Fetched,
    KeySet,
    RemoteKeys,
    Unavailable,
    published_keys,
)
from app.security.tokens import Tokens, Verified
from app.settings import Settings, load_settings
from tests.scenes import SetClock

URL = "https://login.example.com/realms/trade"
JWKS = "https://login.example.com/keys"
ORGANISATION = new_id("Organisation")
OTHER = new_id("Organisation")
UNTRUSTED = "the token is not signed by a key that is trusted here"
NO_KEYS = "the keys of the token's issuer cannot be had at the moment"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Provider:
    """An issuer without a network: keys that can be turned, answers that can fail or wait, fetches that are counted."""

    def __init__(self) -> None:
        self.keys: dict[str, Ed25519PrivateKey] = {"one": Ed25519PrivateKey.generate()}
        self.max_age: timedelta | None = timedelta(hours=1)
        self.configuration: Any = {"issuer": URL, "jwks_uri": JWKS}
        self.down = False
        self.gate: asyncio.Event | None = None
        self.fetched: list[str] = []

    def rotate(self, kid: str) -> None:
        self.keys = {kid: Ed25519PrivateKey.generate()}

    async def fetch(self, url: str) -> Fetched:
        self.fetched.append(url)
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise Unavailable("down")
        if url == JWKS:
            return Fetched({"keys": [jwk(key, kid=kid) for kid, key in self.keys.items()]}, self.max_age)
        return Fetched(self.configuration, None)

    @property
    def key_fetches(self) -> int:
        return self.fetched.count(JWKS)


class Desk:
    """The issuers of one provider, with a clock and two organisations; `token` is signed by its newest key."""

    def __init__(self, organisation: str | None = None, **claim_map: Any) -> None:
        self.clock = SetClock()
        self.provider = Provider()
        self.looked_up: list[str] = []
        remote = RemoteKeys(URL, self.clock, self.provider.fetch)
        claims = ClaimMap(**{"organisation": "org", "scopes": "scope", "aliases": {}, **claim_map})
        self.issuers = Issuers(
            {URL: Issuer(URL, remote, organisation)}, claims, "tidegate", timedelta(seconds=30), self.find
        )

    async def find(self, id_or_name: str) -> str | None:
        self.looked_up.append(id_or_name)
        return {"Acme": ORGANISATION, ORGANISATION: ORGANISATION, "Partner": OTHER}.get(id_or_name)

    def token(self, key: Any = None, kid: str | None = None, algorithm: str = "EdDSA", **changed: Any) -> str:
        newest = list(self.provider.keys)[-1]
        at = int(self.clock().timestamp())
        good = {"iss": URL, "aud": "tidegate", "sub": "ada", "org": "Acme", "scope": "entries:read", "iat": at}
        claims = {**good, "exp": at + 3600, "jti": "one", **changed}
        named = kid if kid is not None else newest if key is None else None
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            self.provider.keys[newest] if key is None else key,
            algorithm,
            headers={} if named in (None, "") else {"kid": named},
        )

    async def read(self, token: str) -> Verified:
        verified = await self.issuers.examine(token, self.clock())
        assert verified is not None
        return verified

    async def refusal(self, token: str) -> str:
        with pytest.raises(Unauthenticated) as refused:
            await self.issuers.examine(token, self.clock())
        return refused.value.message


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    public = key.public_key()
    algorithm: Any = {Ed25519PrivateKey: OKPAlgorithm, rsa.RSAPrivateKey: RSAAlgorithm}.get(
        next((kind for kind in (Ed25519PrivateKey, rsa.RSAPrivateKey) if isinstance(key, kind)), object), ECAlgorithm
    )
    return {**algorithm.to_jwk(public, as_dict=True), "use": "sig", **members}


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_token_of_an_issuer_gives_its_principal(desk: Desk) -> None:
    verified = await desk.read(desk.token())

    principal = verified.principal
    assert (principal.subject, principal.organisation_id, principal.token_id) == ("ada", ORGANISATION, "one")
    assert principal.scopes == {"entries:read"}
    assert principal.expires_at == desk.clock() + timedelta(hours=1)
    assert verified.accepted_from == desk.clock() - timedelta(seconds=30)
    assert verified.accepted_until == desk.clock() + timedelta(hours=1, seconds=30)
    assert desk.provider.fetched == [f"{URL}/.well-known/openid-configuration", JWKS]


async def test_a_token_of_another_issuer_is_left_to_others_and_fetches_nothing(desk: Desk) -> None:
    for token in (desk.token(iss="tidegate"), desk.token(iss=None), "a.b", "a.b.c", "", ".e30.", "x" * 9000):
        assert await desk.issuers.examine(token, desk.clock()) is None
    assert desk.provider.fetched == []


async def test_the_organisation_is_named_by_its_id_or_its_name(desk: Desk) -> None:
    for said in ("Acme", ORGANISATION, ["Acme"]):
        assert (await desk.read(desk.token(org=said))).principal.organisation_id == ORGANISATION


@pytest.mark.parametrize("said", [None, "", 7, [], ["Acme", "Partner"], {"Acme": {}}, "x" * 201])
async def test_a_token_without_one_organisation_is_refused(desk: Desk, said: object) -> None:
    assert await desk.refusal(desk.token(org=said)) == "the token's organisation (org) is missing or malformed"
    assert desk.looked_up == []


async def test_an_organisation_that_does_not_exist_is_refused(desk: Desk) -> None:
    assert await desk.refusal(desk.token(org="Nobody")) == "the token's organisation does not exist"


async def test_an_issuer_of_one_organisation_cannot_speak_for_another() -> None:
    desk = Desk(organisation="Partner")
    verified = await desk.read(desk.token(org="Acme"))
    assert verified.principal.organisation_id == OTHER
    assert desk.looked_up == ["Partner"]


async def test_claims_are_found_by_pointer_and_words_mean_scopes() -> None:
    aliases = {"analyst": frozenset({"tariff:read", "duty:quote"})}
    desk = Desk(organisation="Acme", scopes="/realm_access/roles", aliases=aliases)
    token = desk.token(scope=None, realm_access={"roles": ["analyst", "entries:read", "offline_access"]})
    assert (await desk.read(token)).principal.scopes == {"tariff:read", "duty:quote", "entries:read"}


def test_a_claim_is_read_by_name_or_pointer() -> None:
    claims = {"https://x.example/org": "a", "b": {"c/d": {"e": 1}}, "list": [1]}
    assert read_claim(claims, "https://x.example/org") == "a"
    assert read_claim(claims, "/b/c~1d/e") == 1
    assert read_claim(claims, "/list/0") is None
    assert read_claim(claims, "/b/none/at/all") is None


@pytest.mark.parametrize("said", [None, 7, ["entries:read", 7], {"entries:read": True}])
async def test_a_token_without_scopes_is_refused(desk: Desk, said: object) -> None:
    assert await desk.refusal(desk.token(scope=said)) == "the token's scopes (scope) are missing or malformed"


async def test_audience_and_time_are_checked(desk: Desk) -> None:
    at = int(desk.clock().timestamp())
    assert await desk.refusal(desk.token(aud="another")) == "the token is for another audience"
    assert await desk.refusal(desk.token(aud=None)) == "the token is for another audience"
    assert await desk.refusal(desk.token(exp=None)) == "the token's time (exp) is missing or malformed"
    assert await desk.refusal(desk.token(exp=at - 30)) == "the token has expired"
    assert await desk.refusal(desk.token(nbf=at + 31)) == "the token is not valid yet"
    assert await desk.refusal(desk.token(sub=None)) == "the token's subject (sub) is missing or malformed"
    assert (await desk.read(desk.token(aud=["x", "tidegate"], iat=None))).principal.subject == "ada"


async def test_only_the_issuers_own_keys_count(desk: Desk) -> None:
    stranger = Ed25519PrivateKey.generate()
    assert await desk.refusal(desk.token(stranger, kid="one")) == UNTRUSTED
    assert await desk.refusal(desk.token(stranger)) == UNTRUSTED


async def test_the_key_says_the_algorithm(desk: Desk) -> None:
    # given tokens that name the key and another algorithm: none, and a MAC keyed with the public key
    public = desk.provider.keys["one"].public_key().public_bytes_raw()
    assert await desk.refusal(desk.token(public, kid="one", algorithm="HS256")) == UNTRUSTED
    assert await desk.refusal(desk.token("", kid="one", algorithm="none")) == UNTRUSTED
    assert await desk.refusal(desk.token(RSA_KEY, kid="one", algorithm="RS256")) == UNTRUSTED


def test_of_keys_with_one_name_a_token_may_only_choose_those_of_its_algorithm() -> None:
    members = [jwk(Ed25519PrivateKey.generate(), kid="k"), jwk(RSA_KEY, kid="k"), jwk(RSA_KEY, kid="other")]
    keys = KeySet(published_keys({"keys": members}), SetClock()(), timedelta(hours=1))
    assert [(key.kid, key.algorithm) for key in keys.candidates("k", "RS256")] == [("k", "RS256")]
    assert [(key.kid, key.algorithm) for key in keys.candidates(None, "RS256")] == [("k", "RS256"), ("other", "RS256")]
    assert keys.candidates("k", "HS256") == keys.candidates("unknown", "EdDSA") == ()


async def test_keys_are_fetched_once_an_hour_or_as_their_server_says(desk: Desk) -> None:
    for minutes, fetches in ((0, 1), (59, 1), (2, 2), (30, 2)):
        desk.clock.forward(minutes=minutes)
        await desk.read(desk.token())
        assert desk.provider.key_fetches == fetches


@pytest.mark.parametrize(("said", "kept"), [(timedelta(0), 5), (timedelta(days=9), 24 * 60), (None, 60)])
async def test_a_servers_word_on_caching_is_kept_within_bounds(desk: Desk, said: timedelta | None, kept: float) -> None:
    desk.provider.max_age = said
    await desk.read(desk.token())
    desk.clock.forward(minutes=kept, seconds=-1)
    await desk.read(desk.token())
    assert desk.provider.key_fetches == 1
    desk.clock.forward(seconds=2)
    await desk.read(desk.token())
    assert desk.provider.key_fetches == 2


async def test_a_rotated_key_is_fetched_with_its_first_token_and_the_old_one_is_refused(desk: Desk) -> None:
    old = desk.token()
    await desk.read(old)
    desk.provider.rotate("two")
    desk.clock.forward(seconds=11)

    assert (await desk.read(desk.token())).principal.subject == "ada"
    assert await desk.refusal(old) == UNTRUSTED
    assert desk.provider.key_fetches == 2


async def test_keys_without_names_rotate_too(desk: Desk) -> None:
    await desk.read(desk.token(kid=""))
    desk.provider.rotate("two")
    desk.clock.forward(seconds=11)
    assert (await desk.read(desk.token(kid=""))).principal.subject == "ada"


async def test_bad_tokens_cannot_make_us_hammer_the_issuer(desk: Desk) -> None:
    await desk.read(desk.token())
    for number in range(50):
        await desk.refusal(desk.token(Ed25519PrivateKey.generate(), kid=f"forged-{number}"))
    assert desk.provider.key_fetches == 1
    desk.clock.forward(seconds=10)
    for number in range(50):
        await desk.refusal(desk.token(Ed25519PrivateKey.generate(), kid=f"forged-{number}"))
    assert desk.provider.key_fetches == 2


async def test_callers_at_once_share_one_fetch_and_one_that_leaves_does_not_end_it(desk: Desk) -> None:
    desk.provider.gate = asyncio.Event()
    callers = [asyncio.create_task(desk.read(desk.token())) for _ in range(20)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    desk.provider.gate.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] + [Verified] * 19
    assert desk.provider.key_fetches == 1


async def test_old_keys_bridge_an_outage_of_a_day(desk: Desk) -> None:
    await desk.read(desk.token())
    desk.provider.down = True
    desk.clock.forward(hours=1)
    assert (await desk.read(desk.token())).principal.subject == "ada"
    # while it lasts nobody waits for the attempts that go on beside
    desk.clock.forward(hours=23)
    desk.provider.gate = asyncio.Event()
    assert (await asyncio.wait_for(desk.read(desk.token()), 1)).principal.subject == "ada"
    desk.provider.gate.set()
    await asyncio.sleep(0.01)
    # then it is over
    desk.clock.forward(hours=1)
    assert await desk.refusal(desk.token()) == NO_KEYS
    # and when the issuer is back, so are its callers
    desk.provider.down = False
    desk.clock.forward(seconds=10)
    assert (await desk.read(desk.token())).principal.subject == "ada"


async def test_an_issuer_that_was_never_reached_refuses_and_says_that_it_may_pass(desk: Desk) -> None:
    desk.provider.down = True
    with pytest.raises(Unauthenticated) as refused:
        await desk.read(desk.token())
    assert refused.value.message == NO_KEYS
    assert refused.value.extensions == {"retryable": True}
    await desk.refusal(desk.token())
    assert len(desk.provider.fetched) == 1


async def test_an_issuer_that_does_not_answer_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.security.remote_keys.FETCH_SECONDS", 0.05)
    desk.provider.gate = asyncio.Event()
    assert await asyncio.wait_for(desk.refusal(desk.token()), 2) == NO_KEYS


@pytest.mark.parametrize(
    "configuration",
    [
        None,
        [],
        {"issuer": URL},
        {"issuer": URL + "/", "jwks_uri": JWKS},
        {"issuer": "https://evil.example.com", "jwks_uri": JWKS},
        {"issuer": URL, "jwks_uri": "http://login.example.com/keys"},
        {"issuer": URL, "jwks_uri": "http://127.0.0.1:1/keys"},
        {"issuer": URL, "jwks_uri": "https://127.0.0.1/keys"},
        {"issuer": URL, "jwks_uri": "file:///etc/passwd"},
        {"issuer": URL, "jwks_uri": "https://[bad"},
    ],
)
async def test_a_configuration_of_another_or_without_an_https_address_is_not_followed(
    desk: Desk, configuration: object
) -> None:
    desk.provider.configuration = configuration
    assert await desk.refusal(desk.token()) == NO_KEYS
    assert desk.provider.fetched == [f"{URL}/.well-known/openid-configuration"]


def test_of_published_keys_those_that_sign_and_are_strong_enough_are_taken() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    edward = Ed25519PrivateKey.generate()
    members: list[Any] = [
        jwk(edward, kid="ed"),
        jwk(curve, kid="ec", alg="ES256"),
        jwk(RSA_KEY, kid="rsa"),
        jwk(RSA_KEY, kid="encrypts", use="enc"),
        jwk(RSA_KEY, kid="wraps", key_ops=["wrapKey"]),
        jwk(RSA_KEY, kid="pss", alg="PS256"),
        jwk(RSA_KEY, kid="mac", alg="HS256"),
        jwk(weak, kid="weak"),
        jwk(ec.generate_private_key(ec.SECP384R1()), kid="other curve"),
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": 7, "e": "AQAB"},
        {"kty": "none"},
        {},
        "text",
    ]
    found = published_keys({"keys": members})
    assert [(key.kid, key.algorithm) for key in found] == [("ed", "EdDSA"), ("ec", "ES256"), ("rsa", "RS256")]


def test_a_private_key_that_is_published_by_mistake_is_not_taken() -> None:
    key = Ed25519PrivateKey.generate()
    member = OKPAlgorithm.to_jwk(key, as_dict=True)
    assert "d" in member
    assert published_keys({"keys": [member]}) == ()


def test_a_key_set_is_bounded() -> None:
    member = jwk(Ed25519PrivateKey.generate())
    assert len(published_keys({"keys": [member] * 1_000})) == MAXIMUM_KEYS


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.lists(st.text(max_size=3), max_size=2)
NUMBERS = st.binary(max_size=70).map(lambda raw: base64.urlsafe_b64encode(raw).decode().rstrip("=")) | VALUES


@given(
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct", "AKP"]) | VALUES},
        optional={
            "crv": st.sampled_from(["P-256", "P-384", "secp256k1", "Ed25519", "Ed448", "X25519"]) | VALUES,
            "alg": st.sampled_from(["RS256", "ES256", "EdDSA", "HS256", "none", "PS512"]) | VALUES,
            **dict.fromkeys(("n", "e", "x", "y", "d", "k", "p", "q"), NUMBERS),
            **dict.fromkeys(("use", "kid", "key_ops"), VALUES),
        },
    )
)
def test_no_published_member_makes_reading_fail(member: dict[str, Any]) -> None:
    found = published_keys({"keys": [member]})
    assert all(key.algorithm in ("RS256", "ES256", "EdDSA") for key in found)


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, "keys"])
def test_what_is_no_key_set_is_refused(document: object) -> None:
    with pytest.raises(Unavailable):
        published_keys(document)


async def test_an_authenticator_accepts_our_own_tokens_beside_those_of_issuers(desk: Desk, tmp_path: Path) -> None:
    tokens = Tokens(open_key_ring(tmp_path / "keys"), "tidegate", "tidegate", timedelta(seconds=30))

    async def exists(organisation_id: str) -> bool:
        return organisation_id == ORGANISATION

    authenticator = Authenticator(tokens, exists, desk.clock, issuers=desk.issuers)
    own = tokens.mint(
        subject="own",
        organisation_id=ORGANISATION,
        scopes={"tariff:read"},
        lifetime=timedelta(hours=1),
        now=desk.clock(),
    )
    callers = [await authenticator.authenticate(f"Bearer {token}") for token in (own, desk.token(), desk.token())]

    assert [caller.subject for caller in callers if caller] == ["own", "ada", "ada"]
    assert desk.looked_up == ["Acme"]  # once: the second time it was remembered


def settings_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **values: str) -> Settings:
    monkeypatch.chdir(tmp_path)
    for name, value in values.items():
        monkeypatch.setenv(f"TIDEGATE_{name}", value)
    return load_settings()


async def nobody(_: str) -> str | None:
    return None


def test_without_issuers_there_is_nothing_to_ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert open_issuers(settings_of(monkeypatch, tmp_path), nobody, SetClock()) is None


def test_issuers_are_opened_without_a_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = settings_of(
        monkeypatch,
        tmp_path,
        ISSUERS=f"{URL}, https://acme.example.com/ = Acme Imports",
        SCOPE_MAP="analyst=tariff:read duty:quote, clerk = entries:read",
    )
    assert settings.issuers == (URL, "https://acme.example.com/=Acme Imports")
    assert isinstance(open_issuers(settings, nobody, SetClock()), Issuers)


@pytest.mark.parametrize(
    "issuer", ["http://login.example.com", "login.example.com", "https://", "https://u:p@x.example", "https://x?y"]
)
def test_an_issuer_is_an_https_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, issuer: str) -> None:
    with pytest.raises(Refused, match=r"TIDEGATE_ISSUERS: .* is not an"):
        settings_of(monkeypatch, tmp_path, ISSUERS=issuer)


@pytest.mark.parametrize("issuer", ["http://localhost:8080", "http://127.0.0.1:8080/x", "http://[::1]:8080"])
def test_an_issuer_of_this_machine_may_be_http(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, issuer: str) -> None:
    assert settings_of(monkeypatch, tmp_path, ISSUERS=issuer).issuers == (issuer,)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"JWKS_URL": JWKS}, "whose keys are they"),
        ({"JWKS_URL": JWKS, "ISSUERS": f"{URL},https://x.example"}, "is for one issuer"),
        ({"ISSUERS": f"{URL},{URL}=Acme"}, "named twice"),
        ({"ISSUERS": URL, "ISSUER": URL}, "named twice"),
        ({"ISSUERS": URL, "SCOPE_MAP": "analyst=tariff:reed"}, "did you mean tariff:read"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, str], said: str
) -> None:
    settings = settings_of(monkeypatch, tmp_path, **values)
    with pytest.raises(Refused, match=said):
        open_issuers(settings, nobody, SetClock())


async def test_a_given_key_address_needs_no_discovery() -> None:
    provider, clock = Provider(), SetClock()
    keys = await RemoteKeys(URL, clock, provider.fetch, JWKS).current()
    assert [key.kid for key in keys.keys] == ["one"]
    assert provider.fetched == [JWKS]
