"""What an operation may cost and what its answer did cost, over the gateway's own graph: worked examples, and the laws
that hold for every operation and every answer of it."""

import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_leaf_type,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.planning.advice import advice, shares
from app.engine.planning.cost import Bill, Each, Price, bill_of, reader_of
from app.engine.planning.fields import Fields, fragments_of
from app.engine.planning.plan import Plan
from app.engine.planning.tally import counter_of, tally
from app.engine.planning.weights import ListSize, size_of
from schema import build_schema

GRAPH = build_schema()._schema


def bill(
    document: str, variables: Mapping[str, Any] | None = None, denied: frozenset[tuple[str, str]] = frozenset()
) -> Bill:
    plan = Plan(parse(document))
    node = next(one for one in plan.operations if isinstance(one, OperationDefinitionNode))
    fields = Fields(GRAPH, fragments_of(plan), variables or {})
    return bill_of(GRAPH, node, fields, denied, reader_of(variables or {}))


def requested(document: str, variables: Mapping[str, Any] | None = None) -> int:
    return bill(document, variables).requested.value(variables or {})


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ __typename }", 1),
        ("{ viewer { subject } }", 2),
        ('{ product(by: {sku: "A"}) { id sku } }', 2),
        ("{ products(first: 10) { nodes { id } } }", 1 + 1 + 10),
        ("{ products(last: 10) { edges { cursor node { id } } } }", 1 + 1 + 10 * 2),
        ("{ products(first: 10) { nodes { id } edges { node { id } } pageInfo { endCursor } } }", 1 + 1 + 10 + 20 + 1),
        ("{ products(first: 10) { totalCount } }", 1 + 1 + 20),
        ("{ products(first: 10) { nodes { unitPrice { amount } manufacturer { name } } } }", 1 + 1 + 10 * 3),
        ("{ products(first: 10) { nodes { entries(first: 5) { nodes { id } } } } }", 1 + 1 + 10 * (1 + 1 + 5)),
        ("{ entries(first: 3) { nodes { lines { number } } } }", 1 + 1 + 3 * (1 + 10)),
        ("{ a: products(first: 2) { nodes { id } } b: products(first: 3) { nodes { id } } }", 1 + 3 + 4),
        ("{ products(first: 2) { nodes { id } } products(first: 2) { nodes { sku } } }", 1 + 1 + 2),
        ("{ ...F } fragment F on Query { products(first: 2) { ...G ...G } } fragment G on ProductConnection "
         "{ nodes { id } }", 1 + 1 + 2),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 1 + 3),
        ('{ node(id: "a") { ... on Entry { importer { name } } ... on Product { id } } }', 1 + 2),
        ('{ node(id: "a") { ... on Product { classifications(first: 9) { nodes { id } } } ... on Entry '
         "{ lines { number } } } }", 1 + 1 + 10),
        ("{ events { nodes { id } } }", 1 + 1 + 50),
        ("{ events(first: null) { nodes { id } } }", 1 + 1 + 50),
        ('{ tariffLines(first: 2, search: "x") { nodes { id } } }', 1 + 10 + 1 + 2),
        ("{ tariffLines(first: 2, search: null) { nodes { id } } }", 1 + 1 + 2),
        ("{ products(first: 100000) { nodes { id } } }", 1 + 1 + 1000),
        ("{ products(first: -5) { nodes { id } } }", 1 + 1),
        ("mutation { productUpsert(input: {sku: \"A\"}) { product { id } userErrors { code } } }", 1 + 100 + 1 + 1 + 1),
        ("mutation { productsUpsert(input: {products: [{sku: \"A\"}, {sku: \"B\"}]}) { products { id } } }",
         1 + 100 + 2 * 10 + 1 + 2),
        ("{ __schema { types { name } } }", 0),
        ('{ __type(name: "Product") { name } __typename }', 0),
    ],
)  # fmt: skip
def test_an_operation_may_cost(document: str, cost: int) -> None:
    assert requested(document) == cost


def test_every_line_of_an_estimate_costs_whether_it_is_shown_or_not() -> None:
    line = '{htsNumber: "8471300100", originCountry: "VN", customsValue: "1"}'
    document = "{ dutyEstimate(input: {lines: [%s]}) { receipt %s } }"

    assert requested(document % (line, "")) == 1 + 10 + 3 + 1
    assert requested(document % (f"{line}, {line}", "")) == 1 + 10 + 6 + 1
    assert requested(document % (f"{line}, {line}", "lines { number }")) == 1 + 10 + 6 + 1 + 2


def test_variables_and_directives_decide() -> None:
    document = """query($n: Int, $more: Boolean!, $ids: [ID!]!) {
      products(first: $n) { nodes { id unitPrice @include(if: $more) { amount } } }
      nodes(ids: $ids) @skip(if: $more) { id } }"""

    assert requested(document, {"n": 5, "more": True, "ids": ["a"]}) == 1 + 1 + 5 * 2
    assert requested(document, {"n": 7, "more": False, "ids": ["a", "b"]}) == 1 + 1 + 7 + 2
    assert requested(document, {"more": True, "ids": []}) == 1 + 1 + 2


def test_one_bill_serves_other_values_of_its_variables() -> None:
    document = "query($n: Int!) { products(first: $n) { nodes { shipments(first: $n) { nodes { id } } } } }"
    plan = Plan(parse(document))
    reads = bill_of(
        GRAPH,
        plan.operations[0],
        Fields(GRAPH, {}, {"n": 1}),
        frozenset(),
        lambda node, _kind, _members: lambda variables, _literals: variables[node.name.value],  # type: ignore[attr-defined]
    )

    assert [reads.requested.value({"n": n}) for n in (1, 3)] == [2 + 1 * (1 + 1 + 1), 2 + 3 * (1 + 1 + 3)]


def test_what_is_denied_costs_nothing() -> None:
    document = "{ products(first: 10) { totalCount nodes { id unitPrice { amount } } } }"
    found = bill(document, denied=frozenset({("Product", "unitPrice"), ("ProductConnection", "totalCount")}))

    assert found.requested.value({}) == 1 + 1 + 10
    assert tally(found, {"products": {"totalCount": None, "nodes": [{"id": "a", "unitPrice": None}]}}) == 1 + 1 + 1


def test_the_advice_names_the_list_and_the_length_that_fits() -> None:
    document = "{ products(first: 1000) { nodes { id all: entries(first: 500) { nodes { id lines { number } } } } } }"
    whole = bill(document).requested
    cost = whole.value({})

    said = advice(shares(whole, {}), cost, 100_000)

    assert said == "Lower `first` of products.nodes from 1000 to 18 or less."
    assert requested(document.replace("1000", "18")) <= 100_000 < requested(document.replace("1000", "19"))


def test_every_list_of_objects_says_its_size() -> None:
    silent = []
    for kind in GRAPH.type_map.values():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or kind.name.startswith("__"):
            continue
        for name, declared in kind.fields.items():
            inner: Any = declared.type.of_type if isinstance(declared.type, GraphQLNonNull) else declared.type
            sized_above = kind.name.endswith("Connection") and name in ("edges", "nodes")
            if isinstance(inner, GraphQLList) and not is_leaf_type(get_named_type(inner)) and not sized_above:
                says = size_of(declared)
                silent += [] if isinstance(says, ListSize) else [f"{kind.name}.{name}"]
    assert silent == []


# --- laws

_ROOTS = ("products", "shipments", "entries", "classifications", "node", "nodes", "tariffLines", "viewer", "events")
_TEXTS = ("", "{", "ends in {", '{"', '"totalCount":', '"id":{', "{}", "\\", '\\"{', "x", "é{", '":{"')


class Maker:
    """Documents at random; each page size is a mark, so that it can be made larger."""

    def __init__(self, pick: random.Random) -> None:
        self.pick = pick
        self.sizes: list[int] = []
        self.fragments: list[str] = []

    def document(self) -> str:
        query = GRAPH.query_type
        assert query is not None
        roots = [self.field(query, self.pick.choice(_ROOTS), 0) for _ in range(self.pick.randrange(1, 4))]
        return "\n".join(["query($yes: Boolean!) {", *roots, "}", *self.fragments])

    def field(self, kind: Any, name: str, depth: int) -> str:
        declared = kind.fields[name]
        alias = f"a{self.pick.randrange(10**6)}: " if depth == 0 or self.pick.random() < 0.3 else ""
        text = f"{alias}{name}{self.arguments(name, declared)}{self.directive()}"
        target = get_named_type(declared.type)
        return text if is_leaf_type(target) else f"{text} {self.selections(target, depth + 1)}"

    def arguments(self, name: str, declared: Any) -> str:
        if name == "nodes" and "ids" in declared.args:
            return '(ids: ["a", "b"])'
        if name == "node" and "id" in declared.args:
            return '(id: "a")'
        if "first" in declared.args:
            self.sizes.append(self.pick.randrange(0, 6))
            return f"(first: ~{len(self.sizes) - 1}~)"
        return ""

    def directive(self) -> str:
        return f" @{self.pick.choice(('skip', 'include'))}(if: $yes)" if self.pick.random() < 0.1 else ""

    def selections(self, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType):
            inner = self.pick.sample(("Product", "Shipment", "Entry", "Classification"), 2)
            parts = [
                "__typename",
                *(f"... on {one} {self.selections(GRAPH.type_map[one], depth + 1)}" for one in inner),
            ]
            return "{ " + " ".join(parts[self.pick.randrange(2) :]) + " }"
        names = [name for name, field in kind.fields.items() if self.wanted(field, depth)]
        chosen = self.pick.sample(names, min(len(names), self.pick.randrange(1, 5))) or ["__typename"]
        parts = [one if one == "__typename" else self.field(kind, one, depth) for one in chosen]
        if self.pick.random() < 0.2:
            self.fragments.append(f"fragment F{len(self.fragments)} on {kind.name} {{ {' '.join(parts)} }}")
            parts = [f"...F{len(self.fragments) - 1}{self.directive()}"]
        return "{ " + " ".join(parts) + " }"

    def wanted(self, declared: Any, depth: int) -> bool:
        demanded = any(isinstance(one.type, GraphQLNonNull) for one in declared.args.values())
        return not demanded and (depth < 5 or is_leaf_type(get_named_type(declared.type)))


def written(document: str, sizes: list[int]) -> str:
    for place, size in enumerate(sizes):
        document = document.replace(f"~{place}~", str(size))
    return document


def an_answer(each: Each, pick: random.Random) -> Any:
    """Data that such a selection may get: lists no longer than was asked for or assumed."""
    _, prices = pick.choice(each.kinds)
    return {price.key: a_value(price, pick) for price in prices}


def a_value(price: Price, pick: random.Random) -> Any:
    if price.each is None:
        if price.opaque:
            return pick.choice([{"id": {}, "totalCount": 1}, [], None, {}])
        return pick.choice([*_TEXTS, 1, 2.5, None, True, [], list(_TEXTS)])
    if price.size is not None:
        length = pick.randrange(0, min(price.size.of({}, ()), 4) + 1)
        return [None if not price.sure and pick.random() < 0.3 else an_answer(price.each, pick) for _ in range(length)]
    return None if not price.sure and pick.random() < 0.3 else an_answer(price.each, pick)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_laws_of_costs(seed: int, yes: bool) -> None:
    pick = random.Random(seed)
    maker = Maker(pick)
    document, sizes = maker.document(), maker.sizes
    variables = {"yes": yes}
    made = bill(written(document, sizes), variables)
    whole = made.requested.value(variables)

    # a longer list never costs less, and a doubled one at most twice as much
    for place in range(len(sizes)):
        longer = [*sizes[:place], sizes[place] + 1, *sizes[place + 1 :]]
        assert requested(written(document, longer), variables) >= whole
    doubled = requested(written(document, [2 * size for size in sizes]), variables)
    assert doubled <= whole * 2 ** (len(sizes) or 1)

    # no answer costs more than was asked for, and counting finds what walking finds
    counter = counter_of(made)
    for _ in range(4):
        data = an_answer(made.root, pick)
        actual = tally(made, data)
        assert actual <= whole
        text = orjson.dumps(data)
        assert counter is None or counter.count(text, {}) == actual, document
        assert tally(made, orjson.loads(text)) == actual


@pytest.mark.parametrize(
    ("document", "markers"),
    [
        ("{ products(first: 9) { nodes { id sku unitPrice { amount } } } }", {b'"unitPrice":'}),
        ("{ products(first: 9) { totalCount nodes { id } pageInfo { endCursor } } }", {b'"totalCount":', b'"id":'}),
        ("{ products(first: 9) { nodes { id entries(first: 9) { nodes { id lines { number } } } } } }",
         {b'"entries":', b'"lines":', b'"number":'}),
        ("{ products(first: 9) { nodes { id sku entries(first: 9) { nodes { id } } } } }", {b'"entries":', b'"id":'}),
        ('{ node(id: "a") { ... on Entry { importer { name } } ... on Product { sku } } }', {b'"importer":'}),
        ("{ products(first: 9) { nodes { id attributes } } }", None),
        ("{ a: products(first: 9) { nodes { id } } b: products(first: 9) { nodes { id } } }", None),
    ],
)  # fmt: skip
def test_answers_are_counted_by_keys_that_tell_their_objects(document: str, markers: set[bytes] | None) -> None:
    counter = counter_of(bill(document))
    assert (None if counter is None else {group.marker for group in counter.groups}) == markers
