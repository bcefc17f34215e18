"""Manifests as the tools of clients write them, the memory of registered documents, and how a request names one."""

import json
from typing import Any

import pytest

from app.engine.documents import Asked
from app.engine.documents.asked import asked_in, sha256
from app.engine.documents.manifest import read_manifest
from app.engine.documents.shelf import Shelf
from app.engine.planning.plan import Planner
from app.engine.planning.size import Limits
from app.errors import BadUserInput
from schema import build_schema

PLANNER = Planner(build_schema()._schema, Limits())
HELD = "query Held { entries(first: 5) { nodes { id } } }"
WATCH = "subscription Watch { entryStatusChanged { cursor } }"
HASH = sha256(HELD)


def apollo(*operations: dict[str, Any]) -> bytes:
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    return json.dumps(manifest).encode()


def operation(**changed: Any) -> dict[str, Any]:
    return {"id": HASH, "name": "Held", "type": "query", "body": HELD, **changed}


def test_apollos_form_is_read() -> None:
    other = {"id": sha256(WATCH), "name": "Watch", "type": "subscription", "body": WATCH}
    documents, faults = read_manifest(apollo(operation(), other), PLANNER)
    assert faults == []
    assert [(one.id, one.name, one.body, one.sha256) for one in documents] == [
        (HASH, "Held", HELD, HASH),
        (sha256(WATCH), "Watch", WATCH, sha256(WATCH)),
    ]


def test_relays_form_is_read() -> None:
    documents, faults = read_manifest(json.dumps({"f03c1f8b0a6c8a9ad9d2ae0b9bbf5a6e": HELD}).encode(), PLANNER)
    assert faults == []
    assert [(one.id, one.name, one.sha256) for one in documents] == [("f03c1f8b0a6c8a9ad9d2ae0b9bbf5a6e", None, HASH)]


def test_a_document_stands_for_itself() -> None:
    documents, faults = read_manifest(HELD.encode(), PLANNER, graphql=True)
    assert (faults, [one.id for one in documents]) == ([], [HASH])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "the file: it is not JSON in UTF-8"),
        (b"\xff", "the file: it is not JSON in UTF-8"),
        (b"[]", "the file: it is no manifest of Apollo's or Relay's form"),
        (b"{}", "the file: it is no manifest of Apollo's or Relay's form"),
        (b'{"format": "other", "version": 1}', "format: only apollo-persisted-query-manifest of version 1 is known"),
        (b'{"format": "apollo-persisted-query-manifest", "version": 2}',
         "format: only apollo-persisted-query-manifest of version 1 is known"),
        (apollo(), "operations: there are none"),
        (apollo(1), "operations[0]: it is no object"),  # type: ignore[arg-type]
        (apollo({}), "operations[0]: its id must be a text of at most 256 characters"),
        (apollo(operation(body=None)), "operations[0]: its body must be a GraphQL document"),
        (apollo(operation(id="0" * 64)),
         "operations[0]: its id has the form of a sha256 and is not the one of its body"),
        (apollo(operation(name="Other")), "operations[0]: it has no operation named 'Other'"),
        (apollo(operation(type="mutation")), "operations[0]: its operation is a query, not what its type says"),
        (apollo(operation(id="a"), operation(id="a", body=WATCH, name="Watch", type="subscription")),
         "operations[1]: its id stands for another document in this file"),
        (json.dumps({"a": "fragment F on Query { viewer { subject } }"}).encode(), "Fragment 'F' is never used."),
        (json.dumps({"a": "{ nothing }"}).encode(), "Cannot query field 'nothing' on type 'Query'."),
        (json.dumps({"a": "{"}).encode(), "Syntax Error"),
    ],
)  # fmt: skip
def test_what_could_not_be_run_is_a_fault(raw: bytes, said: str) -> None:
    documents, faults = read_manifest(raw, PLANNER)
    assert documents == []
    assert any(said in fault for fault in faults), faults


def test_a_hash_finds_its_own_text_only() -> None:
    Asked(HELD, HASH, hashed=True).check()
    with pytest.raises(BadUserInput, match="is not the hash"):
        Asked(WATCH, HASH, hashed=True).check()


def persisted(**value: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH, **value}}}


@pytest.mark.parametrize(
    ("members", "asked"),
    [
        ({"query": HELD}, Asked(HELD)),
        ({"query": HELD, "extensions": {"other": 1}}, Asked(HELD)),
        (persisted(), Asked(None, HASH, hashed=True, registers=True)),
        ({"query": HELD, **persisted()}, Asked(HELD, HASH, hashed=True, registers=True)),
        (persisted(sha256Hash="abc"), Asked(None, "abc", registers=True)),
        ({"documentId": f"sha256:{HASH}"}, Asked(None, HASH, hashed=True)),
        ({"documentId": "abc"}, Asked(None, "abc")),
        ({"doc_id": "abc"}, Asked(None, "abc")),
    ],
)
def test_a_document_is_named_in_each_clients_way(members: dict[str, Any], asked: Asked) -> None:
    assert asked_in(members) == asked


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"query": 1},
        {"documentId": 1},
        {"documentId": ""},
        {"documentId": "x" * 257},
        {"documentId": "a\nb"},
        {"documentId": "sha256:ABC"},
        {"documentId": "a", "doc_id": "a"},
        {"documentId": "a", **persisted()},
        persisted(version=2),
        persisted(version=True),
        persisted(sha256Hash=None),
        {"extensions": {"persistedQuery": "x"}},
    ],
)
def test_what_names_no_one_document_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(BadUserInput):
        asked_in(members)


def test_the_shelf_is_bounded_and_takes_from_who_holds_most() -> None:
    # given a shelf with room for about ten texts, and one document of a quiet organisation
    shelf = Shelf(10 * 1_500)
    shelf.put("quiet", "mine", "x" * 1_000)
    # when another registers a thousand
    for number in range(1_000):
        shelf.put("loud", number, "y" * 1_000)
    # then the quiet one's is still there, the newest of the loud one too, and the bound held
    assert shelf.size <= 15_000
    assert shelf.get("quiet", "mine") == "x" * 1_000
    assert shelf.get("loud", 999) == "y" * 1_000
    assert shelf.get("loud", 0) is None
    # and nobody reads what another keeps
    assert shelf.get("quiet", 999) is None


def test_the_longest_unused_goes_first_and_what_fits_nowhere_is_not_kept() -> None:
    shelf = Shelf(3_500)
    for name in ("a", "b"):
        shelf.put("one", name, name * 1_000)
    assert shelf.get("one", "a") is not None
    shelf.put("one", "c", "c" * 1_000)
    assert [shelf.get("one", name) is not None for name in ("a", "b", "c")] == [True, False, True]
    shelf.put("one", "huge", "z" * 10_000)
    assert shelf.get("one", "huge") is None
    assert shelf.get("one", "a") is not None
    shelf.clear()
    assert shelf.size == 0
