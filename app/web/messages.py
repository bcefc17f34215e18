"""The messages of graphql-transport-ws, read strictly: whatever is not one of the protocol ends the socket with 4400.
Decides on form alone; what a message may do at this moment is the connection's matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import BadUserInput
from app.web.body import GraphQLRequest, parse_json, request_of

SUBPROTOCOL = "graphql-transport-ws"

BAD_REQUEST = 4400
UNAUTHORIZED = 4401
FORBIDDEN = 4403
SUBPROTOCOL_NOT_ACCEPTABLE = 4406
INIT_TIMEOUT = 4408
SUBSCRIBER_EXISTS = 4409
TOO_MANY_INITS = 4429
INTERNAL = 4500
TOO_BIG = 1009
TRY_AGAIN = 1013

_REASON_BYTES = 123

Payload = Mapping[str, Any] | None


class ProtocolError(Exception):
    """The peer broke the protocol; the socket closes with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = short_reason(reason)


@dataclass(frozen=True, slots=True)
class Init:
    """connection_init"""

    payload: Payload


@dataclass(frozen=True, slots=True)
class Ping:
    """ping"""

    payload: Payload


@dataclass(frozen=True, slots=True)
class Pong:
    """pong"""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """subscribe"""

    id: str
    request: GraphQLRequest


@dataclass(frozen=True, slots=True)
class Complete:
    """complete, from the client"""

    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def parse_message(text: str, *, depth: int, id_length: int) -> Message:
    """One client message; raises ProtocolError 4400. Members the protocol does not name are ignored; a null payload of
    connection_init, ping and pong counts as absent."""
    try:
        value = parse_json(text.encode(), depth, "The message")
    except (BadUserInput, UnicodeEncodeError) as error:
        raise ProtocolError(BAD_REQUEST, str(error)) from None
    if not isinstance(value, dict):
        raise ProtocolError(BAD_REQUEST, "A message must be a JSON object")
    match value.get("type"):
        case "connection_init":
            return Init(_payload(value))
        case "ping":
            return Ping(_payload(value))
        case "pong":
            _payload(value)
            return Pong()
        case "subscribe":
            return Subscribe(_id(value, id_length), _request(value))
        case "complete":
            return Complete(_id(value, id_length))
        case str():
            raise ProtocolError(BAD_REQUEST, "The message has an unknown type")
        case _:
            raise ProtocolError(BAD_REQUEST, "The message has no type")


def frame(kind: str, *, id: str | None = None, payload: object = None) -> str:  # noqa: A002
    """One server message as text; raises TypeError where the payload is no JSON."""
    message: dict[str, object] = {"type": kind}
    if id is not None:
        message["id"] = id
    if payload is not None:
        message["payload"] = payload
    return orjson.dumps(message).decode()


def error_frame(id: str, errors: Sequence[Mapping[str, Any]]) -> str:  # noqa: A002
    """The message that ends an operation which did not begin."""
    return frame("error", id=id, payload=list(errors))


def short_reason(reason: str) -> str:
    """The reason cut to what a close frame holds (RFC 6455 §5.5: 125 bytes with the code)."""
    return reason.encode()[:_REASON_BYTES].decode(errors="ignore")


def _payload(value: Mapping[str, Any]) -> Payload:
    payload = value.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise ProtocolError(BAD_REQUEST, "The payload must be an object")
    return payload


def _id(value: Mapping[str, Any], longest: int) -> str:
    given = value.get("id")
    if not isinstance(given, str) or not given:
        raise ProtocolError(BAD_REQUEST, "The id must be a string that is not empty")
    if len(given) > longest:
        raise ProtocolError(BAD_REQUEST, f"The id is longer than {longest} characters")
    return given


def _request(value: Mapping[str, Any]) -> GraphQLRequest:
    payload = value.get("payload")
    if not isinstance(payload, dict):
        raise ProtocolError(BAD_REQUEST, "The payload of subscribe must be an object")
    try:
        return request_of(payload)
    except BadUserInput as error:
        raise ProtocolError(BAD_REQUEST, error.message) from None
