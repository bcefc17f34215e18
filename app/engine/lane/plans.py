"""The quick way to answer: a query whose every field SQL can answer becomes a statement for each root field, and the
database's JSON goes out as it is. What it declines, for whatever reason, the ordinary executor answers."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)

from app.clock import Clock
from app.engine.lane.assemble import Assembly, assembly
from app.engine.lane.compile import Compiler, Elsewhere, Row
from app.engine.lane.costs import Costs, costs_of
from app.engine.lane.documents import lift
from app.engine.lane.inputs import (
    Declined,
    Inputs,
    Literals,
    NotPlannable,
    Probe,
    Read,
    Unready,
    Variables,
    variable_probes,
)
from app.engine.lane.variables import ABSENT, Variable, coerced, prefix_probes, variables_of
from app.engine.operation import Operation
from app.engine.planning.fields import Fields, fragments_of
from app.engine.planning.plan import Denied, Plan, Planner, settled
from app.principal import Principal
from app.store.json_dialects import writer_for
from app.store.json_marked import Rows
from app.store.json_shapes import NotExpressible, Statement
from app.store.json_statement import Writer
from app.store.json_tree import Fixed, Line, Named, Page
from app.store.pool import Job
from app.store.sight import DialectName

_FORMS = 64
_NO_QUERY = Declined("kind", "no query that can be run")
_PINNED = Declined("form", "literals that are part of the plan")

Key = tuple[str, str | None, frozenset[str]]


@dataclass(slots=True)
class Variant:
    """An operation for one form of its inputs, ready to run. `wide` looks for shared rows too; `narrow` does not, and
    should have where one of the `guarded` (their places) finds no row, or says so in its last column where it can. Root
    fields `elsewhere`, with the reasons, are left to the executor, those `answered` are not. Until `heavy` it is kept
    off the loop, which it has held up."""

    assembly: Assembly
    reads: tuple[Read, ...]
    narrow: tuple[tuple[Statement, "_Pick"], ...]
    wide: tuple[tuple[Statement, "_Pick"], ...]
    denied: tuple[Denied, ...]
    costs: Costs
    guarded: tuple[tuple[int, bool], ...]
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()
    heavy: float = 0.0


@dataclass(slots=True)
class Template:
    """An operation of a document for one scope set. `literals` are its own where no other document may share it."""

    plan: Plan
    operation: OperationDefinitionNode
    variables: tuple[Variable, ...]
    probes: tuple[Probe, ...]
    literals: Literals | None
    variants: dict[Any, Variant | Declined] = field(default_factory=dict)
    weight: int = 0


class Ready(NamedTuple):
    """One request's statements. `jobs(wide)` are what to run; `write` makes of the rows the data's JSON, or None where
    the narrow statements were the wrong ones."""

    variant: Variant
    caller: Principal
    values: tuple[Any, ...]
    requested: int

    def jobs(self, *, wide: bool) -> list[Job]:
        """SQL and arguments of each root field that is read."""
        head = (self.caller.organisation_id, *self.values)
        return [
            (statement.sql, pick(head + statement.constants))
            for statement, pick in (self.variant.wide if wide else self.variant.narrow)
        ]

    def statements(self, *, wide: bool) -> list[str]:
        """The SQL of each root field that is read, without its arguments."""
        return [statement.sql for statement, _ in (self.variant.wide if wide else self.variant.narrow)]

    def rows(self, found: Sequence[Sequence[Any]], *, wide: bool) -> list[Rows]:
        """The rows that each statement found. Raises Overgrown."""
        run = self.variant.wide if wide else self.variant.narrow
        return [statement.rows(rows) for (statement, _), rows in zip(run, found, strict=True)]

    def write(self, found: Sequence[Rows], *, wide: bool) -> bytes | None:
        """The data as JSON. Unready where only the executor can tell."""
        if not wide:
            for place, told in self.variant.guarded:
                rows = found[place]
                if not rows or (told and rows[0][-1]):
                    return None
        return self.variant.assembly.write(found, self.values)


class Lane:
    """Templates and variants of one schema over one dialect, bounded by the bytes of their documents."""

    def __init__(
        self, schema: GraphQLSchema, planner: Planner, dialect: DialectName, clock: Clock, room: int = 16 * 2**20
    ) -> None:
        self.declined: Counter[str] = Counter()
        self.taken = 0
        self.hits = 0
        self.misses = 0
        self._schema = schema
        self._names = _names(schema)
        self._planner = planner
        self._dialect = dialect
        self._clock = clock
        self._room = room
        self._used = 0
        self._templates: OrderedDict[Key, Template | Declined] = OrderedDict()

    def prepare(self, operation: Operation, principal: Principal) -> Ready | Declined:
        """What to run for this request, or why the ordinary executor has to answer."""
        name, scopes = operation.operation_name, principal.scopes
        key: Key = (operation.document, name, scopes)
        found = self._templates.get(key, ABSENT)
        literals: Literals = ()
        if found is ABSENT:
            lifted = lift(operation.document)
            literals = lifted.literals
            shared: Key = (lifted.shape, name, scopes)
            found = self._templates.get(shared, ABSENT) if literals else ABSENT
            if found is ABSENT:
                self.misses += 1
                return self._first(operation, principal, literals, lifted.places, key, shared)
            key = shared
        self.hits += 1
        template: Template | Declined = found  # type: ignore[assignment]
        self._templates.move_to_end(key)
        if isinstance(template, Declined):
            return template
        return self._bind(template, operation, principal, literals if template.literals is None else template.literals)

    def _bind(
        self, template: Template, operation: Operation, principal: Principal, literals: Literals
    ) -> Ready | Declined:
        try:
            variables = coerced(template.variables, operation.variables)
            probes = template.probes
            form = tuple([probe(variables, literals) for probe in probes]) if probes else ()
            variant = template.variants.get(form, ABSENT)
            if variant is ABSENT:
                variant = self._another(template, form, variables, literals, principal.scopes)
            if isinstance(variant, Declined):
                return variant
            made: Variant = variant  # type: ignore[assignment]
            values = tuple([read(variables, literals) for read in made.reads])
            requested = made.costs.fixed
            if requested is None:
                requested = made.costs.bill.requested.value(variables, literals)
        except Unready as reason:
            return Declined.by(reason)
        return Ready(made, principal, values, requested)

    # --- making templates and variants

    def _first(
        self,
        operation: Operation,
        principal: Principal,
        literals: Literals,
        places: Mapping[int, int],
        key: Key,
        shared: Key,
    ) -> Ready | Declined:
        """Plans a document that is new, runs its first request, and keeps it under the form that later ones share."""
        plan = self._planner.plan(operation.document, principal.scopes)
        node = None if plan.errors else plan.operation(operation.operation_name)
        if node is None or node.operation is not OperationType.QUERY:
            return _NO_QUERY
        try:
            kinds = variables_of(self._schema, node)
            template = Template(plan, node, kinds, self._probes(plan, node, kinds), literals)
            variables = coerced(kinds, operation.variables)
            form = tuple([probe(variables, literals) for probe in template.probes])
            inputs = Inputs(variables, literals, places)
            template.variants[form] = self._made(template, inputs, principal.scopes)
        except Unready as reason:
            return Declined.by(reason)
        except (NotPlannable, NotExpressible) as reason:
            declined = Declined.by(reason)
            self._keep(shared if literals else key, declined)
            return declined
        if isinstance(template.variants[form], Declined):  # another form may still be for the lane
            template.literals = None if literals else template.literals
            self._keep(shared if literals else key, template)
        elif literals and len(inputs.taken) == len(literals) and not inputs.pinned:
            template.literals = None
            self._keep(shared, template)
        else:
            self._keep(key, template)
        return self._bind(template, operation, principal, literals)

    def _another(
        self, template: Template, form: Any, variables: Variables, literals: Literals, scopes: frozenset[str]
    ) -> Variant | Declined:
        """The variant for a form not met before; kept, unless there are too many."""
        inputs = Inputs(variables, literals, _places(template.plan))
        made = self._made(template, inputs, scopes)
        pinned = len(inputs.taken) != len(literals) or inputs.pinned
        if template.literals is None and pinned and isinstance(made, Variant):
            made = _PINNED
        if len(template.variants) < _FORMS:
            template.variants[form] = made
            template.weight += _weight_of(made)
            self._used += _weight_of(made)
            self._make_room()
        return made

    def _made(self, template: Template, inputs: Inputs, scopes: frozenset[str]) -> Variant | Declined:
        """Declined for what this form alone cannot be; raises where no form of the operation can be."""
        try:
            return self._compile(template, inputs, scopes)
        except (NotPlannable, NotExpressible) as reason:
            if not template.probes:
                raise
            return Declined.by(reason)

    def _compile(self, template: Template, inputs: Inputs, scopes: frozenset[str]) -> Variant:
        plan, node = template.plan, template.operation
        denied = tuple(settled(plan, node, inputs.variables))
        closed = frozenset((one.type_name, one.field_name) for one in denied)
        fields = Fields(self._schema, fragments_of(plan), inputs.variables)
        compiler = Compiler(self._schema, fields, inputs, closed, scopes, self._clock)
        compiled = compiler.compile(node)
        costs = costs_of(compiler, compiled, node)
        reads = tuple(self._typed(kind, read) for kind, read in zip(compiled.kinds, compiled.reads, strict=True))
        trees = [tree for _, tree in compiled.parts if not isinstance(tree, Fixed | Elsewhere)]
        elsewhere = {key: tree.reason for key, tree in compiled.parts if isinstance(tree, Elsewhere)}
        answered = frozenset(key for key, _ in compiled.parts).difference(elsewhere)

        def written(narrow: bool) -> tuple[tuple[Statement, _Pick], ...]:
            writers = [writer_for(self._dialect, len(reads), narrow=narrow, names=self._names) for _ in trees]
            found = [_statement(tree, writer) for tree, writer in zip(trees, writers, strict=True)]
            return tuple((statement, _picking(statement.places)) for statement in found)

        narrow, wide = written(True), written(False)
        guarded = tuple((at, one.guard == "told") for at, (one, _) in enumerate(narrow) if one.guard)
        return Variant(assembly(compiled.parts), reads, narrow, wide, denied, costs, guarded, elsewhere, answered)

    def _typed(self, kind: str, read: Read) -> Read:
        """A list is JSON on SQLite and an array on PostgreSQL."""
        if kind != "texts" or self._dialect == "postgresql":
            return read
        return lambda variables, literals: orjson.dumps(read(variables, literals)).decode()

    def _keep(self, key: Key, template: Template | Declined) -> None:
        if isinstance(template, Template):
            template.weight = sum(_weight_of(made) for made in template.variants.values())
            self._used += template.weight
        self._templates[key] = template
        self._used += _weight(key)
        self._make_room()

    def _make_room(self) -> None:
        """Lets go of what was asked for the longest ago."""
        while self._used > self._room and self._templates:
            key, old = self._templates.popitem(last=False)
            self._used -= _weight(key) + (old.weight if isinstance(old, Template) else 0)

    def _probes(self, plan: Plan, node: OperationDefinitionNode, kinds: Iterable[Variable]) -> tuple[Probe, ...]:
        return (
            *variable_probes({one.name: one.kind for one in kinds}),
            *prefix_probes(plan, node, kinds),
        )


def _names(schema: GraphQLSchema) -> frozenset[str]:
    """The names of all fields."""
    kinds = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
    return frozenset(name for kind in kinds for name in kind.fields)


_Pick = Callable[[tuple[Any, ...]], Sequence[Any]]


def _statement(tree: Row | Named | Line | Page, writer: Writer) -> Statement:
    match tree:
        case Line():
            return writer.root_line(tree)
        case Named():
            return writer.root_named(tree)
        case Row():
            return writer.root_row(tree.select, tree.members)
    return writer.root_page(tree)


def _picking(places: tuple[int, ...]) -> _Pick:
    """Puts the arguments in a statement's order."""
    return itemgetter(*places) if len(places) > 1 else lambda values: [values[place] for place in places]


def _places(plan: Plan) -> dict[int, int]:
    assert plan.document is not None
    assert plan.document.loc is not None
    return lift(plan.document.loc.source.body).places


def _weight(key: Key) -> int:
    return 8_000 + 60 * len(key[0])


def _weight_of(made: Variant | Declined) -> int:
    """The bytes of a variant, roughly: its statements, and what is kept to fill and to read them."""
    if isinstance(made, Declined):
        return 200
    return 3_000 + 2 * sum(len(statement.sql) for statement, _ in (*made.narrow, *made.wide))
