"""What the edges hand to the engine and get back: an operation as it was sent, a response ready to be written."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from app.principal import Principal

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Operation(NamedTuple):
    """One GraphQL request. `read_only` refuses mutations (a GET); `reject` refuses the whole operation where
    a scope is missing instead of answering the rest (`Prefer: reject`); `explain` asks for `extensions.plan`."""

    document: str
    variables: Mapping[str, Any] | None
    operation_name: str | None
    principal: Principal | None
    request_id: str
    read_only: bool = False
    reject: bool = False
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """One GraphQL response. `status` is the HTTP status of the GraphQL-over-HTTP draft for
    application/graphql-response+json; `data` is left out of the body where `executed` is false.
    `errors` are formatted error objects, each with extensions {code, requestId}."""

    status: int
    executed: bool
    data: Mapping[str, Any] | None = None
    errors: Sequence[Mapping[str, Any]] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    """Of the event it answers; none where it answers no event."""

    def payload(self) -> dict[str, Any]:
        """The response map, errors first as the specification advises."""
        out: dict[str, Any] = {}
        if self.errors:
            out["errors"] = list(self.errors)
        if self.executed:
            out["data"] = self.data
        if self.extensions:
            out["extensions"] = self.extensions
        return out

    def body(self) -> bytes:
        """The response map as JSON bytes."""
        return orjson.dumps(self.payload())

    def also(self, **extensions: Any) -> "Response":
        """The same response with more extensions."""
        return replace(self, extensions={**self.extensions, **extensions})

    def content(self) -> bytes:
        """The data alone as JSON bytes: what of the response is the same whoever asks again."""
        return orjson.dumps(self.data)

    def at(self, cursor: str) -> "Response":
        """The same as the answer to an event."""
        return replace(self, cursor=cursor)


def tail_of(extensions: Mapping[str, Any]) -> bytes:
    """The end of a response map: what comes after its data."""
    return b',"extensions":%b}' % orjson.dumps(extensions) if extensions else b"}"


class Written(Response):
    """A response whose data the database has already written as JSON; `tail` is `tail_of` its extensions, where that
    is known already."""

    __slots__ = ("_tail", "_text")

    status: int = 200
    executed: bool = True

    def __init__(
        self,
        text: bytes,
        errors: Sequence[Mapping[str, Any]] = (),
        extensions: Mapping[str, Any] = MappingProxyType({}),
        headers: Mapping[str, str] = NO_HEADERS,
        cursor: str | None = None,
        tail: bytes | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "errors", errors)
        put(self, "extensions", extensions)
        put(self, "headers", headers)
        put(self, "cursor", cursor)
        put(self, "_text", text)
        put(self, "_tail", tail)

    @property
    def data(self) -> Mapping[str, Any] | None:
        """Read back, for who wants the values."""
        found: Mapping[str, Any] | None = orjson.loads(self._text)  # type: ignore[attr-defined]
        return found

    def body(self) -> bytes:
        """The response map as JSON bytes."""
        text: bytes = self._text  # type: ignore[attr-defined]
        told = b'{"errors":%b,"data":' % orjson.dumps(self.errors) if self.errors else b'{"data":'
        tail: bytes | None = self._tail  # type: ignore[attr-defined]
        return b"".join((told, text, tail_of(self.extensions) if tail is None else tail))

    def also(self, **extensions: Any) -> Response:
        """The same response with more extensions."""
        return Written(self._text, self.errors, {**self.extensions, **extensions}, self.headers)  # type: ignore[attr-defined]

    def content(self) -> bytes:
        """The data alone as JSON bytes."""
        text: bytes = self._text  # type: ignore[attr-defined]
        return text

    def at(self, cursor: str) -> Response:
        """The same as the answer to an event."""
        return Written(self._text, self.errors, self.extensions, self.headers, cursor)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Later:
    """An operation that is ready to be run and whose answer is waited for: exactly one of the two is called, once.
    `run` gives None where the ordinary way has to answer."""

    run: Callable[[], Awaitable[Response | None]]
    drop: Callable[[], None]
