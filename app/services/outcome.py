"""What a use case answers: the id of the object it changed, or the faults that kept it from changing anything."""

from dataclasses import dataclass
from enum import Enum

from app.values import Fault


class Keep(Enum):
    """Stands for a field that the command does not mention, as against one that it empties with None."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class Outcome:
    """`id` is None exactly where something was refused; then nothing was written. `unchanged`: the same message came
    before and its effect stands."""

    id: str | None = None
    faults: tuple[Fault, ...] = ()
    unchanged: bool = False

    @property
    def ok(self) -> bool:
        """Whether the change stands."""
        return not self.faults
