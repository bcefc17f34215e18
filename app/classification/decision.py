"""The states of a classification and what a person may decide about one.
Which rows change with a decision is for the services."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class ClassificationStatus(StrEnum):
    """How far a proposed HTS number has come."""

    SUGGESTED = "SUGGESTED"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    SUPERSEDED = "SUPERSEDED"


class ClassificationMethod(StrEnum):
    """Where a number comes from."""

    MANUAL = "MANUAL"
    LEXICAL = "LEXICAL"
    SEMANTIC = "SEMANTIC"
    PRECEDENT = "PRECEDENT"
    IMPORTED = "IMPORTED"


class ClassificationDecision(StrEnum):
    """What a person says about a number."""

    CONFIRM = "CONFIRM"
    REJECT = "REJECT"
    REPLACE = "REPLACE"


_Status, _Decision = ClassificationStatus, ClassificationDecision
OPEN = frozenset({_Status.SUGGESTED, _Status.NEEDS_REVIEW})

# (status, decision) → the status afterwards; what is not here is refused. A confirmed number may be withdrawn.
OUTCOMES: MappingProxyType[tuple[ClassificationStatus, ClassificationDecision], ClassificationStatus] = (
    MappingProxyType(
        {
            (_Status.SUGGESTED, _Decision.CONFIRM): _Status.CONFIRMED,
            (_Status.NEEDS_REVIEW, _Decision.CONFIRM): _Status.CONFIRMED,
            (_Status.SUGGESTED, _Decision.REJECT): _Status.REJECTED,
            (_Status.NEEDS_REVIEW, _Decision.REJECT): _Status.REJECTED,
            (_Status.CONFIRMED, _Decision.REJECT): _Status.REJECTED,
            (_Status.SUGGESTED, _Decision.REPLACE): _Status.SUPERSEDED,
            (_Status.NEEDS_REVIEW, _Decision.REPLACE): _Status.SUPERSEDED,
            (_Status.CONFIRMED, _Decision.REPLACE): _Status.SUPERSEDED,
        }
    )
)


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision stands; the classification now has this status."""

    status: ClassificationStatus


@dataclass(frozen=True, slots=True)
class Refused:
    """The decision cannot be taken; `reason` is for people."""

    reason: str


def decide(current: ClassificationStatus, decision: ClassificationDecision) -> Decided | Refused:
    """What a decision makes of a classification."""
    after = OUTCOMES.get((current, decision))
    if after is not None:
        return Decided(after)
    if current is _Status.CONFIRMED:
        return Refused("the classification is confirmed already; REPLACE it by another number, or REJECT it")
    return Refused(f"a classification that is {current} is closed; decide about the product with a number instead")
