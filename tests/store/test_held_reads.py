"""What the lane reads on SQLite within one turn of the loop sees one state, and the next turn the newest."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from app.store.pool import SqliteReader, Unanswerable

COUNT = [("SELECT count(*) FROM item", ())]


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = str(tmp_path / "held.sqlite3")
    with sqlite3.connect(found) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE item (id INTEGER PRIMARY KEY)")
    made.close()
    return found


def add(path: str) -> None:
    made = sqlite3.connect(path)
    with made:
        made.execute("INSERT INTO item DEFAULT VALUES")
    made.close()


def count(reader: SqliteReader) -> int:
    found: int = reader.now(COUNT)[0][0][0]
    return found


async def test_a_turn_sees_one_state_and_the_next_the_newest(path: str) -> None:
    reader = SqliteReader(path)
    assert count(reader) == 0
    add(path)
    assert count(reader) == 0
    assert [rows[0][0] for rows in reader.now([*COUNT, *COUNT])] == [0, 0]

    await asyncio.sleep(0)

    assert count(reader) == 1
    await reader.close()


async def test_a_statement_that_fails_leaves_the_turn_as_it_was(path: str) -> None:
    reader = SqliteReader(path)
    with pytest.raises(Unanswerable):
        reader.now([("SELECT nothing FROM item", ())])
    add(path)
    await asyncio.sleep(0)
    assert count(reader) == 1
    await reader.close()


async def test_a_reader_that_is_closed_within_a_turn_opens_again(path: str) -> None:
    reader = SqliteReader(path)
    assert count(reader) == 0
    await reader.close()
    add(path)
    assert count(reader) == 1
    await asyncio.sleep(0)
    add(path)
    assert count(reader) == 2
    await reader.close()


def test_what_a_closed_loop_held_is_let_go(path: str) -> None:
    reader = SqliteReader(path)

    async def asked() -> int:
        return count(reader)

    assert asyncio.run(asked()) == 0
    add(path)
    assert asyncio.run(asked()) == 1
    asyncio.run(reader.close())
