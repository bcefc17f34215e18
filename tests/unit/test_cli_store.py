"""Commands on a real database: bringing it up to date, organisations, tokens, and refusals that help."""

import json
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.cli.token import parse_duration
from app.security import open_tokens
from app.settings import Settings


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def upgraded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "upgrade"]) == 0
    capsys.readouterr()


class Printed:
    """What a command line printed, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        self.code = main(words)
        self.out, self.err = capsys.readouterr()


def test_the_first_upgrade_makes_everything_and_the_next_changes_nothing(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Printed(capsys, "db", "upgrade", "--json")
    assert (first.code, first.err) == (0, "")
    assert len(json.loads(first.out)["upgraded"]) >= 1
    assert (state / "tidegate.sqlite3").exists()
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    again = Printed(capsys, "db", "upgrade")
    assert (again.code, again.out) == (0, "already up to date\n")
    check = Printed(capsys, "db", "check")
    assert (check.code, check.out) == (0, "up to date\n")


def test_a_departure_from_the_program_is_named(state: Path, upgraded: None, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(state / "tidegate.sqlite3") as connection:
        connection.execute("drop index ix_product_created")
    connection.close()
    check = Printed(capsys, "db", "check", "--json")
    assert check.code == 1
    answer = json.loads(check.out)
    assert answer["upToDate"] is False
    assert "ix_product_created" in str(answer["differences"])


def test_a_command_on_an_empty_database_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("organisation", "list"), ("token", "--organisation", "demo", "--scopes", "entries:read")):
        refused = Printed(capsys, *words)
        assert (refused.code, refused.out) == (1, "")
        assert refused.err == "tidegate: the database is not up to date: run `tidegate db upgrade`\n"


def test_a_database_that_does_not_answer_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgresql+asyncpg://user:hunter2@127.0.0.1:9/tidegate")
    refused = Printed(capsys, "db", "upgrade")
    assert refused.code == 1
    assert refused.err.startswith("tidegate: the database cannot be reached: ")
    assert "hunter2" not in refused.err


def test_a_state_folder_that_cannot_be_made_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "file" / "state"))
    refused = Printed(capsys, "db", "upgrade")
    assert refused.code == 1
    assert "cannot be made: Not a directory" in refused.err


def test_an_organisation_is_created_once_and_then_found(upgraded: None, capsys: pytest.CaptureFixture[str]) -> None:
    made = Printed(capsys, "organisation", "create", "Harbor Foods", "--json")
    assert made.code == 0
    facts = json.loads(made.out)
    assert facts == {"organisationId": facts["organisationId"], "created": True, "linked": []}
    assert facts["organisationId"].startswith("org_")
    again = Printed(capsys, "organisation", "create", "Harbor Foods")
    assert (again.code, again.out) == (0, f"exists already: Harbor Foods ({facts['organisationId']})\n")
    listed = Printed(capsys, "organisation", "list", "--json")
    assert json.loads(listed.out) == [
        {"id": facts["organisationId"], "name": "Harbor Foods", "kind": "IMPORTER", "parties": []}
    ]


def test_an_organisation_of_another_kind_is_refused(upgraded: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert Printed(capsys, "organisation", "create", "Harbor Foods", "--kind", "partner").code == 0
    refused = Printed(capsys, "organisation", "create", "Harbor Foods", "--kind", "broker")
    message = "there is an organisation Harbor Foods already, and it is a partner, not a broker"
    assert (refused.code, refused.out, refused.err) == (1, "", f"tidegate: {message}\n")
    assert Printed(capsys, "organisation", "create", "Harbor Foods").code == 0


def test_the_list_shows_which_parties_an_organisation_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert Printed(capsys, "demo", "--seed-only").code == 0
    listed = json.loads(Printed(capsys, "organisation", "list", "--json").out)
    parties = {row["name"]: [(party["name"], party["recordedBy"]) for party in row["parties"]] for row in listed}
    assert parties["Harbor Light Brokerage"] == [("Harbor Light Brokerage", "demo")]
    shown = Printed(capsys, "organisation", "list").out
    assert f"Harbor Light Brokerage of demo ({listed[0]['parties'][0]['id']})" in shown


def test_the_kind_of_an_organisation_is_one_of_three(upgraded: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert Printed(capsys, "organisation", "create", "Carrier", "--kind", "Partner").code == 0
    assert Printed(capsys, "organisation", "create", "Other", "--kind", "carrier").code == 2
    listed = Printed(capsys, "organisation", "list")
    assert [line.split()[:2] for line in listed.out.splitlines()] == [["name", "kind"], ["Carrier", "partner"]]


def test_a_link_to_an_unknown_party_is_refused_and_nothing_is_created(
    upgraded: None, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Printed(capsys, "organisation", "create", "Carrier", "--kind", "partner", "--party", "pty_01")
    assert refused.code == 1
    assert "pty_01" in refused.err
    assert json.loads(Printed(capsys, "organisation", "list", "--json").out) == []


def test_a_token_is_printed_alone_and_is_accepted(
    state: Path, upgraded: None, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads(Printed(capsys, "organisation", "create", "demo", "--json").out)
    words = (
        "token",
        "--organisation",
        "demo",
        "--scopes",
        "entries:read events:read",
        "--subject",
        "ada",
        "--ttl",
        "2h",
    )
    minted = Printed(capsys, *words)
    assert (minted.code, minted.err) == (0, "")
    assert minted.out.count("\n") == 1
    now = datetime.now(UTC)
    principal = open_tokens(Settings(state_dir=state)).verify(minted.out.strip(), now)
    assert (principal.subject, principal.organisation_id) == ("ada", made["organisationId"])
    assert principal.scopes == {"entries:read", "events:read"}
    assert principal.expires_at is not None
    assert abs(principal.expires_at - now - timedelta(hours=2)) < timedelta(seconds=20)


def test_an_unknown_scope_is_a_usage_fault_before_anything_is_opened(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = Printed(capsys, "token", "--organisation", "demo", "--scopes", "entries:read entries:reed")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "tidegate: unknown scope entries:reed; did you mean entries:read?\n"
    assert not state.exists()


def test_a_token_for_an_unknown_organisation_is_refused(upgraded: None, capsys: pytest.CaptureFixture[str]) -> None:
    refused = Printed(capsys, "token", "--organisation", "nobody", "--scopes", "entries:read")
    assert (refused.code, refused.out) == (1, "")
    assert "there is no organisation 'nobody'" in refused.err


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1h", 3600), ("30d", 2_592_000), (" 1h ", 3600)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1w", "-1h", "1.5h", "١h", "1h30m", "9999999999d"])
def test_what_is_no_duration_is_a_usage_fault(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert Printed(capsys, "token", "--organisation", "x", "--scopes", "", f"--ttl={text}").code == 2


@pytest.mark.parametrize("text", ["0s", "999999999d", "367d"])
def test_a_lifetime_out_of_bounds_is_a_usage_fault(
    upgraded: None, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    Printed(capsys, "organisation", "create", "demo")
    assert Printed(capsys, "token", "--organisation", "demo", "--scopes", "", "--ttl", text).code == 2
