"""What this corridor asks of the rooms behind it: an engine that runs operations, an authenticator that says who
asks, and checks that say whether the process is ready."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from app.delivery.broadcast import Membership
from app.delivery.frame import Sink
from app.engine.documents import Asked
from app.engine.operation import Operation, Response
from app.errors import PersistedQueryNotSupported
from app.principal import Principal

ReadinessCheck = Callable[[], Awaitable[str | None]]
"""Returns None where all is well, else a short reason that may be shown to anyone; a Note where it passes anyway."""


class Note(str):
    """What a check has to tell that keeps no traffic away."""

    __slots__ = ()


class Engine(Protocol):
    """Runs GraphQL operations. Faults of the caller come back as responses, never as exceptions."""

    async def execute(self, operation: Operation) -> Response:
        """One query or mutation."""
        ...

    def root_fields(self, operation: Operation) -> int:
        """How many root fields it selects, fragments expanded; 0 for what cannot run."""
        ...

    async def subscribe(self, operation: Operation) -> Response | AsyncIterator[Response]:
        """Any operation sent on a socket: one response (a refusal, or a single result), or a stream of them."""
        ...

    def sdl(self, principal: Principal | None) -> str:
        """The schema as far as the caller's scopes reach; raises Unauthenticated or Forbidden."""
        ...


class Authenticator(Protocol):
    """Turns an Authorization header into a principal."""

    async def authenticate(self, authorization: str | None) -> Principal | None:
        """None where the header is absent; raises Unauthenticated where it cannot be accepted."""
        ...


class Documents(Protocol):
    """Knows the documents that clients name."""

    @property
    def open(self) -> bool:
        """Whether every client may run any text."""
        ...

    def now(self, asked: Asked, principal: Principal) -> str | None:
        """The document, where it is known without waiting that this client may run it."""
        ...

    async def text(self, asked: Asked, principal: Principal) -> str:
        """The document; raises where there is none or the client may not run it."""
        ...


class Sent:
    """The documents of a gateway that keeps none: each is what was sent."""

    open = True

    def now(self, asked: Asked, principal: Principal) -> str | None:
        """What was sent."""
        return asked.text if asked.id is None else None

    async def text(self, asked: Asked, principal: Principal) -> str:
        """What was sent; PersistedQueryNotSupported where that is an id alone."""
        asked.check()
        if asked.text is None:
            raise PersistedQueryNotSupported("PersistedQueryNotSupported")
        return asked.text


class Delivery(Protocol):
    """Starts operations that may stream."""

    async def join(
        self, operation: Operation, sink: Sink, resume: str | None = None
    ) -> Response | Membership | AsyncIterator[Response]:
        """One response, a membership whose frames come to the sink once it begins, or a stream of responses."""
        ...


class Unshared:
    """The delivery of an engine by itself: every subscription its own stream."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def join(
        self, operation: Operation, sink: Sink, resume: str | None = None
    ) -> Response | Membership | AsyncIterator[Response]:
        """As the engine has it; a cursor besides the document's own is not known here."""
        return await self._engine.subscribe(operation)
