"""Stand-ins for the rooms behind the corridor: a small schema run by graphql-core, and tokens that say what they
are."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationType,
    build_schema,
    get_operation_ast,
    parse,
    subscribe,
    validate,
)
from graphql import execute as run
from graphql.execution.values import get_variable_values

from app.clock import system_clock
from app.engine.operation import Operation, Response
from app.errors import Forbidden, Unauthenticated
from app.principal import Principal

SDL = """
scalar JSON
type Query { hello(name: String = "world"): String whoami: String sleep: String fail: String! echo(value: JSON): JSON
  text(size: Int!): String odd: JSON }
type Mutation { touch: String }
type Subscription { count(to: Int!): Int forever: Int explode: Int late: Int text(size: Int!): String deaf: Int }
"""
SCHEMA = build_schema(SDL)


class FakeEngine:
    """Remembers what it was asked. `cancelled` is set when a sleeping operation was cancelled, `closed` when a
    stream was."""

    def __init__(self) -> None:
        self.schema = SCHEMA
        self.operations: list[Operation] = []
        self.sleeping = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.closed = asyncio.Event()
        self.streams = 0
        self.texts = 0
        self.breaks_with: Exception | None = None

    async def execute(self, operation: Operation) -> Response:
        self.operations.append(operation)
        if self.breaks_with is not None:
            raise self.breaks_with
        refused = self._refused(operation)
        return refused or await self._run(operation)

    def root_fields(self, operation: Operation) -> int:
        try:
            chosen = get_operation_ast(parse(operation.document), operation.operation_name)
        except GraphQLError:
            return 0
        return 0 if chosen is None else len(chosen.selection_set.selections)

    async def subscribe(self, operation: Operation) -> Response | AsyncIterator[Response]:
        self.operations.append(operation)
        if self.breaks_with is not None:
            raise self.breaks_with
        refused = self._refused(operation, streams=True)
        if refused is not None:
            return refused
        document = parse(operation.document)
        chosen = get_operation_ast(document, operation.operation_name)
        if chosen is None or chosen.operation is not OperationType.SUBSCRIPTION:
            return self._single(operation)
        started: Any = subscribe(
            self.schema, document, _Roots(self, operation), variable_values=dict(operation.variables or {})
        )
        source = await started if inspect.isawaitable(started) else started
        if isinstance(source, ExecutionResult):
            return self._response(source, operation, executed=False)
        return self._stream(source, operation)

    def sdl(self, principal: Principal | None) -> str:
        if principal is None:
            raise Unauthenticated("The schema needs a token.")
        if not principal.has("schema:read"):
            raise Forbidden("The schema needs schema:read.")
        return SDL

    async def _single(self, operation: Operation) -> AsyncIterator[Response]:
        yield await self._run(operation)

    async def _stream(self, source: Any, operation: Operation) -> AsyncIterator[Response]:
        self.streams += 1
        try:
            async for result in source:
                yield self._response(result, operation)
        finally:
            self.streams -= 1
            self.closed.set()
            await source.aclose()

    async def _run(self, operation: Operation) -> Response:
        result = run(
            self.schema,
            parse(operation.document),
            _Roots(self, operation),
            variable_values=dict(operation.variables or {}),
            operation_name=operation.operation_name,
        )
        return self._response(result if isinstance(result, ExecutionResult) else await result, operation)

    def _refused(self, operation: Operation, streams: bool = False) -> Response | None:
        try:
            document = parse(operation.document)
        except GraphQLError as error:
            return self._error(400, "GRAPHQL_PARSE_FAILED", [error], operation)
        if errors := validate(self.schema, document):
            return self._error(422, "GRAPHQL_VALIDATION_FAILED", errors, operation)
        chosen = get_operation_ast(document, operation.operation_name)
        if chosen is None:
            return self._error(400, "BAD_USER_INPUT", [GraphQLError("Which operation?")], operation)
        if operation.read_only and chosen.operation is OperationType.MUTATION:
            return self._error(405, "BAD_USER_INPUT", [GraphQLError("Send mutations by POST.")], operation)
        if not streams and chosen.operation is OperationType.SUBSCRIPTION:
            return self._error(400, "BAD_USER_INPUT", [GraphQLError("Open a socket to subscribe.")], operation)
        values = get_variable_values(
            self.schema, chosen.variable_definitions or (), dict(operation.variables or {}), max_errors=5
        )
        if isinstance(values, list):
            return self._error(422, "BAD_USER_INPUT", values, operation)
        return None

    def _response(self, result: ExecutionResult, operation: Operation, executed: bool = True) -> Response:
        errors = [_formatted(error, "INTERNAL", operation) for error in result.errors or ()]
        return Response(status=200, executed=executed, data=result.data, errors=errors)

    def _error(self, status: int, code: str, errors: Any, operation: Operation) -> Response:
        formatted = [_formatted(error, code, operation) for error in errors]
        return Response(status=status, executed=False, errors=formatted)


class _Roots:
    """Resolvers of every root field."""

    def __init__(self, engine: FakeEngine, operation: Operation) -> None:
        self._engine = engine
        self._operation = operation

    def hello(self, _info: Any, name: str) -> str:
        return f"hello {name}"

    def whoami(self, _info: Any) -> str | None:
        return None if self._operation.principal is None else self._operation.principal.subject

    def touch(self, _info: Any) -> str:
        return "touched"

    def fail(self, _info: Any) -> str:
        raise RuntimeError("the cellar is flooded")

    def echo(self, _info: Any, value: Any = None) -> Any:
        return value

    def odd(self, _info: Any) -> Any:
        return {"unserialisable": object()}

    async def sleep(self, _info: Any) -> str:
        self._engine.sleeping.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            self._engine.cancelled.set()
            raise
        return "slept"

    async def count(self, _info: Any, to: int) -> AsyncIterator[dict[str, int]]:
        for number in range(to):
            yield {"count": number}

    async def forever(self, _info: Any) -> AsyncIterator[dict[str, int]]:
        yield {"forever": 0}
        await asyncio.sleep(3600)

    async def explode(self, _info: Any) -> AsyncIterator[dict[str, int]]:
        yield {"explode": 0}
        raise RuntimeError("the cellar is flooded")

    async def late(self, _info: Any) -> AsyncIterator[dict[str, int]]:
        await asyncio.sleep(3600)
        yield {"late": 0}

    async def deaf(self, _info: Any) -> AsyncIterator[dict[str, int]]:
        """Refuses to be cancelled for a while."""
        yield {"deaf": 0}
        for _ in range(3):
            try:
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                continue

    def text(self, _info: Any, size: int) -> Any:
        if self._operation.document.lstrip().startswith("query"):
            return "x" * size
        return self._texts(size)

    async def _texts(self, size: int) -> AsyncIterator[dict[str, str]]:
        while True:
            self._engine.texts += 1
            yield {"text": "x" * size}


class FakeAuthenticator:
    """`Bearer good` is Ada with every scope she needs, `Bearer plain` has none, `Bearer short:S` ends after S
    seconds; the rest is refused."""

    def __init__(self) -> None:
        self.breaks_with: Exception | None = None
        self.slow = 0.0

    async def authenticate(self, authorization: str | None) -> Principal | None:
        await asyncio.sleep(self.slow)
        if self.breaks_with is not None:
            raise self.breaks_with
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("The token is not a bearer token.")
        if token == "good":
            return Principal("ada", "org_1", frozenset({"schema:read"}))
        if token == "plain":
            return Principal("bob", "org_2", frozenset())
        if token.startswith("short:"):
            ends = system_clock() + timedelta(seconds=float(token.removeprefix("short:")))
            return Principal("eve", "org_3", frozenset(), expires_at=ends)
        raise Unauthenticated("The token cannot be accepted.")


def _formatted(error: GraphQLError, code: str, operation: Operation) -> dict[str, Any]:
    formatted = dict(error.formatted)
    if error.original_error is not None:
        formatted["message"] = "masked"
    formatted["extensions"] = {"code": code, "requestId": operation.request_id}
    return formatted
