"""The cost of what the lane answers: before it runs from the inputs, afterwards from the rows and the JSON, which is
parsed only where nothing less tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLInputType, OperationDefinitionNode, ValueNode

from app.engine.lane.compile import Compiled, Compiler, Elsewhere
from app.engine.lane.inputs import NotPlannable
from app.engine.planning.cost import Bill, Read, bill_of
from app.engine.planning.tally import Counter, counter_of, tally
from app.store.json_marked import Rows
from app.store.json_tree import Edges, Fixed, Nodes, Page

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one operation in one form; `fixed` where it may cost as much whatever its inputs are. `pages` are the lists
    whose length the number of rows tells: their path, the statement that reads them and the slot of the page's size."""

    bill: Bill
    counter: Counter | None
    pages: tuple[tuple[Path, int, int], ...]
    fixed: int | None

    def actual(self, text: bytes, found: Sequence[Rows], values: Sequence[Any]) -> int:
        """What the answer `text` did cost."""
        if self.counter is not None:
            if not self.counter.groups:
                return self.counter.fixed
            known = {path: min(len(found[part]), values[size]) for path, part, size in self.pages}
            return self.counter.count(text, known)
        return tally(self.bill, orjson.loads(text))


def costs_of(compiler: Compiler, compiled: Compiled, operation: OperationDefinitionNode) -> Costs:
    """The costs of a compiled operation. NotPlannable where its own bill holds for these inputs alone."""

    def reader(node: ValueNode, kind: GraphQLInputType, members: Sequence[str]) -> Read | None:
        given = compiler.inputs.given(node, kind)
        for name in members:
            given = None if given is None else given.child(name)
        return None if given is None else given.read

    bill = bill_of(compiler.schema, operation, compiler.fields, compiler.denied, reader)
    if bill.settled:
        raise NotPlannable("a cost of these inputs alone")
    requested = bill.requested
    fixed = None if requested.terms or requested.either else requested.fixed
    return Costs(bill, counter_of(bill), tuple(_pages(dict(compiled.parts))), fixed)


def _pages(parts: Mapping[str, Any]) -> list[tuple[Path, int, int]]:
    read = [(key, tree) for key, tree in parts.items() if not isinstance(tree, Fixed | Elsewhere)]
    return [
        ((key, inner), place, getattr(tree.select.limit, "number", 0))
        for place, (key, tree) in enumerate(read)
        if isinstance(tree, Page)
        for inner, part in tree.layout
        if isinstance(part, Nodes | Edges)
    ]
