"""Documents by name over the wire: Apollo's link as it is published, stored queries by GET and what may be kept of
them, and a trusted client at every door."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.asgi import create_app
from app.clock import system_clock
from app.security import open_tokens
from app.services.documents import NewDocument, hold, push
from app.settings import DocumentMode, Settings
from app.store.session import Store
from app.values import OrganisationKind
from tests.conftest import principal_of
from tests.wire.conftest import Serve
from tests.wire.sockets import socket
from tests.wire.test_gateway import Gateway, gateway  # noqa: F401
from tests.wire.test_npm_clients import clients, run_node  # noqa: F401

WHO = "query Who { viewer { organisation { name } } }"
PAGE = "query Page { products(first: 5) { nodes { sku } } }"
EVENTS = "subscription Events { entryStatusChanged { cursor } }"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def new(body: str, identifier: str | None = None) -> NewDocument:
    return NewDocument(identifier or sha256(body), None, body, sha256(body))


def persisted(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}}


Ask = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
async def ask(gateway: Gateway) -> AsyncIterator[Ask]:  # noqa: F811
    async with httpx2.AsyncClient() as client:

        async def send(members: dict[str, Any], method: str = "POST", **headers: str) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {gateway.token()}", **headers}
            if method == "POST":
                return await client.post(gateway.running.url, json=members, headers=headers)
            members = {name: part if isinstance(part, str) else json.dumps(part) for name, part in members.items()}
            return await client.request(method, gateway.running.url, params=members, headers=headers)

        yield send


def code(answer: httpx2.Response) -> str:
    found: str = answer.json()["errors"][0]["extensions"]["code"]
    return found


@pytest.mark.parametrize(("mode", "method"), [("post", "POST"), ("get", "GET")])
async def test_apollos_link_sends_the_text_once_and_then_the_hash(
    clients: Path,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    mode: str,
    method: str,
) -> None:
    said = await run_node(
        clients / "apollo-persisted.mjs", clients, TIDEGATE_URL=gateway.running.url, TIDEGATE_TOKEN=gateway.token(),
        MODE=mode,
    )  # fmt: skip
    assert said["answers"] == ["Importer"] * 3
    assert said["sent"][0] == {"method": method, "text": False, "status": 200}
    assert said["sent"][1]["text"] is True
    assert said["sent"][2:] == [{"method": method, "text": False, "status": 200}] * 2


async def test_apollos_link_runs_a_manifests_documents_under_trust_and_nothing_else(
    clients: Path,  # noqa: F811
    gateway: Gateway,  # noqa: F811
) -> None:
    await push(gateway.store, "m", [new(WHO, "who-1")], gateway.principal.organisation_id)
    await hold(gateway.store, gateway.principal.organisation_id, "", DocumentMode.TRUSTED)
    await refreshed(gateway)
    for identifier, answer in (("who-1", "Importer"), ("who-2", "DOCUMENT_NOT_TRUSTED")):
        said = await run_node(
            clients / "apollo-persisted.mjs", clients, TIDEGATE_URL=gateway.running.url,
            TIDEGATE_TOKEN=gateway.token(), MODE="manifest", DOCUMENT_ID=identifier,
        )  # fmt: skip
        assert said["answers"] == [answer] * 3
        assert [one["text"] for one in said["sent"]] == [False] * 3


async def refreshed(gateway: Gateway) -> None:  # noqa: F811
    """What the process does every few seconds, now."""
    await gateway.running.application.state.documents.refresh()


async def test_an_unknown_hash_is_answered_with_200_and_kept_by_nobody(ask: Ask) -> None:
    for method in ("POST", "GET"):
        answer = await ask(persisted(WHO), method)
        assert (answer.status_code, code(answer)) == (200, "PERSISTED_QUERY_NOT_FOUND")
        assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


async def test_a_known_hash_is_answered_by_the_lane(ask: Ask, gateway: Gateway) -> None:  # noqa: F811
    await ask({"query": PAGE, **persisted(PAGE)})
    answer = await ask(persisted(PAGE))
    assert answer.json()["data"] == {"products": {"nodes": []}}
    by_id = await ask({"documentId": f"sha256:{sha256(PAGE)}"})
    assert by_id.json() == answer.json()
    async with httpx2.AsyncClient() as client:
        metrics = await client.get(gateway.running.url.replace("/graphql", "/metrics"))
    assert "tidegate_lane_answers_total 3.0" in metrics.text


async def test_a_hash_of_another_text_is_refused_and_poisons_nothing(ask: Ask) -> None:
    refused = await ask({"query": PAGE, **persisted(WHO)})
    assert (refused.status_code, code(refused)) == (400, "BAD_USER_INPUT")
    assert code(await ask(persisted(WHO))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_mutation_is_not_stored_into_a_get(ask: Ask) -> None:
    change = 'mutation M { productUpsert(input: {sku: "x", name: "x"}) { userErrors { code } } }'
    await ask({"query": change, **persisted(change)})
    answer = await ask(persisted(change), "GET")
    assert answer.status_code == 405
    assert answer.headers["cache-control"] == "no-store"


async def test_a_stored_query_by_get_is_the_clients_own_to_keep_and_to_ask_again(ask: Ask) -> None:
    await ask({"query": WHO, **persisted(WHO)})
    first = await ask({"documentId": f"sha256:{sha256(WHO)}"}, "GET")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Authorization", "Cookie", "Accept"} <= {part.strip() for part in first.headers["vary"].split(",")}
    # when it asks again with the tag
    again = await ask(persisted(WHO), "GET", **{"If-None-Match": first.headers["etag"]})
    # then it is told that it has the answer
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    # and the same query as text is kept by nobody
    plain = await ask({"query": WHO}, "GET")
    assert plain.headers["cache-control"] == "no-store"
    assert (await ask(persisted(WHO), "GET", **{"If-None-Match": '"other"'})).status_code == 200


async def test_a_partial_answer_is_kept_by_nobody(ask: Ask, gateway: Gateway) -> None:  # noqa: F811
    await ask({"query": PAGE, **persisted(PAGE)})
    answer = await ask(persisted(PAGE), "GET", Authorization=f"Bearer {gateway.token(frozenset({'tariff:read'}))}")
    assert (answer.status_code, code(answer)) == (200, "FORBIDDEN")
    assert answer.headers["cache-control"] == "no-store"


async def test_without_a_token_no_document_is_found_nor_kept(ask: Ask, gateway: Gateway) -> None:  # noqa: F811
    async with httpx2.AsyncClient() as client:
        for members in (persisted(WHO), {"query": WHO, **persisted(WHO)}, {"documentId": "abc"}):
            answer = await client.post(gateway.running.url, json=members)
            assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert code(await ask(persisted(WHO))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_trusted_client_is_held_at_every_door(sqlite_url: str, tmp_path: Path, serve: Serve) -> None:
    # given a gateway that runs the documents of manifests alone, and one of each kind
    settings = Settings(
        database_url=sqlite_url, state_dir=tmp_path / "s", drain_seconds=0.1, document_mode=DocumentMode.TRUSTED
    )
    store = Store.open(sqlite_url, system_clock)
    principal = await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    await push(store, "m", [new(PAGE), new(EVENTS, "events-1")], None)
    token = open_tokens(settings).mint(
        subject="s", organisation_id=principal.organisation_id, scopes=principal.scopes, now=system_clock(),
        lifetime=timedelta(hours=1),
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {token}"}
    async with serve(create_app(settings)) as running, httpx2.AsyncClient(headers=headers) as client:
        # when it sends what is trusted and what is not, by each way in
        for turn in range(2):
            trusted = [
                await client.post(running.url, json={"query": PAGE}),
                await client.post(running.url, json=persisted(PAGE)),
                await client.get(running.url, params={"query": PAGE}),
                await client.get(running.url, params={"documentId": f"sha256:{sha256(PAGE)}"}),
            ]
            refused = [
                await client.post(running.url, json={"query": WHO}),
                await client.post(running.url, json={"query": WHO, **persisted(WHO)}),
                await client.post(running.url, json=persisted(WHO)),
                await client.post(running.url, json={"query": PAGE + " "}),
                await client.get(running.url, params={"query": WHO}),
                await client.post(running.url, json={"query": EVENTS + " "}, headers={"Accept": "text/event-stream"}),
            ]
            # then the one is answered and the other is not
            assert [answer.json()["data"] for answer in trusted] == [{"products": {"nodes": []}}] * 4, turn
            assert [(answer.status_code, code(answer)) for answer in refused] == [(403, "DOCUMENT_NOT_TRUSTED")] * 6, (
                turn
            )
        async with socket(running, init=False) as opened:
            await opened.init(token)
            await opened.subscribe("1", EVENTS + " ")
            message = await opened.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "DOCUMENT_NOT_TRUSTED")
            await opened.subscribe("2", PAGE)
            assert (await opened.receive())["payload"]["data"] == {"products": {"nodes": []}}
    await store.close()
