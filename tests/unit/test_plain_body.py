"""The short way of reading a body says what the whole reading says, or nothing."""

import contextlib
from itertools import product
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as some

from app.engine.charge import Meter
from app.engine.operation import Response, Written, tail_of
from app.errors import BadUserInput
from app.principal import Principal
from app.web.body import GraphQLRequest, parse_body, plain_body
from tests.conftest import SetClock

DEPTH = 4
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-9, 9) | some.text(max_size=4),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
NAMES = some.sampled_from(("query", "variables", "operationName", "extensions", "documentId", "doc_id", "other"))
PLAIN = some.fixed_dictionaries(
    {"query": some.text(max_size=9)},
    optional={
        "variables": some.none() | some.dictionaries(some.text(max_size=2), VALUES, max_size=3),
        "operationName": some.none() | some.text(max_size=4),
    },
)
BODIES = (PLAIN | some.dictionaries(NAMES, VALUES, max_size=4) | VALUES).map(orjson.dumps) | some.binary(max_size=12)


@given(BODIES)
@example(b'{"query":"{a}","query":"{b}"}')
@example(b'{"query":"{a}","variables":[]}')
@example(b'{"query":"{{{{{","variables":{}}')
def test_a_plain_body_is_read_as_any_body_is(body: bytes) -> None:
    short = plain_body(body, DEPTH)
    whole: GraphQLRequest | None = None
    with contextlib.suppress(BadUserInput):
        whole = parse_body(body, DEPTH)

    if short is not None:
        assert whole is not None
        assert short == (whole.asked.text, whole.operation_name, whole.variables)
        assert whole.asked.id is None
        assert not whole.extensions


@given(PLAIN)
def test_most_bodies_are_plain(members: dict[str, Any]) -> None:
    body = orjson.dumps(members)

    assert (plain_body(body, 9) is not None) == (body.count(b"{") + body.count(b"[") <= 9)


def test_the_receipt_of_who_pays_nothing_ends_the_body_as_others_do() -> None:
    meter, caller = Meter(100, SetClock()), Principal("s", "org_1", frozenset())
    receipts = [meter.receipt(caller, 7, 3) for _ in range(2)]

    assert {one.tail for one in receipts} == {tail_of({"cost": meter.account(caller, 7, 3)})}
    assert (meter.requested, meter.actual) == (14, 6)


def test_what_the_database_has_written_reads_as_what_an_executor_made() -> None:
    data, extensions = {"a": [1, None, "é"]}, {"cost": {"actual": 3}}
    errors = [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]
    for told, more in product(([], errors), ({}, extensions)):
        made = Response(200, executed=True, data=data, errors=told, extensions=more, headers={"A": "b"}, cursor="c")
        text = Written(orjson.dumps(data), told, tail_of(more), {"A": "b"}, "c")

        for one, other in ((text, made), (text.also(x=1), made.also(x=1)), (text.at("d"), made.at("d"))):
            assert orjson.loads(one.body()) == orjson.loads(other.body()) == other.payload() == one.payload()
            assert one.content() == other.content()
            assert (one.status, one.executed, one.headers, one.cursor) == (200, True, other.headers, other.cursor)
