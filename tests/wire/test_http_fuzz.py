"""Whatever bytes arrive, the answer is one of the draft's statuses with a GraphQL error object, never a 500."""

import asyncio
import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from app.telemetry import new_metrics
from app.web.routes import build_app
from app.web.settings import WebSettings
from tests.wire.fakes import FakeAuthenticator, FakeEngine

STATUSES = {200, 204, 307, 400, 401, 403, 404, 405, 406, 408, 413, 415, 422}
CODES = {
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "PAYLOAD_TOO_LARGE",
    "INTERNAL",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
documents = st.sampled_from(
    [
        "{ hello }",
        "{ nothing }",
        "{",
        "",
        "mutation { touch }",
        "subscription { forever }",
        "query A { hello } query B { whoami }",
    ]
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "query": documents | json_values,
        "operationName": st.sampled_from(["A", "B", ""]) | json_values,
        "variables": json_values,
        "extensions": json_values,
    },
)
bodies = st.binary(max_size=300) | requests.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass"))
header_values = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").replace(b"\r", b"").replace(b"\0", b""))
header_names = st.sampled_from(
    [
        b"accept",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"authorization",
        b"origin",
        b"host",
        b"prefer",
        b"x-request-id",
        b"accept-encoding",
        b"sec-fetch-site",
        b"access-control-request-method",
        b"expect",
    ]
)
likely = st.sampled_from(
    [
        (b"content-type", b"application/json"),
        (b"accept", b"application/graphql-response+json"),
        (b"accept", b"text/html"),
        (b"authorization", b"Bearer good"),
        (b"content-length", b"\xb2"),
        (b"content-length", b"9" * 5000),
        (b"origin", b"http://gw"),
        (b"accept-encoding", b"gzip"),
    ]
)
headers = st.lists(likely | st.tuples(header_names, header_values), max_size=6)


async def ask(
    application: Starlette, method: str, path: str, query: bytes, head: list[Any], chunks: list[bytes]
) -> tuple[int, dict[str, str], bytes]:
    """One request straight into the application, so that no client tidies it up first."""
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query,
        "root_path": "",
        "headers": head,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await application(scope, receive, send)
    start = sent[0]
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return start["status"], names, b"".join(message.get("body", b"") for message in sent[1:])


def answer(method: str, path: str, query: bytes, head: list[Any], chunks: list[bytes]) -> tuple[int, Any, bytes]:
    async def once() -> tuple[int, Any, bytes]:
        view = WebSettings(max_body_bytes=4096, read_timeout_seconds=1, execution_timeout_seconds=2)
        application = build_app(FakeEngine(), FakeAuthenticator(), view, {}, (), new_metrics())
        return await ask(application, method, path, query, head, chunks)

    return asyncio.run(once())


def check(status: int, names: dict[str, str], body: bytes) -> None:
    assert status in STATUSES
    assert names["x-request-id"]
    assert "\n" not in "".join(names.values())
    if status >= 400 and "content-encoding" not in names:
        errors = orjson.loads(body)["errors"]
        assert errors
        for error in errors:
            assert error["extensions"]["code"] in CODES
            assert error["extensions"]["requestId"] == names["x-request-id"]


@given(body=bodies, head=headers)
@example(body=b"[" * 4000, head=[(b"content-type", b"application/json")])
@example(body=b'{"query":"' + b"{" * 2000 + b'"}', head=[(b"content-type", b"application/json")])
@settings(max_examples=150, deadline=None)
def test_no_post_breaks_the_endpoint(body: bytes, head: list[Any]) -> None:
    check(*answer("POST", "/graphql", b"", head, [body]))


@given(body=bodies)
@settings(max_examples=100, deadline=None)
def test_no_json_post_breaks_the_endpoint(body: bytes) -> None:
    half = len(body) // 2
    head = [(b"content-type", b"application/json"), (b"accept", b"application/graphql-response+json")]

    status, names, answered = answer("POST", "/graphql", b"", head, [body[:half], body[half:]])

    check(status, names, answered)
    assert names["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert ("data" in orjson.loads(answered)) is (status == 200)


@given(query=st.binary(max_size=120) | st.sampled_from([b"query={hello}", b"query=mutation{touch}"]), head=headers)
@settings(max_examples=100, deadline=None)
def test_no_get_breaks_the_endpoint(query: bytes, head: list[Any]) -> None:
    check(*answer("GET", "/graphql", query, head, [b""]))


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT"]) | st.text("ABCXYZ-", min_size=1, max_size=30),
    path=st.sampled_from(["/graphql", "/", "/healthz", "/schema.graphql", "/nowhere"])
    | st.text(max_size=20).map("/".__add__),
    head=headers,
)
@settings(max_examples=100, deadline=None)
def test_no_path_or_method_breaks_the_gateway(method: str, path: str, head: list[Any]) -> None:
    check(*answer(method, path, b"", head, [b""]))


@pytest.mark.parametrize("deep", [300, 5_000, 60_000])
def test_a_deep_document_does_not_end_the_process(deep: int) -> None:
    body = orjson.dumps({"query": "{a" * deep})
    view = WebSettings()

    async def once() -> tuple[int, Any, bytes]:
        application = build_app(FakeEngine(), FakeAuthenticator(), view, {}, (), new_metrics())
        return await ask(application, "POST", "/graphql", b"", [(b"content-type", b"application/json")], [body])

    status, names, answered = asyncio.run(once())

    assert status in (200, 400, 500)
    assert orjson.loads(answered)["errors"][0]["extensions"]["requestId"] == names["x-request-id"]
