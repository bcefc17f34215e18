"""`extensions.plan`: which way an operation went and why, the SQL it took without any of its values, and where its cost
comes from."""

from collections.abc import Sequence
from typing import Any

from app.engine.charge import Charge
from app.engine.lane.inputs import Declined
from app.engine.lane.plans import Ready
from app.engine.lane.run import Done

Way = tuple[Ready, Done] | Declined
"""By the lane, or why not."""


def explain(way: Way, statements: Sequence[str], charge: Charge | None) -> dict[str, Any]:
    """The plan as it is shown; `statements` are those of the ordinary way. Where root fields went either way the path
    is "mixed", the reason names what was left to the executor, and its statements come after the lane's."""
    if isinstance(way, Declined):
        told: dict[str, Any] = {"path": "ordinary", "declined": {"reason": way.label, "text": way.text}}
    else:
        told = {"path": "fast", "declined": None}
        elsewhere = way[0].variant.elsewhere
        if elsewhere:
            text = "; ".join(f"{key}: {reason}" for key, reason in elsewhere.items())
            told = {"path": "mixed", "declined": {"reason": "python", "text": text}}
        statements = [*way[0].statements(wide=way[1].wide), *(statements if elsewhere else ())]
    return {**told, "statements": list(statements), "cost": None if charge is None else _cost(charge)}


def _cost(charge: Charge) -> dict[str, Any]:
    lists = [
        {
            "path": list(one.path),
            "argument": one.argument or None,
            "size": one.size,
            "each": one.each,
            "requested": one.cost,
        }
        for one in charge.shares()
    ]
    return {"requested": charge.requested, "lists": lists}
