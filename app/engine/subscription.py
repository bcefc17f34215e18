"""A subscription that has started: what it reads of the log, how one event is answered, and what it has in common
with the subscriptions of others. Who shares with whom is decided in `app.delivery`."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from copy import copy
from dataclasses import replace
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, FieldNode, OperationDefinitionNode, VariableNode
from graphql.execution import execute_subscription_event

from app.engine.lane.flat import Flat
from app.engine.masking import failure
from app.engine.operation import Operation, Response, Written
from app.errors import TidegateError
from app.events.feed import Tail
from app.principal import Principal
from app.telemetry import logger
from app.values import canonical_json

_log = logger(__name__)

Shape = Callable[[ExecutionResult, Operation], Response]


class Started:
    """One started subscription. Its executor holds the caller, so that each event is read with the caller's sight."""

    __slots__ = ("_build", "_context", "_executor", "_operation", "_plain", "_resuming", "_shape", "tail")

    def __init__(
        self,
        tail: Tail,
        operation: Operation,
        *,
        executor: Any,
        build: Callable[[Operation], Any],
        shape: Shape,
        plain: Flat | None = None,
    ) -> None:
        self.tail = tail
        self._operation = operation
        self._plain = plain
        self._context = executor.context_value
        self._resuming = _resuming_variable(executor.operation, operation.document)
        self._executor = executor if plain is None else None
        """A plain one needs it for the event that does not fit alone, and can build it then: it holds the document's
        tree, and there may be thousands."""
        self._build = build
        self._shape = shape

    @property
    def request_id(self) -> str:
        """The request id that its errors carry."""
        return self._operation.request_id

    def answer(self, row: Any) -> Response | Awaitable[Response]:
        """The response to one event, with loaders of its own; at once where nothing has to be read for it."""
        if self._plain is not None:
            try:
                return Written(self._plain(row, self._context))
            except Exception:  # what is wrong with the event the executor tells, in its own way
                _log.debug("subscription.not_plain", position=row.position)
        executor = self._build(self._operation) if self._executor is None else self._executor
        result: Any = execute_subscription_event(executor.build_per_event_executor(row))
        return self._later(result) if isawaitable(result) else self._shape(result, self._operation)

    @property
    def organisation_id(self) -> str:
        """Whose sight it has."""
        assert self._operation.principal is not None  # an anonymous operation never starts
        return self._operation.principal.organisation_id

    async def responses(self, position: int | None = None) -> AsyncGenerator[Response, None]:
        """A response for each event, by itself; from another position than its own where that is given."""
        rows = aiter(self.tail if position is None else replace(self.tail, position=position))
        try:
            async for row in rows:
                answer = self.answer(row)
                response = await answer if isawaitable(answer) else answer
                yield response.at(self.tail.feed.cursor(row.position, row.id))
        except TidegateError as fault:
            yield Response(200, executed=True, data=None, errors=[failure(fault, self.request_id)])
        finally:
            await rows.aclose()

    def sharing_key(self) -> Hashable | None:
        """What two subscriptions must have in common to be answered as one: the document, the operation, the variables
        but for where they resume, the authority (organisation and scope set) and the treatment of missing scopes.
        None where this one cannot be shared: one that ends after so many events counts for itself."""
        operation, principal = self._operation, self._operation.principal
        if principal is None or self.tail.first is not None:
            return None
        variables = dict(operation.variables or {})
        variables.pop(self._resuming, None)
        authority = (principal.organisation_id, principal.scopes, operation.reject)
        return operation.document, operation.operation_name, canonical_json(variables), authority

    def for_group(self, request_id: str) -> "Started":
        """The same subscription on behalf of all who share it: their organisation and scopes, and nobody's name."""
        caller = self._operation.principal
        assert caller is not None  # an anonymous operation never starts
        principal = Principal("subscribers", caller.organisation_id, caller.scopes)
        made = copy(self)
        made.tail = replace(self.tail, principal=principal)
        made._operation = self._operation._replace(principal=principal, request_id=request_id)
        made._context = replace(self._context, principal=principal, request_id=request_id)
        if self._executor is not None:
            made._executor = copy(self._executor)
            made._executor.context_value = made._context
        return made

    async def _later(self, result: Awaitable[ExecutionResult]) -> Response:
        return self._shape(await result, self._operation)


def _resuming_variable(node: OperationDefinitionNode, document: str) -> str:
    """The variable that is the root field's `after` and stands nowhere else in the document but where it is declared;
    an empty name where there is none."""
    for root in node.selection_set.selections:
        for argument in (root.arguments if isinstance(root, FieldNode) else None) or ():
            if argument.name.value == "after" and isinstance(argument.value, VariableNode):
                name = argument.value.name.value
                return name if len(re.findall(rf"\${name}\b", document)) == 2 else ""
    return ""
