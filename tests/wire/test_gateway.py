"""The whole gateway, as `create_app` wires it, over the wire: a database, real tokens, gql and the audits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from app.asgi import create_app
from app.clock import system_clock
from app.filing.entry import EntryStatus
from app.principal import SCOPES, Principal
from app.security import Tokens, open_tokens
from app.settings import Settings
from app.store.session import Store
from app.values import OrganisationKind
from tests import scenes
from tests.conftest import principal_of
from tests.wire.conftest import Running, Serve
from tests.wire.sockets import socket
from tests.wire.test_http_audits import assert_passed, audits, run_audits  # noqa: F401

GRAPHQL = "application/graphql-response+json"
LIVE = """
subscription Live($entries: [ID!], $after: String) {
  entryStatusChanged(entries: $entries, after: $after) { cursor status previousStatus entry { id entryNumber } }
}
"""


@dataclass
class Gateway:
    """A gateway that runs, its store and one caller's way in."""

    running: Running
    store: Store
    principal: Principal
    tokens: Tokens

    def token(self, scopes: frozenset[str] | None = None, lifetime: timedelta = timedelta(hours=1)) -> str:
        return self.tokens.mint(
            subject=self.principal.subject,
            organisation_id=self.principal.organisation_id,
            scopes=self.principal.scopes if scopes is None else scopes,
            lifetime=lifetime,
            now=system_clock(),
        )

    def socket(self, token: str) -> WebsocketsTransport:
        init = {"authorization": f"Bearer {token}"}
        return WebsocketsTransport(url=self.running.socket_url, init_payload=init)


@pytest.fixture
async def gateway(sqlite_url: str, tmp_path: Path, serve: Serve) -> AsyncIterator[Gateway]:
    settings = Settings(database_url=sqlite_url, state_dir=tmp_path / "state", drain_seconds=0.1)
    store = Store.open(sqlite_url, system_clock)
    principal = await principal_of(store, "Importer", OrganisationKind.IMPORTER)
    async with serve(create_app(settings)) as running:
        yield Gateway(running, store, principal, open_tokens(settings))
    await store.close()


async def test_gql_runs_a_query_and_follows_an_entry(gateway: Gateway) -> None:
    # given an entry, and a partner's client that follows it
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    async with Client(transport=gateway.socket(gateway.token())) as session:
        query = gql("query ($id: ID!) { entry(by: {id: $id}) { id status } viewer { subject } }")
        query.variable_values = {"id": entry}
        answered = await session.execute(query)
        live = gql(LIVE)
        live.variable_values = {"entries": [entry]}
        events = session.subscribe(live)
        following = asyncio.create_task(anext(events))
        await asyncio.sleep(0.3)

        # when a status is learnt
        outcome = await scenes.told(gateway.store, gateway.principal, entry, EntryStatus.SUBMITTED)
        first = await asyncio.wait_for(following, 5)
        await events.aclose()

    # then the query and the event agree on the entry
    assert outcome.faults == ()
    assert answered == {"entry": {"id": entry, "status": "DRAFT"}, "viewer": {"subject": "importer@example.com"}}
    changed = first["entryStatusChanged"]
    assert changed["status"] == "SUBMITTED"
    assert changed["previousStatus"] == "DRAFT"
    assert changed["entry"]["id"] == entry


async def test_a_subscription_that_comes_back_misses_nothing(gateway: Gateway) -> None:
    # given a subscriber that saw one event and left
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    async with socket(gateway.running, init=False) as ws:
        await ws.init(gateway.token())
        await ws.subscribe("1", LIVE, variables={"entries": [entry], "after": "earliest"})
        await scenes.told(gateway.store, gateway.principal, entry, EntryStatus.SUBMITTED)
        message = await ws.receive()
        while message["payload"]["data"]["entryStatusChanged"]["status"] != "SUBMITTED":
            message = await ws.receive()
        cursor = message["payload"]["data"]["entryStatusChanged"]["cursor"]

    # when something happens while it is away, and it comes back with its cursor
    await scenes.told(gateway.store, gateway.principal, entry, EntryStatus.ACCEPTED)
    async with socket(gateway.running, init=False) as ws:
        await ws.init(gateway.token())
        await ws.subscribe("1", LIVE, variables={"entries": [entry], "after": cursor})
        missed = await ws.receive()

    assert missed["payload"]["data"]["entryStatusChanged"]["status"] == "ACCEPTED"


async def test_a_token_ends_its_socket(gateway: Gateway) -> None:
    async with socket(gateway.running, init=False) as ws:
        await ws.init(gateway.token(lifetime=timedelta(seconds=2)))
        await ws.subscribe("1", LIVE)

        assert await ws.closed() == (4403, "The token has expired")


async def test_one_missing_scope_leaves_the_other_fields(gateway: Gateway) -> None:
    token = gateway.token(frozenset(SCOPES) - {"products:read"})
    headers = {"Authorization": f"Bearer {token}", "Accept": GRAPHQL}
    query = "{ viewer { subject } products(first: 1) { nodes { id } } }"
    async with httpx2.AsyncClient() as client:
        filtered = await client.post(gateway.running.url, json={"query": query}, headers=headers)
        refused = await client.post(gateway.running.url, json={"query": query}, headers={**headers, "Prefer": "reject"})

    assert filtered.status_code == 200
    assert filtered.json()["data"] == {"viewer": {"subject": "importer@example.com"}, "products": None}
    [error] = filtered.json()["errors"]
    assert error["path"] == ["products"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert error["extensions"]["missingScopes"] == ["products:read"]
    assert refused.status_code == 403
    assert "data" not in refused.json()
    assert refused.headers["preference-applied"] == "reject"


async def test_without_a_token_only_typename_is_answered(gateway: Gateway) -> None:
    async with httpx2.AsyncClient(headers={"Accept": GRAPHQL}) as client:
        name = await client.post(gateway.running.url, json={"query": "{ __typename }"})
        other = await client.post(gateway.running.url, json={"query": "{ viewer { subject } }"})
        schema = await client.get(gateway.running.url.replace("/graphql", "/schema.graphql"))

    assert name.json() == {"data": {"__typename": "Query"}}
    assert other.status_code == 401
    assert other.headers["www-authenticate"].startswith("Bearer")
    assert schema.status_code == 401


async def test_a_mutation_by_get_changes_nothing(gateway: Gateway) -> None:
    before = await scenes.counts(gateway.store)
    query = 'mutation { productUpsert(input: {sku: "X", name: "X"}) { product { id } } }'
    async with httpx2.AsyncClient() as client:
        answer = await client.get(
            gateway.running.url,
            params={"query": query},
            headers={"Authorization": f"Bearer {gateway.token()}", "Accept": GRAPHQL},
        )

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert await scenes.counts(gateway.store) == before


async def test_the_page_lists_every_saved_operation(gateway: Gateway) -> None:
    async with httpx2.AsyncClient() as client:
        page = await client.get(gateway.running.url.replace("/graphql", "/console/plain"))
        ready = await client.get(gateway.running.url.replace("/graphql", "/readyz"))

    assert page.text.count("<article") >= 8
    assert gateway.running.url in page.text
    assert ready.json()["checks"]["database"]["ok"] is True


async def test_the_audits_pass_on_the_whole_gateway(gateway: Gateway, audits: Path) -> None:  # noqa: F811
    assert_passed(await run_audits(audits, gateway.running.url, f"Bearer {gateway.token()}"))
