"""What each client may spend: a bucket of cost that operations draw from and time fills again. It counts and refuses;
what an operation costs is for the engine to say. Its state lives in this process."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from app.principal import Principal

Client = tuple[str, str]
"""An organisation and a subject within it."""

_MOST_CLIENTS = 50_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What a client has now. `full_in` are the seconds until it has all again."""

    limit: int
    rate: float
    available: int
    full_in: float


def client_of(principal: Principal) -> Client:
    """Whose bucket a caller draws from."""
    return principal.organisation_id, principal.subject


class Buckets:
    """One bucket for each client that does not have everything; `limit` is the most it holds, `rate` what comes back
    each second. A bucket may run below zero, where an operation turned out to cost more than it was let in for."""

    def __init__(self, limit: int, rate: float, now: Callable[[], float] = monotonic) -> None:
        self.limit = limit
        self.rate = rate
        self._now = now
        self._held: OrderedDict[Client, tuple[float, float]] = OrderedDict()

    def take(self, client: Client, cost: int) -> float:
        """Draws the cost: 0 where it was there, else the seconds until it will be, and nothing is drawn."""
        now = self._now()
        level = self._level(client, now)
        if level < cost:
            return (cost - level) / self.rate
        self._hold(client, level - cost, now)
        return 0.0

    def give(self, client: Client, cost: int) -> None:
        """Puts back what was drawn and not used; a negative cost draws what was used beyond it."""
        now = self._now()
        self._hold(client, min(self._level(client, now) + cost, float(self.limit)), now)

    def standing(self, client: Client) -> Standing:
        """What the client has."""
        level = self._level(client, self._now())
        return Standing(self.limit, self.rate, max(math.floor(level), 0), max(self.limit - level, 0.0) / self.rate)

    def _level(self, client: Client, now: float) -> float:
        held = self._held.get(client)
        return float(self.limit) if held is None else min(held[0] + (now - held[1]) * self.rate, float(self.limit))

    def _hold(self, client: Client, level: float, now: float) -> None:
        self._held[client] = (level, now)
        self._held.move_to_end(client)
        if len(self._held) > _MOST_CLIENTS:
            self._drop(now)

    def _drop(self, now: float) -> None:
        """Forgets the clients that have everything again; where none has, the one that asked the longest ago."""
        full = [client for client in self._held if self._level(client, now) >= self.limit]
        for client in full or [next(iter(self._held))]:
            del self._held[client]
