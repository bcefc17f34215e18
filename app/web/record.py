"""What one request or socket leaves in the log: its id, and what the endpoint learnt about it. Never a document,
a variable or a token."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from starlette.types import Scope

from app.telemetry import hide_secrets

HANGUP = 499
"""The status in the log of a client that left before it was answered."""

_draw = Random()  # noqa: S311  (an id is no secret, and what the system draws costs a call each)
os.register_at_fork(after_in_child=_draw.seed)

_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_NAME, _LONGEST_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*"), 128
_KEY = "tidegate.record"
BEGUN = "tidegate.begun"
"""Where a scope holds the record and the start of a request that was begun before ASGI heard of it."""


@dataclass(slots=True)
class RequestRecord:
    """Filled by the endpoint, read by the middleware when the response is through."""

    request_id: str
    operation_name: str | None = None
    organisation_id: str | None = None

    def note_operation(self, name: str | None) -> None:
        """Keeps the operation's name where it is a GraphQL name of sane length."""
        self.operation_name = name if name is not None and len(name) <= _LONGEST_NAME and _is_name(name) else None


@lru_cache(maxsize=1024)
def _is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def request_id_of(values: Sequence[str]) -> str:
    """The client's X-Request-Id where there is just one, well formed and not like a secret, else a fresh one."""
    if len(values) == 1 and _WELL_FORMED.fullmatch(values[0]) and hide_secrets(values[0]) == values[0]:
        return values[0]
    return f"{_draw.getrandbits(96):024x}"


def attach(scope: Scope, record: RequestRecord) -> None:
    """Hands the record to whoever answers this scope."""
    scope[_KEY] = record


def record_of(scope: Scope) -> RequestRecord:
    """The record of this scope; a fresh one where no middleware has attached one."""
    record = scope.get(_KEY)
    if not isinstance(record, RequestRecord):
        record = RequestRecord(request_id=request_id_of(()))
        attach(scope, record)
    return record
