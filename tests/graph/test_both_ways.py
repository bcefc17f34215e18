"""Operations of which some root fields are the lane's and the others the executor's: each is answered once, by its own
way, and the whole is what the executor alone would have answered."""

from dataclasses import replace

import pytest

from app.engine.executor import Engine
from app.engine.operation import Operation, Response, Written
from app.principal import Principal
from app.security.limits import Buckets
from tests.graph.random_rows import Rows
from tests.graph.test_same_answer import plain

PAGE = """query ($first: Int!, $seen: Boolean = true) {
  first: viewer { subject scopes organisation { name } }
  entries(first: $first) { nodes { id lines { number } } }
  revisions: tariffRevisions { name } ...more
  last: __typename
}
fragment more on Query {
  products(first: 2) { totalCount }
  checked: entries(first: 1) @include(if: $seen) { nodes { checks { code } } }
}"""


async def both(engine: Engine, caller: Principal, document: str, **variables: object) -> tuple[Response, Response]:
    """The same asked twice by who has everything to spend."""
    operation, answers = Operation(document, variables, None, caller, "request"), []
    for execute in (engine.execute, engine.execute_ordinarily):
        engine.meter.budgets = Buckets(5_000, 1.0, lambda: 0.0)
        answers.append(await execute(operation))
    return answers[0], answers[1]


async def test_each_root_field_goes_its_own_way(engine: Engine, rows: Rows) -> None:
    caller = rows.callers[0]
    quick, ordinary = await both(engine, caller, PAGE, first=3)
    told = await engine.execute(Operation(PAGE, {"first": 3}, None, caller, "request", explain=True))

    assert isinstance(quick, Written)
    assert plain(quick) == plain(ordinary)
    assert list(quick.data or {}) == ["first", "entries", "revisions", "products", "checked", "last"]
    assert engine.lane.declined.total() == 0
    plan = told.extensions["plan"]
    assert plan["path"] == "mixed"
    assert plan["declined"]["reason"] == "python"
    assert [part.partition(":")[0] for part in plan["declined"]["text"].split("; ")] == [
        "first",
        "revisions",
        "checked",
    ]
    assert ["count(*)" in sql for sql in plan["statements"][:2]].count(True) >= 1


async def test_what_the_lane_answers_is_not_resolved_again(
    engine: Engine, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = "{ viewer { subject } entries(first: 5) { nodes { id } } }"
    quick, ordinary = await both(engine, rows.callers[0], document)

    async def unasked(*_: object) -> None:
        raise AssertionError("a list was read by its resolver")

    monkeypatch.setattr("app.engine.bindings.root_page", unasked)
    engine.meter.budgets = Buckets(5_000, 1.0, lambda: 0.0)
    again = await engine.execute(Operation(document, None, None, rows.callers[0], "request"))

    assert plain(quick) == plain(ordinary) == plain(again)


async def test_a_form_of_its_own_for_what_is_skipped(engine: Engine, rows: Rows) -> None:
    for seen in (True, False, True):
        quick, ordinary = await both(engine, rows.callers[0], PAGE, first=1, seen=seen)
        assert plain(quick) == plain(ordinary)
        assert ("checked" in (quick.data or {})) == seen


@pytest.mark.parametrize(
    "document",
    [
        '{ entries(first: 1) { nodes { id } } viewer { can(document: "{") { path } } }',
        '{ tariffLines(search: "", first: 0) { nodes { id } } entries(first: 1) { nodes { id } } }',
        "{ tariffLines(first: 1) { totalCount } entries(first: 1) { nodes { id } } products(first: 1) { totalCount } }",
    ],
    ids=["null to the top", "an error of one field", "without scopes"],
)
async def test_faults_are_those_of_the_executor(engine: Engine, rows: Rows, document: str) -> None:
    caller = replace(
        rows.callers[0], scopes=frozenset({"entries:read"}) | ({"tariff:read"} if "search" in document else set())
    )
    quick, ordinary = await both(engine, caller, document)

    assert ordinary.errors
    assert plain(quick) == plain(ordinary)
    cost = quick.extensions["cost"]
    assert cost["available"] == cost["limit"] - cost["actual"]


async def test_where_the_executor_fails_what_was_held_back_is_given_back(
    engine: Engine, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = rows.callers[0]
    engine.meter.budgets = Buckets(5_000, 1.0, lambda: 0.0)

    async def broken(_: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr("app.engine.executor._executed", broken)
    with pytest.raises(OSError, match="no disk"):
        await engine.execute(
            Operation("{ viewer { subject } entries(first: 5) { nodes { id } } }", None, None, caller, "r")
        )

    standing = engine.meter.standing(caller)
    assert standing is not None
    assert standing.available == standing.limit
