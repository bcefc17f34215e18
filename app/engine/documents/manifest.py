"""Manifests of documents, as the tools of clients write them: Apollo's (`apollo-persisted-query-manifest`), Relay's and
the code generator's (an object of id and text), or one document as a .graphql file. Every document must be one that
this gateway would run."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.engine.documents.asked import LONGEST_ID, is_sha256, sha256
from app.engine.planning.plan import Plan, Planner
from app.principal import SCOPES
from app.services.documents import NewDocument

MAX_BYTES = 8 * 1024 * 1024
_APOLLO = "apollo-persisted-query-manifest"
_EVERYTHING = frozenset(SCOPES)


def read_manifest(raw: bytes, planner: Planner, *, graphql: bool = False) -> tuple[list[NewDocument], list[str]]:
    """The documents, and every fault as `place: what`. `graphql`: the file is a document, not a manifest."""
    if len(raw) > MAX_BYTES:
        return [], [f"the file: it is larger than {MAX_BYTES} bytes"]
    try:
        found = list(_graphql(raw) if graphql else _entries(orjson.loads(raw)))
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        return [], ["the file: it is not JSON in UTF-8" if not graphql else "the file: it is not UTF-8"]
    except _Malformed as fault:
        return [], [str(fault)]
    documents: dict[str, NewDocument] = {}
    faults: list[str] = []
    for place, entry in found:
        faults += [f"{place}: {what}" for what in _faults(entry, planner, documents)]
        body = str(entry.get("body"))
        documents.setdefault(str(entry.get("id")), NewDocument(str(entry["id"]), entry.get("name"), body, sha256(body)))
    return ([], faults) if faults else (list(documents.values()), [])


class _Malformed(Exception):
    """The file has the form of no manifest."""


def _graphql(raw: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    body = raw.decode()
    yield "the document", {"id": sha256(body), "body": body}


def _entries(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(value, dict) or not value:
        raise _Malformed("the file: it is no manifest of Apollo's or Relay's form")
    if "format" not in value:
        for identifier, body in value.items():
            yield repr(identifier[:80]), {"id": identifier, "body": body}
        return
    if value.get("format") != _APOLLO or value.get("version") != 1:
        raise _Malformed(f"format: only {_APOLLO} of version 1 is known")
    operations = value.get("operations")
    if not isinstance(operations, list) or not operations:
        raise _Malformed("operations: there are none")
    for number, entry in enumerate(operations):
        if not isinstance(entry, dict):
            raise _Malformed(f"operations[{number}]: it is no object")
        yield f"operations[{number}]", {"id": None, **entry}


def _faults(entry: Mapping[str, Any], planner: Planner, before: Mapping[str, NewDocument]) -> Iterator[str]:
    identifier, body = entry["id"], entry.get("body")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= LONGEST_ID or not identifier.isprintable():
        yield f"its id must be a text of at most {LONGEST_ID} characters"
        return
    if not isinstance(body, str):
        yield "its body must be a GraphQL document"
        return
    if is_sha256(identifier) and identifier != sha256(body):
        yield "its id has the form of a sha256 and is not the one of its body"
    if identifier in before and before[identifier].body != body:
        yield "its id stands for another document in this file"
    plan = planner.plan(body, _EVERYTHING)
    yield from (error.message for error in plan.errors)
    if not plan.errors:
        yield from _said_wrongly(entry, plan)


def _said_wrongly(entry: Mapping[str, Any], plan: Plan) -> Iterator[str]:
    if not plan.operations:
        yield "it has no operation, only fragments"
        return
    name, kind = entry.get("name"), entry.get("type")
    named = [node for node in plan.operations if name is None or (node.name and node.name.value == name)]
    if not named:
        yield f"it has no operation named {str(name)[:80]!r}"
    elif kind is not None and named[0].operation.value != kind:
        yield f"its operation is a {named[0].operation.value}, not what its type says"
