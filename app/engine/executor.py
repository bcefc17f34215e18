"""Runs a planned operation and shapes its response. The executor never calls the resolver of a field that the plan
denied; everything a caller may hear of an error goes through `app.engine.masking`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from time import monotonic
from typing import Any

import strawberry
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import create_source_event_stream, execute_root_selection_set
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from app.clock import Clock
from app.engine.context import Context, FieldAccess
from app.engine.contract.views import Contract
from app.engine.lane import Lane, Ready
from app.engine.lane.inputs import Unready
from app.engine.masking import failure, format_error
from app.engine.operation import Operation, Response, Written
from app.engine.planning.plan import Denied, Plan, Planner, settled
from app.engine.planning.size import Limits, root_fields
from app.engine.scopes import INTROSPECTION
from app.engine.subscription import Started
from app.errors import Forbidden, ParseFailed, TidegateError, Unauthenticated, ValidationFailed
from app.events.feed import Feed
from app.principal import Principal
from app.services.quotes import Desk
from app.store.pool import Interrupted, SqliteReader, Unanswerable
from app.store.session import Store

_OPEN = "{__typename}"
_HEAVY_SECONDS = 60.0


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
    """How this gateway treats a missing scope, its size caps, and whether it uses the lane; else every operation
    goes to the ordinary executor."""

    reject: bool = False
    limits: Limits = field(default_factory=Limits)
    lane: bool = True


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
        self.lane = Lane(self.schema, self.planner, "sqlite" if store.dialect == "sqlite" else "postgresql")
        self._reader = store.lane if settings.lane else None
        self._parties: set[str] = set()

    async def execute(self, operation: Operation) -> Response:
        """The response to a query or a mutation. Caller faults become responses, never exceptions."""
        ready = self._ready(operation)
        if ready is not None:
            answered = self._now(ready, operation) or await self._later(ready, operation)
            if answered is not None:
                return answered
        return await self.execute_ordinarily(operation)

    def execute_now(self, operation: Operation) -> Response | None:
        """The response, where the lane can give it without waiting for anything; None where it cannot."""
        if not isinstance(self._reader, SqliteReader):
            return None
        ready = self._ready(operation)
        return None if ready is None else self._now(ready, operation)

    def _now(self, ready: Ready, operation: Operation) -> Response | None:
        reader = self._reader
        if ready.variant.heavy > monotonic() or not isinstance(reader, SqliteReader):
            return None
        wide = ready.organisation in self._parties
        try:
            found = reader.now(ready.jobs(wide=wide))
            text = ready.write(found, wide=wide)
            if text is None:
                text = ready.write(self._widened(ready, found, reader.now(ready.jobs(wide=True))), wide=True)
        except Interrupted:
            ready.variant.heavy = monotonic() + _HEAVY_SECONDS
            return None
        except (Unanswerable, Unready) as reason:
            self.lane.decline(reason)
            ready.variant.declined = operation
            return None
        return self._written(text, ready, operation)

    async def _later(self, ready: Ready, operation: Operation) -> Response | None:
        """The lane's response from a database that is waited for; None where the ordinary executor has to answer."""
        if self._reader is None or ready.variant.declined is operation:
            return None
        wide = ready.organisation in self._parties
        try:
            found = await self._reader.run(ready.jobs(wide=wide))
            text = ready.write(found, wide=wide)
            if text is None:
                again = await self._reader.run(ready.jobs(wide=True))
                text = ready.write(self._widened(ready, found, again), wide=True)
        except (Unanswerable, Unready) as reason:
            self.lane.decline(reason)
            return None
        return self._written(text, ready, operation)

    def _ready(self, operation: Operation) -> Ready | None:
        principal = operation.principal
        if principal is None or self._reader is None:
            return None
        ready = self.lane.prepare(operation, principal)
        if ready is not None and ready.variant.denied and (self._reject or operation.reject):
            return None
        return ready

    def _widened(self, ready: Ready, narrow: Sequence[Any], wide: list[list[Any]]) -> list[list[Any]]:
        """The rows of the wide statements. Remembers who turned out to be a party, to begin with them next time."""
        pairs = zip(ready.variant.narrow, narrow, strict=True)
        if any(one.guarded and rows and rows[0][-1] for (one, _), rows in pairs):
            if len(self._parties) > 10_000:
                self._parties.clear()
            self._parties.add(ready.organisation)
        return wide

    def _written(self, text: bytes | None, ready: Ready, operation: Operation) -> Response:
        assert text is not None
        self.lane.taken += 1
        denied = ready.variant.denied
        return Written(text, [_denial(one, operation.request_id) for one in denied] if denied else ())

    async def execute_ordinarily(self, operation: Operation) -> Response:
        """The same by resolvers and loaders: what the lane's answer has to equal."""
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
        opened = await self.open(operation)
        if isinstance(opened, Started):
            return opened.responses()
        return _once(opened) if opened.executed else opened

    async def open(self, operation: Operation) -> Response | Started:
        """A subscription that has started, to be read or to be shared; or the one response to whatever else it is, or
        to a subscription that cannot start."""
        try:
            kind, executor, denied = self._prepare(operation)
        except _Answered as answered:
            return answered.response
        if kind is not OperationType.SUBSCRIPTION:
            return await self.execute(operation)
        stream: Any = create_source_event_stream(executor)
        source = await stream if isawaitable(stream) else stream
        if isinstance(source, ExecutionResult):
            return _response(source, operation, denied, started=False)

        def shape(result: ExecutionResult, operation: Operation) -> Response:
            return _response(result, operation, denied)

        return Started(source, executor, operation, shape)

    def root_fields(self, operation: Operation) -> int:
        """How many root fields an operation selects, fragments expanded; 0 for what cannot run."""
        scopes = frozenset[str]() if operation.principal is None else operation.principal.scopes
        plan = self.planner.plan(operation.document, scopes)
        node = None if plan.errors else plan.operation(operation.operation_name)
        return 0 if node is None or plan.document is None else root_fields(plan.document, node)

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
        return Response(_status(result), executed=False, errors=errors)
    return Response(200, executed=True, data=result.data, errors=errors)


def _status(result: ExecutionResult) -> int:
    """The HTTP status of a subscription that could not start."""
    causes = [error.original_error for error in result.errors or ()]
    return next((cause.status for cause in causes if isinstance(cause, TidegateError)), 400 if not any(causes) else 500)


async def _once(response: Response) -> AsyncIterator[Response]:
    yield response
