"""Errors as they leave the process: a code, the request id, and a message only where it is meant for the caller.
Anything else is logged once under an error id, and the id alone goes out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError

from app.engine.operation import Response
from app.engine.planning.plan import Denied
from app.errors import ParseFailed, TidegateError, ValidationFailed

_log = structlog.get_logger("tidegate.engine")


def format_error(error: GraphQLError, request_id: str, code: str | None = None) -> Mapping[str, Any]:
    """One formatted error. `code` is given for faults of the request; a resolver's error brings its own, else it is
    masked."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if isinstance(cause, TidegateError):
        return _shaped(error, cause.message, {"code": cause.code, "requestId": request_id, **cause.extensions})
    if code is not None:
        return _shaped(error, error.message, {"code": code, "requestId": request_id})
    if cause is None and error.message.startswith("Argument "):
        return _shaped(error, error.message, {"code": "BAD_USER_INPUT", "requestId": request_id})
    return _masked(error, cause, request_id)


def failure(error: TidegateError, request_id: str) -> Mapping[str, Any]:
    """A failure of the whole request as an error object."""
    return {
        "message": error.message,
        "extensions": {"code": error.code, "requestId": request_id, **error.extensions},
    }


def refusal(fault: TidegateError, request_id: str, status: int | None = None) -> Response:
    """The response of a request that is not run; 429 says when to come back."""
    wait = fault.extensions.get("retryAfterSeconds")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return Response(status or fault.status, executed=False, errors=[failure(fault, request_id)], headers=headers)


def request_errors(errors: Sequence[GraphQLError], request_id: str, *, syntax: bool) -> Response:
    """The response of a document or of variables that do not fit."""
    fault = ParseFailed if syntax else ValidationFailed
    shaped = [format_error(error, request_id, fault.code) for error in errors]
    return Response(fault.status, executed=False, errors=shaped)


def forbidden(denied: Sequence[Denied], request_id: str) -> Response:
    """The response where a missing scope refuses the whole operation."""
    return Response(403, executed=False, errors=[denial(one, request_id) for one in denied])


def denial(denied: Denied, request_id: str) -> Mapping[str, Any]:
    """The error of one field that the caller's scopes do not reach."""
    scopes = sorted(denied.scopes)
    return {
        "message": f"{'.'.join(denied.path)} needs the scope {' and '.join(scopes)}.",
        "path": list(denied.path),
        "extensions": {"code": "FORBIDDEN", "requestId": request_id, "missingScopes": scopes},
    }


def _masked(error: GraphQLError, cause: BaseException | None, request_id: str) -> Mapping[str, Any]:
    error_id = uuid4().hex
    path = [part for part in error.path or () if isinstance(part, str)]
    _log.error("resolver_failed", error_id=error_id, request_id=request_id, path=path, exc_info=cause or error)
    message = f"Something went wrong on our side. Quote the error id {error_id}."
    return _shaped(error, message, {"code": "INTERNAL", "requestId": request_id, "errorId": error_id})


def _shaped(error: GraphQLError, message: str, extensions: Mapping[str, Any]) -> Mapping[str, Any]:
    shaped: dict[str, Any] = {"message": message}
    if error.locations:
        shaped["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shaped["path"] = list(error.path)
    shaped["extensions"] = dict(extensions)
    return shaped
