"""The built console as the gateway serves it, with a build of two small files in its place."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.telemetry import new_metrics
from app.web.assets import Bundle, load_bundle, policy
from app.web.console import BUILD
from app.web.routes import build_app
from app.web.settings import WebSettings
from tests.wire.conftest import SAVED, http_client
from tests.wire.fakes import FakeAuthenticator, FakeEngine

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
STRICT = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' ws://gateway.test; "
    "img-src 'self' data:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SCRIPT = b"export const big = 1;" * 100


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Console</title>")
    (folder / "board.html").write_text("<!doctype html><title>Board</title>")
    (folder / "assets" / "console-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "console-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.txt").write_text("not for you")
    return folder


@pytest.fixture
async def built(dist: Path) -> AsyncIterator[httpx2.AsyncClient]:
    bundle = load_bundle(dist)
    assert isinstance(bundle, Bundle)
    app = build_app(FakeEngine(), FakeAuthenticator(), WebSettings(), {}, SAVED, new_metrics(), bundle=bundle)
    async with http_client(app) as client:
        yield client


@pytest.mark.parametrize(("path", "title"), [("/graphql", "Console"), ("/board", "Board")])
async def test_a_browser_gets_the_built_page_under_the_strict_policy(
    built: httpx2.AsyncClient, path: str, title: str
) -> None:
    response = await built.get(path, headers=BROWSER)

    assert response.status_code == 200
    assert response.text == f"<!doctype html><title>{title}</title>"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == STRICT
    assert response.headers["cache-control"] == "no-cache"


async def test_a_client_still_gets_its_answer(built: httpx2.AsyncClient) -> None:
    response = await built.get("/graphql", params={"query": "{ hello }"}, headers=BROWSER)

    assert response.json() == {"data": {"hello": "hello world"}}


async def test_a_hashed_file_is_kept_and_comes_as_it_was_packed(built: httpx2.AsyncClient) -> None:
    packed = await built.get("/console/assets/console-1a2b.js", headers={"Accept-Encoding": "gzip"})
    plain = await built.get("/console/assets/console-1a2b.js", headers={"Accept-Encoding": "gzip;q=0"})

    assert packed.content == plain.content == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert packed.headers["content-security-policy"] == STRICT
    assert "accept-encoding" in packed.headers["vary"].lower()


@pytest.mark.parametrize(
    "path",
    [
        "/console/",
        "/console/assets/",
        "/console/assets/other.js",
        "/console/assets/console-1a2b.js.gz",
        "/console/index.html",
        "/console/../secret.txt",
        "/console/%2e%2e/secret.txt",
        "/console/..%2fsecret.txt",
        "/console//etc/passwd",
    ],
)
async def test_what_is_not_in_the_build_is_not_there(built: httpx2.AsyncClient, path: str) -> None:
    response = await built.get(path)

    assert response.status_code == 404
    assert "not for you" not in response.text


async def test_the_plain_page_stays_and_does_not_ask_to_build(built: httpx2.AsyncClient) -> None:
    response = await built.get("/console/plain")

    assert "Say hello" in response.text
    assert BUILD not in response.text


async def test_without_a_build_the_plain_page_says_how_to_build(client: httpx2.AsyncClient) -> None:
    page = await client.get("/graphql", headers=BROWSER)
    board = await client.get("/board")

    assert "npm ci --omit=dev &amp;&amp; npm run build" in page.text
    assert (board.status_code, board.headers["location"]) == (307, "/graphql")


def test_half_a_build_is_none(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("")

    assert load_bundle(tmp_path) is None
    assert load_bundle(tmp_path / "nowhere") is None


async def test_the_console_gets_the_saved_operations(client: httpx2.AsyncClient) -> None:
    response = await client.get("/console/operations")

    assert [(one["name"], one["title"], one["kind"]) for one in response.json()] == [
        ("hello", "Say hello", "query"),
        ("live-count", "Count", "subscription"),
    ]
    assert response.json()[0]["variables"] == {"name": "O'Hara"}
    assert response.json()[0]["document"] == "query Hello { hello }\n"


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "x'y"])
def test_a_host_that_is_none_does_not_reach_the_policy(host: str) -> None:
    from starlette.datastructures import Headers

    assert policy(Headers({"host": host}), "http") == STRICT.replace(" ws://gateway.test", "")
    assert "wss://gateway.test;" in policy(Headers({"host": "gateway.test"}), "https")
