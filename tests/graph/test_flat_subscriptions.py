"""Subscriptions of plain fields are answered without the executor, byte for byte as it would answer them."""

import random
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import parse

from app.engine.executor import Engine, EngineSettings
from app.engine.lane.flat import Flats
from app.engine.operation import Operation, Response, Written
from app.engine.subscription import Started
from app.events.bus import Bus
from app.events.feed import Feed
from app.services.quotes import Desk
from app.store.session import Store
from app.tariff.measure_file import packaged_book
from schema import build_schema
from tests.scenes import NOW, make_tenants

SCHEMA = build_schema()._schema
ROOTS = {
    "entryStatusChanged": ("entry.held", ["cursor", "occurredAt", "status", "previousStatus", "code", "narrative"]),
    "shipmentUpdated": ("shipment.updated", ["cursor", "occurredAt", "status", "previousStatus", "changed"]),
    "classificationDecided": (
        "classification.decided",
        ["cursor", "occurredAt", "decision", "status", "htsNumber", "previousHtsNumber"],
    ),
    "events": ("entry.held", ["id", "type", "occurredAt", "data", "cursor"]),
}
DATA: dict[str, Any] = {
    "status": "HELD", "previousStatus": None, "code": "7H", "narrative": "Käse \u2028 \"x\"\n", "changed": ["a", "b"],
    "decision": "CONFIRM", "htsNumber": "8471.30.01.00", "previousHtsNumber": "8471.30.01.00",
}  # fmt: skip


def compiled(document: str) -> Any:
    return Flats(SCHEMA).compiled(parse(document).definitions[0])  # type: ignore[arg-type]


def a_row(kind: str, **data: Any) -> Any:
    data = {**DATA, **({"status": "BOOKED", "previousStatus": "BOOKED"} if kind.startswith("shipment") else {}), **data}
    data |= {"status": "CONFIRMED"} if kind.startswith("classification") else {}
    return SimpleNamespace(
        position=7, id="evt_1", organisation_id="org_1", type=kind, subject_id="ent_1", occurred_at=NOW, data=data
    )


@pytest.fixture
async def open_started(sqlite_store: Store) -> Any:
    """Starts a subscription of an importer."""
    who = (await make_tenants(sqlite_store)).importer
    feed, desk = Feed(sqlite_store, Bus(sqlite_store)), Desk(sqlite_store, packaged_book())
    engine = Engine(build_schema(), sqlite_store, feed, desk, sqlite_store.clock, EngineSettings())

    async def made(document: str, scopes: frozenset[str] | None = None) -> Started:
        caller = who if scopes is None else replace(who, scopes=scopes)
        found = await engine.open(Operation(document, None, None, caller, "request"))
        assert isinstance(found, Started)
        return found

    return made


@pytest.mark.parametrize("root", ROOTS)
async def test_it_answers_as_the_executor_does(open_started: Any, root: str) -> None:
    kind, fields = ROOTS[root]
    chance = random.Random(root)
    for turn in range(12):
        chosen = chance.sample([*fields, "__typename"], chance.randint(1, len(fields) + 1))
        selection = " ".join(f"a{n}: {name}" if chance.random() < 0.3 else name for n, name in enumerate(chosen))
        alias = "b: " if turn % 3 == 0 else ""
        one = await open_started(f"subscription {{ {alias}{root} {{ {selection} }} }}")
        row = a_row(kind, **({"code": None} if turn % 2 else {}))
        quick = one.answer(row)
        assert isinstance(quick, Written), selection
        one._plain = None
        ordinary = one.answer(row)
        assert isinstance(ordinary, Response)
        assert not isinstance(ordinary, Written)
        assert quick.body() == ordinary.body()


@pytest.mark.parametrize(
    "document",
    [
        "subscription { entryStatusChanged { cursor entry { id } } }",
        "subscription { entryStatusChanged { ...F } } fragment F on EntryStatusChanged { cursor }",
        "subscription { entryStatusChanged { ... { cursor } } }",
        "subscription ($s: Boolean!) { entryStatusChanged { cursor status @skip(if: $s) } }",
        "subscription ($s: Boolean!) { entryStatusChanged @include(if: $s) { cursor } }",
        "subscription { events { cursor subject { id } } }",
        "subscription { events { cursor cursor } }",
        "subscription { __typename }",
    ],
)
def test_whatever_is_not_plain_is_left_to_the_executor(document: str) -> None:
    assert compiled(document) is None


@pytest.mark.parametrize("data", [{"status": "NO SUCH"}, {"previousStatus": "NO SUCH"}, {"code": {"a": 1}}])
async def test_an_event_that_does_not_fit_is_told_by_the_executor(open_started: Any, data: dict[str, Any]) -> None:
    one = await open_started("subscription { entryStatusChanged { cursor status previousStatus code } }")
    row = a_row("entry.held", **data)
    told = one.answer(row)
    one._plain = None
    ordinary = one.answer(row)
    assert told.data == ordinary.data
    assert [error["path"] for error in told.errors] == [error["path"] for error in ordinary.errors]
    assert told.errors


async def test_data_beyond_the_callers_scopes_is_no_more_to_be_had(open_started: Any) -> None:
    """The kind is left out of the feed; were it not, its data would still be refused."""
    one = await open_started("subscription { events { cursor data } }", scopes=frozenset({"events:read"}))
    told = one.answer(a_row("entry.held"))
    assert told.errors[0]["extensions"]["code"] == "FORBIDDEN"


async def test_what_is_written_once_for_many_is_written_for_one_sight_alone(open_started: Any) -> None:
    """The same event, handed out to callers of other scopes in turn: none gets what another may read."""
    document = "subscription { a: events { cursor type data } }"
    may = await open_started(document)
    may_too = await open_started(document.replace("a:", "b:"))
    may_not = await open_started(document, scopes=frozenset({"events:read"}))
    row = a_row("entry.held")

    for _ in range(2):
        for one, name in ((may, "a"), (may_too, "b")):
            assert one.answer(row).data[name]["data"] == row.data
        assert may_not.answer(row).errors[0]["extensions"]["code"] == "FORBIDDEN"


async def test_the_fields_of_another_event_are_its_own(open_started: Any) -> None:
    one = await open_started("subscription { entryStatusChanged { status code } }")
    first, second = a_row("entry.held"), a_row("entry.exam", status="EXAM", code="1A")

    told = [one.answer(row).data["entryStatusChanged"]["status"] for row in (first, second, first)]

    assert told == ["HELD", "EXAM", "HELD"]


async def test_a_group_of_plain_fields_holds_no_tree_of_its_document(open_started: Any) -> None:
    one = (await open_started("subscription { entryStatusChanged { cursor status } }")).for_group("group")
    assert one._executor is None
    told = one.answer(a_row("entry.held", status="NO SUCH"))  # the executor, made again, tells in the group's name
    assert told.errors[0]["extensions"]["requestId"] == "group"
