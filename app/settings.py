"""What an operator may set, each with a default and a reason: `TIDEGATE_*` in the environment, then `.env`, then
`/run/secrets/*`. Knows names, types and where a value came from; opens nothing."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import Refused

PREFIX = "TIDEGATE_"
ENV_FILE = Path(".env")
SECRETS_DIR = Path("/run/secrets")
DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")

_USER_INFO = re.compile(r"(?<=://)(?:([^/@:\s]*):)?\S*@")
_PASSWORD_PARAMETER = re.compile(r"(?i)(?<=[?&])(\w*password)=[^&\s]*")


class ScopeMode(StrEnum):
    """What a missing scope does: nulls the field (filter) or refuses the whole operation (reject)."""

    FILTER = "filter"
    REJECT = "reject"


class DocumentMode(StrEnum):
    """Which documents a client may run: any (open), any and by hash once it registered one (apq), or those of loaded
    manifests alone (trusted)."""

    OPEN = "open"
    APQ = "apq"
    TRUSTED = "trusted"


class LogFormat(StrEnum):
    """One JSON object a line, or coloured text for a person."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe record that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_origin(value) for value in values)


def _origin(value: str) -> str:
    parts = urlsplit(value)
    bare = f"{parts.scheme}://{parts.netloc}".lower()
    if value == "*" or (parts.scheme in ("http", "https") and parts.hostname and value.rstrip("/").lower() == bare):
        return value if value == "*" else bare
    raise ValueError(f"{value[:80]!r} is not an origin such as https://app.example.com, without a path")


def secure_url(value: str) -> str:
    """The URL itself, where it is https, or http of this machine. ValueError for any other, or one with a user name
    or a fragment."""
    parts = urlsplit(value)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(value))
    if not secure or not parts.hostname or "@" in parts.netloc or parts.fragment or not value.isprintable():
        raise ValueError(f"{value[:80]!r} is not an https URL (http is for this machine alone)")
    return value


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine by name (localhost) or address."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _issuers(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        url = secure_url(value.partition("=")[0].strip())
        if urlsplit(url).query:
            raise ValueError(f"{url[:80]!r} is not an issuer: it has a query")
    return tuple("=".join(part.strip() for part in value.split("=", 1)) for value in values)


def _word_map(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        word, _, meaning = value.partition("=")
        if not word.strip() or not meaning.strip():
            raise ValueError(f"{value[:80]!r} is not of the form WORD=SCOPE SCOPE")
    return values


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


def _database(value: SecretStr) -> SecretStr:
    driver, found, rest = value.get_secret_value().partition("://")
    if not found or not rest or driver not in DRIVERS:
        raise ValueError("must be sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/NAME")
    return value


def _default_database(data: dict[str, Any]) -> SecretStr:
    return SecretStr(f"sqlite+aiosqlite:///{data['state_dir'] / 'tidegate.sqlite3'}" if "state_dir" in data else "")


Word = BeforeValidator(_lower)
Folder = Annotated[Path, AfterValidator(_absolute)]
SecureUrl = Annotated[str, AfterValidator(secure_url)]
IssuerList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated), AfterValidator(_issuers)]
WordMap = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated), AfterValidator(_word_map)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_separated), AfterValidator(_origins)]


class Settings(BaseSettings):
    """Frozen once made. `load_settings()` is how a process makes it; a test may construct it directly."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )
    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    state_dir: Folder = Field(Path(".tidegate"), description="Folder of keys, indexes and the embedded database")
    database_url: Annotated[SecretStr, AfterValidator(_database)] = Field(
        default_factory=_default_database,
        description="sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/NAME",
    )
    nats_url: SecretStr | None = Field(
        None, description="NATS server with JetStream, from which gateways on PostgreSQL take events instead of the log"
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address the gateway listens on")
    port: int = Field(8000, ge=0, le=65535, description="Port the gateway listens on; 0 takes any free one")
    allowed_origins: Origins = Field(
        (), description="Origins of browsers that may call and open sockets, comma separated; * is any"
    )

    issuer: str = Field("tidegate", min_length=1, description="`iss` of tokens that are made and accepted")
    audience: str = Field("tidegate", min_length=1, description="`aud` of tokens that are made and accepted")
    token_leeway_seconds: int = Field(30, ge=0, le=300, description="Clock difference that a token is forgiven")
    trusted_keys: Folder | None = Field(
        None, description="File or folder of more public keys (PEM, or JWKS as .json) whose tokens are accepted"
    )
    issuers: IssuerList = Field(
        (),
        description="Issuers beside our own, found by OpenID discovery, comma separated; "
        "URL=ORGANISATION lets one speak for that organisation alone",
    )
    jwks_url: SecureUrl | None = Field(None, description="Keys of the one issuer that has no OpenID discovery")
    organisation_claim: str = Field(
        "org", min_length=1, description="Claim of those issuers with an organisation's id or name; /a/b is a pointer"
    )
    scope_claim: str = Field(
        "scope", min_length=1, description="Claim of those issuers with scopes or roles; /a/b is a pointer"
    )
    scope_map: WordMap = Field(
        (), description="What their words mean, comma separated: analyst=tariff:read duty:quote,clerk=entries:read"
    )
    scope_mode: Annotated[ScopeMode, Word] = Field(
        ScopeMode.FILTER, description="A missing scope nulls the field (filter) or refuses the operation (reject)"
    )

    document_mode: Annotated[DocumentMode, Word] = Field(
        DocumentMode.APQ,
        description="Documents clients may run: open (any), apq (any, by hash once registered), trusted (of manifests)",
    )
    document_memory_bytes: int = Field(
        16_777_216, ge=65_536, le=1_073_741_824, description="Memory of a worker for registered documents"
    )
    stored_max_age_seconds: int = Field(
        0, ge=0, le=86_400, description="Time a client may reuse the answer to a stored query by GET without asking"
    )

    body_limit_bytes: int = Field(262_144, ge=1_024, le=8_388_608, description="Largest request body")
    max_tokens: int = Field(4_000, ge=10, description="Most lexical tokens in a document")
    max_depth: int = Field(12, ge=1, description="Deepest nesting of fields in an operation")
    max_aliases: int = Field(30, ge=0, description="Most aliases in an operation")
    max_root_fields: int = Field(20, ge=1, description="Most root fields in an operation")
    max_batch: int = Field(0, ge=0, le=100, description="Most operations in one body (a JSON array); 0 takes none")
    max_cost: int = Field(100_000, ge=1, description="Most that one operation may cost")
    cost_limit: int | None = Field(
        None, ge=1, description="Most cost that a client (a subject) has to spend in a worker; without it, any amount"
    )
    cost_restore_per_second: float = Field(
        1_000, gt=0, description="Cost that comes back to a client each second, up to cost_limit"
    )
    operation_timeout_seconds: float = Field(30, gt=0, le=3_600, description="Wall-clock time of a query or mutation")

    socket_init_timeout_seconds: float = Field(5, gt=0, le=60, description="Time to send connection_init; then 4408")
    socket_ping_seconds: float = Field(20, gt=0, le=300, description="Interval of pings on a socket")
    socket_operations: int = Field(100, ge=1, description="Most operations open on one socket")
    socket_limit: int = Field(20_000, ge=1, description="Most sockets open in one worker")
    socket_client_limit: int = Field(20_000, ge=1, description="Most sockets one client (a subject) has in one worker")
    drain_seconds: float = Field(10, ge=0, le=10, description="Time over which sockets are drained at shutdown")
    event_retention_days: int = Field(30, ge=1, le=3_650, description="Days for which the event log is kept")

    log_level: Annotated[LogLevel, Word] = Field(LogLevel.INFO, description="debug, info, warning or error")
    log_format: Annotated[LogFormat, Word] = Field(
        LogFormat.JSON, description="json: one object a line; console: for people"
    )

    @property
    def store_url(self) -> str:
        """The database's URL, password included: for opening it, never for printing."""
        return self.database_url.get_secret_value()

    @property
    def stream_url(self) -> str | None:
        """The NATS server's URL, password included, where there is one."""
        return None if self.nats_url is None else self.nats_url.get_secret_value()


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `tidegate settings`: secrets are hidden in `value`; `source` is default, env, .env, secret or
    given (by the command line)."""

    name: str
    value: str
    source: str
    description: str


def load_settings(*, env_file: Path = ENV_FILE, secrets_dir: Path = SECRETS_DIR, **given: Any) -> Settings:
    """Settings of this process; `given` (from the command line) comes first. Refused, naming every fault, where a
    value does not fit or a `TIDEGATE_*` name is unknown (with the nearest known one)."""
    names = _named(env_file, secrets_dir)
    _refuse_unknown(names)
    given = {name: value for name, value in given.items() if value is not None}
    sources: dict[str, Any] = {
        "_env_file": env_file if env_file.is_file() else None,
        "_secrets_dir": secrets_dir if secrets_dir.is_dir() else None,
    }
    try:
        settings = Settings(**sources, **given)
    except ValidationError as fault:
        raise Refused("; ".join(_fault_line(error) for error in fault.errors(include_input=False))) from None
    settings._sources = {
        **{name.lower().removeprefix(PREFIX.lower()): source for name, source in names.items()},
        **dict.fromkeys(given, "given"),
    }
    return settings


def describe(settings: Settings) -> list[SettingRow]:
    """One row per setting in declaration order; name as the environment spells it."""
    return [
        SettingRow(
            name=PREFIX + name.upper(),
            value=_printed(getattr(settings, name)),
            source=settings._sources.get(name, "given") if name in settings.model_fields_set else "default",
            description=field.description or "",
        )
        for name, field in type(settings).model_fields.items()
    ]


def hide_password(url: str) -> str:
    """The URL without its password, or its token where there is no user name."""
    masked = _USER_INFO.sub(lambda found: f"{found[1]}:***@" if found[1] else "***@", url)
    return _PASSWORD_PARAMETER.sub(r"\1=***", masked)


def _named(env_file: Path, secrets_dir: Path) -> dict[str, str]:
    """Every TIDEGATE_* name that is set to something, and where; the strongest source wins."""
    secrets = [path.name for path in secrets_dir.iterdir() if path.is_file()] if secrets_dir.is_dir() else []
    dotenv = dotenv_values(env_file) if env_file.is_file() else {}
    found = {
        **dict.fromkeys(secrets, "secret"),
        **{name: ".env" for name, value in dotenv.items() if value},
        **{name: "env" for name, value in os.environ.items() if value},
    }
    strongest = {name.upper(): source for name, source in found.items()}
    return {name: source for name, source in strongest.items() if name.startswith(PREFIX)}


def _refuse_unknown(names: Mapping[str, str]) -> None:
    known = [name.upper() for name in Settings.model_fields]
    faults = []
    for name, source in sorted(names.items()):
        word = name.removeprefix(PREFIX)
        if word not in known:
            near = difflib.get_close_matches(word, known, n=1, cutoff=0.4)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else "`tidegate settings` lists the known ones"
            faults.append(f"{name} ({source}) is not a setting; {hint}")
    if faults:
        raise Refused("; ".join(faults))


def _fault_line(error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    return f"{PREFIX}{name.upper()}: {error['msg'].removeprefix('Value error, ')}"


def _printed(value: object) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return hide_password(value.get_secret_value())
        case tuple():
            return ",".join(str(part) for part in value)
        case _:
            return str(value)
