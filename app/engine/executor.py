"""Runs a planned operation by the lane, by the executor, or root field by root field by either, and shapes its
response. Everything a caller may hear of an error goes through `app.engine.masking`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from inspect import isawaitable
from typing import Any

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution import create_source_event_stream, execute_root_selection_set

from app.clock import Clock
from app.engine.charge import Budgets, Charge, Meter
from app.engine.context import Context, FieldAccess
from app.engine.contract.views import Contract
from app.engine.lane import Declined, Done, Lane, Ready, Runner, Way, explain, filled
from app.engine.lane.flat import Flats
from app.engine.masking import denial, forbidden, format_error, refusal, request_errors
from app.engine.operation import Later, Operation, Response, Written
from app.engine.ordinary.scoped import ScopedExecutor
from app.engine.planning.cost import bill_of, reader_of
from app.engine.planning.fields import Fields, fragments_of
from app.engine.planning.plan import Denied, Plan, Planner, settled
from app.engine.planning.size import Limits, root_fields
from app.engine.planning.tally import tally
from app.engine.scopes import INTROSPECTION
from app.engine.subscription import Started
from app.errors import CostExceeded, Forbidden, Throttled, TidegateError, Unauthenticated, ValidationFailed
from app.events.feed import Feed
from app.principal import Principal
from app.services.quotes import Desk
from app.store.session import Store
from app.store.trace import recorded

_OPEN = "{__typename}"
_NO_LANE = Declined("off", "there is no lane to this database")
_REFUSED = Declined("refused", "it is refused before it runs")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How this gateway treats a missing scope, its size caps, what an operation may cost, what each client may spend
    (None: anything), and whether it uses the lane; else every operation goes to the ordinary executor."""

    reject: bool = False
    limits: Limits = field(default_factory=Limits)
    lane: bool = True
    max_cost: int = 100_000
    budgets: Budgets | None = None


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
        self.meter = Meter(settings.max_cost, clock, settings.budgets)
        self.lane = Lane(self.schema, self.planner, "sqlite" if store.dialect == "sqlite" else "postgresql", clock)
        self._runner = Runner(store.lane) if settings.lane and store.lane is not None else None
        self._flats = Flats(self.schema)

    async def execute(self, operation: Operation) -> Response:
        """The response to a query or a mutation. Caller faults become responses, never exceptions."""
        if operation.explain:
            return await self._explained(operation)
        return (await self._execute(operation))[0]

    def execute_now(self, operation: Operation) -> Response | Later | None:
        """The response, where the lane can give it without waiting for anything; Later where it has to wait for the
        database alone; None where it is not for the lane."""
        ready = None if operation.explain else self._ready(operation)
        if not isinstance(ready, Ready) or self._runner is None:
            return None
        if ready.variant.elsewhere:
            self.meter.release(ready.caller, ready.requested)
            return None
        try:
            done = self._runner.now(ready)
            if isinstance(done, Done):
                return self._written(done, ready, operation)
        except Exception:
            self.meter.release(ready.caller, ready.requested)
            raise
        drop = partial(self.meter.release, ready.caller, ready.requested)
        if done is None:
            return Later(partial(self._later, self._runner, ready, operation), drop)
        drop()
        return None

    async def _later(self, runner: Runner, ready: Ready, operation: Operation) -> Response | None:
        """What the lane reads in its own time; None where the database refuses that."""
        with self.meter.given_back(ready.caller, ready.requested):
            done = await runner.later(ready)
            if isinstance(done, Done):
                return self._written(done, ready, operation)
        self.meter.release(ready.caller, ready.requested)
        return None

    async def _execute(self, operation: Operation) -> tuple[Response, Way]:
        """The response, and which way it came."""
        ready = self._ready(operation)
        if isinstance(ready, Ready) and self._runner is not None:
            with self.meter.given_back(ready.caller, ready.requested):
                done = self._runner.now(ready)
                if done is None:
                    done = await self._runner.later(ready)
                if isinstance(done, Done):
                    return await self._whole(done, ready, operation), (ready, done)
            self.meter.release(ready.caller, ready.requested)
            ready = done
        assert isinstance(ready, Declined)
        self.lane.declined[ready.label] += 1
        return await self.execute_ordinarily(operation), ready

    def _ready(self, operation: Operation) -> Ready | Declined:
        principal = operation.principal
        if self._runner is None:
            return _NO_LANE
        if principal is None:
            return _REFUSED
        ready = self.lane.prepare(operation, principal)
        if isinstance(ready, Declined):
            return ready
        if ready.variant.denied and (self._reject or operation.reject):
            return _REFUSED
        if not self.meter.grants(principal, ready.requested):
            return _REFUSED
        return ready

    async def _whole(self, done: Done, ready: Ready, operation: Operation) -> Response:
        """The response, with what the lane has left to the executor."""
        elsewhere = ready.variant.elsewhere
        if not elsewhere:
            return self._written(done, ready, operation)
        try:
            prepared = self._prepare(operation)
        except _Answered as answered:
            self.meter.release(ready.caller, ready.requested)
            return answered.response
        prepared.executor.answered = ready.variant.answered
        found = await _executed(prepared.executor)
        if found.data is None:
            return self._charged(_response(found, operation, prepared.denied), prepared.charge, 0)
        texts = [orjson.dumps(found.data[key]) for key in elsewhere]
        return self._written(done._replace(text=filled(done.text, texts)), ready, operation, found.errors or ())

    def _written(self, done: Done, ready: Ready, operation: Operation, faults: Sequence[GraphQLError] = ()) -> Response:
        self.lane.taken += 1
        denied = ready.variant.denied
        actual = ready.variant.costs.actual(done.text, done.rows, ready.values)
        errors: Sequence[Mapping[str, Any]] = ()
        if denied or faults:
            errors = [denial(one, operation.request_id) for one in denied]
            errors += [format_error(one, operation.request_id) for one in faults]
        told = self.meter.receipt(ready.caller, ready.requested, actual)
        return Written(done.text, errors, told.tail, told.headers)

    async def _explained(self, operation: Operation) -> Response:
        """The response with `extensions.plan`."""
        if operation.principal is None or not operation.principal.has("schema:debug"):
            response, _ = await self._execute(operation)
            return response.also(plan={"missingScopes": ["schema:debug"]})
        with recorded() as statements:
            response, way = await self._execute(operation)
        try:
            charge: Charge | None = self._prepare(operation).charge
        except _Answered:
            charge = None
        return response.also(plan=explain(way, statements, charge))

    async def execute_ordinarily(self, operation: Operation) -> Response:
        """The same by resolvers and loaders: what the lane's answer has to equal."""
        try:
            ready = self._prepare(operation)
            if ready.kind is OperationType.SUBSCRIPTION:
                fault = ValidationFailed("Subscriptions go over a WebSocket (graphql-transport-ws) at this address.")
                return self._refused(refusal(fault, operation.request_id), ready.charge)
            self._hold(ready.charge, operation)
        except _Answered as answered:
            return answered.response
        found = await _executed(ready.executor)
        response = _response(found, operation, ready.denied)
        return self._charged(response, ready.charge, tally(ready.charge.bill, found.data))

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
            ready = self._prepare(operation)
            if ready.kind is not OperationType.SUBSCRIPTION:
                return await self.execute(operation)
            self._hold(ready.charge, operation)
        except _Answered as answered:
            return answered.response
        stream: Any = create_source_event_stream(ready.executor)
        source = await stream if isawaitable(stream) else stream
        if isinstance(source, ExecutionResult):
            return self._charged(_response(source, operation, ready.denied, started=False), ready.charge, 0)
        self.meter.settle(ready.charge.caller, ready.charge.requested, ready.charge.requested)

        denied = ready.denied

        def shape(result: ExecutionResult, operation: Operation) -> Response:
            return _response(result, operation, denied)

        executor = ready.executor
        plain = None if denied else self._flats.compiled(executor.operation)
        return Started(source, operation, executor=executor, build=self._again, shape=shape, plain=plain)

    def _again(self, operation: Operation) -> Any:
        """The executor of an operation that has started before."""
        return self._prepare(operation).executor

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

    def _hold(self, charge: Charge, operation: Operation) -> None:
        """Draws the cost from the caller's budget, or answers that it is too much."""
        try:
            if charge.requested > self.meter.most:
                raise self.meter.refuse(charge.requested, charge.advice(self.meter.most))
            self.meter.hold(charge.caller, charge.requested, charge.advice)
        except (CostExceeded, Throttled) as fault:
            raise _Answered(self._refused(refusal(fault, operation.request_id), charge)) from fault

    def _charged(self, response: Response, charge: Charge, actual: int) -> Response:
        """The response with what it did cost, the rest given back."""
        cost = self.meter.settle(charge.caller, charge.requested, actual)
        return replace(response, extensions={"cost": cost}, headers=self.meter.headers(charge.caller))

    def _refused(self, response: Response, charge: Charge) -> Response:
        """The response of what was not run, and for which nothing was drawn."""
        cost = self.meter.account(charge.caller, charge.requested, 0)
        headers = {**response.headers, **self.meter.headers(charge.caller)}
        return replace(response, extensions={"cost": cost}, headers=headers)

    def _prepare(self, operation: Operation) -> "_Prepared":
        principal = operation.principal
        if principal is None:
            raise _Answered(_anonymous(operation))
        plan = self.planner.plan(operation.document, principal.scopes)
        if plan.errors:
            raise _Answered(request_errors(plan.errors, operation.request_id, syntax=plan.syntax))
        node = plan.operation(operation.operation_name)
        if node is None:
            fault = ValidationFailed(_which(plan, operation.operation_name))
            raise _Answered(refusal(fault, operation.request_id))
        if operation.read_only and node.operation is OperationType.MUTATION:
            fault = ValidationFailed("A mutation cannot be sent by GET. Use POST.")
            raise _Answered(refusal(fault, operation.request_id, status=405))
        executor = self._executor(plan, operation, principal)
        if isinstance(executor, list):
            raise _Answered(request_errors(executor, operation.request_id, syntax=False))
        variables = executor.variable_values.coerced
        denied = settled(plan, node, variables)
        executor.denied = frozenset((one.type_name, one.field_name) for one in denied)
        fields = Fields(self.schema, fragments_of(plan), variables)
        bill = bill_of(self.schema, node, fields, executor.denied, reader_of(variables))
        charge = Charge(principal, bill, bill.requested.value(variables), variables)
        if denied and self._refuses_whole(operation, node.operation, denied):
            raise _Answered(self._refused(forbidden(denied, operation.request_id), charge))
        if any(name in operation.document for name in INTROSPECTION):
            executor.view = self.contract.visible_schema(principal.scopes)
        return _Prepared(node.operation, executor, denied, charge)

    def _executor(self, plan: Plan, operation: Operation, principal: Principal) -> Any:
        context = Context(
            principal,
            self._store,
            self._feed,
            self._clock,
            operation.request_id,
            self.access,
            self._desk,
            self.meter.standing,
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


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An operation that may run by the ordinary executor."""

    kind: OperationType
    executor: Any
    denied: list[Denied]
    charge: Charge


class _Answered(Exception):
    """The request is answered before anything runs."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def _executed(executor: Any) -> ExecutionResult:
    result: Any = execute_root_selection_set(executor)
    try:
        found: ExecutionResult = await result if isawaitable(result) else result
    except asyncio.CancelledError:
        executor.context_value.stop()
        raise
    return found


def _anonymous(operation: Operation) -> Response:
    if "".join(operation.document.split()) in (_OPEN, f"query{_OPEN}"):
        return Response(200, executed=True, data={"__typename": "Query"})
    return refusal(Unauthenticated("Send a token as `Authorization: Bearer …`."), operation.request_id)


def _which(plan: Plan, name: str | None) -> str:
    names = [node.name.value for node in plan.operations if node.name]
    if name is not None:
        return f"The document has no operation named {name[:80]!r}."
    if not plan.operations:
        return "The document has no operation, only fragments."
    return f"The document has several operations: name one of {', '.join(names[:10])} as `operationName`."


def _response(
    result: ExecutionResult, operation: Operation, denied: Sequence[Denied], *, started: bool = True
) -> Response:
    errors = [denial(one, operation.request_id) for one in denied]
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
