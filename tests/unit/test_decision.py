"""A decision about a classification stands where its status is open, and is refused with a way on where it is not."""

import pytest

from app.classification.decision import ClassificationDecision as D
from app.classification.decision import ClassificationStatus as S
from app.classification.decision import Decided, Refused, decide

EXPECTED = {
    (S.SUGGESTED, D.CONFIRM): S.CONFIRMED,
    (S.SUGGESTED, D.REJECT): S.REJECTED,
    (S.SUGGESTED, D.REPLACE): S.SUPERSEDED,
    (S.NEEDS_REVIEW, D.CONFIRM): S.CONFIRMED,
    (S.NEEDS_REVIEW, D.REJECT): S.REJECTED,
    (S.NEEDS_REVIEW, D.REPLACE): S.SUPERSEDED,
    (S.CONFIRMED, D.REJECT): S.REJECTED,
    (S.CONFIRMED, D.REPLACE): S.SUPERSEDED,
}


@pytest.mark.parametrize("status", S)
@pytest.mark.parametrize("decision", D)
def test_every_pair_is_decided_or_refused(status: S, decision: D) -> None:
    verdict = decide(status, decision)
    if (status, decision) in EXPECTED:
        assert verdict == Decided(EXPECTED[status, decision])
    else:
        assert isinstance(verdict, Refused)
        assert "REPLACE" in verdict.reason or "closed" in verdict.reason
