"""The one exception tree. What a caller can mend is returned as a user error; these are for what it cannot.

TidegateError                 code, HTTP status, whether a retry can help
├── BadUserInput              BAD_USER_INPUT 400
├── ParseFailed               GRAPHQL_PARSE_FAILED 400
├── ValidationFailed          GRAPHQL_VALIDATION_FAILED 422
├── Unauthenticated           UNAUTHENTICATED 401
├── Forbidden                 FORBIDDEN 403
├── DocumentNotTrusted        DOCUMENT_NOT_TRUSTED 403
├── PersistedQueryNotFound    PERSISTED_QUERY_NOT_FOUND 200, the client sends the text and goes on
├── PersistedQueryNotSupported  PERSISTED_QUERY_NOT_SUPPORTED 200, likewise
├── NotFound                  NOT_FOUND 404
├── CostExceeded              COST_EXCEEDED 422
├── Throttled                 THROTTLED 429
├── PayloadTooLarge           PAYLOAD_TOO_LARGE 413
├── Timeout                   TIMEOUT 504
├── CursorExpired             CURSOR_EXPIRED 410
├── Lagged                    LAGGED 503
├── Refused                   a command says no (CLI exit 1)
└── Internal                  INTERNAL 500, carries an error id only
"""

from collections.abc import Mapping
from typing import ClassVar


class TidegateError(Exception):
    """Base of all expected failures. `extensions` are added to the GraphQL error's extensions."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.message = message
        self.extensions: Mapping[str, object] = extensions


class BadUserInput(TidegateError):
    """The input is malformed in a way the schema's types do not express, such as a forged cursor."""

    code = "BAD_USER_INPUT"
    status = 400


class ParseFailed(TidegateError):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"
    status = 400


class ValidationFailed(TidegateError):
    """The document does not fit the schema, or a variable does not fit its type."""

    code = "GRAPHQL_VALIDATION_FAILED"
    status = 422


class Unauthenticated(TidegateError):
    """No token, or one that cannot be accepted."""

    code = "UNAUTHENTICATED"
    status = 401


class Forbidden(TidegateError):
    """The token is good, its scopes do not reach."""

    code = "FORBIDDEN"
    status = 403


class DocumentNotTrusted(TidegateError):
    """The client is held to the documents of loaded manifests, and this is none of them."""

    code = "DOCUMENT_NOT_TRUSTED"
    status = 403


class PersistedQueryNotFound(TidegateError):
    """No document is known by this id. Clients of Apollo's protocol send the text again when they read this, and they
    read it in an answer of status 200."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    status = 200


class PersistedQueryNotSupported(TidegateError):
    """The client may not register documents; those of Apollo's protocol send texts from then on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = 200


class NotFound(TidegateError):
    """Nothing of that name that the caller may see."""

    code = "NOT_FOUND"
    status = 404


class CostExceeded(TidegateError):
    """The operation would cost more than any may; the message says which list to shorten."""

    code = "COST_EXCEEDED"
    status = 422


class Throttled(TidegateError):
    """The caller's budget is spent for now."""

    code = "THROTTLED"
    status = 429


class PayloadTooLarge(TidegateError):
    """The body is over its cap; nothing of it was read further."""

    code = "PAYLOAD_TOO_LARGE"
    status = 413


class Timeout(TidegateError):
    """The operation ran out of its wall-clock time and was cancelled."""

    code = "TIMEOUT"
    status = 504


class CursorExpired(TidegateError):
    """The event log no longer reaches back to this cursor; the earliest one is named."""

    code = "CURSOR_EXPIRED"
    status = 410


class Lagged(TidegateError):
    """A subscriber did not read fast enough; the cursor to resume after is named."""

    code = "LAGGED"
    status = 503


class Refused(TidegateError):
    """A command was understood and refused; the message says how to mend it."""

    code = "REFUSED"
    status = 409


class Internal(TidegateError):
    """Something failed that is not the caller's doing; only an error id leaves the process."""
