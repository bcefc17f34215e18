"""The lane by itself: one statement for an operation, plans shared by inlined literals, what it leaves to the executor,
and what the database holds up goes to a thread."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.executor import Engine, EngineSettings
from app.engine.lane import Ready
from app.engine.operation import Later, Operation, Response, Written
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import Principal
from app.services.quotes import Desk
from app.store import pool
from app.store.json_dialects import writer_for
from app.store.json_tree import Member, Named, Nodes, One, Page, Path, Scalar, Slot
from app.store.pool import SqliteReader, Unanswerable
from app.store.session import Store
from app.store.sight import DialectName
from app.store.statement import Order, Select, Where
from app.store.tables import TABLES
from app.tariff.measure_file import packaged_book
from tests.conftest import SetClock
from tests.graph.conftest import SCHEMA
from tests.graph.random_rows import Rows, fill

ENTRY = '{ entry(by: {id: "%s"}) { id importer { name } port { code name country } } }'


async def asked(engine: Engine, caller: Principal, document: str, variables: Any = None) -> Response:
    return await engine.execute(Operation(document, variables, None, caller, "request"))


async def test_documents_that_differ_in_an_id_share_a_plan(engine: Engine, rows: Rows) -> None:
    mine = rows.callers[0]
    for identifier in rows.ids["Entry"][:9]:
        answer = await asked(engine, mine, ENTRY % identifier)
        assert isinstance(answer, Written)
        assert (answer.data or {})["entry"]["id"] == identifier
    assert len(engine.lane._templates) == 1


async def test_a_literal_that_does_not_fit_its_type_is_refused_though_the_form_is_known(
    engine: Engine, rows: Rows
) -> None:
    document = '{ products(first: 1, filter: {htsUnder: "%s"}) { nodes { id } } }'
    good = await asked(engine, rows.callers[0], document % "8471")
    bad = await asked(engine, rows.callers[0], document % "abc")

    assert isinstance(good, Written)
    assert (bad.status, bad.errors[0]["extensions"]["code"]) == (422, "GRAPHQL_VALIDATION_FAILED")


async def test_merged_fields_with_other_literals_are_refused_though_the_form_is_known(
    engine: Engine, rows: Rows
) -> None:
    document = '{ product(by: {sku: "a"}) { id } product(by: {sku: "%s"}) { sku } }'
    same = await asked(engine, rows.callers[0], document % "a")
    other = await asked(engine, rows.callers[0], document % "b")

    assert same.status == 200
    assert other.status == 422


async def test_a_row_that_must_be_there_and_is_not_is_the_executors_to_report(
    engine: Engine, rows: Rows, store: Store
) -> None:
    # given an entry whose importer belongs to somebody else, so that its owner cannot see it
    entry = TABLES["entry"].c
    stranger = rows.callers[2].organisation_id
    party = TABLES["party"]
    async with store.write_connection() as connection:
        foreign = (await connection.execute(sa.select(party.c.id).where(party.c.organisation_id == stranger))).scalar()
        await connection.execute(
            sa.update(TABLES["entry"]).where(entry.id == rows.ids["Entry"][0]).values(importer_id=foreign)
        )

    answer = await asked(engine, rows.callers[0], ENTRY % rows.ids["Entry"][0])

    assert not isinstance(answer, Written)
    assert answer.data == {"entry": None}
    assert answer.errors[0]["extensions"]["code"] == "INTERNAL"


async def test_an_organisation_sees_what_it_is_a_party_of_from_the_moment_it_is(
    engine: Engine, rows: Rows, store: Store
) -> None:
    third, document = rows.callers[2], "{ entries(first: 1000) { totalCount nodes { id } } }"
    before = await asked(engine, third, document)
    async with store.write_connection() as connection:
        parties = TABLES["party"].c
        mine = sa.select(parties.id).where(parties.organisation_id == rows.callers[0].organisation_id)
        for identifier in (await connection.execute(mine)).scalars().all():
            values = {"organisation_id": third.organisation_id, "party_id": identifier}
            await connection.execute(sa.insert(TABLES["organisation_party"]), values)

    after = await asked(engine, third, document)

    assert isinstance(before, Written)
    assert isinstance(after, Written)
    assert (before.data or {})["entries"]["totalCount"] < (after.data or {})["entries"]["totalCount"]


async def test_a_shared_row_is_looked_up_in_a_second_go_and_once_that_is_known_in_the_first(
    engine: Engine, rows: Rows, store: Store
) -> None:
    document, third = "query ($id: ID!) { entry(by: {id: $id}) { id } }", rows.callers[2]
    async with store.write_connection() as connection:
        pairs = TABLES["entry_party"].c
        shared, party = (
            await connection.execute(
                sa.select(pairs.entry_id, pairs.party_id).where(
                    pairs.organisation_id == rows.callers[0].organisation_id
                )
            )
        ).first()
        values = {"organisation_id": third.organisation_id, "party_id": party}
        await connection.execute(sa.insert(TABLES["organisation_party"]), values)
    told: list[bool] = []
    ready = engine.lane.prepare(Operation(document, {"id": shared}, None, third, "request"), third)
    assert isinstance(ready, Ready)
    assert [one.guard for one, _ in ready.variant.narrow] == ["found"]

    jobs = Ready.jobs
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ready, "jobs", lambda self, *, wide: (told.append(wide), jobs(self, wide=wide))[1])
        first, second = [await asked(engine, third, document, {"id": shared}) for _ in range(2)]

    assert isinstance(first, Written)
    assert (first.data or {}) == (second.data or {}) == {"entry": {"id": shared}}
    assert told == [False, True, True]


async def test_what_would_hold_up_the_loop_goes_to_a_thread(
    sqlite_store: Store, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "AT_ONCE_SECONDS", -1.0)
    monkeypatch.setattr(pool, "_CHECK_EVERY", 1)
    rows = await fill(sqlite_store, seed=20)
    desk, feed = Desk(sqlite_store, packaged_book()), Feed(sqlite_store, Bus(sqlite_store))
    engine = Engine(SCHEMA, sqlite_store, feed, desk, clock, EngineSettings())
    operation = Operation("{ products(first: 9) { nodes { id } } }", None, None, rows.callers[0], "request")

    later = engine.execute_now(operation)
    assert isinstance(later, Later)
    later.drop()
    answer = await engine.execute(operation)

    assert isinstance(answer, Written)
    assert len((answer.data or {})["products"]["nodes"]) > 1


async def test_a_nested_page_that_is_only_counted_is_for_the_lane(engine: Engine, rows: Rows) -> None:
    document = "{ products(first: 3) { nodes { id classifications(first: 1) { totalCount __typename } } } }"
    bare = "{ products(first: 3) { nodes { classifications(first: 1) { __typename pageInfo { __typename } } } } }"

    assert isinstance(await asked(engine, rows.callers[0], document), Written)
    assert isinstance(await asked(engine, rows.callers[0], bare), Written)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_response_key_that_a_request_thought_of_is_bound(dialect: DialectName) -> None:
    members = tuple(Member(key, Scalar(Path("name"), "text")) for key in ("name", "thought_of"))
    writer = writer_for(dialect, 1, narrow=True, names={"name"})

    statement = writer.root_row(Select("product", (Where("id", "eq", Slot(0)),)), members)

    assert "thought_of" not in statement.sql
    assert any("thought_of" in constant for constant in statement.constants)
    assert not any("name" in constant for constant in statement.constants)


def test_on_sqlite_rows_are_joined_to_a_page_that_is_chosen_first() -> None:
    order = (Order("status"), Order("id"))
    select = Select("entry", order=order, limit=Slot(0, "integer"))  # type: ignore[arg-type]
    importer = One("party", "importer_id", (Member("name", Scalar(Path("name"), "text")),))
    members = (Member("importer", importer),)
    page = Page(select, "", None, False, False, (members,), (("nodes", Nodes(0)),))

    sql = writer_for("sqlite", 1, narrow=True).root_page(page).sql

    assert "LEFT JOIN party" in sql
    assert sql.index("LIMIT") < sql.index("LEFT JOIN")


@pytest.mark.parametrize("table", ["entry", "product"])
async def test_on_sqlite_several_rows_are_found_by_their_ids(sqlite_store: Store, table: str) -> None:
    writer = writer_for("sqlite", 2, narrow=False, names={"id"})
    statement = writer.root_named(Named(table, Slot(0, "texts"), Slot(1), (Member("id", Scalar(Path("id"), "text")),)))
    given = (["org", "[]", ""][place] for place in statement.places)
    async with sqlite_store.reader.connect() as connection:
        steps = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", tuple(given))
        told = [str(row[-1]) for row in steps.all()]

    assert any(step.startswith("SEARCH t1 USING") and "(id=?)" in step for step in told), told


async def test_the_reading_connection_cannot_write(sqlite_store: Store) -> None:
    assert isinstance(sqlite_store.lane, SqliteReader)
    with pytest.raises(Unanswerable):
        sqlite_store.lane.now([("DELETE FROM product", ())])


async def test_missing_scopes_are_null_and_named_and_nothing_of_them_is_read(engine: Engine, rows: Rows) -> None:
    caller = replace(rows.callers[0], scopes=frozenset({"products:read"}))
    document = "{ products(first: 1) { nodes { id p: unitPrice { amount } } } entries(first: 1) { nodes { id } } }"

    answer = await asked(engine, caller, document)
    ready = engine.lane.prepare(Operation(document, None, None, caller, "request"), caller)

    assert isinstance(answer, Written)
    assert [error["path"] for error in answer.errors] == [["products", "nodes", "p"], ["entries"]]
    assert (answer.data or {})["entries"] is None
    assert ready is not None
    assert [("unit_price" in sql, "entry" in sql) for sql, _ in ready.jobs(wide=True)] == [(False, False)]


async def test_what_lines_add_up_to_is_for_the_lane(engine: Engine, rows: Rows) -> None:
    document = """{ entries(first: 1000) { nodes {
      totals { customsValue { amount currency } lineCount } lines { customsValue { amount currency } } } } }"""
    answer = await asked(engine, rows.callers[0], document)

    assert isinstance(answer, Written)
    entries = (answer.data or {})["entries"]["nodes"]
    seen = {"plain": 0, "mixed": 0, "lacking": 0, "empty": 0}
    for entry in entries:
        values = [line["customsValue"] for line in entry["lines"]]
        currencies = {None if value is None else value["currency"] for value in values}
        total = entry["totals"]["customsValue"]
        assert entry["totals"]["lineCount"] == len(values)
        if len(currencies) == 1 and None not in currencies:
            seen["plain"] += 1
            assert Decimal(total["amount"]) == sum(Decimal(value["amount"]) for value in values)
            assert total["currency"] in currencies
        else:
            seen["empty" if not values else "lacking" if None in currencies else "mixed"] += 1
            assert total is None
    assert min(seen["plain"], seen["mixed"], seen["lacking"]) > 0, seen


async def test_ids_of_one_type_are_looked_up_by_one_statement_in_their_order(engine: Engine, rows: Rows) -> None:
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Entry { entryNumber } } }"
    mine = rows.callers[0]
    listed = await asked(engine, mine, "{ entries(first: 1000) { nodes { id } } }")
    known = [one["id"] for one in (listed.data or {})["entries"]["nodes"]]
    foreign = next(one for one in rows.ids["Entry"] if one not in known)
    wanted = [known[2], "ent_00000000000000000000000000", known[0], foreign, known[2]]
    answer = await asked(engine, mine, document, {"ids": wanted})
    one = await asked(engine, mine, document, {"ids": known[0]})
    mixed = await asked(engine, mine, document, {"ids": [known[0], rows.ids["Product"][0]]})
    many = await asked(engine, mine, document, {"ids": known[:1] * 101})

    assert isinstance(answer, Written)
    found = [node and node["id"] for node in (answer.data or {})["nodes"]]
    assert found == [known[2], None, known[0], None, known[2]]
    assert [node["id"] for node in (one.data or {})["nodes"]] == [known[0]]
    assert not isinstance(mixed, Written)
    assert (mixed.data or {})["nodes"][0]["id"] == known[0]
    assert many.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("noun", "field", "column"), [("entry", "entryNumber", "entry_number"), ("shipment", "reference", "reference")]
)
async def test_of_an_own_and_a_shared_row_with_one_number_the_own_one_is_meant(
    engine: Engine, rows: Rows, store: Store, noun: str, field: str, column: str
) -> None:
    table, pairs, third = TABLES[noun], TABLES[f"{noun}_party"], rows.callers[2]
    async with store.write_connection() as connection:
        shared = (
            await connection.execute(
                sa.select(table.c.id, table.c[column], pairs.c.party_id)
                .join(pairs, pairs.c[f"{noun}_id"] == table.c.id)
                .where(table.c.organisation_id == rows.callers[0].organisation_id)
            )
        ).first()
        mine = sa.select(table.c.id).where(table.c.organisation_id == third.organisation_id)
        own = (await connection.execute(mine.where(table.c[column] == shared[1]))).scalar()
        if own is None:
            own = (await connection.execute(mine)).scalar()
            await connection.execute(sa.update(table).where(table.c.id == own).values({column: shared[1]}))
        values = {"organisation_id": third.organisation_id, "party_id": shared[2]}
        await connection.execute(sa.insert(TABLES["organisation_party"]), values)
    document = f"query ($number: String!) {{ {noun}(by: {{{field}: $number}}) {{ id }} }}"
    operation = Operation(document, {"number": shared[1]}, None, third, "request")

    first, learnt = [], f'{{ {noun}(by: {{id: "{shared[0]}"}}) {{ id }} }}'
    for _ in range(2):
        first += [await engine.execute(operation), await engine.execute_ordinarily(operation)]
        assert (await asked(engine, third, learnt)).data == {noun: {"id": shared[0]}}

    assert [(one.data or {})[noun]["id"] for one in first] == [own] * 4
    assert isinstance(first[0], Written)
    assert isinstance(first[2], Written)


@pytest.mark.parametrize(
    "document",
    [
        'query ($it: [ID!] = ["ent_00000000000000000000000000"]) { nodes(ids: $it) { id } }',
        'query ($it: ID = "ent_00000000000000000000000000") { node(id: $it) { id } }',
        'query ($it: ID = "ent_00000000000000000000000000") { classification(id: $it) { id } }',
        'query ($it: HtsNumber = "8471") { tariffLine(number: $it) { id } }',
    ],
)
async def test_null_for_a_variable_with_a_default_is_the_callers_fault(
    engine: Engine, rows: Rows, document: str
) -> None:
    for sent in ({"it": None}, {}, {"it": None}):
        operation = Operation(document, sent, None, rows.callers[0], "request")
        quick, ordinary = await engine.execute(operation), await engine.execute_ordinarily(operation)

        assert quick.payload() == ordinary.payload()
        assert bool(quick.errors) == bool(sent)


@pytest.mark.parametrize("inlined", [True, False])
async def test_ids_of_two_types_do_not_keep_others_from_the_lane(engine: Engine, rows: Rows, inlined: bool) -> None:
    entries, products = rows.ids["Entry"][:2], rows.ids["Product"][:2]

    async def nodes(ids: list[str]) -> Response:
        listed = ", ".join(f'"{one}"' for one in ids)
        if inlined:
            return await asked(engine, rows.callers[0], f"{{ nodes(ids: [{listed}]) {{ id }} }}")
        return await asked(engine, rows.callers[0], "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})

    assert not isinstance(await nodes([entries[0], products[0]]), Written)
    assert isinstance(await nodes(entries), Written)
    assert isinstance(await nodes(products), Written)
    assert not isinstance(await nodes([products[0], entries[0]]), Written)
    assert len(engine.lane._templates) == 1
