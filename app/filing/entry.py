"""The life of a customs entry: its statuses, which may follow which, what each says about release and summary, and
the dates it sets. It decides over values; who may record a status and where it is kept is for the services.

Release and summary are two procedures joined by one entry number. One status is what people read; the two others keep
what each procedure last said, so that a summary accepted before release (one-step filing) loses nothing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType

from app.filing import deadlines


class EntryStatus(StrEnum):
    """Where an entry stands, as people read it."""

    DRAFT = "DRAFT"
    READY = "READY"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    DOCUMENTS_REQUIRED = "DOCUMENTS_REQUIRED"
    EXAM = "EXAM"
    HELD = "HELD"
    RELEASED = "RELEASED"
    SUMMARY_ACCEPTED = "SUMMARY_ACCEPTED"
    SUMMARY_REJECTED = "SUMMARY_REJECTED"
    PAID = "PAID"
    LIQUIDATED = "LIQUIDATED"
    CANCELLED = "CANCELLED"


class ReleaseStatus(StrEnum):
    """What cargo release last said."""

    NOT_FILED = "NOT_FILED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    DOCUMENTS_REQUIRED = "DOCUMENTS_REQUIRED"
    EXAM = "EXAM"
    HELD = "HELD"
    ADMISSIBLE = "ADMISSIBLE"
    RELEASED = "RELEASED"
    CANCELLED = "CANCELLED"


class SummaryStatus(StrEnum):
    """What the entry summary last said."""

    NOT_FILED = "NOT_FILED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    PAID = "PAID"
    LIQUIDATED = "LIQUIDATED"
    CANCELLED = "CANCELLED"


class FilingEnvironment(StrEnum):
    """Where an entry is filed: nowhere but here, with CBP's certification system, or for real."""

    SIMULATED = "SIMULATED"
    CERTIFICATION = "CERTIFICATION"
    PRODUCTION = "PRODUCTION"


S = EntryStatus
_CLEARANCE = frozenset({S.UNDER_REVIEW, S.DOCUMENTS_REQUIRED, S.EXAM, S.HELD})
_SUMMARY = frozenset({S.SUMMARY_ACCEPTED, S.SUMMARY_REJECTED})
_ANSWERS = frozenset({S.ACCEPTED, S.REJECTED, S.RELEASED, S.CANCELLED}) | _CLEARANCE | _SUMMARY

INITIAL = frozenset({S.DRAFT})
EDITABLE = frozenset({S.DRAFT, S.READY, S.REJECTED})
TERMINAL = frozenset({S.LIQUIDATED, S.CANCELLED})
REPEATABLE = _CLEARANCE
PREPARING = frozenset({S.DRAFT, S.READY})

TRANSITIONS: MappingProxyType[EntryStatus, frozenset[EntryStatus]] = MappingProxyType(
    {
        # Before filing. A filing made elsewhere may first be heard of by its answer.
        S.DRAFT: frozenset({S.READY, S.SUBMITTED, S.ACCEPTED, S.REJECTED, S.CANCELLED}),
        S.READY: frozenset({S.DRAFT, S.SUBMITTED, S.ACCEPTED, S.REJECTED, S.CANCELLED}),
        # Filed: any answer, and answers in between may never be told.
        S.SUBMITTED: _ANSWERS,
        S.ACCEPTED: (_ANSWERS - {S.ACCEPTED}) | {S.SUBMITTED},
        S.REJECTED: frozenset({S.DRAFT, S.READY, S.SUBMITTED, S.ACCEPTED, S.CANCELLED}),
        # A second hold by another agency is news, so these four may repeat themselves.
        S.UNDER_REVIEW: _ANSWERS,
        S.DOCUMENTS_REQUIRED: _ANSWERS,
        S.EXAM: _ANSWERS,
        S.HELD: _ANSWERS,
        # Released goods can be called back (redelivery, 19 CFR 141.113).
        S.RELEASED: _CLEARANCE | _SUMMARY | {S.PAID, S.LIQUIDATED, S.CANCELLED},
        S.SUMMARY_ACCEPTED: _CLEARANCE | {S.SUMMARY_REJECTED, S.RELEASED, S.PAID, S.LIQUIDATED, S.CANCELLED},
        S.SUMMARY_REJECTED: _CLEARANCE | {S.SUMMARY_ACCEPTED, S.RELEASED, S.CANCELLED},
        # After payment: a correction (PSC) accepted or rejected, a request for information, the end.
        S.PAID: _CLEARANCE | _SUMMARY | {S.RELEASED, S.LIQUIDATED},
        S.LIQUIDATED: frozenset(),
        S.CANCELLED: frozenset(),
    }
)

# How far along each status is; a message that is late never moves an entry to an equal or earlier phase.
_PHASE = MappingProxyType(
    {
        S.DRAFT: 0, S.READY: 0, S.SUBMITTED: 1, S.ACCEPTED: 2, S.REJECTED: 2,
        S.UNDER_REVIEW: 3, S.DOCUMENTS_REQUIRED: 3, S.EXAM: 3, S.HELD: 3, S.RELEASED: 4,
        S.SUMMARY_ACCEPTED: 5, S.SUMMARY_REJECTED: 5, S.PAID: 6, S.LIQUIDATED: 7, S.CANCELLED: 7,
    }
)  # fmt: skip

_RELEASE = MappingProxyType(
    {
        S.DRAFT: ReleaseStatus.NOT_FILED,
        S.READY: ReleaseStatus.NOT_FILED,
        **{status: ReleaseStatus(status.value) for status in _CLEARANCE},
        **{status: ReleaseStatus(status.value) for status in (S.SUBMITTED, S.ACCEPTED, S.REJECTED, S.RELEASED)},
        S.CANCELLED: ReleaseStatus.CANCELLED,
    }
)

_SUMMARY_SAYS = MappingProxyType(
    {
        S.DRAFT: SummaryStatus.NOT_FILED,
        S.READY: SummaryStatus.NOT_FILED,
        S.SUMMARY_ACCEPTED: SummaryStatus.ACCEPTED,
        S.SUMMARY_REJECTED: SummaryStatus.REJECTED,
        S.PAID: SummaryStatus.PAID,
        S.LIQUIDATED: SummaryStatus.LIQUIDATED,
        S.CANCELLED: SummaryStatus.CANCELLED,
    }
)

_NEVER = datetime.min.replace(tzinfo=UTC)

_FILED = (SummaryStatus.ACCEPTED, SummaryStatus.REJECTED, SummaryStatus.UNDER_REVIEW, SummaryStatus.PAID)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The step may be taken. `late`: the news is older than what is known and belongs to the history only."""

    late: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The step may not be taken; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """One known step of an entry: the status it reached and when that happened."""

    status: EntryStatus
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Dates:
    """What the calendar says of an entry. Days are in UTC."""

    filed_at: datetime | None = None
    released_at: datetime | None = None
    summary_due_on: date | None = None
    liquidates_on: date | None = None


def decide(current: EntryStatus, to: EntryStatus) -> Accepted | Refused:
    """Whether an entry may go from one status to another."""
    if to in TRANSITIONS[current]:
        return Accepted()
    if current in TERMINAL:
        return Refused(f"the entry is {current}, which is final")
    if to is current:
        return Refused(f"the entry is {current} already")
    following = ", ".join(status for status in EntryStatus if status in TRANSITIONS[current])
    return Refused(f"an entry that is {current} cannot become {to}; next can be {following}")


def decide_at(current: Step, earlier: tuple[Step, ...], to: EntryStatus, occurred_at: datetime) -> Accepted | Refused:
    """The same for a status that occurred at a given moment, which may lie before the current one.

    Messages arrive out of order. One that is older than what customs last said still moves the entry on when it is
    further along (clocks differ) and can follow; otherwise it is late: it takes its place in the history after the step
    it followed in time, if it could follow that, and leaves the entry as it is. Our own preparing is no measure of what
    is news: an entry may be drafted here after it was filed elsewhere. `earlier` are the steps known, in any order."""
    verdict = decide(current.status, to)
    if occurred_at >= _last_heard(current, earlier):
        return verdict
    ahead = current.status not in PREPARING and _PHASE[to] > _PHASE[current.status]
    if ahead and isinstance(verdict, Accepted):
        return verdict
    verdict = decide(predecessor(earlier, occurred_at), to)
    return Accepted(late=True) if isinstance(verdict, Accepted) else verdict


def predecessor(steps: tuple[Step, ...], moment: datetime) -> EntryStatus:
    """The status an entry had at a moment: that of the last step by then, or DRAFT where it is older than all. DRAFT
    and READY bear the time of our own work, so they count only where nothing was filed by then."""
    known = [step for step in steps if step.occurred_at <= moment]
    filed = [step for step in known if step.status not in PREPARING]
    return max(filed or known, key=lambda step: step.occurred_at).status if known else S.DRAFT


def _last_heard(current: Step, steps: tuple[Step, ...]) -> datetime:
    """When the present status began; of an entry being prepared, when customs last said anything."""
    if current.status not in PREPARING:
        return current.occurred_at
    return max((step.occurred_at for step in steps if step.status not in PREPARING), default=_NEVER)


def statuses_for(
    status: EntryStatus, release: ReleaseStatus, summary: SummaryStatus
) -> tuple[ReleaseStatus, SummaryStatus]:
    """What release and summary say after this status, given what they said before. A review, or a request for
    documents, after release of an entry whose summary is filed concerns the summary."""
    if status in (S.UNDER_REVIEW, S.DOCUMENTS_REQUIRED) and release is ReleaseStatus.RELEASED and summary in _FILED:
        return release, SummaryStatus.UNDER_REVIEW
    return _RELEASE.get(status, release), _SUMMARY_SAYS.get(status, summary)


def statuses_after_late(
    late: Step, steps: tuple[Step, ...], release: ReleaseStatus, summary: SummaryStatus
) -> tuple[ReleaseStatus, SummaryStatus]:
    """What release and summary say after late news: a release, or a word on the summary, still counts for its own
    procedure where nothing newer (among `steps`) was said of that one; an entry may go on with the other meanwhile."""
    newer = {step.status for step in steps if step.occurred_at > late.occurred_at} - PREPARING
    if late.status is S.RELEASED and not newer & _RELEASE.keys():
        return ReleaseStatus.RELEASED, summary
    if late.status in _SUMMARY_SAYS and late.status not in _RELEASE and not newer & _SUMMARY_SAYS.keys():
        return release, _SUMMARY_SAYS[late.status]
    return release, summary


def dates_after(status: EntryStatus, occurred_at: datetime, before: Dates) -> Dates:
    """The dates of an entry once a status is known, in whatever order they become known. Filing counts from the
    earliest status that implies it, release from the earliest release: a redelivery does not move the summary's due
    day."""
    filed_at, released_at = before.filed_at, before.released_at
    if status not in (*PREPARING, S.CANCELLED) and (filed_at is None or occurred_at < filed_at):
        filed_at = occurred_at
    if status is S.RELEASED and (released_at is None or occurred_at < released_at):
        released_at = occurred_at
    due, liquidates = before.summary_due_on, before.liquidates_on
    if released_at is not None and released_at != before.released_at:
        due = deadlines.summary_due_on(released_at.date())
        liquidates = deadlines.liquidates_on(released_at.date())
    if status is S.LIQUIDATED:
        liquidates = occurred_at.date()
    return Dates(filed_at, released_at, due, liquidates)
