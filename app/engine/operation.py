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
    """A response whose data the database has already written as JSON; `tail` is `tail_of` its extensions. It keeps
    little, since most are written at once and never looked at."""

    __slots__ = ("_kept",)

    status: int = 200
    executed: bool = True

    def __init__(
        self,
        text: bytes,
        errors: Sequence[Mapping[str, Any]] = (),
        tail: bytes = b"}",
        headers: Mapping[str, str] = NO_HEADERS,
        cursor: str | None = None,
    ) -> None:
        _keep(self, (text, errors, tail, headers, cursor))

    @property
    def data(self) -> Mapping[str, Any] | None:
        """Read back, for who wants the values."""
        found: Mapping[str, Any] | None = orjson.loads(_kept(self)[0])
        return found

    @property
    def errors(self) -> Sequence[Mapping[str, Any]]:
        """Formatted error objects."""
        found: Sequence[Mapping[str, Any]] = _kept(self)[1]
        return found

    @property
    def extensions(self) -> Mapping[str, Any]:
        """Read back from the end of the body."""
        found: Mapping[str, Any] = orjson.loads(b'{"data":null%b' % _kept(self)[2]).get("extensions", {})
        return found

    @property
    def headers(self) -> Mapping[str, str]:
        """What the response's headers say beside what all say."""
        found: Mapping[str, str] = _kept(self)[3]
        return found

    @property
    def cursor(self) -> str | None:
        """Of the event it answers."""
        found: str | None = _kept(self)[4]
        return found

    def body(self) -> bytes:
        """The response map as JSON bytes."""
        text, errors, tail, _, _ = _kept(self)
        if errors:
            return b'{"errors":%b,"data":%b%b' % (orjson.dumps(errors), text, tail)
        return b'{"data":%b%b' % (text, tail)

    def also(self, **extensions: Any) -> Response:
        """The same response with more extensions."""
        text, errors, _, headers, cursor = _kept(self)
        return Written(text, errors, tail_of({**self.extensions, **extensions}), headers, cursor)

    def content(self) -> bytes:
        """The data alone as JSON bytes."""
        text: bytes = _kept(self)[0]
        return text

    def at(self, cursor: str) -> Response:
        """The same as the answer to an event."""
        text, errors, tail, headers, _ = _kept(self)
        return Written(text, errors, tail, headers, cursor)


_kept = Written._kept.__get__  # type: ignore[attr-defined]
_keep = Written._kept.__set__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Later:
    """An operation that is ready to be run and whose answer is waited for: exactly one of the two is called, once.
    `run` gives None where the ordinary way has to answer."""

    run: Callable[[], Awaitable[Response | None]]
    drop: Callable[[], None]
