"""Reads what a client sent into one GraphQL request: body cap, JSON, types of the members (GraphQL over HTTP,
"Request"). It knows nothing of the document's meaning."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from app.engine.documents.asked import Asked, asked_in
from app.errors import BadUserInput, PayloadTooLarge
from app.web.faults import SlowBody

_DROPPED = 16
_SINGLE = frozenset({"query", "documentId", "doc_id", "operationName", "variables", "extensions"})


class GraphQLRequest(NamedTuple):
    """The members of a request, their types checked; `extensions` are what the client added."""

    asked: Asked
    operation_name: str | None
    variables: Mapping[str, Any] | None
    extensions: Mapping[str, Any] | None

    @property
    def explain(self) -> bool:
        """Whether `extensions.plan` is asked for."""
        return bool(self.extensions) and (self.extensions or {}).get("plan") is True


async def read_body(headers: Headers, receive: Receive, cap: int, seconds: float) -> bytes:
    """The whole body, at most `cap` bytes; what is over is refused by Content-Length, else while reading.

    A body somewhat over the cap is read to its end and dropped, since a client that still writes would lose the answer
    with the connection. Raises PayloadTooLarge, SlowBody, BadUserInput, and ClientDisconnect where the client left."""
    declared = headers.get("content-length")
    if declared is not None:
        if not (declared.isascii() and declared.isdigit()):
            raise BadUserInput("Content-Length is not a number.")
        if len(declared) > 18 or int(declared) > cap * _DROPPED or (int(declared) > cap and "expect" in headers):
            raise _too_large(cap)
    try:
        async with asyncio.timeout(seconds):
            return await _collect(receive, cap)
    except TimeoutError:
        raise SlowBody("The body did not arrive in time.") from None


def parse_body(body: bytes, depth: int) -> GraphQLRequest:
    """The request in a JSON body; raises BadUserInput. A repeated member counts as its last value."""
    if not body.strip():
        raise BadUserInput("The body is empty: send a JSON object with a `query`.")
    value = parse_json(body, depth, "The body")
    if isinstance(value, list):
        raise BadUserInput("Batches are not accepted: send one operation in each request.")
    if not isinstance(value, dict):
        raise BadUserInput("The body must be a JSON object.")
    return request_of(value)


def plain_body(body: bytes, depth: int) -> tuple[str, str | None, Mapping[str, Any] | None] | None:
    """The document, the operation's name and the variables of a body that holds nothing else; None for any other body,
    which `parse_body` reads or refuses."""
    try:
        members = orjson.loads(body)
        text = members.pop("query")
        variables, name = members.pop("variables", None), members.pop("operationName", None)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None
    if members or type(text) is not str or body.count(b"[") + body.count(b"{") > depth:
        return None
    if (name is not None and type(name) is not str) or (variables is not None and type(variables) is not dict):
        return None
    return text, name, variables


def parse_query_string(raw: bytes, depth: int) -> GraphQLRequest:
    """The request in a URL's query; raises BadUserInput. An empty member counts as absent."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=64
        )
    except ValueError:
        raise BadUserInput("The URL's query is not UTF-8 form encoding.") from None
    members: dict[str, object] = {}
    for name, value in pairs:
        if name not in _SINGLE:
            continue
        if name in members:
            raise BadUserInput(f"`{name}` is given more than once.")
        members[name] = value
    for name in ("variables", "extensions"):
        if text := members.pop(name, None):
            members[name] = parse_json(str(text).encode(), depth, f"`{name}`")
    if members.get("operationName") == "":
        del members["operationName"]
    return request_of(members)


def request_of(members: Mapping[str, object]) -> GraphQLRequest:
    """Checks the members' types; unknown members are ignored, null is absent. Raises BadUserInput."""
    asked = asked_in(members)
    name = members.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadUserInput("`operationName` must be a string.")
    return GraphQLRequest(asked, name, _object(members, "variables"), _object(members, "extensions"))


def parse_json(text: bytes, depth: int, what: str) -> object:
    """Strict JSON (RFC 8259, UTF-8, finite numbers), nested at most `depth` levels; raises BadUserInput."""
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadUserInput(f"{what} is not valid JSON in UTF-8.") from None
    if text.count(b"[") + text.count(b"{") > depth and _deeper_than(value, depth):
        raise BadUserInput(f"{what} is nested more than {depth} levels deep.")
    return value


def _object(members: Mapping[str, object], name: str) -> Mapping[str, Any] | None:
    value = members.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadUserInput(f"`{name}` must be an object.")
    return value


def _deeper_than(value: object, depth: int) -> bool:
    level: list[object] = [value]
    for _ in range(depth):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(part for part in item.values() if isinstance(part, dict | list))
            elif isinstance(item, list):
                inner.extend(part for part in item if isinstance(part, dict | list))
        if not inner:
            return False
        level = inner
    return True


async def _collect(receive: Receive, cap: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= cap:
            chunks.append(chunk)
        else:
            chunks.clear()
        ended = not message.get("more_body", False)
        if size > cap * _DROPPED or (ended and size > cap):
            raise _too_large(cap)
        if ended:
            return b"".join(chunks)


def _too_large(cap: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {cap} bytes.")
