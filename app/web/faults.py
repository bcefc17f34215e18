"""Turns the error tree, and whatever escapes it, into GraphQL responses. What is not in the tree leaves the process
as an error id alone and is logged once under that id."""

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from app.engine.operation import Response
from app.errors import (
    BadUserInput,
    Forbidden,
    Internal,
    PayloadTooLarge,
    Throttled,
    TidegateError,
    Timeout,
    Unauthenticated,
)
from app.telemetry import logger

log = logger("tidegate.web")

CHALLENGE = 'Bearer realm="tidegate"'


class MethodNotAllowed(BadUserInput):
    """The path exists, not with this method. `allow` becomes the Allow header."""

    status: ClassVar[int] = 405

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotAcceptable(BadUserInput):
    """None of the media types the client accepts is one of ours."""

    status: ClassVar[int] = 406


class UnsupportedMediaType(BadUserInput):
    """The body is not UTF-8 JSON."""

    status: ClassVar[int] = 415


class SlowBody(Timeout):
    """The body did not arrive in time."""

    status: ClassVar[int] = 408


class Unavailable(Throttled):
    """The process takes no more of these now; another try may find it, or another process, free."""

    status: ClassVar[int] = 503


def error_object(
    code: str, message: str, request_id: str, extensions: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """One formatted GraphQL error with `extensions {code, requestId, …}`."""
    return {"message": message, "extensions": {**(extensions or {}), "code": code, "requestId": request_id}}


def refusal(fault: TidegateError, request_id: str) -> Response:
    """The response of an expected fault, with the headers its status asks for (RFC 9110: 401, 405, 413, 415)."""
    if isinstance(fault, Internal):
        return internal(fault, request_id)
    headers: dict[str, str] = {}
    if isinstance(fault, Unauthenticated):
        headers["WWW-Authenticate"] = CHALLENGE
    elif isinstance(fault, MethodNotAllowed):
        headers["Allow"] = fault.allow
    elif isinstance(fault, UnsupportedMediaType):
        headers["Accept-Post"] = "application/json"
    elif isinstance(fault, Unavailable):
        headers["Retry-After"] = "5"
    elif isinstance(fault, PayloadTooLarge | SlowBody):
        headers["Connection"] = "close"
    return Response(
        status=fault.status,
        executed=False,
        errors=[error_object(fault.code, fault.message, request_id, fault.extensions)],
        headers=headers,
    )


def internal(exception: BaseException, request_id: str) -> Response:
    """The response of a failure that is ours: its text stays in the log."""
    error_id = secrets.token_hex(8)
    log.error("error.masked", error_id=error_id, request_id=request_id, exc_info=exception)
    error = error_object("INTERNAL", "Something failed on our side.", request_id, {"errorId": error_id})
    return Response(status=500, executed=False, errors=[error])


def response_to(exception: Exception, request_id: str) -> Response:
    """The response of any exception."""
    return refusal(exception, request_id) if isinstance(exception, TidegateError) else internal(exception, request_id)


def foreign_origin() -> Forbidden:
    """A browser page of another origin asked."""
    return Forbidden("This origin may not use the gateway; see the setting allowed_origins.")
