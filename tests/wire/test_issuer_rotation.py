"""An outside issuer over real HTTP on loopback: the gateway accepts its tokens, follows its keys as they rotate, and
does not trust an answer that is too long, redirected or compressed."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from app.asgi import create_app
from app.clock import system_clock
from app.security.remote_keys import MAXIMUM_BYTES, Unavailable, http_fetch
from app.settings import Settings
from app.store.session import Store
from app.values import OrganisationKind
from tests.conftest import principal_of
from tests.scenes import SetClock
from tests.wire.conftest import Serve

QUERY = {"query": "{ viewer { subject scopes organisation { name } } }"}


@dataclass
class Provider:
    """An issuer that listens on loopback; `answers` overrides a path with (status, headers, body)."""

    url: str = ""
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=lambda: {"one": Ed25519PrivateKey.generate()})
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return 200, {}, json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        if path == "/keys":
            keys = [
                {**OKPAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}
                for kid, key in self.keys.items()
            ]
            return 200, {"Cache-Control": "public, max-age=600"}, json.dumps({"keys": keys}).encode()
        return 404, {}, b"{}"

    def token(self, now: float, **changed: Any) -> str:
        kid, key = list(self.keys.items())[-1]
        claims = {
            "iss": self.url,
            "aud": "tidegate",
            "sub": "ada@acme.example",
            "organization": ["Importer"],
            "realm_access": {"roles": ["analyst"]},
            "iat": int(now),
            "exp": int(now) + 7200,
        }
        return jwt.encode({**claims, **changed}, key, "EdDSA", headers={"kid": kid})


@contextmanager
def listening(provider: Provider) -> Iterator[Provider]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = provider.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return  # the reader had enough

        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with listening(Provider()) as started:
        yield started


async def test_the_gateway_follows_an_issuer_whose_keys_rotate(
    provider: Provider, sqlite_url: str, tmp_path: Path, serve: Serve
) -> None:
    # given a gateway that maps the issuer's claims, and an organisation it knows
    clock = SetClock(system_clock())
    settings = Settings(
        database_url=sqlite_url,
        state_dir=tmp_path / "state",
        drain_seconds=0.1,
        issuers=provider.url,
        organisation_claim="organization",
        scope_claim="/realm_access/roles",
        scope_map="analyst=tariff:read duty:quote",
    )
    store = Store.open(sqlite_url, system_clock)
    await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    await store.close()

    async with serve(create_app(settings, clock=clock)) as running, httpx2.AsyncClient(trust_env=False) as client:

        async def ask(token: str) -> httpx2.Response:
            return await client.post(running.url, json=QUERY, headers={"Authorization": f"Bearer {token}"})

        # when a token of its first key comes, then that key is published and the token accepted
        first = provider.token(clock().timestamp())
        answered = await ask(first)
        assert answered.json()["data"]["viewer"] == {
            "subject": "ada@acme.example",
            "scopes": ["duty:quote", "tariff:read"],
            "organisation": {"name": "Importer"},
        }
        assert provider.asked == ["/.well-known/openid-configuration", "/keys"]

        # when a second key is added, then tokens of both are accepted
        provider.keys["two"] = Ed25519PrivateKey.generate()
        clock.forward(seconds=11)
        assert (await ask(provider.token(clock().timestamp()))).status_code == 200
        assert (await ask(first)).status_code == 200
        assert len(provider.asked) == 4

        # when the first is withdrawn, then its tokens are refused once the published set is read again
        del provider.keys["one"]
        clock.forward(minutes=10)
        refused = await ask(first)
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await ask(provider.token(clock().timestamp()))).status_code == 200

        # when the issuer is down, then the keys that are known go on
        provider.answers = {"/keys": (503, {}, b"")}
        clock.forward(hours=1)
        assert (await ask(provider.token(clock().timestamp()))).status_code == 200

        # and a token signed by a stranger in its name never counts
        forged = jwt.encode(
            jwt.decode(first, options={"verify_signature": False}),
            Ed25519PrivateKey.generate(),
            "EdDSA",
            headers={"kid": "two"},
        )
        assert (await ask(forged)).status_code == 401


@pytest.mark.parametrize(
    "answer",
    [
        (404, {}, b"{}"),
        (302, {"Location": "/keys"}, b""),
        (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
        (200, {}, b"<html>"),
        (200, {}, b'"' + b"a" * MAXIMUM_BYTES + b'"'),
    ],
    ids=["absent", "redirected", "compressed", "no JSON", "too long"],
)
async def test_an_answer_that_is_no_small_plain_document_is_not_used(
    provider: Provider, answer: tuple[int, dict[str, str], bytes]
) -> None:
    provider.answers["/odd"] = answer
    with pytest.raises(Unavailable):
        await http_fetch(loopback=True)(f"{provider.url}/odd")
    assert provider.asked == ["/odd"]


async def test_a_document_comes_with_how_long_it_may_be_kept(provider: Provider) -> None:
    fetched = await http_fetch(loopback=True)(f"{provider.url}/keys")
    assert [key["kid"] for key in fetched.document["keys"]] == ["one"]
    assert fetched.max_age is not None
    assert fetched.max_age.total_seconds() == 600


async def test_an_issuer_that_does_not_listen_is_unavailable(provider: Provider) -> None:
    with pytest.raises(Unavailable, match="ConnectError"):
        await http_fetch(loopback=True)("http://127.0.0.1:1/keys")
