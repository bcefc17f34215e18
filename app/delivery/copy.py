"""The copy of the log in NATS as the gateway uses it: opened where a server is set, and what readiness tells of it.
The copying itself is `app.events.jetstream`'s."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from app.store.session import Store
from app.telemetry import logger

_log = logger(__name__)


class Copy(Protocol):
    """A copy of the log that has to be kept up; see `app.events.jetstream`."""

    @property
    def alive(self) -> bool:
        """Whether it brings events."""
        ...

    @property
    def lag(self) -> int:
        """How many events of the log it has not got."""
        ...

    def after(self, position: int, limit: int) -> Sequence[Any] | None:
        """Rows after a position; None where only the log can tell."""
        ...

    def seen(self, head: int) -> None:
        """Where the log has got to."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...


def open_copy(store: Store, nats_url: str | None, heard: Callable[[], None] | None = None) -> Copy | None:
    """The copy in NATS, where a server is set and the database is shared by several machines. `heard` is for processes
    that read it, see `JetStream`."""
    if nats_url is None:
        return None
    if store.dialect != "postgresql":
        _log.warning("stream.not_used", reason="SQLite serves one machine")
        return None
    from app.events.jetstream import JetStream

    return JetStream(store, nats_url, heard)


def copy_note(copy: Copy) -> str | None:
    """What readiness tells of a copy that brings nothing."""
    return None if copy.alive else "NATS brings no events: they are read from the database"
