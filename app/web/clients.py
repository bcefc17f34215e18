"""Whose streams are open: a cap for each client, and the end of those whose right to them was taken away."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from app.principal import Principal
from app.telemetry import logger
from app.web.drain import Drainable
from app.web.messages import FORBIDDEN

log = logger("tidegate.sockets")

Revoked = Callable[[Collection[Principal]], Awaitable[Collection[Principal]]]
"""Of these callers, those whose tokens no longer count."""


class Clients:
    """One per process. A client is a subject of an organisation."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[tuple[str, str], dict[Drainable, Principal]] = {}

    def __len__(self) -> int:
        """How many clients have something open."""
        return len(self._open)

    def admit(self, principal: Principal, stream: Drainable) -> bool:
        """Counts a stream in; False where the client has as many as it may."""
        mine = self._open.setdefault((principal.organisation_id, principal.subject), {})
        if len(mine) >= self._limit:
            return False
        mine[stream] = principal
        return True

    def release(self, principal: Principal, stream: Drainable) -> None:
        """The stream is over."""
        client = (principal.organisation_id, principal.subject)
        mine = self._open.get(client, {})
        mine.pop(stream, None)
        if not mine:
            self._open.pop(client, None)

    def revoke(self, gone: Callable[[Principal], bool]) -> int:
        """Ends every stream of the principals this is true of; returns how many."""
        streams = [stream for mine in self._open.values() for stream, principal in mine.items() if gone(principal)]
        for stream in streams:
            stream.end(FORBIDDEN, "The token was revoked")
        return len(streams)

    async def watch(self, revoked: Revoked, seconds: float) -> None:
        """Asks now and then who was revoked, and ends their streams, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            principals = {principal for mine in self._open.values() for principal in mine.values()}
            if not principals:
                continue
            try:
                gone = set(await revoked(principals))
            except Exception as fault:  # the database is away: nobody is ended for that
                log.warning("revocation.not_asked", error=type(fault).__name__)
                continue
            if gone:
                log.info("revocation.ended", streams=self.revoke(gone.__contains__))
