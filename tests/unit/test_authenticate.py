"""The `Authorization` header: absent, malformed, good; what is remembered and for how long."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.errors import Unauthenticated
from app.ids import new_id
from app.principal import Principal
from app.security.authenticate import Authenticator
from app.security.keys import open_key_ring
from app.security.tokens import Tokens, Verified

START = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class Desk:
    """An authenticator with its surroundings: a clock to turn, organisations to remove, calls to count."""

    def __init__(self, tokens: Tokens, remembered: int = 100) -> None:
        self.now = START
        self.organisations = {new_id("Organisation")}
        self.asked: list[str] = []
        self.examined = 0
        self._tokens = tokens
        self.authenticator = Authenticator(
            CountingTokens(tokens, self), self._exists, lambda: self.now, remembered=remembered
        )

    async def _exists(self, organisation_id: str) -> bool:
        self.asked.append(organisation_id)
        return organisation_id in self.organisations

    def header(self, subject: str = "ada", lifetime: timedelta = timedelta(hours=1)) -> str:
        (organisation,) = self.organisations
        token = self._tokens.mint(
            subject=subject, organisation_id=organisation, scopes={"entries:read"}, lifetime=lifetime, now=self.now
        )
        return f"Bearer {token}"

    async def refusal(self, authorization: str) -> str:
        with pytest.raises(Unauthenticated) as refused:
            await self.authenticator.authenticate(authorization)
        return refused.value.message


class CountingTokens(Tokens):
    """The real tokens; `examine` is counted."""

    __slots__ = ("_desk",)

    def __init__(self, tokens: Tokens, desk: Desk) -> None:
        super().__init__(tokens.keys, tokens.issuer, tokens.audience, tokens.leeway)
        object.__setattr__(self, "_desk", desk)

    def examine(self, token: str, now: datetime) -> Verified:
        self._desk.examined += 1
        return super().examine(token, now)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder: Path = tmp_path_factory.mktemp("state") / "keys"
    return Tokens(open_key_ring(folder), "tidegate", "tidegate", timedelta(seconds=30))


@pytest.fixture
def desk(tokens: Tokens) -> Desk:
    return Desk(tokens)


async def test_without_a_header_there_is_no_principal(desk: Desk) -> None:
    assert await desk.authenticator.authenticate(None) is None
    assert desk.examined == 0


async def test_a_good_token_gives_its_principal(desk: Desk) -> None:
    (organisation,) = desk.organisations
    principal = await desk.authenticator.authenticate(desk.header())
    assert isinstance(principal, Principal)
    assert (principal.subject, principal.organisation_id) == ("ada", organisation)
    assert principal.scopes == {"entries:read"}
    assert principal.expires_at == START + timedelta(hours=1)


async def test_the_scheme_is_read_in_any_case(desk: Desk) -> None:
    token = desk.header().removeprefix("Bearer ")
    for scheme in ("bearer", "BEARER", "BeArEr"):
        assert await desk.authenticator.authenticate(f"{scheme}  {token} ") is not None


@pytest.mark.parametrize(
    "header",
    ["", " ", "Bearer", "Bearer ", "Basic YTpi", "Token x", "Bearer a b", "Bearer a,b", "Bearer é", "Bearer a\r\nX: y"],
)
async def test_a_malformed_header_is_refused_without_being_repeated(desk: Desk, header: str) -> None:
    assert await desk.refusal(header) == "the authorization header must be: Bearer TOKEN"
    assert desk.examined == 0


async def test_what_is_no_text_is_refused(desk: Desk) -> None:
    assert await desk.refusal({"token": "x"}) == "the authorization must be text: Bearer TOKEN"  # type: ignore[arg-type]


async def test_a_huge_header_is_refused_unread(desk: Desk) -> None:
    assert await desk.refusal("Bearer " + "a" * 1_000_000) == "the token is longer than 8192 bytes"
    assert desk.examined == 0


async def test_a_token_of_an_organisation_that_does_not_exist_is_refused(desk: Desk) -> None:
    header = desk.header()
    desk.organisations.clear()
    assert await desk.refusal(header) == "the token's organisation does not exist"
    assert await desk.refusal(header) == "the token's organisation does not exist"
    assert len(desk.asked) == 2


async def test_a_token_is_verified_once_and_then_remembered(desk: Desk) -> None:
    header = desk.header()
    first = await desk.authenticator.authenticate(header)
    desk.now += timedelta(seconds=29)
    assert await desk.authenticator.authenticate(header) is first
    assert (desk.examined, len(desk.asked)) == (1, 1)


async def test_after_thirty_seconds_the_organisation_is_asked_for_again(desk: Desk) -> None:
    header = desk.header()
    await desk.authenticator.authenticate(header)
    desk.organisations.clear()
    desk.now += timedelta(seconds=30)
    assert await desk.refusal(header) == "the token's organisation does not exist"


async def test_a_remembered_token_expires_on_time(desk: Desk) -> None:
    header = desk.header(lifetime=timedelta(seconds=5))
    desk.now += timedelta(seconds=30)
    assert await desk.authenticator.authenticate(header) is not None
    desk.now += timedelta(seconds=5)
    assert await desk.refusal(header) == "the token has expired"


async def test_a_clock_that_is_set_back_revives_no_remembered_token(desk: Desk) -> None:
    header = desk.header()
    await desk.authenticator.authenticate(header)
    desk.now -= timedelta(minutes=5)
    assert await desk.refusal(header) == "the token is not valid yet"


async def test_only_so_many_tokens_are_remembered_the_last_used_ones(tokens: Tokens) -> None:
    # given a memory of two, and a first token that is used again before a third comes
    desk = Desk(tokens, remembered=2)
    one, two, three = (desk.header(subject) for subject in ("one", "two", "three"))
    for header in (one, two, one, three):
        assert await desk.authenticator.authenticate(header) is not None
    assert desk.examined == 3
    # then the second was forgotten, the first was not
    await desk.authenticator.authenticate(one)
    assert desk.examined == 3
    await desk.authenticator.authenticate(two)
    assert desk.examined == 4


async def test_refused_tokens_take_no_room(desk: Desk) -> None:
    for number in range(50):
        await desk.refusal(f"Bearer a.b.{number}")
    assert not desk.authenticator._known


async def test_no_token_is_kept_as_text(desk: Desk) -> None:
    header = desk.header()
    await desk.authenticator.authenticate(header)
    token = header.removeprefix("Bearer ")
    assert token.encode() not in desk.authenticator._known
    assert token.rpartition(".")[2] not in repr(desk.authenticator._known)


async def test_those_who_ask_at_the_same_time_ask_once(desk: Desk) -> None:
    headers = [desk.header(subject) for subject in ("ada", "ada", "grace", "hopper")]
    found = await asyncio.gather(*(desk.authenticator.authenticate(header) for header in headers))

    assert [one.subject for one in found if one is not None] == ["ada", "ada", "grace", "hopper"]
    assert len(desk.asked) == 1
    await desk.authenticator.authenticate(desk.header("later"))
    assert len(desk.asked) == 2


async def test_a_look_up_that_hangs_holds_nobody_for_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.security.authenticate.ORGANISATION_SECONDS", 0.05)
    authenticator: Any = desk.authenticator
    answers = authenticator._organisation_exists

    async def hangs(_: str) -> bool:
        await asyncio.sleep(60)
        return False

    authenticator._organisation_exists = hangs
    first = asyncio.create_task(desk.authenticator.authenticate(desk.header()))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(TimeoutError):
        await desk.authenticator.authenticate(desk.header())
    authenticator._organisation_exists = answers
    assert await desk.authenticator.authenticate(desk.header()) is not None
