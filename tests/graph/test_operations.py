"""The saved operations: each is valid, described, and answers over the sample data as its reader would expect."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.engine.executor import Engine, EngineSettings
from app.engine.operation import Operation, Response
from app.events.bus import Bus
from app.events.feed import Feed
from app.principal import SCOPES, Principal
from app.services.quotes import Desk
from app.services.sample.seed import seed
from app.store.session import Store
from app.tariff.measure_file import packaged_book
from app.web.operations import SavedOperation, load_saved_operations
from tests.conftest import SetClock
from tests.graph.conftest import SCHEMA

SAVED = load_saved_operations()
NAMES = [one.name for one in SAVED]


@pytest.fixture(scope="session")
def sample_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample data, seeded once."""
    path = tmp_path_factory.mktemp("sample") / "sample.sqlite3"
    shutil.copy(sqlite_template, path)

    async def fill() -> None:
        store = Store.open(f"sqlite+aiosqlite:///{path}", SetClock())
        await seed(store, store.clock)
        await store.close()

    asyncio.run(fill())
    return path


@pytest.fixture
async def sample(sample_file: Path, tmp_path: Path) -> AsyncIterator[tuple[Engine, Principal]]:
    """An engine over a copy of the sample, and its importer with every scope."""
    path = tmp_path / "copy.sqlite3"
    shutil.copy(sample_file, path)
    store = Store.open(f"sqlite+aiosqlite:///{path}", SetClock())
    seeded = await seed(store, store.clock)
    engine = Engine(SCHEMA, store, Feed(store, Bus(store)), Desk(store, packaged_book()), store.clock, EngineSettings())
    yield engine, Principal("tests", seeded.importer_id, frozenset(SCOPES))
    await store.close()


def test_there_are_at_least_eight_and_each_says_what_it_is_for() -> None:
    assert len(SAVED) >= 8
    assert [one.name for one in SAVED if not one.description or not one.title] == []


@pytest.mark.parametrize("saved", [one for one in SAVED if one.kind != "subscription"], ids=lambda one: one.name)
async def test_a_saved_operation_answers_without_an_error(
    sample: tuple[Engine, Principal], saved: SavedOperation
) -> None:
    engine, caller = sample

    response = await engine.execute(Operation(saved.document, saved.variables, None, caller, "r"))

    assert response.status == 200
    assert list(response.errors) == []
    assert response.data is not None
    for name, value in response.data.items():
        assert value is not None, name
        assert "nodes" not in value or value["nodes"], f"{name} of {saved.name} shows nothing over the sample"
        assert not value.get("userErrors") if isinstance(value, dict) else True


@pytest.mark.parametrize("saved", [one for one in SAVED if one.kind == "subscription"], ids=lambda one: one.name)
async def test_a_saved_subscription_shows_the_first_event_of_the_log(
    sample: tuple[Engine, Principal], saved: SavedOperation
) -> None:
    engine, caller = sample
    variables: dict[str, Any] = {**saved.variables, "after": "earliest"}

    stream = await engine.subscribe(Operation(saved.document, variables, None, caller, "r"))
    assert not isinstance(stream, Response)
    first = await asyncio.wait_for(anext(stream), 5)
    await stream.aclose()  # type: ignore[attr-defined]

    assert list(first.errors) == []
    assert first.data is not None
    assert all(event["cursor"] for event in first.data.values())


def test_no_two_operations_have_the_same_name() -> None:
    assert len(set(NAMES)) == len(NAMES)
