"""Which status of an entry may follow which, and what each one says and sets."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.filing.entry import (
    EDITABLE,
    INITIAL,
    REPEATABLE,
    TERMINAL,
    TRANSITIONS,
    Accepted,
    Dates,
    EntryStatus,
    Refused,
    ReleaseStatus,
    Step,
    SummaryStatus,
    dates_after,
    decide,
    decide_at,
    predecessor,
    statuses_after_late,
    statuses_for,
)

S, R, Y = EntryStatus, ReleaseStatus, SummaryStatus
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_every_status_has_its_transitions_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(S)
    reached = set(INITIAL)
    for _ in S:
        reached |= {to for status in reached for to in TRANSITIONS[status]}
    assert reached == set(S)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (
            [S.READY, S.SUBMITTED, S.ACCEPTED, S.RELEASED, S.SUMMARY_ACCEPTED, S.PAID, S.LIQUIDATED],
            "the plain way",
        ),
        ([S.DRAFT, S.SUBMITTED, S.RELEASED], "a vendor that tells little"),
        ([S.DRAFT, S.ACCEPTED, S.HELD, S.RELEASED], "filed elsewhere, heard of by its answer"),
        ([S.SUBMITTED, S.REJECTED, S.DRAFT, S.READY, S.SUBMITTED], "corrected and sent again"),
        ([S.ACCEPTED, S.HELD, S.HELD, S.EXAM, S.EXAM, S.RELEASED], "two agencies"),
        ([S.RELEASED, S.EXAM, S.RELEASED], "redelivery"),
        ([S.ACCEPTED, S.SUMMARY_ACCEPTED, S.RELEASED, S.PAID], "one-step filing"),
        ([S.PAID, S.DOCUMENTS_REQUIRED, S.SUMMARY_ACCEPTED, S.LIQUIDATED], "a request for information"),
        ([S.RELEASED, S.CANCELLED], "cancelled after release"),
    ],
)
def test_what_the_field_knows_is_possible(path: list[EntryStatus], why: str) -> None:
    for before, after in pairwise(path):
        assert decide(before, after) == Accepted(), why


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.DRAFT, S.RELEASED),
        (S.DRAFT, S.LIQUIDATED),
        (S.READY, S.HELD),
        (S.REJECTED, S.RELEASED),
        (S.SUBMITTED, S.DRAFT),
        (S.SUBMITTED, S.PAID),
        (S.RELEASED, S.DRAFT),
        (S.RELEASED, S.SUBMITTED),
        (S.PAID, S.CANCELLED),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(before: EntryStatus, after: EntryStatus) -> None:
    verdict = decide(before, after)
    assert isinstance(verdict, Refused)
    assert verdict.reason.startswith(f"an entry that is {before} cannot become {after}; next can be ")
    assert after not in verdict.reason.partition("; next can be ")[2].split(", ")


def test_only_the_four_of_clearance_and_a_resubmission_by_answer_repeat_themselves() -> None:
    assert {status for status in S if status in TRANSITIONS[status]} == REPEATABLE
    assert {S.UNDER_REVIEW, S.DOCUMENTS_REQUIRED, S.EXAM, S.HELD} == REPEATABLE
    assert decide(S.RELEASED, S.RELEASED) == Refused("the entry is RELEASED already")


def test_the_ends_are_final_and_drafts_can_be_changed() -> None:
    assert {S.LIQUIDATED, S.CANCELLED} == TERMINAL
    assert {S.DRAFT, S.READY, S.REJECTED} == EDITABLE
    for end in TERMINAL:
        assert TRANSITIONS[end] == frozenset()
        assert decide(end, S.DRAFT) == Refused(f"the entry is {end}, which is final")


@pytest.mark.parametrize(
    ("status", "release", "summary", "expected"),
    [
        (S.DRAFT, R.NOT_FILED, Y.NOT_FILED, (R.NOT_FILED, Y.NOT_FILED)),
        (S.SUBMITTED, R.NOT_FILED, Y.NOT_FILED, (R.SUBMITTED, Y.NOT_FILED)),
        (S.HELD, R.ACCEPTED, Y.NOT_FILED, (R.HELD, Y.NOT_FILED)),
        (S.RELEASED, R.HELD, Y.NOT_FILED, (R.RELEASED, Y.NOT_FILED)),
        (S.SUMMARY_ACCEPTED, R.RELEASED, Y.NOT_FILED, (R.RELEASED, Y.ACCEPTED)),
        (S.SUMMARY_ACCEPTED, R.ACCEPTED, Y.NOT_FILED, (R.ACCEPTED, Y.ACCEPTED)),
        (S.RELEASED, R.ACCEPTED, Y.ACCEPTED, (R.RELEASED, Y.ACCEPTED)),
        (S.EXAM, R.RELEASED, Y.ACCEPTED, (R.EXAM, Y.ACCEPTED)),
        (S.UNDER_REVIEW, R.RELEASED, Y.ACCEPTED, (R.RELEASED, Y.UNDER_REVIEW)),
        (S.DOCUMENTS_REQUIRED, R.RELEASED, Y.PAID, (R.RELEASED, Y.UNDER_REVIEW)),
        (S.UNDER_REVIEW, R.RELEASED, Y.NOT_FILED, (R.UNDER_REVIEW, Y.NOT_FILED)),
        (S.PAID, R.RELEASED, Y.ACCEPTED, (R.RELEASED, Y.PAID)),
        (S.LIQUIDATED, R.RELEASED, Y.PAID, (R.RELEASED, Y.LIQUIDATED)),
        (S.CANCELLED, R.RELEASED, Y.ACCEPTED, (R.CANCELLED, Y.CANCELLED)),
    ],
)
def test_a_status_says_something_of_release_and_summary(
    status: EntryStatus, release: ReleaseStatus, summary: SummaryStatus, expected: tuple[ReleaseStatus, SummaryStatus]
) -> None:
    assert statuses_for(status, release, summary) == expected


def test_dates_come_with_the_status_that_sets_them() -> None:
    filed = dates_after(S.SUBMITTED, NOON, Dates())
    assert filed == Dates(filed_at=NOON)
    released = dates_after(S.RELEASED, NOON + timedelta(days=1), filed)
    assert released == Dates(NOON, NOON + timedelta(days=1), date(2026, 12, 7), date(2027, 10, 1))
    again = dates_after(S.RELEASED, NOON + timedelta(days=9), released)
    assert again == released
    end = dates_after(S.LIQUIDATED, NOON + timedelta(days=300), released)
    assert end.liquidates_on == date(2027, 9, 16)


def test_an_answer_implies_that_it_was_filed_and_a_cancelled_draft_was_not() -> None:
    assert dates_after(S.ACCEPTED, NOON, Dates()).filed_at == NOON
    assert dates_after(S.ACCEPTED, NOON, Dates(filed_at=NOON - timedelta(hours=1))).filed_at == NOON - timedelta(
        hours=1
    )
    assert dates_after(S.CANCELLED, NOON, Dates()) == Dates()


def step(status: EntryStatus, hours: float) -> Step:
    return Step(status, NOON + timedelta(hours=hours))


def test_older_news_of_the_same_phase_or_before_is_late() -> None:
    steps = (step(S.DRAFT, 0), step(S.SUBMITTED, 1), step(S.RELEASED, 4))
    assert decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=2)) == Accepted(late=True)
    assert decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=5)) == Accepted(late=False)
    assert decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=4)) == Accepted(late=False)


def test_late_news_must_fit_the_moment_it_is_about() -> None:
    steps = (step(S.DRAFT, 0), step(S.SUBMITTED, 1), step(S.RELEASED, 4))
    assert isinstance(decide_at(steps[-1], steps, S.HELD, NOON + timedelta(minutes=30)), Refused)


def test_a_clock_that_is_behind_does_not_hold_an_entry_back() -> None:
    steps = (step(S.DRAFT, 0), step(S.SUBMITTED, 1))
    assert decide_at(steps[-1], steps, S.ACCEPTED, NOON) == Accepted()


def test_the_time_of_our_own_draft_does_not_matter() -> None:
    steps = (step(S.DRAFT, 0),)
    assert decide_at(steps[0], steps, S.ACCEPTED, NOON - timedelta(days=30)) == Accepted()


def test_late_news_may_arrive_after_the_end() -> None:
    steps = (step(S.SUBMITTED, 0), step(S.CANCELLED, 4))
    assert decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=1)) == Accepted(late=True)
    assert isinstance(decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=5)), Refused)


@given(st.lists(st.tuples(st.sampled_from(S), st.integers(-48, 48)), max_size=12))
def test_no_order_of_messages_moves_an_entry_where_it_cannot_go(messages: list[tuple[EntryStatus, int]]) -> None:
    steps = [step(S.DRAFT, 0)]
    current = steps[0]
    for status, hours in messages:
        verdict = decide_at(current, tuple(steps), status, NOON + timedelta(hours=hours))
        if isinstance(verdict, Refused):
            continue
        new = step(status, hours)
        steps.append(new)
        if not verdict.late:
            assert status in TRANSITIONS[current.status]
            current = new


def test_our_own_draft_is_no_step_that_late_news_of_a_filing_elsewhere_follows() -> None:
    """Filed elsewhere at five to nine, drafted here at nine, released at ten: the exam of half past nine counts."""
    steps = (step(S.SUBMITTED, -1 / 12), step(S.DRAFT, 0), step(S.RELEASED, 1))
    half_past = NOON + timedelta(minutes=30)
    assert predecessor(steps, half_past) is S.SUBMITTED
    assert decide_at(steps[-1], steps, S.EXAM, half_past) == Accepted(late=True)
    assert predecessor(steps[1:], half_past) is S.DRAFT


def test_a_draft_under_correction_is_not_moved_by_news_from_before_the_rejection() -> None:
    steps = (step(S.DRAFT, 0), step(S.SUBMITTED, 1), step(S.REJECTED, 2), step(S.DRAFT, 3))
    assert decide_at(steps[-1], steps, S.ACCEPTED, NOON + timedelta(hours=1.5)) == Accepted(late=True)
    assert decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=1.5)) == Accepted(late=True)
    assert decide_at(steps[-1], steps, S.ACCEPTED, NOON + timedelta(hours=2.5)) == Accepted(late=False)


def test_news_further_along_that_cannot_follow_is_late_where_it_fits() -> None:
    steps = (step(S.DRAFT, 0), step(S.SUBMITTED, 1), step(S.REJECTED, 3))
    assert decide_at(steps[-1], steps, S.HELD, NOON + timedelta(hours=2)) == Accepted(late=True)


def test_a_late_release_counts_for_release_and_a_late_word_on_the_summary_for_that() -> None:
    one_step = (step(S.ACCEPTED, 0), step(S.SUMMARY_ACCEPTED, 2))
    released = step(S.RELEASED, 1)
    assert statuses_after_late(released, one_step, R.ACCEPTED, Y.ACCEPTED) == (R.RELEASED, Y.ACCEPTED)
    assert statuses_after_late(released, (*one_step, step(S.DRAFT, 5)), R.ACCEPTED, Y.ACCEPTED)[0] is R.RELEASED
    recalled = (*one_step, step(S.HELD, 1.5))
    assert statuses_after_late(released, recalled, R.HELD, Y.ACCEPTED) == (R.HELD, Y.ACCEPTED)
    held = (step(S.RELEASED, 0), step(S.HELD, 3))
    accepted = step(S.SUMMARY_ACCEPTED, 1)
    assert statuses_after_late(accepted, held, R.HELD, Y.NOT_FILED) == (R.HELD, Y.ACCEPTED)
    paid = (*held, step(S.PAID, 2))
    assert statuses_after_late(accepted, paid, R.HELD, Y.PAID) == (R.HELD, Y.PAID)
    assert statuses_after_late(step(S.EXAM, 1), held, R.HELD, Y.NOT_FILED) == (R.HELD, Y.NOT_FILED)


def test_filing_counts_from_its_earliest_sign_in_whatever_order_they_come() -> None:
    eight, nine, ten = (NOON - timedelta(hours=hours) for hours in (4, 3, 2))
    signs = [(S.SUBMITTED, nine), (S.ACCEPTED, ten), (S.SUBMITTED, eight)]
    for order in permutations(signs):
        dates = Dates()
        for status, moment in order:
            dates = dates_after(status, moment, dates)
        assert dates == Dates(filed_at=eight)
    assert dates_after(S.DRAFT, eight, Dates(filed_at=nine)).filed_at == nine
