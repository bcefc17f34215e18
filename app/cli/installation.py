"""What a command works on: the settings, the clock and the store of this installation, opened and closed here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from app.clock import system_clock
from app.errors import Refused, TidegateError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.session import Store

Answer = TypeVar("Answer")


class Unreachable(Refused):
    """The database does not answer; it may in a moment."""


def load(**given: Any) -> "Settings":
    """The settings, what the command line gives first; the state folder exists afterwards, for its owner only."""
    from app.settings import load_settings

    settings = load_settings(**given)
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise Refused(f"the state folder {settings.state_dir} cannot be made: {fault.strerror}") from fault
    return settings


def with_store(
    work: "Callable[[Store], Coroutine[Any, Any, Answer]]", settings: "Settings", *, at_head: bool = True
) -> Answer:
    """Runs `work` on the open store. Refused where the database cannot be reached or, with `at_head`, is not up to
    date."""

    async def run() -> Answer:
        async with open_store(settings, at_head=at_head) as store:
            return await work(store)

    return asyncio.run(run())


@asynccontextmanager
async def open_store(settings: "Settings", *, at_head: bool = True) -> "AsyncIterator[Store]":
    """The store of these settings, closed afterwards; see `with_store`."""
    from app.store.migrations import pending
    from app.store.session import Store

    store = Store.open(settings.store_url, system_clock)
    try:
        missing = await _reached(pending(store))
        if at_head and missing:
            raise Refused("the database is not up to date: run `tidegate db upgrade`")
        yield store
    finally:
        await store.close()


async def _reached(asked: Coroutine[Any, Any, list[str]]) -> list[str]:
    """The driver's own exceptions differ by database and belong to the store; here each means the same."""
    from app.settings import hide_password

    try:
        return await asked
    except TidegateError:
        raise
    except Exception as fault:
        first_line = hide_password(str(fault).partition("\n")[0]) or type(fault).__name__
        raise Unreachable(f"the database cannot be reached: {first_line}") from fault
