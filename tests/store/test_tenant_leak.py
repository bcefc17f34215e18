"""For every table there is: another tenant sees none of its rows, and one that is a party sees what it takes part in.
The tables are enumerated, so a new one without a factory or a rule fails here."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from app.principal import Principal
from app.store.json_dialects import writer_for
from app.store.json_marked import Rows, Whole
from app.store.json_tree import Member, Nodes, Page, Path, Scalar, Slot
from app.store.scope import FOREIGN, RULES, Rule, alone, probed
from app.store.session import Store
from app.store.statement import Children, Link, Order, Select, Where
from app.store.tables import TABLES
from tests.factories import FACTORIES, MODELS, Family, link, make_family
from tests.scenes import SYSTEM

PUBLIC = {"tariff_revision", "tariff_line", "measure_load", "installation"}  # the installation's, not a tenant's
SHARED = {
    "shipment", "shipment_line", "shipment_party", "entry", "entry_line", "entry_status_change", "entry_party",
    "event_log", "party",
}  # fmt: skip
OWN_LINKS = {"organisation", "organisation_party"}


def caller(family: Family) -> Principal:
    return Principal("someone", family.organisation, frozenset())


def key_of(table: str) -> str:
    """The column that a listing of the table is grouped by in these tests."""
    columns = TABLES[table].c
    names = ("entry_id", "shipment_id", "revision_id", "organisation_id", "name" if table in PUBLIC else "id")
    return next(name for name in names if name in columns)


def key_value(table: str, family: Family) -> str:
    values = {
        "entry_id": family.entry, "shipment_id": family.shipment, "revision_id": family.revision,
        "organisation_id": family.organisation, "id": family.organisation, "name": family.revision,
    }  # fmt: skip
    return values[key_of(table)]


async def seen(store: Store, who: Principal, table: str, family: Family) -> tuple[int, int, int, int, int]:
    """How many of the family's rows each way of reading shows."""
    key, value = key_of(table), key_value(table, family)
    order = tuple(Order(column.name) for column in TABLES[table].primary_key)
    everything = await store.rows(who, Select(table, order=order))
    tree = Children(Select(table, order=order), (value,), key)
    limited = Children(Select(table, order=order, limit=5), (value,), key)
    async with store.unit(who) as unit:
        found = await unit.find_all(MODELS[table], **{key: value})
    return (
        sum(getattr(row, key) == value for row in everything),
        sum(len(rows) for rows in (await store.children(who, tree)).values()),
        sum(len(rows) for rows in (await store.children(who, limited)).values()),
        sum((await store.children_count(who, tree)).values()),
        len(found),
    )


async def seen_by_the_lane(store: Store, who: Principal, table: str, family: Family) -> tuple[int, int, int, int]:
    """How many of the family's rows the lane's statements show: a look-up and a page, without and with what is
    shared."""
    key, value = key_of(table), key_value(table, family)
    members = (Member("key", Scalar(Path(key), "text")),)
    order = tuple(Order(column.name) for column in TABLES[table].primary_key)
    page = Page(
        Select(table, order=order, limit=Slot(1, "integer")), "", None, False, False, (members,), (("nodes", Nodes(0)),)
    )
    found = []
    for narrow in (True, False):
        writer = [writer_for("sqlite" if store.dialect == "sqlite" else "postgresql", 2, narrow=narrow) for _ in "ab"]
        one = writer[0].root_row(Select(table, (Where(key, "eq", Slot(0)),)), members)
        for statement in (one, writer[1].root_page(page)):
            given = (who.organisation_id, value, 50, *statement.constants)
            assert store.lane is not None
            rows = await store.lane.run([(statement.sql, [given[place] for place in statement.places])])
            shown = orjson.loads(b"[%b]" % b",".join(bodies(statement.rows(rows[0]))))
            found.append(sum(body["key"] == value for body in shown))
    return found[0], found[1], found[2], found[3]


def bodies(rows: Rows) -> list[bytes]:
    if isinstance(rows, Whole):
        return list(rows.texts)
    return [row[0].encode() if isinstance(row[0], str) else row[0] for row in rows if row[0]]


def test_every_table_has_a_factory_and_a_rule() -> None:
    assert set(FACTORIES) == set(TABLES)
    assert set(MODELS) == set(TABLES)
    assert set(RULES) == set(TABLES)


async def test_the_owner_sees_its_row_in_every_table(store: Store) -> None:
    family = await make_family(store)
    for table in TABLES:
        assert await seen(store, caller(family), table, family) == (1, 1, 1, 1, 1), table
        assert await seen_by_the_lane(store, caller(family), table, family) == (1, 1, 1, 1), table


async def test_another_tenant_sees_no_row_of_any_table_but_the_tariff(store: Store) -> None:
    family, other = await make_family(store), await make_family(store)
    for table in TABLES:
        expected = (1, 1, 1, 1, 1) if table in PUBLIC else (0, 0, 0, 0, 0)
        assert await seen(store, caller(other), table, family) == expected, table
        assert await seen_by_the_lane(store, caller(other), table, family) == expected[:4], table
        own = await store.count(caller(other), Select(table))
        assert own == (2 if table in PUBLIC else 1) + (table == "installation"), table  # one row is the database's own


async def test_a_party_sees_what_it_takes_part_in_and_nothing_else(store: Store) -> None:
    family, other = await make_family(store), await make_family(store)
    await link(store, other.organisation, family.party)
    for table in TABLES:
        expected = 1 if table in SHARED | PUBLIC else 0
        shown = await store.rows(caller(other), Select(table))
        foreign = [row for row in shown if getattr(row, "organisation_id", None) == family.organisation]
        assert len(foreign) == (expected if table not in PUBLIC else 0), table
        if table not in OWN_LINKS:
            assert (await seen(store, caller(other), table, family))[0] == expected, table
            assert (await seen(store, caller(other), table, family))[4] == expected, table
            narrow = expected if table in PUBLIC else 0
            by_lane = await seen_by_the_lane(store, caller(other), table, family)
            assert by_lane == (narrow, narrow, expected, expected), table
        assert await store.count(caller(other), Select(table)) == len(shown), table


async def test_however_the_filter_is_written_it_keeps_the_same_rows(store: Store) -> None:
    # given one that is a party of another's rows, one that is a party of nothing, and the owner
    family, other, third = await make_family(store), await make_family(store), await make_family(store)
    await link(store, other.organisation, family.party)
    for table in TABLES.values():

        async def kept(rule: Rule, organisation: str, table: sa.Table = table) -> set[tuple[Any, ...]]:
            found = await store.fetch(sa.select(*table.primary_key).where(rule(table, organisation)))
            return {tuple(row) for row in found}

        for organisation in (family.organisation, other.organisation, third.organisation):
            whole = await kept(RULES[table.name], organisation)
            assert await kept(probed(table.name), organisation) == whole, table.name
            if organisation != other.organisation:
                assert await kept(alone(table.name), organisation) == whole, table.name
            if table.name in FOREIGN:
                foreign = await kept(FOREIGN[table.name], organisation)
                assert foreign == whole - await kept(alone(table.name), organisation), table.name
                assert bool(foreign) == (organisation == other.organisation)


async def test_a_party_of_a_shipment_only_does_not_see_its_entry(sqlite_store: Store) -> None:
    family, other = await make_family(sqlite_store), await make_family(sqlite_store)
    await link(sqlite_store, other.organisation, family.party)
    async with sqlite_store.unit(SYSTEM) as unit:
        for row in await unit.find_all(MODELS["entry_party"], entry_id=family.entry):
            await unit.session.delete(row)
    for table in ("entry", "entry_line", "entry_status_change", "entry_party", "event_log"):
        assert (await seen(sqlite_store, caller(other), table, family))[0] == 0, table
    assert (await seen(sqlite_store, caller(other), "shipment", family))[0] == 1


async def test_a_link_table_shows_no_more_than_its_ends(sqlite_store: Store) -> None:
    family, other = await make_family(sqlite_store), await make_family(sqlite_store)
    tree = Children(
        Select("entry", order=(Order("id"),)), (family.party,), link=Link("entry_party", "party_id", "entry_id")
    )
    assert await sqlite_store.children(caller(other), tree) == {}
    assert len((await sqlite_store.children(caller(family), tree))[family.party]) == 1


async def test_a_table_without_a_rule_cannot_be_read(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    family = await make_family(sqlite_store)
    monkeypatch.delitem(RULES, "product")
    with pytest.raises(KeyError):
        await sqlite_store.rows(caller(family), Select("product"))
