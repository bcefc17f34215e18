"""Settings: sources and their order, refusals that help, nothing secret in print."""

import os
from pathlib import Path

import pytest

from app.errors import Refused
from app.settings import PREFIX, LogFormat, LogLevel, ScopeMode, Settings, describe, hide_password, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def rows(settings: Settings) -> dict[str, tuple[str, str]]:
    return {row.name: (row.value, row.source) for row in describe(settings)}


def test_every_setting_has_a_default_a_description_and_a_row() -> None:
    described = describe(load_settings())
    assert [row.name for row in described] == [PREFIX + name.upper() for name in Settings.model_fields]
    assert all(len(row.description) > 10 for row in described)
    assert {row.source for row in described} == {"default"}


def test_defaults_are_those_of_the_conventions(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.state_dir == tmp_path / ".tidegate"
    assert settings.store_url == f"sqlite+aiosqlite:///{tmp_path}/.tidegate/tidegate.sqlite3"
    assert (settings.host, settings.port, settings.allowed_origins) == ("127.0.0.1", 8000, ())
    assert settings.scope_mode is ScopeMode.FILTER
    assert settings.body_limit_bytes == 262_144
    assert (settings.max_tokens, settings.max_depth, settings.max_aliases, settings.max_root_fields) == (
        4000,
        12,
        30,
        20,
    )
    assert settings.operation_timeout_seconds == 30
    assert (settings.socket_init_timeout_seconds, settings.socket_ping_seconds) == (5, 20)
    assert (settings.socket_operations, settings.socket_limit, settings.drain_seconds) == (100, 20_000, 10)
    assert (settings.log_level, settings.log_format) == (LogLevel.INFO, LogFormat.JSON)
    assert settings.nats_url is None


def test_the_database_stands_in_the_state_folder_that_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_STATE_DIR", "/srv/tidegate")
    assert load_settings().store_url == "sqlite+aiosqlite:////srv/tidegate/tidegate.sqlite3"


def test_the_command_line_beats_the_environment_beats_dotenv_beats_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given four sources that overlap
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("host", "port", "issuer", "audience"):
        (secrets / f"tidegate_{name}").write_text("1\n")
    (tmp_path / ".env").write_text("TIDEGATE_HOST=2\nTIDEGATE_PORT=2\nTIDEGATE_ISSUER=2\nOTHER_PROGRAM=kept out\n")
    monkeypatch.setenv("TIDEGATE_HOST", "3")
    monkeypatch.setenv("TIDEGATE_PORT", "3")
    # when
    settings = load_settings(secrets_dir=secrets, port=4, log_level=None)
    # then the strongest speaks for each name, and says so
    printed = rows(settings)
    assert printed["TIDEGATE_AUDIENCE"] == ("1", "secret")
    assert printed["TIDEGATE_ISSUER"] == ("2", ".env")
    assert printed["TIDEGATE_HOST"] == ("3", "env")
    assert printed["TIDEGATE_PORT"] == ("4", "given")
    assert printed["TIDEGATE_LOG_LEVEL"] == ("info", "default")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("TIDEGATE_PROT", "did you mean TIDEGATE_PORT?"),
        ("TIDEGATE_DATABASE", "did you mean TIDEGATE_DATABASE_URL?"),
        ("TIDEGATE_ALLOWED_ORIGIN", "did you mean TIDEGATE_ALLOWED_ORIGINS?"),
        ("TIDEGATE_QQQ", "`tidegate settings` lists the known ones"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(
    monkeypatch: pytest.MonkeyPatch, name: str, nearest: str
) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(Refused) as refusal:
        load_settings()
    assert refusal.value.message == f"{name} (env) is not a setting; {nearest}"


def test_an_unknown_name_is_refused_in_dotenv_and_among_the_secrets_too(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "tidegate_nats").write_text("nats://token@nats")
    (secrets / "of_another_program").write_text("x")
    (tmp_path / ".env").write_text("tidegate_hots=x\n")
    with pytest.raises(Refused) as refusal:
        load_settings(secrets_dir=secrets)
    assert refusal.value.message == (
        "TIDEGATE_HOTS (.env) is not a setting; did you mean TIDEGATE_HOST?; "
        "TIDEGATE_NATS (secret) is not a setting; did you mean TIDEGATE_NATS_URL?"
    )


def test_every_fault_is_named_at_once_and_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", "postgres://user:hunter2@db/tidegate")
    monkeypatch.setenv("TIDEGATE_PORT", "70000")
    monkeypatch.setenv("TIDEGATE_SCOPE_MODE", "open")
    with pytest.raises(Refused) as refusal:
        load_settings()
    message = refusal.value.message
    assert "TIDEGATE_DATABASE_URL: must be sqlite+aiosqlite:///PATH or postgresql+asyncpg://" in message
    assert "TIDEGATE_PORT: Input should be less than or equal to 65535" in message
    assert "TIDEGATE_SCOPE_MODE: Input should be 'filter' or 'reject'" in message
    assert "hunter2" not in message
    assert refusal.value.__cause__ is None


def test_a_bad_state_folder_is_not_hidden_behind_the_database_that_would_stand_in_it() -> None:
    with pytest.raises(Refused, match="TIDEGATE_STATE_DIR"):
        load_settings(state_dir=7)


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_NATS_URL", "")
    monkeypatch.setenv("TIDEGATE_PORT", "")
    settings = load_settings()
    assert (settings.nats_url, settings.port) == (None, 8000)
    assert rows(settings)["TIDEGATE_PORT"] == ("8000", "default")


def test_words_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_LOG_LEVEL", " WARNING ")
    monkeypatch.setenv("TIDEGATE_SCOPE_MODE", "Reject")
    settings = load_settings()
    assert (settings.log_level, settings.scope_mode) == (LogLevel.WARNING, ScopeMode.REJECT)


def test_origins_are_a_comma_separated_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_ALLOWED_ORIGINS", "https://App.example.com/, http://localhost:5173,,*")
    settings = load_settings()
    assert settings.allowed_origins == ("https://app.example.com", "http://localhost:5173", "*")
    assert rows(settings)["TIDEGATE_ALLOWED_ORIGINS"][0] == "https://app.example.com,http://localhost:5173,*"


@pytest.mark.parametrize("origin", ["app.example.com", "https://a.example/path", "file:///tmp", "https://", "null"])
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("TIDEGATE_ALLOWED_ORIGINS", origin)
    with pytest.raises(Refused, match="is not an origin such as"):
        load_settings()


def test_settings_cannot_be_changed_and_do_not_print_their_secrets() -> None:
    settings = Settings(database_url="postgresql+asyncpg://user:hunter2@db/tidegate", nats_url="nats://s3cr3t@nats")
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1
    printed = f"{settings!r} {settings} {describe(settings)}"
    assert "hunter2" not in printed
    assert "s3cr3t" not in printed
    assert settings.store_url == "postgresql+asyncpg://user:hunter2@db/tidegate"


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("postgresql+asyncpg://user:pa:ss/w@rd@db:5432/x", "postgresql+asyncpg://user:***@db:5432/x"),
        (
            "postgresql+asyncpg://db/x?user=u&password=pw&ssl=true",
            "postgresql+asyncpg://db/x?user=u&password=***&ssl=true",
        ),
        ("nats://token@nats:4222", "nats://***@nats:4222"),
        ("sqlite+aiosqlite:////srv/tidegate.sqlite3", "sqlite+aiosqlite:////srv/tidegate.sqlite3"),
    ],
)
def test_a_password_is_hidden_wherever_a_url_carries_it(url: str, printed: str) -> None:
    assert hide_password(url) == printed
