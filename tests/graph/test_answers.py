"""What an operation is answered with: pages and cursors, filters and orders, errors that name their mend and leak
nothing, missing scopes that leave the rest standing."""

from dataclasses import replace
from typing import Any

import pytest

from app.engine.executor import EngineSettings
from app.engine.operation import Operation
from app.store.session import Store
from tests import scenes
from tests.conftest import SetClock, make_tenants
from tests.graph.conftest import World, ask, codes, holding, make_world, without


async def fill(world: World, clock: SetClock, count: int = 7) -> None:
    """More products, two of each moment, so that ties have to be broken."""
    for number in range(count):
        if number % 2:
            clock.forward(seconds=1)
        await scenes.a_product(world.store, world.importer, f"P-{number:02}", number=None)


@pytest.mark.parametrize("order", ["SKU", "NAME", "CREATED_AT", "UPDATED_AT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_forwards_and_backwards_give_every_row_once_in_order(
    world: World, clock: SetClock, order: str, direction: str
) -> None:
    await fill(world, clock)
    by = f"orderBy: {{field: {order}, direction: {direction}}}"
    whole = await ask(world, f"{{ products({by}, first: 100) {{ totalCount nodes {{ sku }} }} }}")
    assert whole.data is not None
    expected = [node["sku"] for node in whole.data["products"]["nodes"]]

    forwards = await walk(world, by, "first", "after", "hasNextPage", "endCursor")
    backwards = await walk(world, by, "last", "before", "hasPreviousPage", "startCursor")

    assert whole.data["products"]["totalCount"] == len(expected) == 8
    assert forwards == expected
    assert backwards == expected


async def walk(world: World, by: str, size: str, side: str, more: str, end: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    for _ in range(20):
        response = await ask(
            world,
            f"query($c: String) {{ products({by}, {size}: 3, {side}: $c) {{ nodes {{ sku }}"
            f" pageInfo {{ {more} {end} }} }} }}",
            c=cursor,
        )
        assert list(response.errors) == []
        assert response.data is not None
        page = response.data["products"]
        skus = [node["sku"] for node in page["nodes"]]
        found = found + skus if size == "first" else skus + found
        if not page["pageInfo"][more]:
            return found
        cursor = page["pageInfo"][end]
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "first: 0",
        "first: 1001",
        "last: 0",
        "first: 1, last: 1",
        'first: 1, before: "x"',
        'first: 1, after: ""',
        'first: 1, after: "WzFd"',
        'first: 1, after: "bnVsbA"',
        'first: 1, after: "%%%"',
        'first: 1, after: "WyJlbnRyeSIsImNyZWF0ZWRfYXQiLDEsIngiLCJ5Il0"',
    ],
)
async def test_bad_paging_is_bad_user_input(sqlite_world: World, arguments: str) -> None:
    field = f"products({arguments})" if arguments else "products"
    response = await ask(sqlite_world, f"{{ {field} {{ nodes {{ sku }} }} viewer {{ subject }} }}")

    assert codes(response) == ["BAD_USER_INPUT"]
    assert response.data == {"products": None, "viewer": {"subject": "importer@example.com"}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('search: "thing a"', ["A-1"]),
        ('search: "100%"', []),
        ('search: "_"', []),
        ('skus: ["A-1", "P-00"]', ["A-1", "P-00"]),
        ('originCountries: ["DE"]', []),
        ('htsUnder: "8471"', ["A-1"]),
        ('htsUnder: "8471.30.01.00"', ["A-1"]),
        ('htsUnder: "61"', []),
        ("classificationStatuses: [CONFIRMED]", ["A-1"]),
        ('updatedSince: "2020-01-01T00:00:00Z", skus: ["P-01"]', ["P-01"]),
        ("archived: true", []),
    ],
)
async def test_filters_keep_what_fits(world: World, clock: SetClock, condition: str, expected: list[str]) -> None:
    await fill(world, clock, 2)

    response = await ask(
        world, f"{{ products(filter: {{{condition}}}, orderBy: {{field: SKU}}, first: 9) {{ nodes {{ sku }} }} }}"
    )

    assert list(response.errors) == []
    assert response.data is not None
    assert [node["sku"] for node in response.data["products"]["nodes"]] == expected


async def test_an_archived_product_leaves_the_list_but_not_the_graph(sqlite_world: World) -> None:
    identifier = sqlite_world.ids["Product"]
    archived = await ask(
        sqlite_world,
        "mutation($id: ID!) { productArchive(input: {id: $id}) { product { archivedAt } userErrors { code } } }",
        id=identifier,
    )
    response = await ask(
        sqlite_world,
        """query($id: ID!) { products(first: 5) { totalCount } node(id: $id) { id }
           all: products(first: 5, filter: {archived: null}) { totalCount } }""",
        id=identifier,
    )

    assert list(archived.errors) == []
    assert response.data == {"products": {"totalCount": 0}, "node": {"id": identifier}, "all": {"totalCount": 1}}


async def test_one_missing_scope_leaves_all_other_fields_standing(sqlite_world: World) -> None:
    caller = without(sqlite_world.importer, "commercial:read")

    response = await ask(
        sqlite_world,
        '{ product(by: {sku: "A-1"}) { sku price: unitPrice { amount } name } viewer { subject } }',
        caller,
    )

    assert response.status == 200
    assert response.data == {
        "product": {"sku": "A-1", "price": None, "name": "Thing A-1"},
        "viewer": {"subject": "importer@example.com"},
    }
    assert [dict(error) for error in response.errors] == [
        {
            "message": "product.price needs the scope commercial:read.",
            "path": ["product", "price"],
            "extensions": {"code": "FORBIDDEN", "requestId": "req-1", "missingScopes": ["commercial:read"]},
        }
    ]


async def test_reject_refuses_the_whole_operation_before_anything_is_read(sqlite_world: World) -> None:
    caller = without(sqlite_world.importer, "commercial:read")
    before = sqlite_world.store.statements
    document = '{ product(by: {sku: "A-1"}) { sku unitPrice { amount } } }'

    response = await sqlite_world.engine.execute(Operation(document, None, None, caller, "req-1", reject=True))

    assert (response.status, response.executed, codes(response)) == (403, False, ["FORBIDDEN"])
    assert sqlite_world.store.statements == before


async def test_the_setting_rejects_like_the_preference(sqlite_store: Store) -> None:
    world = await make_world(sqlite_store, await make_tenants(sqlite_store), EngineSettings(reject=True))
    response = await ask(
        world, '{ product(by: {sku: "A-1"}) { unitPrice { amount } } }', holding(world.importer, "products:read")
    )

    assert (response.status, codes(response)) == (403, ["FORBIDDEN"])


async def test_a_skipped_field_is_not_forbidden(sqlite_world: World) -> None:
    caller = holding(sqlite_world.importer, "products:read")
    document = """query($with: Boolean!) { product(by: {sku: "A-1"}) { sku
        a: unitPrice @include(if: $with) { amount } ... @skip(if: true) { b: unitPrice { amount } } } }"""

    left_out = await ask(sqlite_world, document, caller, **{"with": False})
    asked = await ask(sqlite_world, document, caller, **{"with": True})

    assert (left_out.data, list(left_out.errors)) == ({"product": {"sku": "A-1"}}, [])
    assert codes(asked) == ["FORBIDDEN"]


async def test_a_failing_resolver_is_masked_and_says_only_an_error_id(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("secret: password=hunter2")

    monkeypatch.setattr(sqlite_world.store, "rows", broken)

    document = '{ product(by: {sku: "A-1"}) { sku dutyEstimate(customsValue: "1") { asOf } } viewer { subject } }'
    response = await ask(sqlite_world, document)

    assert codes(response) == ["INTERNAL"]
    assert "hunter2" not in response.body().decode()
    assert response.errors[0]["extensions"]["errorId"] in response.errors[0]["message"]
    assert response.data == {"product": None, "viewer": {"subject": "importer@example.com"}}
    capsys.readouterr()


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ("{", 400, "GRAPHQL_PARSE_FAILED"),
        ("", 400, "GRAPHQL_PARSE_FAILED"),
        ("{" * 5000, 400, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("query a { __typename } query b { __typename }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment a on Query { __typename }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { events { id } }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(31)) + " }", 422, "GRAPHQL_VALIDATION_FAILED"),
        ('{ tariffLine(number: "84713") { number } }', 422, "GRAPHQL_VALIDATION_FAILED"),
        ('query($n: Decimal = "NaN") { product(by: {sku: "A-1"}) { dutyEstimate(customsValue: $n) { receipt } } }',
         422, "GRAPHQL_VALIDATION_FAILED"),
    ],
)  # fmt: skip
async def test_a_bad_document_is_refused_with_its_status(
    sqlite_world: World, document: str, status: int, code: str
) -> None:
    response = await ask(sqlite_world, document)

    assert (response.status, response.executed, set(codes(response))) == (status, False, {code})


@pytest.mark.parametrize("by", ["{}", '{id: "x", sku: "y"}', "{id: null}", '{id: "x", nothing: 1}'])
async def test_a_look_up_takes_exactly_one_name(sqlite_world: World, by: str) -> None:
    response = await ask(sqlite_world, f"{{ product(by: {by}) {{ id }} }}")

    assert (response.status, set(codes(response))) == (422, {"GRAPHQL_VALIDATION_FAILED"})


@pytest.mark.parametrize("given", [{}, {"x": None}])
async def test_a_look_up_by_a_null_variable_is_bad_input(sqlite_world: World, given: dict[str, Any]) -> None:
    response = await ask(sqlite_world, "query($x: ID) { product(by: {id: $x}) { id } }", **given)

    assert set(codes(response)) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"}
    assert codes(response)


async def test_a_fragment_bomb_is_refused_fast(sqlite_world: World) -> None:
    steps = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60)]
    document = "{ ...f0 } " + " ".join(steps) + " fragment f60 on Query { viewer { subject } }"

    response = await ask(sqlite_world, document)

    assert (response.status, set(codes(response))) == (422, {"GRAPHQL_VALIDATION_FAILED"})


async def test_a_token_without_scopes_sees_who_it_is_and_no_more(sqlite_world: World) -> None:
    caller = replace(sqlite_world.importer, scopes=frozenset())

    viewer = await ask(sqlite_world, "{ viewer { subject organisation { name } scopes } }", caller)
    introspection = await ask(sqlite_world, "{ __schema { queryType { name } } }", caller)

    assert viewer.data == {
        "viewer": {"subject": "importer@example.com", "organisation": {"name": "Importer"}, "scopes": []}
    }
    assert (introspection.status, codes(introspection)) == (403, ["FORBIDDEN"])


async def test_introspection_and_sdl_show_only_what_the_scopes_reach(sqlite_world: World) -> None:
    caller = holding(sqlite_world.importer, "schema:read", "products:read")

    response = await ask(
        sqlite_world,
        '{ product: __type(name: "Product") { fields { name } } entry: __type(name: "Entry") { name } }',
        caller,
    )

    assert response.data is not None
    names = {field["name"] for field in response.data["product"]["fields"]}
    assert {"sku", "name"} <= names
    assert not names & {"unitPrice", "manufacturer", "entries", "classification"}
    assert response.data["entry"] is None
    assert "type Entry" not in sqlite_world.engine.sdl(caller)
    assert "type Product " in sqlite_world.engine.sdl(caller)


async def test_viewer_can_tells_each_field_without_running_it(sqlite_world: World) -> None:
    caller = holding(sqlite_world.importer, "products:read")

    response = await ask(
        sqlite_world,
        "query($d: String!) { viewer { can(document: $d) { path allowed missingScopes } } }",
        caller,
        d="{ products(first: 1) { nodes { sku unitPrice { amount } } } }",
    )

    assert response.data is not None
    assert response.data["viewer"]["can"] == [
        {"path": ["products"], "allowed": True, "missingScopes": []},
        {"path": ["products", "nodes", "unitPrice"], "allowed": False, "missingScopes": ["commercial:read"]},
    ]


async def test_the_same_key_and_input_gives_the_stored_payload_another_input_a_conflict(
    sqlite_world: World,
) -> None:
    document = """mutation($i: ProductUpsertInput!) {
        productUpsert(input: $i) { product { id version } userErrors { code field } } }"""
    given = {"sku": "K-1", "name": "Keyed", "idempotencyKey": "key-1"}

    first = await ask(sqlite_world, document, i=given)
    again = await ask(sqlite_world, document, i=given)
    other = await ask(sqlite_world, document, i=given | {"name": "Other"})

    assert first.data == again.data
    assert other.data == {
        "productUpsert": {
            "product": None,
            "userErrors": [{"code": "IDEMPOTENCY_CONFLICT", "field": ["idempotencyKey"]}],
        }
    }


@pytest.mark.parametrize("text", ["x" * 60_000, "%" * 30_000, " ".join(map(str, range(5_000)))])
@pytest.mark.parametrize("beside", ["", "viewer { subject }"], ids=["compiled", "resolved"])
async def test_a_search_for_more_than_any_text_has_finds_nothing(world: World, text: str, beside: str) -> None:
    document = f"query($s: String) {{ products(first: 1, filter: {{search: $s}}) {{ nodes {{ sku }} }} {beside} }}"
    response = await ask(world, document, s=text)
    assert list(response.errors) == []
    assert response.data is not None
    assert response.data["products"] == {"nodes": []}


HOSTILE = """query($s: String!, $i: ID!) {
  product(by: {sku: $s}) { id } shipment(by: {reference: $s}) { id } entry(by: {entryNumber: $s}) { id }
  node(id: $i) { id } nodes(ids: [$i]) { id } classification(id: $i) { id } dutyQuote(id: $i) { id }
  products(first: 1, filter: {search: $s, skus: [$s]}) { totalCount }
  dutyQuotes(first: 1, filter: {receipt: $s}) { totalCount }
  entries(first: 1, filter: {search: $s, types: [$s], importer: $i, shipment: $i}) { totalCount }
  events(subject: $i) { totalCount } %s }"""
WRITTEN = """mutation($s: String!, $i: ID!, $a: JSON) {
  productUpsert(input: {sku: $s, name: $s, description: $s, attributes: $a}) { userErrors { code } }
  entryDraft(input: {shipment: $i, port: $s}) { userErrors { code } }
  entryStatusRecord(input: {entry: {entryNumber: $s}, status: HELD, occurredAt: "2026-11-01T00:00:00Z", source: $s}) {
    userErrors { code } } }"""


@pytest.mark.parametrize(
    "text", ["a\x00b", "ent_\x00", "%_\\'\";--/", "* OR NEAR(a b", "\u202e\U0001f600\ufeff", "", " "], ids=ascii
)
@pytest.mark.parametrize(
    "beside", ["", "tariffLines(first: 1, search: $s) { totalCount }"], ids=["compiled", "resolved"]
)
async def test_no_text_of_a_caller_is_a_fault_of_ours(world: World, text: str, beside: str) -> None:
    read = await ask(world, HOSTILE % beside, s=text, i=text)
    written = await ask(world, WRITTEN, s=text, i=text, a={"text": text, text: text})
    assert "INTERNAL" not in codes(read) + codes(written)
    again = await ask(world, "{ products(first: 5) { nodes { sku attributes } } }")
    assert list(again.errors) == []
