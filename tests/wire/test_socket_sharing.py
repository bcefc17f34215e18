"""Shared subscriptions on the whole gateway: one execution for those who asked the same with the same authority, none
across authorities, order and resumption, slow readers, caps, revocation, and the cursor at a restart."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.asgi import create_app
from app.clock import system_clock
from app.delivery import broadcast, groups
from app.engine import subscription
from app.filing.entry import EntryStatus as S
from app.principal import Principal
from app.security import Tokens, open_tokens
from app.services.organisations import create_organisation
from app.settings import Settings
from app.store import log
from app.store.session import Store
from app.store.statement import Select
from app.store.tables import EventLog
from app.values import OrganisationKind
from app.web.server import RAW_SOCKETS, server_config
from app.web.settings import WebSettings
from tests import scenes
from tests.wire.conftest import Running, _QuietServer
from tests.wire.sockets import Socket, socket

LIVE = """subscription Live($entries: [ID!], $after: String) {
  entryStatusChanged(entries: $entries, after: $after) { cursor status code entry { id status } } }"""
EVENTS = "subscription ($after: String) { events(after: $after) { cursor type subject { id } } }"
VALUED = """subscription ($after: String) { events(after: $after) {
  cursor subject { id ... on Entry { totals { lineCount } } } } }"""
WALK = (S.UNDER_REVIEW, S.HELD)


@dataclass
class House:
    """A gateway with an importer, its partner, and a stranger; the sellers' party is the partner."""

    running: Running
    store: Store
    importer: Principal
    partner: Principal
    stranger: Principal
    tokens: Tokens

    def token(self, who: Principal, scopes: frozenset[str] | None = None, **more: Any) -> str:
        lifetime = more.pop("lifetime", timedelta(hours=1))
        held = who.scopes if scopes is None else scopes
        return self.tokens.mint(
            subject=more.pop("subject", who.subject),
            organisation_id=who.organisation_id,
            scopes=held,
            lifetime=lifetime,
            now=system_clock(),
        )

    @contextlib.asynccontextmanager
    async def following(
        self, who: Principal, query: str = LIVE, scopes: frozenset[str] | None = None, **variables: Any
    ) -> AsyncIterator[Socket]:
        """A socket with one subscription, named 1, that has begun where the log ends."""
        await self.caught_up()
        async with socket(self.running, init=False) as opened:
            await opened.init(self.token(who, scopes))
            before = self.subscribed
            await opened.subscribe("1", query, variables=variables)
            await until(lambda: self.subscribed > before)
            yield opened

    async def caught_up(self) -> None:
        """Returns once the gateway has read every event there is; what begins before that is told of older ones too."""
        head = (await log.ends(self.store)).head
        await until(lambda: self.broadcast._position >= head)

    @property
    def broadcast(self) -> broadcast.Broadcast:
        delivery = self.running.application.state.delivery
        assert isinstance(delivery, broadcast.Broadcast)
        return delivery

    @property
    def subscribed(self) -> int:
        return sum(len(group.members) for group in self.broadcast._groups.values())

    async def link(self) -> None:
        """The partner becomes the seller of the importer's shipments."""
        parties = await self.store.rows(self.importer, Select("party"))
        seller = next(row.id for row in parties if row.name == scenes.SELLER.name)
        await create_organisation(self.store, "Partner", OrganisationKind.PARTNER, (seller,))

    async def tell(self, entry: str, status: S, code: str | None = None) -> None:
        scenes.accepted(await scenes.told(self.store, self.importer, entry, status, code=code))


@pytest.fixture
def portable() -> bool:
    """How frames are sent; tests of sending ask for both."""
    return False


@pytest.fixture
def make_house(portable: bool, sqlite_url: str, tmp_path: Path) -> Callable[..., Any]:

    @contextlib.asynccontextmanager
    async def made(**more: Any) -> AsyncIterator[House]:
        settings = Settings(database_url=sqlite_url, state_dir=tmp_path / "state", drain_seconds=0.1, **more)
        store = Store.open(sqlite_url, system_clock)
        importer = await scenes.principal_of(store, "Importer", OrganisationKind.IMPORTER)
        partner = await scenes.principal_of(store, "Partner", OrganisationKind.PARTNER)
        stranger = await scenes.principal_of(store, "Stranger", OrganisationKind.IMPORTER)
        application = create_app(settings)
        view = WebSettings.of(settings)
        config = server_config(application, "127.0.0.1", 0, view, portable=portable)
        server = _QuietServer(config)
        task = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        running = Running(server, port, view, application)
        try:
            yield House(running, store, importer, partner, stranger, open_tokens(settings))
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 15)
            await store.close()

    return made


@pytest.fixture
async def house(make_house: Callable[..., Any]) -> AsyncIterator[House]:
    async with make_house() as made:
        yield made


async def until(true: Callable[[], bool | Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


def changed(message: dict[str, Any]) -> dict[str, Any]:
    assert message["type"] == "next", message
    found: dict[str, Any] = message["payload"]["data"]["entryStatusChanged"]
    return found


@pytest.mark.parametrize("portable", [False, True])
async def test_the_same_question_of_one_authority_is_answered_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await scenes.an_entry(house.store, house.importer)
    await house.caught_up()
    answers = 0
    answer = subscription.Started.answer

    def counted(self: subscription.Started, row: Any) -> Any:
        nonlocal answers
        answers += 1
        return answer(self, row)

    monkeypatch.setattr(subscription.Started, "answer", counted)
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(house.following(house.importer)) for _ in range(8)]
        await house.tell(entry, S.SUBMITTED)
        frames = [await one.receive() for one in sockets]
        assert house.broadcast.groups == 1

    assert answers == 1
    assert all(frame == frames[0] for frame in frames)
    assert changed(frames[0])["entry"] == {"id": entry, "status": "SUBMITTED"}


async def test_where_they_resume_does_not_part_subscribers(house: House) -> None:
    entry = await scenes.an_entry(house.store, house.importer)
    await house.tell(entry, S.SUBMITTED)
    async with house.following(house.importer) as live, house.following(house.importer, after="earliest") as early:
        old = [changed(await early.receive())["status"] for _ in range(2)]
        await house.tell(entry, S.ACCEPTED)
        both = [changed(await one.receive()) for one in (live, early)]
        assert house.broadcast.groups == 1

    assert old == ["DRAFT", "SUBMITTED"]
    assert both[0] == both[1]
    assert both[0]["status"] == "ACCEPTED"


async def test_no_frame_crosses_an_authority(house: House) -> None:
    """Three organisations and a caller of fewer scopes ask the very same document with the same variables."""
    entry = await scenes.an_entry(house.store, house.importer)
    await house.link()
    fewer = frozenset({"events:read"})
    async with (
        house.following(house.importer, EVENTS) as owner,
        house.following(house.partner, EVENTS) as partner,
        house.following(house.stranger, EVENTS) as stranger,
        house.following(house.importer, EVENTS, scopes=fewer) as limited,
    ):
        assert house.broadcast.groups == 4
        await house.tell(entry, S.SUBMITTED)
        seen = [await one.receive() for one in (owner, partner)]
        assert await stranger.silent(0.3)
        assert await limited.silent(0.3)

    assert [message["payload"]["data"]["events"]["subject"] for message in seen] == [{"id": entry}, {"id": entry}]
    assert all("errors" not in message["payload"] for message in seen)


async def test_a_partner_sees_no_more_in_a_shared_frame_than_alone(house: House) -> None:
    """The row belongs to the importer; what hangs on it is read with the partner's own sight."""
    entry = await scenes.an_entry(house.store, house.importer)
    await house.link()
    query = """subscription { entryStatusChanged { status entry { id shipment { id } lines { product { id } } } } }"""
    async with house.following(house.importer, query) as owner, house.following(house.partner, query) as partner:
        await house.tell(entry, S.SUBMITTED)
        own, shared = [changed(await one.receive())["entry"] for one in (owner, partner)]

    assert own["lines"][0]["product"] is not None
    assert shared["id"] == entry
    assert [line["product"] for line in shared["lines"]] == [None]


async def test_who_stops_being_a_party_sees_no_further_event(house: House) -> None:
    entry = await scenes.an_entry(house.store, house.importer)
    await house.link()
    async with house.following(house.partner) as partner:
        await house.tell(entry, S.SUBMITTED)
        assert changed(await partner.receive())["status"] == "SUBMITTED"
        async with house.store.unit(scenes.SYSTEM) as unit:
            from app.store.tables import OrganisationParty

            for row in await unit.find_all(OrganisationParty, organisation_id=house.partner.organisation_id):
                await unit.session.delete(row)
        await house.tell(entry, S.ACCEPTED)
        assert await partner.silent(0.3)


@pytest.mark.parametrize("portable", [False, True])
async def test_errors_of_a_shared_frame_carry_each_subscribers_own_request(house: House) -> None:
    entry = await scenes.an_entry(house.store, house.importer)
    fewer = frozenset({"events:read", "entries:read"})
    async with (
        house.following(house.importer, VALUED, scopes=fewer) as one,
        house.following(house.importer, VALUED, scopes=fewer) as two,
    ):
        assert house.broadcast.groups == 1
        await house.tell(entry, S.SUBMITTED)
        ids = [(await ws.receive())["payload"]["errors"][0]["extensions"]["requestId"] for ws in (one, two)]

    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"[0-9a-f]{24}-1", found) for found in ids)


async def test_events_touch_only_those_who_match(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [await scenes.an_entry(house.store, house.importer, f"S-{number}") for number in range(4)]
    taken: list[tuple[str, ...] | None] = []
    take = groups.Group.take
    monkeypatch.setattr(
        groups.Group, "take", lambda self, row: (taken.append(self.interest.subjects), take(self, row))[1]
    )
    async with contextlib.AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(house.following(house.importer, entries=[one])) for one in entries]
        await house.tell(entries[2], S.SUBMITTED)
        assert changed(await sockets[2].receive())["entry"]["id"] == entries[2]
        assert await sockets[1].silent(0.1)

    assert taken == [(entries[2],)]


@pytest.mark.parametrize("portable", [False, True])
async def test_a_subscriber_far_behind_is_caught_up_without_gap_or_duplicate(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a ring and more than a page behind, while new events come."""
    monkeypatch.setattr(groups, "_PAGE", 7)
    house.broadcast._bounds = groups.Bounds(ring_events=5)
    entry = await scenes.an_entry(house.store, house.importer)
    for status in (S.SUBMITTED, S.ACCEPTED):
        await house.tell(entry, status)
    for number in range(40):
        await house.tell(entry, WALK[number % 2], str(number))
    async with house.following(house.importer, entries=[entry], after="earliest") as early:

        async def write() -> None:
            for number in range(40, 70):
                await house.tell(entry, WALK[number % 2], str(number))

        writing = asyncio.create_task(write())
        found = [changed(await early.receive()) for _ in range(3 + 70)]
        await writing
        assert await early.silent(0.1)

    assert [one["code"] for one in found[3:]] == [str(number) for number in range(70)]
    positions = [scenes.place_of(one["cursor"]) for one in found]
    assert positions == sorted(set(positions))


async def test_a_group_of_one_keeps_a_few_frames_and_no_ring(house: House) -> None:
    """Thousands of groups of one may not hold a thousand frames each; who falls behind is caught up from the log."""
    entry = await scenes.an_entry(house.store, house.importer)
    for status in (S.SUBMITTED, S.ACCEPTED):
        await house.tell(entry, status)
    async with house.following(house.importer, entries=[entry]) as alone:
        for number in range(30):
            await house.tell(entry, WALK[number % 2], str(number))
        assert [changed(await alone.receive())["code"] for _ in range(30)] == [str(number) for number in range(30)]
        (group,) = house.broadcast._groups.values()
        assert len(group._ring) < 8


async def test_a_group_of_one_catches_up_with_a_log_that_grows_faster_than_it_reads_a_page(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = groups.Member._page

    async def slow(member: groups.Member, room: asyncio.Event) -> None:
        await page(member, room)
        await asyncio.sleep(0.1)

    monkeypatch.setattr(groups.Member, "_page", slow)
    entry = await scenes.an_entry(house.store, house.importer)
    for status in (S.SUBMITTED, S.ACCEPTED):
        await house.tell(entry, status)
    written, live = 0, asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not live.is_set():
            await house.tell(entry, WALK[written % 2], str(written))
            written += 1

    writing = asyncio.create_task(write())
    async with house.following(house.importer, entries=[entry], after="earliest") as early:
        await until(lambda: any(one.live for group in house.broadcast._groups.values() for one in group.members))
        live.set()
        await writing
        found = [changed(await early.receive())["code"] for _ in range(3 + written)]

    assert found[3:] == [str(number) for number in range(written)]
    assert written < 300


async def test_a_subscription_is_told_where_retention_has_overtaken_the_gateway(house: House) -> None:
    """The gateway was stopped, or away from its database, for longer than events are kept."""
    async with house.following(house.importer, EVENTS) as one:
        async with house.store.unit(house.importer) as unit:
            for subject in ("gone", "kept"):
                await unit.event("entry.held", house.importer.organisation_id, subject, unit.now, {})
            (row,) = await unit.find_all(EventLog, subject_id="gone")
            await unit.session.delete(row)
        told = await one.receive()
        follow = {"after": told["payload"][0]["extensions"]["earliest"]}
        await one.subscribe("2", EVENTS, variables=follow)
        resumed = await one.receive()

    assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")
    assert resumed["payload"]["data"]["events"]["type"] == "ENTRY_HELD"


async def test_a_subscription_is_told_where_the_database_is_an_older_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restored from a backup under a running gateway: what was sent last is no more."""
    monkeypatch.setattr(broadcast, "_LOOK_AGAIN_SECONDS", 0.1)
    async with house.following(house.importer, EVENTS) as one:
        for subject in ("a", "b"):
            async with house.store.unit(house.importer) as unit:
                await unit.event("entry.held", house.importer.organisation_id, subject, unit.now, {})
            await one.receive()
        async with house.store.unit(house.importer) as unit:
            (row,) = await unit.find_all(EventLog, subject_id="b")
            await unit.session.delete(row)
        told = await one.receive()

    assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")


@pytest.mark.parametrize("looks", [0.1, 60.0])
async def test_a_subscription_is_told_where_a_standby_has_other_events(
    house: House, monkeypatch: pytest.MonkeyPatch, looks: float
) -> None:
    """It was behind when it took over, and has caught up in length before anybody looked."""
    monkeypatch.setattr(broadcast, "_LOOK_AGAIN_SECONDS", looks)
    async with house.following(house.importer, EVENTS) as one:
        async with house.store.unit(house.importer) as unit:
            await unit.event("entry.held", house.importer.organisation_id, "a", unit.now, {})
        seen = (await one.receive())["payload"]["data"]["events"]["cursor"]
        async with house.store.unit(house.importer) as unit:
            (row,) = await unit.find_all(EventLog, subject_id="a")
            row.id = "evt_another"
            await unit.event("entry.held", house.importer.organisation_id, "b", unit.now, {})
        told = await one.receive()
        await one.subscribe("2", EVENTS, variables={"after": seen})
        refused = await one.receive()

    for answer in (told, refused):
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "CURSOR_EXPIRED")


@pytest.mark.parametrize("portable", [False, True])
async def test_a_reader_that_stalls_is_told_it_lags_and_where_to_resume(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "_SWEEP_SECONDS", 0.05)
    house.broadcast._bounds = groups.Bounds(ring_events=4, lag_seconds=0.3)
    entry = await scenes.an_entry(house.store, house.importer)
    async with contextlib.AsyncExitStack() as stack:
        opened = await stack.enter_async_context(socket(house.running, init=False, max_queue=1))
        await opened.init(house.token(house.importer))
        long = " ".join(f"a{number}: narrative" for number in range(30))
        query = f"subscription {{ entryStatusChanged {{ cursor code {long} }} }}"
        await opened.subscribe("1", query)
        await until(lambda: house.subscribed == 1)
        for status in (S.SUBMITTED, S.ACCEPTED):
            await house.tell(entry, status)
        written = 0
        while house.subscribed and written < 400:
            outcome = await scenes.told(
                house.store, house.importer, entry, WALK[written % 2], code=str(written), narrative="x" * 3_000
            )
            scenes.accepted(outcome)
            written += 1
        await until(lambda: house.subscribed == 0)
        last, messages = None, []
        while last is None or last["type"] == "next":
            last = await opened.receive()
            messages.append(last)

    cursors_seen = [changed(message)["cursor"] for message in messages[:-1]]
    codes = [changed(message)["code"] for message in messages[2:-1]]
    [error] = last["payload"]
    assert last["type"] == "error"
    assert error["extensions"]["code"] == "LAGGED"
    assert error["extensions"]["cursor"] == cursors_seen[-1]
    assert codes == [str(number) for number in range(len(codes))]


async def test_the_last_subscriber_closes_the_group(house: House) -> None:
    async with house.following(house.importer) as one, house.following(house.importer):
        await one.send({"type": "complete", "id": "1"})
        await until(lambda: house.subscribed == 1)
        assert house.broadcast.groups == 1
    await until(lambda: house.broadcast.groups == 0)
    assert house.broadcast._index == {}
    assert house.broadcast._organisations == {}


async def test_a_restart_names_the_cursor_to_resume_after(house: House) -> None:
    entry = await scenes.an_entry(house.store, house.importer)
    async with house.following(house.importer) as one:
        await house.tell(entry, S.SUBMITTED)
        last = changed(await one.receive())["cursor"]
        await until(lambda: all(group.settled for group in house.broadcast._groups.values()))
        house.running.server.should_exit = True
        code, reason = await one.closed()

    assert code == 1012
    assert reason == f"The gateway restarts; resume after {last}"


async def test_a_client_has_so_many_sockets_and_no_more(make_house: Callable[..., Any]) -> None:
    async with make_house(socket_client_limit=2) as house, contextlib.AsyncExitStack() as stack:
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {house.token(house.importer)}"}}
        other = house.token(house.importer, subject="someone else")
        opened = [await stack.enter_async_context(socket(house.running, init=False)) for _ in range(4)]
        for one in opened[:2]:
            await one.send(init)
            assert (await one.receive())["type"] == "connection_ack"
        await opened[2].send(init)
        refused = await opened[2].closed()
        await opened[3].init(other)
        await opened[0].connection.close()
        again = await stack.enter_async_context(socket(house.running, init=False))
        await again.send(init)
        assert (await again.receive())["type"] == "connection_ack"

    assert refused == (1013, "This client has as many sockets open as it may")


async def test_a_revoked_token_ends_its_sockets_at_once(house: House) -> None:
    async with house.following(house.importer) as one, house.following(house.partner) as other:
        gone = house.running.application.state.clients.revoke(
            lambda principal: principal.organisation_id == house.importer.organisation_id
        )
        assert await one.closed() == (4403, "The token was revoked")
        assert await other.silent(0.1)

    assert gone == 1


async def test_the_watch_asks_who_was_revoked(house: House) -> None:
    clients = house.running.application.state.clients

    async def revoked(principals: Any) -> Any:
        return [one for one in principals if one.organisation_id == house.partner.organisation_id]

    async with house.following(house.importer) as one, house.following(house.partner) as other:
        watching = asyncio.create_task(clients.watch(revoked, 0.02))
        assert await other.closed() == (4403, "The token was revoked")
        assert await one.silent(0.1)
        watching.cancel()


def test_raw_frames_are_the_default_of_serve() -> None:
    view = WebSettings()
    assert server_config("app:app", "127.0.0.1", 0, view).ws == RAW_SOCKETS
    assert server_config("app:app", "127.0.0.1", 0, view, portable=True).ws == "websockets-sansio"


@pytest.mark.parametrize("portable", [False, True])
async def test_a_large_frame_arrives_whole(house: House) -> None:
    """Longer than 65,535 bytes, past both shorter forms of the length."""
    entry = await scenes.an_entry(house.store, house.importer)
    many = " ".join(f"a{number}: narrative" for number in range(28))
    async with house.following(house.importer, f"subscription {{ entryStatusChanged {{ code {many} }} }}") as one:
        for size, status in ((1, S.SUBMITTED), (100, S.ACCEPTED), (3_000, S.HELD)):
            outcome = await scenes.told(house.store, house.importer, entry, status, narrative="é" * size)
            scenes.accepted(outcome)
            message = await one.receive()
            assert changed(message)["a27"] == "é" * size
            assert size < 3_000 or len(json.dumps(message)) > 65_536
