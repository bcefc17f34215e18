"""What a resolver is given: the caller, the store, loaders that live as long as one answer, the feed, the clock."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import strawberry

from app.clock import Clock, today
from app.engine.ordinary.loaders import Loaders
from app.events.feed import Feed
from app.principal import Principal
from app.security.limits import Standing
from app.services.quotes import Desk
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """Whether the caller may read one field of a document; `path` is made of response keys."""

    path: tuple[str, ...]
    allowed: bool
    missing_scopes: tuple[str, ...]


@dataclass(slots=True)
class Context:
    """One operation's context, or one event's of a subscription."""

    principal: Principal
    store: Store
    feed: Feed
    clock: Clock
    request_id: str
    explain: Callable[[str, Principal], Sequence[FieldAccess]]
    desk: Desk
    standing: Callable[[Principal], Standing | None]
    running: "set[asyncio.Task[Any]]" = field(default_factory=set)
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.store, self.principal, self.running)

    def fresh(self) -> "Context":
        """The same context with empty loaders, so that the next event reads the rows as they are then."""
        return replace(self)

    def stop(self) -> None:
        """Cancels the batches that are being read, with their statements."""
        for task in self.running:
            task.cancel()

    def today(self) -> date:
        """The day that an absent `asOf` means, in UTC."""
        return today(self.clock)


Info = strawberry.Info[Context, None]
