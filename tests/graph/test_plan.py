"""`extensions.plan`: who may see it, which way an operation went and why, its SQL without values, where its cost lies;
and the counts that metrics are made of."""

from dataclasses import replace
from typing import Any

from app.engine.executor import Engine
from app.engine.lane import LABELS
from app.engine.operation import Operation, Response, Written
from app.principal import Principal
from app.web.figures import EngineFigures
from tests.graph.conftest import holding
from tests.graph.random_rows import Rows

BY_SKU = 'query($n: Int!) { product(by: {sku: "%s"}) { id entries(first: $n) { nodes { id lines { number } } } } }'


async def asked(engine: Engine, caller: Principal, document: str, *, explain: bool = False, **given: Any) -> Response:
    return await engine.execute(Operation(document, given, None, caller, "request", explain=explain))


async def test_the_fast_way_shows_its_sql_and_its_cost_but_no_value(engine: Engine, rows: Rows) -> None:
    document = BY_SKU % rows.skus[0]
    plain = await asked(engine, rows.callers[0], document, n=4)

    answer = await asked(engine, rows.callers[0], document, explain=True, n=4)

    plan = answer.payload()["extensions"]["plan"]
    assert isinstance(answer, Written)
    assert answer.data == plain.data
    assert answer.extensions["cost"] == plain.extensions["cost"]
    assert (plan["path"], plan["declined"]) == ("fast", None)
    assert [sql.split()[0] for sql in plan["statements"]] == ["SELECT"]
    assert rows.skus[0] not in str(plan)
    assert rows.callers[0].organisation_id not in str(plan)
    assert plan["cost"] == {
        "requested": 1 + 1 + 1 + 4 * 11,
        "lists": [
            {"path": ["product", "entries", "nodes"], "argument": "first", "size": 4, "each": 11, "requested": 44}
        ],
    }


async def test_the_ordinary_way_says_why_and_shows_its_sql_too(engine: Engine, rows: Rows) -> None:
    document = "{ shipments(first: 2) { nodes { preclearance { state } } } }"

    answer = await asked(engine, rows.callers[0], document, explain=True)

    plan = answer.extensions["plan"]
    assert (plan["path"], plan["declined"]["reason"]) == ("ordinary", "python")
    assert plan["declined"]["text"] == "Shipment.preclearance is worked out in Python"
    assert "FROM shipment" in plan["statements"][0]
    assert rows.callers[0].organisation_id not in str(plan)
    assert plan["cost"]["requested"] == 1 + 1 + 2 * (1 + 1 + 15)


async def test_a_plan_is_shown_only_with_its_scope_and_only_when_asked_for(engine: Engine, rows: Rows) -> None:
    document = "{ products(first: 1) { nodes { id } } }"

    without = await asked(engine, holding(rows.callers[0], "products:read"), document, explain=True)
    unasked = await asked(engine, rows.callers[0], document)
    invalid = await asked(engine, rows.callers[0], "{ nothing }", explain=True)

    assert without.extensions["plan"] == {"missingScopes": ["schema:debug"]}
    assert (without.data or {})["products"]
    assert "plan" not in unasked.extensions
    assert (invalid.extensions["plan"]["declined"]["reason"], invalid.extensions["plan"]["cost"]) == ("kind", None)


async def test_every_reason_is_counted_under_a_label_of_the_closed_list(engine: Engine, rows: Rows) -> None:
    mine = rows.callers[0]
    documents = {
        "python": "{ viewer { subject } }",
        "introspection": "{ products(first: 1) { nodes { id } } __schema { __typename } }",
        "scopes": f'{{ node(id: "{rows.ids["Entry"][0]}") {{ id }} }}',
        "form": "{ products(first: 1, last: 1) { nodes { id } } }",
        "values": '{ products(first: 1, after: "x") { nodes { id } } }',
        "kind": 'mutation { productArchive(input: {id: "prd_x", archived: true}) { userErrors { code } } }',
        "refused": "{ products(first: 1000) { nodes { entries(first: 1000) { nodes { id } } } } }",
    }
    for label, document in documents.items():
        before = engine.lane.declined.copy()
        await asked(engine, holding(mine, "products:read") if label == "scopes" else mine, document)
        assert engine.lane.declined - before == {label: 1}
    assert set(documents) <= set(LABELS)


async def test_metrics_tell_ways_plans_and_costs(engine: Engine, rows: Rows) -> None:
    mine, page = rows.callers[0], "query($n: Int!) { products(first: $n) { nodes { id } } }"
    await asked(engine, mine, page, n=1)
    await asked(engine, replace(mine, subject="another"), page, n=1)
    await asked(engine, mine, "{ viewer { subject } }")
    await asked(engine, mine, "query($n: Int!) { products(first: $n) { edges { node { id } } } }", n=1)

    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in EngineFigures(engine.lane, engine.meter, LABELS).collect()
        for sample in family.samples
    }

    assert told["tidegate_operations_total", "fast"] == 3
    assert told["tidegate_operations_total", "ordinary"] == 1
    assert (told["tidegate_plans_total", "hit"], told["tidegate_plans_total", "miss"]) == (1, 3)
    assert told["tidegate_lane_declined_total", "python"] == 1
    assert told["tidegate_cost_total", "requested"] == 3 + 3 + 2 + 4
    assert told["tidegate_cost_total", "actual"] <= told["tidegate_cost_total", "requested"]
    assert {name for name, *_ in told} == {
        f"tidegate_{name}_total"
        for name in ("operations", "lane_answers", "plans", "lane_declined", "cost", "cost_refused", "limiter_faults")
    }
