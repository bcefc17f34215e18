"""Signing in once: what the cookie is, and when it counts."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from websockets.exceptions import InvalidStatus

from app.web.session import COOKIE, CSRF_HEADER, LARGEST_TOKEN, csrf_of
from tests.wire.conftest import BASE, Serve, http_client
from tests.wire.fakes import FakeEngine
from tests.wire.sockets import Socket, socket

SESSION = "/console/session"
WHO = {"query": "{ whoami }"}
OWN = {"Origin": BASE}
FOREIGN = {"Origin": "https://evil.example"}


async def sign_in(client: httpx2.AsyncClient, token: str = "good", **members: Any) -> httpx2.Response:
    return await client.post(SESSION, json={"token": token, **members}, headers=OWN)


def cookie_line(response: httpx2.Response) -> str:
    (line,) = response.headers.get_list("set-cookie")
    return str(line)


def attributes(response: httpx2.Response) -> set[str]:
    return {part.strip().lower() for part in cookie_line(response).split(";")[1:]}


async def test_a_good_token_becomes_a_cookie_no_script_can_read(client: httpx2.AsyncClient) -> None:
    response = await sign_in(client)

    assert response.status_code == 200
    assert cookie_line(response).startswith(f"{COOKIE}=good;")
    assert attributes(response) == {"httponly", "path=/", "samesite=strict"}
    body = response.json()
    assert body["signedIn"] is True
    assert body["csrf"] == csrf_of("good")
    assert "good" not in {value for value in body.values() if isinstance(value, str)}
    assert response.headers["cache-control"] == "no-store"


async def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(make_app: Callable[..., Starlette]) -> None:
    transport = httpx2.ASGITransport(app=make_app())
    async with httpx2.AsyncClient(transport=transport, base_url="https://gateway.test") as client:
        response = await client.post(SESSION, json={"token": "good"}, headers={"Origin": "https://gateway.test"})

    assert cookie_line(response).startswith(f"__Host-{COOKIE}=good;")
    assert attributes(response) == {"httponly", "path=/", "samesite=strict", "secure"}


async def test_a_remembered_session_lasts_as_long_as_the_token(client: httpx2.AsyncClient) -> None:
    lasting = await sign_in(client, "short:3600", remember=True)
    passing = await sign_in(client, "short:3600")

    (age,) = [part for part in attributes(lasting) if part.startswith("max-age=")]
    assert 3590 <= int(age.removeprefix("max-age=")) <= 3600
    assert not [part for part in attributes(passing) if part.startswith("max-age=")]


async def test_a_bad_token_is_refused_and_nothing_is_kept(client: httpx2.AsyncClient) -> None:
    response = await sign_in(client, "bad")

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "set-cookie" not in response.headers


async def test_a_token_that_is_over_is_refused_though_a_leeway_would_take_it(client: httpx2.AsyncClient) -> None:
    response = await sign_in(client, "short:-5")

    assert response.status_code == 401
    assert response.json()["errors"][0]["message"] == "the token has expired"


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": "   "}, {"token": 7}, [], "good", {"token": "x" * (LARGEST_TOKEN + 1)}]
)
async def test_what_is_no_token_is_bad_input(client: httpx2.AsyncClient, body: object) -> None:
    response = await client.post(SESSION, json=body, headers=OWN)

    assert response.status_code == 400
    assert "set-cookie" not in response.headers


async def test_a_form_cannot_sign_anybody_in(client: httpx2.AsyncClient) -> None:
    response = await client.post(SESSION, content=b'{"token": "good"}', headers={"Content-Type": "text/plain"})

    assert response.status_code == 415
    assert "set-cookie" not in response.headers


async def test_a_pasted_header_is_taken_for_its_token(client: httpx2.AsyncClient) -> None:
    response = await sign_in(client, "  Bearer good\n")

    assert cookie_line(response).startswith(f"{COOKIE}=good;")


async def test_the_cookie_counts_together_with_the_header(client: httpx2.AsyncClient) -> None:
    csrf = (await sign_in(client)).json()["csrf"]

    with_header = await client.post("/graphql", json=WHO, headers={CSRF_HEADER: csrf, **OWN})
    schema = await client.get("/schema.graphql", headers={CSRF_HEADER: csrf})

    assert with_header.json()["data"]["whoami"] is not None
    assert schema.status_code == 200


@pytest.mark.parametrize("header", [{}, {CSRF_HEADER: ""}, {CSRF_HEADER: csrf_of("other")}, {CSRF_HEADER: "é"}])
async def test_the_cookie_alone_is_nobody(
    client: httpx2.AsyncClient, engine: FakeEngine, header: dict[str, str]
) -> None:
    await sign_in(client)

    headers = {name: value.encode("latin-1") for name, value in header.items()}
    await client.post("/graphql", json=WHO, headers=headers)

    assert engine.operations[-1].principal is None


async def test_another_origin_cannot_use_the_cookie_even_where_it_may_call(
    make_app: Callable[..., Starlette], engine: FakeEngine
) -> None:
    async with http_client(make_app(allowed_origins=("https://evil.example",))) as client:
        csrf = (await sign_in(client)).json()["csrf"]
        await client.post("/graphql", json=WHO, headers={CSRF_HEADER: csrf, **FOREIGN})
        shown = await client.get(SESSION, headers=FOREIGN)
        made = await client.post(SESSION, json={"token": "good"}, headers=FOREIGN)

    assert engine.operations[-1].principal is None
    assert (shown.status_code, made.status_code) == (403, 403)
    assert "set-cookie" not in made.headers


async def test_a_foreign_origin_is_not_let_in_at_all(client: httpx2.AsyncClient) -> None:
    assert (await client.post(SESSION, json={"token": "good"}, headers=FOREIGN)).status_code == 403


async def test_the_clients_own_header_goes_first(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    csrf = (await sign_in(client)).json()["csrf"]

    response = await client.post(
        "/graphql", json=WHO, headers={CSRF_HEADER: csrf, "Authorization": "Bearer bad", **OWN}
    )

    assert response.status_code == 401
    assert engine.operations == []


async def test_who_is_signed_in_can_be_asked(client: httpx2.AsyncClient) -> None:
    before = (await client.get(SESSION)).json()
    await sign_in(client)
    after = (await client.get(SESSION)).json()

    assert before == {"signedIn": False}
    assert after["signedIn"] is True
    assert after["csrf"] == csrf_of("good")
    assert after["scopes"] == sorted(after["scopes"])


async def test_a_cookie_that_is_no_longer_good_is_taken_away(client: httpx2.AsyncClient) -> None:
    response = await client.get(SESSION, headers={"Cookie": f"{COOKIE}=bad"})

    assert response.json()["signedIn"] is False
    assert response.json()["reason"]
    assert "max-age=0" in attributes(response)


async def test_signing_out_takes_the_header_and_the_cookie_away(client: httpx2.AsyncClient) -> None:
    csrf = (await sign_in(client)).json()["csrf"]

    refused = await client.delete(SESSION, headers=OWN)
    done = await client.delete(SESSION, headers={CSRF_HEADER: csrf, **OWN})

    assert refused.status_code == 403
    assert done.status_code == 204
    assert "max-age=0" in attributes(done)
    assert (await client.get(SESSION)).json() == {"signedIn": False}


async def test_other_methods_are_refused(client: httpx2.AsyncClient) -> None:
    response = await client.put(SESSION)

    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, GET, HEAD, POST")


async def test_a_cookie_of_another_name_or_shape_is_nobody(client: httpx2.AsyncClient, engine: FakeEngine) -> None:
    for cookie in (f"__Host-{COOKIE}=good", f"x{COOKIE}=good", COOKIE, f"{COOKIE}=", f"{COOKIE}=a b"):
        await client.post("/graphql", json=WHO, headers={"Cookie": cookie, CSRF_HEADER: csrf_of("good")})
        assert engine.operations[-1].principal is None


async def test_a_socket_of_our_own_page_is_let_in_by_the_cookie(serve: Serve) -> None:
    async with serve() as gateway:
        own = f"http://127.0.0.1:{gateway.port}"
        async with opened(gateway, origin=own) as one:
            await one.init(token=None)
            await one.subscribe("1", "subscription { count(to: 1) }")
            first = await one.receive()

    assert first["type"] == "next"


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:1"])
async def test_a_socket_of_another_page_is_not(serve: Serve, origin: str | None) -> None:
    async with serve(allowed_origins=("http://127.0.0.1:1",)) as gateway, opened(gateway, origin=origin) as one:
        await one.send({"type": "connection_init"})
        code, _ = await one.closed()

    assert code == 4401


async def test_a_socket_of_a_foreign_page_is_not_even_opened(serve: Serve) -> None:
    async with serve() as gateway:
        with pytest.raises(InvalidStatus):
            async with opened(gateway, origin="https://evil.example"):
                pass


@contextlib.asynccontextmanager
async def opened(gateway: Any, *, origin: str | None) -> AsyncIterator[Socket]:
    headers = {"Cookie": f"{COOKIE}=good"}
    async with socket(gateway, init=False, origin=origin, additional_headers=headers) as one:
        yield one


def test_the_csrf_value_does_not_give_the_token_away() -> None:
    assert csrf_of("good") != csrf_of("good2")
    assert len(csrf_of("x" * 700)) == 32
