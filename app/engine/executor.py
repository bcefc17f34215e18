"""Runs a planned operation and shapes its response. The executor never calls the resolver of a field that the plan
denied; everything a caller may hear of an error goes through `app.engine.masking`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import create_source_event_stream, execute_root_selection_set, map_source_to_response_event
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.clock import Clock
from app.engine.context import Context, FieldAccess
from app.engine.contract import Contract
from app.engine.masking import failure, format_error
from app.engine.operation import Operation, Response
from app.engine.plan import Denied, Plan, Planner, settled
from app.engine.scopes import INTROSPECTION
from app.engine.size import Limits
from app.errors import Forbidden, ParseFailed, TidegateError, Unauthenticated, ValidationFailed
from app.events.feed import Feed
from app.principal import Principal
from app.services.quotes import Desk
from app.store.session import Store

_OPEN = "{__typename}"


class ScopedExecutor(StrawberryGraphQLCoreExecutionContext):
    """The ordinary executor with three changes: denied fields are null without their resolver, introspection answers
    from the caller's own view of the schema, and every subscription event gets a fresh context."""

    denied: frozenset[tuple[str, str]] = frozenset()
    view: GraphQLSchema | None = None

    def execute_field(
        self, parent_type: Any, source: Any, field_details_list: Any, path: Path, position_context: Any
    ) -> Any:
        """Null for a denied field, else the field."""
        if self.denied and (parent_type.name, field_details_list[0].node.name.value) in self.denied:
            return None
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def build_resolve_info(self, field_def: Any, field_nodes: Any, parent_type: Any, path: Path) -> Any:
        """Introspection sees the caller's view as the schema."""
        info = super().build_resolve_info(field_def, field_nodes, parent_type, path)
        if field_nodes[0].name.value in INTROSPECTION and self.view is not None:
            return info._replace(schema=self.view)
        return info

    def build_per_event_executor(self, payload: Any) -> Any:
        """Fresh loaders, so that no event is answered from rows read for an earlier one."""
        executor = super().build_per_event_executor(payload)
        executor.context_value = executor.context_value.fresh()
        return executor


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How this gateway treats a missing scope, and its size caps."""

    reject: bool = False
    limits: Limits = field(default_factory=Limits)


class Engine:
    """One schema over one store."""

    def __init__(
        self, schema: strawberry.Schema, store: Store, feed: Feed, desk: Desk, clock: Clock, settings: EngineSettings
    ) -> None:
        self.schema: GraphQLSchema = schema._schema
        self.contract = Contract(self.schema, schema.as_str())
        self.planner = Planner(self.schema, settings.limits)
        self._store = store
        self._feed = feed
        self._desk = desk
        self._clock = clock
        self._reject = settings.reject

    async def execute(self, operation: Operation) -> Response:
        """The response to a query or a mutation. Caller faults become responses, never exceptions."""
        try:
            kind, executor, denied = self._prepare(operation)
        except _Answered as answered:
            return answered.response
        if kind is OperationType.SUBSCRIPTION:
            fault = ValidationFailed("Subscriptions go over a WebSocket (graphql-transport-ws) at this address.")
            return _refusal(fault, operation)
        result: Any = execute_root_selection_set(executor)
        return _response(await result if isawaitable(result) else result, operation, denied)

    async def subscribe(self, operation: Operation) -> Response | AsyncIterator[Response]:
        """The responses to a subscription, one for each event; one response alone where it cannot start. A query or
        a mutation gives an iterator of its one response."""
        try:
            kind, executor, denied = self._prepare(operation)
        except _Answered as answered:
            return answered.response
        if kind is not OperationType.SUBSCRIPTION:
            return _once(await self.execute(operation))
        stream: Any = create_source_event_stream(executor)
        source = await stream if isawaitable(stream) else stream
        if isinstance(source, ExecutionResult):
            return _response(source, operation, denied, started=False)
        return _responses(map_source_to_response_event(executor, source), operation, denied)

    def sdl(self, principal: Principal | None) -> str:
        """The SDL of what the caller's scopes reach."""
        if principal is None:
            raise Unauthenticated("Send a token as `Authorization: Bearer …`.")
        if not principal.has("schema:read"):
            raise Forbidden("The SDL needs the scope schema:read.", missingScopes=["schema:read"])
        return self.contract.visible_sdl(principal.scopes)

    def access(self, document: str, principal: Principal) -> Sequence[FieldAccess]:
        """For each field of a document, whether this caller may read it. ValidationFailed for one that cannot run."""
        plan = self.planner.plan(document, principal.scopes)
        if plan.errors:
            raise ValidationFailed(plan.errors[0].message)
        everything = self.planner.plan(document, frozenset())
        lacking = {denied.path: tuple(sorted(denied.scopes)) for denied in plan.denied}
        scoped = [*everything.denied, *plan.denied]
        paths = dict.fromkeys(denied.path for denied in scoped)
        return [FieldAccess(path, path not in lacking, lacking.get(path, ())) for path in paths]

    def _prepare(self, operation: Operation) -> tuple[OperationType, Any, list[Denied]]:
        principal = operation.principal
        if principal is None:
            raise _Answered(_anonymous(operation))
        plan = self.planner.plan(operation.document, principal.scopes)
        if plan.errors:
            raise _Answered(_request_errors(plan.errors, operation, syntax=plan.syntax))
        node = plan.operation(operation.operation_name)
        if node is None:
            fault = ValidationFailed(_which(plan, operation.operation_name))
            raise _Answered(_refusal(fault, operation))
        if operation.read_only and node.operation is OperationType.MUTATION:
            fault = ValidationFailed("A mutation cannot be sent by GET. Use POST.")
            raise _Answered(_refusal(fault, operation, status=405))
        executor = self._executor(plan, operation, principal)
        if isinstance(executor, list):
            raise _Answered(_request_errors(executor, operation, syntax=False))
        denied = settled(plan, node, executor.variable_values.coerced)
        if denied and self._refuses_whole(operation, node.operation, denied):
            raise _Answered(_forbidden(denied, operation))
        executor.denied = frozenset((one.type_name, one.field_name) for one in denied)
        if any(name in operation.document for name in INTROSPECTION):
            executor.view = self.contract.visible_schema(principal.scopes)
        return node.operation, executor, denied

    def _executor(self, plan: Plan, operation: Operation, principal: Principal) -> Any:
        context = Context(
            principal, self._store, self._feed, self._clock, operation.request_id, self.access, self._desk
        )
        return ScopedExecutor.build(
            self.schema,
            plan.document,  # type: ignore[arg-type]
            None,
            context,
            dict(operation.variables or {}),
            operation.operation_name,
            hide_suggestions="schema:read" not in principal.scopes,
        )

    def _refuses_whole(self, operation: Operation, kind: OperationType, denied: Sequence[Denied]) -> bool:
        root = any(len(one.path) == 1 for one in denied)
        introspects = any(one.field_name in INTROSPECTION for one in denied)
        return self._reject or operation.reject or introspects or (kind is not OperationType.QUERY and root)


class _Answered(Exception):
    """The request is answered before anything runs."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def _anonymous(operation: Operation) -> Response:
    if "".join(operation.document.split()) in (_OPEN, f"query{_OPEN}"):
        return Response(200, executed=True, data={"__typename": "Query"})
    return _refusal(Unauthenticated("Send a token as `Authorization: Bearer …`."), operation)


def _which(plan: Plan, name: str | None) -> str:
    names = [node.name.value for node in plan.operations if node.name]
    if name is not None:
        return f"The document has no operation named {name[:80]!r}."
    if not plan.operations:
        return "The document has no operation, only fragments."
    return f"The document has several operations: name one of {', '.join(names[:10])} as `operationName`."


def _refusal(fault: TidegateError, operation: Operation, status: int | None = None) -> Response:
    return Response(status or fault.status, executed=False, errors=[failure(fault, operation.request_id)])


def _request_errors(errors: Sequence[GraphQLError], operation: Operation, *, syntax: bool) -> Response:
    fault = ParseFailed if syntax else ValidationFailed
    shaped = [format_error(error, operation.request_id, fault.code) for error in errors]
    return Response(fault.status, executed=False, errors=shaped)


def _forbidden(denied: Sequence[Denied], operation: Operation) -> Response:
    return Response(403, executed=False, errors=[_denial(one, operation.request_id) for one in denied])


def _denial(denied: Denied, request_id: str) -> Mapping[str, Any]:
    scopes = sorted(denied.scopes)
    return {
        "message": f"{'.'.join(denied.path)} needs the scope {' and '.join(scopes)}.",
        "path": list(denied.path),
        "extensions": {"code": "FORBIDDEN", "requestId": request_id, "missingScopes": scopes},
    }


def _response(
    result: ExecutionResult, operation: Operation, denied: Sequence[Denied], *, started: bool = True
) -> Response:
    errors = [_denial(one, operation.request_id) for one in denied]
    errors += [format_error(error, operation.request_id) for error in result.errors or ()]
    if not started:
        return Response(400, executed=False, errors=errors)
    return Response(200, executed=True, data=result.data, errors=errors)


async def _once(response: Response) -> AsyncIterator[Response]:
    yield response


async def _responses(
    results: AsyncIterator[ExecutionResult], operation: Operation, denied: Sequence[Denied]
) -> AsyncIterator[Response]:
    try:
        async for result in results:
            yield _response(result, operation, denied)
    except TidegateError as fault:
        yield Response(200, executed=True, data=None, errors=[failure(fault, operation.request_id)])
    finally:
        close = getattr(results, "aclose", None)
        if close is not None:
            await close()
