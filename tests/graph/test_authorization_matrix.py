"""The authorization matrix, generated from the schema: every field of every type, with the scopes it needs, is asked
for anonymously, with one scope missing, as another tenant, and with exactly the right scopes. A new field that this
cannot reach fails here until it has a sample argument."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)

from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation
from app.engine.scopes import missing_for
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import SCOPES
from app.services.quotes import Desk
from app.tariff.measure_file import packaged_book
from tests.graph.conftest import SCHEMA, World, codes, holding

GRAPH = SCHEMA._schema
SAMPLES = {
    "Query.node": "(id: $id)",
    "Query.nodes": "(ids: [$id])",
    "Query.product": '(by: {sku: "A-1"})',
    "Query.shipment": '(by: {reference: "S-1"})',
    "Query.entry": "(by: {id: $entry})",
    "Query.classification": "(id: $classification)",
    "Query.dutyQuote": "(id: $quote)",
    "Query.dutyEstimate": '(input: {lines: [{htsNumber: "8471300100", originCountry: "VN", customsValue: "10"}]})',
    "Query.tariffChanges": '(since: "2026-01-01", first: 3)',
    "Query.dutyImpact": '(measure: "IEEPA", from: "2026-01-01", to: "2027-01-01")',
    "Query.tariffLine": '(number: "8471300100")',
    "Query.events": "",
    "Viewer.can": '(document: "{__typename}")',
    "Product.dutyEstimate": '(customsValue: "10")',
    "TariffLine.additionalDuties": '(originCountry: "CN")',
}
"""Arguments for the fields that require some."""
AT_RUN_TIME = {
    "Query.node": frozenset({"products:read"}),
    "Query.nodes": frozenset({"products:read"}),
}
"""Where only the id tells the type, what the ids of this world need."""


@dataclass(frozen=True)
class Reached:
    """A field and one way to it: the fields from the root, each with its printed arguments."""

    type_name: str
    name: str
    path: tuple[str, ...]
    needs: frozenset[str]

    @property
    def document(self) -> str:
        text = self.path[-1]
        for step in reversed(self.path[:-1]):
            text = f"{step} {{ {text} }}"
        used = [f"${name}: ID!" for name in ("id", "entry", "classification", "quote") if f"${name}" in text]
        return f"query({' '.join(used)}) {{ __typename {text} }}" if used else f"{{ __typename {text} }}"

    @property
    def keys(self) -> list[str]:
        steps = [step for step in self.path if not step.startswith("...")]
        return [step.split("(")[0].split("{")[0].strip() for step in steps]


def printed(type_name: str, name: str, field: GraphQLField) -> str:
    """The field with arguments that make it answer."""
    sample = SAMPLES.get(f"{type_name}.{name}")
    if sample is None:
        demanded = [one for one, argument in field.args.items() if isinstance(argument.type, GraphQLNonNull)]
        assert demanded == [], f"{type_name}.{name} needs a sample argument in this test"
        paged = "first" in field.args and get_named_type(field.type).name.endswith("Connection")
        sample = "(first: 5)" if paged else ""
    return f"{name}{sample}"


def scopes_of(field: GraphQLField) -> frozenset[str]:
    """The fewest scopes that open a field."""
    held: frozenset[str] = frozenset()
    while lacking := missing_for(field, held):
        held |= lacking
    return held


def every_field() -> list[Reached]:
    """Breadth first from Query, each (type, field) once by its shortest way."""
    root = GRAPH.query_type
    assert root is not None
    waiting: deque[tuple[GraphQLObjectType, tuple[str, ...], frozenset[str]]] = deque([(root, (), frozenset())])
    seen_types = {root.name}
    found: list[Reached] = []
    while waiting:
        named, path, held = waiting.popleft()
        for name, field in named.fields.items():
            target = get_named_type(field.type)
            step = printed(named.name, name, field)
            needs = held | scopes_of(field) | AT_RUN_TIME.get(f"{named.name}.{name}", frozenset())
            if is_leaf_type(target):
                found.append(Reached(named.name, name, (*path, step), needs))
                continue
            found.append(Reached(named.name, name, (*path, f"{step} {{ __typename }}"), needs))
            if isinstance(target, GraphQLObjectType) and target.name not in seen_types:
                seen_types.add(target.name)
                waiting.append((target, (*path, step), needs))
    return found


FIELDS = every_field()
UNREACHED = {
    named.name
    for named in GRAPH.type_map.values()
    if isinstance(named, GraphQLObjectType) and not named.name.startswith("__")
} - {one.type_name for one in FIELDS}


STREAMED = {"EntryStatusChanged", "ShipmentUpdated", "ClassificationDecided"}
"""Payloads of subscriptions: their authorization is tested where they are streamed."""


def test_every_object_type_is_reached_or_is_of_a_mutation_or_a_subscription() -> None:
    others = {
        name
        for name in UNREACHED
        if not name.endswith(("Payload", "Error")) and name not in ("Mutation", "Subscription") and name not in STREAMED
    }

    assert others == set()


def variables(world: World) -> dict[str, Any]:
    ids = world.ids
    return {
        "id": ids["Product"],
        "entry": ids["Entry"],
        "classification": ids["Classification"],
        "quote": ids["DutyQuote"],
    }


@pytest.fixture(params=[True, False], ids=["lane", "ordinary"])
def either_world(request: pytest.FixtureRequest, sqlite_world: World) -> Iterator[World]:
    """The same world by both ways of the engine; the fast one is really taken, the other never leads there."""
    lane = bool(request.param)
    desk = Desk(sqlite_world.store, packaged_book())
    feed = Feed(sqlite_world.store, Bus(sqlite_world.store))
    engine = Engine(SCHEMA, sqlite_world.store, feed, desk, sqlite_world.store.clock, EngineSettings(lane=lane))
    yield replace(sqlite_world, engine=engine)
    assert (engine.lane.taken > 0) is lane


async def test_without_a_token_every_field_is_401(sqlite_world: World) -> None:
    answered = []
    for one in FIELDS:
        response = await sqlite_world.engine.execute(
            Operation(one.document, variables(sqlite_world), None, None, "req-1")
        )
        if response.status != 401 or codes(response) != ["UNAUTHENTICATED"] or response.executed:
            answered.append(f"{one.type_name}.{one.name}: {response.status}")

    assert answered == []


async def test_with_one_scope_missing_the_field_is_null_and_forbidden(either_world: World) -> None:
    wrong = []
    for one in FIELDS:
        for scope in sorted(one.needs):
            caller = holding(either_world.importer, *(frozenset(SCOPES) - {scope}))
            response = await either_world.engine.execute(
                Operation(one.document, variables(either_world), None, caller, "req-1")
            )
            told = [error for error in response.errors if error["extensions"]["code"] == "FORBIDDEN"]
            others = missing_scopes_are_optional(one, scope)
            if not others and (not told or told[0]["extensions"]["missingScopes"] != [scope] or not response.executed):
                wrong.append(f"{one.type_name}.{one.name} without {scope}: {response.errors}")

    assert wrong == []


def missing_scopes_are_optional(one: Reached, scope: str) -> bool:
    """Whether another alternative of the same field or type makes up for this scope, as on TariffRevision."""
    return one.type_name in ("TariffRevision",) or one.name in ("tariffRevision", "revision", "tariffRevisions")


async def test_with_exactly_its_scopes_a_field_is_not_forbidden(either_world: World) -> None:
    wrong = []
    for one in FIELDS:
        caller = holding(either_world.importer, *one.needs)
        response = await either_world.engine.execute(
            Operation(one.document, variables(either_world), None, caller, "req-1")
        )
        if response.status != 200 or response.errors:
            wrong.append(f"{one.type_name}.{one.name} with {sorted(one.needs)}: {response.status} {response.errors}")

    assert wrong == []


TENANT_ROOTS = {"product", "shipment", "entry", "classification", "dutyQuote", "node"}


async def test_another_tenant_gets_null_and_empty_lists_for_every_root(either_world: World) -> None:
    shown = {}
    for one in FIELDS:
        if one.type_name != "Query" or one.name in ("viewer", "tariffLine", "tariffLines", "tariffRevisions"):
            continue
        if one.name in ("dutyEstimate", "tariffChanges", "dutyImpact", "events"):
            continue  # of the tariff or of the caller's own: tests of their own compare tenants
        step = one.path[0]
        connection = "nodes" if step.endswith("(first: 5) { __typename }") else ""
        document = (
            one.document.replace("__typename } }", f"{connection or '__typename'} {{ __typename }} }} }}")
            if (connection)
            else one.document
        )
        response = await either_world.engine.execute(
            Operation(document, variables(either_world), None, either_world.stranger, "req-1")
        )
        assert list(response.errors) == []
        assert response.data is not None
        value = response.data[one.name]
        if value not in (None, {"nodes": []}, [None]):
            shown[one.name] = value

    assert shown == {}


async def test_another_tenant_is_told_of_the_tariff_and_of_nothing_else(sqlite_world: World) -> None:
    asked = Operation("{ events(first: 50) { nodes { type } } }", None, None, sqlite_world.stranger, "req-1")
    response = await sqlite_world.engine.execute(asked)
    assert response.data == {"events": {"nodes": [{"type": "TARIFF_REVISION_LOADED"}]}}


async def test_a_partner_sees_the_entry_and_shipment_it_is_a_party_of_and_nothing_else(either_world: World) -> None:
    response = await either_world.engine.execute(
        Operation(
            """{ entries(first: 5) { nodes { id lines { number product { sku } } importer { name } } }
                 shipments(first: 5) { nodes { reference lines { number product { sku } } seller { name } } }
                 products(first: 5) { nodes { sku } } classifications(first: 5) { nodes { id } }
                 dutyQuotes(first: 5) { nodes { id } } }""",
            None,
            None,
            either_world.partner,
            "req-1",
        )
    )

    assert list(response.errors) == []
    assert response.data == {
        "entries": {
            "nodes": [
                {
                    "id": either_world.ids["Entry"],
                    "lines": [{"number": 1, "product": None}],
                    "importer": {"name": "Importer"},
                }
            ]
        },
        "shipments": {
            "nodes": [
                {
                    "reference": "S-1",
                    "lines": [{"number": 1, "product": None}],
                    "seller": {"name": "Tan Phu Textiles"},
                }
            ]
        },
        "products": {"nodes": []},
        "classifications": {"nodes": []},
        "dutyQuotes": {"nodes": []},
    }


@pytest.mark.parametrize("field", sorted(GRAPH.mutation_type.fields if GRAPH.mutation_type else ()))
async def test_a_mutation_without_its_scope_is_refused_whole(sqlite_world: World, field: str) -> None:
    assert GRAPH.mutation_type is not None
    needs = scopes_of(GRAPH.mutation_type.fields[field])
    assert needs
    name = GRAPH.mutation_type.fields[field].args["input"].type.of_type.name  # type: ignore[union-attr]
    document = f"mutation($input: {name}!) {{ {field}(input: $input) {{ __typename }} }}"
    caller = holding(sqlite_world.importer, *(frozenset(SCOPES) - needs))

    response = await sqlite_world.engine.execute(Operation(document, {"input": INPUTS[field]}, None, caller, "req-1"))

    assert (response.status, response.executed, codes(response)) == (403, False, ["FORBIDDEN"])


INPUTS: dict[str, dict[str, Any]] = {
    "productUpsert": {"sku": "A-1"},
    "productsUpsert": {"products": []},
    "productArchive": {"id": "prd_1"},
    "shipmentBook": {"reference": "S-2", "mode": "AIR", "lines": []},
    "shipmentUpdate": {"id": "shp_1"},
    "shipmentArchive": {"id": "shp_1"},
    "classificationDecide": {"decision": "CONFIRM"},
    "dutyQuoteCreate": {"lines": []},
    "entryDraft": {"shipment": "shp_1"},
    "entryUpdate": {"id": "ent_1"},
    "entryFile": {"id": "ent_1"},
    "entryCancel": {"id": "ent_1"},
    "entryStatusRecord": {
        "entry": {"id": "ent_1"},
        "status": "HELD",
        "occurredAt": "2026-11-20T00:00:00Z",
        "source": "x",
    },
}
"""A well-formed input for each mutation; a new mutation without one fails."""


OWN_KEY = {"productUpsert", "productsUpsert", "shipmentBook", "dutyQuoteCreate"}
"""These name their object by a key of the caller's own: nothing of another tenant can be meant."""


@pytest.mark.parametrize("field", sorted(INPUTS.keys() - OWN_KEY))
async def test_a_mutation_by_another_tenant_changes_nothing(sqlite_world: World, field: str) -> None:
    from tests.scenes import counts

    ids = sqlite_world.ids
    own = {"prd_1": ids["Product"], "shp_1": ids["Shipment"], "ent_1": ids["Entry"]}
    given = {key: own.get(value, value) if isinstance(value, str) else value for key, value in INPUTS[field].items()}
    if field == "entryStatusRecord":
        given["entry"] = {"id": ids["Entry"]}
    assert GRAPH.mutation_type is not None
    name = GRAPH.mutation_type.fields[field].args["input"].type.of_type.name  # type: ignore[union-attr]
    before = await counts(sqlite_world.store)

    response = await sqlite_world.engine.execute(
        Operation(
            f"mutation($input: {name}!) {{ {field}(input: $input) {{ userErrors {{ code }} }} }}",
            {"input": given},
            None,
            sqlite_world.stranger,
            "req-1",
        )
    )

    assert response.status == 200
    assert response.data is not None
    assert response.data[field]["userErrors"] != []
    assert await counts(sqlite_world.store) == before
