"""Which status of a shipment may follow which. Carriers skip messages, so forward is always possible."""

from types import MappingProxyType

from app.values import ShipmentStatus

_S = ShipmentStatus

SHIPMENT_TRANSITIONS: MappingProxyType[ShipmentStatus, frozenset[ShipmentStatus]] = MappingProxyType(
    {
        _S.BOOKED: frozenset({_S.DEPARTED, _S.IN_TRANSIT, _S.ARRIVED, _S.DELIVERED, _S.CANCELLED}),
        _S.DEPARTED: frozenset({_S.IN_TRANSIT, _S.ARRIVED, _S.DELIVERED, _S.CANCELLED}),
        _S.IN_TRANSIT: frozenset({_S.ARRIVED, _S.DELIVERED, _S.CANCELLED}),
        _S.ARRIVED: frozenset({_S.DELIVERED}),
        _S.DELIVERED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)

ARRIVED = frozenset({_S.ARRIVED, _S.DELIVERED})


def refusal(current: ShipmentStatus, to: ShipmentStatus) -> str | None:
    """Why a shipment may not go from one status to another; None where it may. Its own status again is no step."""
    if to is current or to in SHIPMENT_TRANSITIONS[current]:
        return None
    following = ", ".join(status for status in ShipmentStatus if status in SHIPMENT_TRANSITIONS[current])
    return f"a shipment that is {current} cannot become {to}; " + (
        f"next can be {following}" if following else "it is final"
    )
