"""What an operation is charged: the cost it may have is held back before it runs, what it did not cost is given back
afterwards, and the response says both. A fault of the limiter lets everybody through."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from app.clock import Clock
from app.engine.operation import NO_HEADERS, tail_of
from app.engine.planning.advice import Share, advice, shares
from app.engine.planning.cost import Bill, Variables
from app.errors import CostExceeded, Throttled
from app.principal import Principal
from app.security.limits import Client, Standing, client_of
from app.telemetry import logger
from app.values import format_timestamp

log = logger("tidegate.cost")


class Receipt(NamedTuple):
    """What a response says of its cost: the end of its body, which is `extensions.cost`, and headers."""

    tail: bytes
    headers: Mapping[str, str]


def _unlimited(requested: int, actual: int) -> dict[str, Any]:
    return {
        "requested": requested, "actual": actual, "available": None, "limit": None,
        "restoreRatePerSecond": None, "resetAt": None,
    }  # fmt: skip


@lru_cache(maxsize=1024)
def _unlimited_tail(requested: int, actual: int) -> bytes:
    return tail_of({"cost": _unlimited(requested, actual)})


class Budgets(Protocol):
    """What clients may spend, as `app.security.limits` keeps it."""

    limit: int

    def take(self, client: Client, cost: int) -> float:
        """0 where the cost was there and is drawn, else the seconds until it will be."""
        ...

    def give(self, client: Client, cost: int) -> None:
        """Puts a cost back, or draws a negative one."""
        ...

    def standing(self, client: Client) -> Standing:
        """What the client has now."""
        ...


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request may cost and who pays for it."""

    caller: Principal
    bill: Bill
    requested: int
    variables: Variables

    def advice(self, limit: int) -> str:
        """What to change so that it costs no more than `limit`."""
        return advice(self.shares(), self.requested, limit)

    def shares(self) -> list[Share]:
        """What each list adds to it."""
        return shares(self.bill.requested, self.variables)


@dataclass(slots=True)
class Meter:
    """Holds back, gives back and counts. `maximum` is the most one operation may cost, whoever asks."""

    maximum: int
    clock: Clock
    budgets: Budgets | None = None
    requested: int = 0
    actual: int = 0
    throttled: int = 0
    exceeded: int = 0
    faults: int = 0

    @property
    def most(self) -> int:
        """What one operation can cost at all."""
        return self.maximum if self.budgets is None else min(self.maximum, self.budgets.limit)

    def grants(self, caller: Principal, requested: int) -> bool:
        """Draws it where any operation may cost so much and it is there; else nothing is drawn and nothing counted."""
        if self.budgets is None:
            return requested <= self.maximum
        return requested <= self.most and self.draw(caller, requested) <= 0

    def refuse(self, requested: int, advice: str) -> CostExceeded:
        """The fault of an operation that costs more than any may."""
        self.exceeded += 1
        message = f"The operation may cost {requested}: at most {self.most} is allowed. {advice}"
        return CostExceeded(message, requested=requested, maximum=self.most)

    def hold(self, caller: Principal, requested: int, mend: Callable[[int], str] | None = None) -> None:
        """Draws what the operation may cost from the caller's budget. Throttled where it is not there; `mend` says how
        it would fit into what is."""
        wait = self.draw(caller, requested)
        if wait > 0:
            self.throttled += 1
            raise self._throttled(caller, requested, math.ceil(wait), mend)

    def draw(self, caller: Principal, requested: int) -> float:
        """Draws it where it is there; else the seconds until it will be, with nothing drawn and nothing counted."""
        if self.budgets is None:
            return 0.0
        try:
            return self.budgets.take(client_of(caller), requested)
        except Exception as fault:
            self._failed(fault)
            return 0.0

    def _throttled(
        self, caller: Principal, requested: int, seconds: int, mend: Callable[[int], str] | None
    ) -> Throttled:
        standing = self.standing(caller)
        left = standing.available if standing is not None else 0
        message = f"The operation may cost {requested}, and {left} is left of the budget. Ask again in {seconds} s."
        if mend is not None and left:
            message = f"{message} {mend(left)}"
        return Throttled(message, requested=requested, available=left, retryAfterSeconds=seconds)

    def release(self, caller: Principal, requested: int) -> None:
        """Gives all of it back: the operation was not run after all."""
        if self.budgets is not None:
            try:
                self.budgets.give(client_of(caller), requested)
            except Exception as fault:
                self._failed(fault)

    @contextmanager
    def given_back(self, caller: Principal, requested: int) -> Iterator[None]:
        """Gives it back where a fault of ours ends the work; where the work is cut short it is spent."""
        try:
            yield
        except Exception:
            self.release(caller, requested)
            raise

    def settle(self, caller: Principal, requested: int, actual: int) -> dict[str, Any]:
        """Gives back what was not used, and says what the response has to say of it."""
        self.requested += requested
        self.actual += actual
        if actual != requested:
            self.release(caller, requested - actual)
        return self.account(caller, requested, actual)

    def receipt(self, caller: Principal, requested: int, actual: int) -> Receipt:
        """The same with all that a response says."""
        if self.budgets is None:
            self.requested += requested
            self.actual += actual
            return Receipt(_unlimited_tail(requested, actual), NO_HEADERS)
        return Receipt(tail_of({"cost": self.settle(caller, requested, actual)}), self.headers(caller))

    def account(self, caller: Principal, requested: int, actual: int) -> dict[str, Any]:
        """`extensions.cost`."""
        standing = self.standing(caller)
        if standing is None:
            return _unlimited(requested, actual)
        full_at = self.clock() + timedelta(seconds=standing.full_in)
        return {
            "requested": requested, "actual": actual, "available": standing.available, "limit": standing.limit,
            "restoreRatePerSecond": standing.rate, "resetAt": format_timestamp(full_at),
        }  # fmt: skip

    def standing(self, caller: Principal) -> Standing | None:
        """What the caller has; None where it is unlimited."""
        if self.budgets is None:
            return None
        try:
            return self.budgets.standing(client_of(caller))
        except Exception as fault:
            self._failed(fault)
            return None

    def headers(self, caller: Principal) -> Mapping[str, str]:
        """`RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11); none for who is unlimited."""
        standing = None if self.budgets is None else self.standing(caller)
        if standing is None:
            return NO_HEADERS
        window = math.ceil(standing.limit / standing.rate)
        return {
            "RateLimit": f'"cost";r={standing.available};t={math.ceil(standing.full_in)}',
            "RateLimit-Policy": f'"cost";q={standing.limit};w={window};qu="cost"',
        }

    def _failed(self, fault: Exception) -> None:
        self.faults += 1
        log.error("limiter.failed", exc_info=fault)
