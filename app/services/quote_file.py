"""A file of cases answered from the database: each revision that the days of the file need is read once, whole; the
file itself is read twice and never held. What a row means, and what is written for it, is the duty room's."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from app.duty.assessment import TariffSource
from app.duty.calculator import Calculator
from app.duty.casefile import CaseFileError, assess_cases, read_cases
from app.errors import Refused
from app.principal import SystemPrincipal
from app.services.measures import book_in_force
from app.services.quotes import spellings
from app.store import tariff as stored
from app.store.session import Store
from app.tariff.schedule import Schedule

_SYSTEM = SystemPrincipal("the tariff is the installation's, not a tenant's")
_CHUNK: Final = 500

Row = dict[str, str]
Progress = Callable[[int, int], None]
Opened = Callable[[], AbstractContextManager[Iterable[str]]]


@dataclass(frozen=True, slots=True)
class CaseReport:
    """How the rows of a file fared, and which revisions answered. `notices`: what to know before relying on it."""

    rows: int
    answered: int
    revisions: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def unanswered(self) -> int:
        """The rows whose `error` says why."""
        return self.rows - self.answered


@dataclass(frozen=True, slots=True)
class _Cases:
    """What a first look at a file finds."""

    rows: int
    days: frozenset[str]
    numbers: frozenset[str]


async def answer_cases(
    store: Store, opened: Opened, write: Callable[[Sequence[Row]], None], read: Progress, done: Progress
) -> CaseReport:
    """Writes one row for each row of a CSV text, in order, in portions. `opened` gives the text's lines from their
    start, each time; `read` hears of revisions, `done` of rows. Raises Refused for a text that is no file of cases,
    before anything is written."""
    with opened() as lines:
        cases = _look(lines)
    loaded = await stored.revisions(store, _SYSTEM)
    needed = _needed(loaded, cases.days)
    schedules = await _schedules(store, needed, read)
    book = await book_in_force(store)
    elsewhere = await _elsewhere(store, cases.numbers, schedules.values())
    calculator = Calculator(book, elsewhere.__contains__)
    answered = finished = 0
    with opened() as lines:
        answers = _answers(lines, _Sources(loaded, schedules), calculator)
        while portion := await asyncio.to_thread(_portion, answers):
            write(portion)
            answered += sum(not row["error"] for row in portion)
            finished += len(portion)
            done(finished, cases.rows)
    notices = dict.fromkeys(row.notice for row in needed if row.notice)
    return CaseReport(finished, answered, tuple(row.name for row in needed), tuple(notices))


def _look(lines: Iterable[str]) -> _Cases:
    days: set[str] = set()
    numbers: set[str] = set()
    count = 0
    try:
        for row in read_cases(lines):
            count += 1
            days.add(row["entry_date"].strip())
            numbers.add(row["hts10"].strip())
    except CaseFileError as fault:
        raise Refused(f"{fault}; nothing was written") from fault
    return _Cases(count, frozenset(days), frozenset(spellings(numbers)))


def _needed(loaded: Sequence[Any], days: Iterable[str]) -> list[Any]:
    """The revisions in force on these days, oldest first; a text that is no day needs none."""
    found: dict[str, Any] = {}
    for text in days:
        try:
            row = stored.row_on(loaded, date.fromisoformat(text))
        except ValueError:
            continue
        if row is not None:
            found[row.id] = row
    return sorted(found.values(), key=lambda row: (row.effective_from, row.name))


async def _schedules(store: Store, revisions: Sequence[Any], read: Progress) -> Mapping[str, Schedule]:
    found: dict[str, Schedule] = {}
    for place, row in enumerate(revisions, 1):
        lines: Any = {line.number: line for line in await stored.rate_lines(store, _SYSTEM, row.id)}
        found[row.id] = Schedule(row.name, row.effective_from, row.sha256, row.starter, lines)
        read(place, len(revisions))
    return found


async def _elsewhere(store: Store, numbers: Iterable[str], schedules: Iterable[Schedule]) -> set[str]:
    """Numbers of the file that some revision needed lacks and some loaded one has."""
    held = tuple(schedules)
    lost = [number for number in numbers if any(number not in schedule.lines for schedule in held)]
    return await stored.numbers_of_any(store, _SYSTEM, lost) if lost else set()


class _Sources:
    """The revision of a day, found once; `notice` is that of the one found last."""

    def __init__(self, loaded: Sequence[Any], schedules: Mapping[str, Schedule]) -> None:
        self._loaded = loaded
        self._schedules = schedules
        self._found: dict[date, Any] = {}
        self.notice: str | None = None

    def __call__(self, on: date) -> TariffSource | None:
        if on not in self._found:
            self._found[on] = stored.row_on(self._loaded, on)
        row = self._found[on]
        self.notice = None if row is None else row.notice
        return None if row is None else self._schedules[row.id]


def _answers(lines: Iterable[str], sources: _Sources, calculator: Calculator) -> Iterator[Row]:
    """The rows out; one that stands on the starter tariff has its notice among the questions."""
    for case in read_cases(lines):
        sources.notice = None
        for row in assess_cases((case,), sources, calculator):
            yield row if sources.notice is None else _noted(row, sources.notice)


def _portion(answers: Iterator[Row]) -> list[Row]:
    return list(islice(answers, _CHUNK))


def _noted(row: Row, notice: str) -> Row:
    told: dict[str, object] = {"fact": "notice", "question": notice, "assumed": None, "alternatives": []}
    questions = [*json.loads(row["questions"]), told]
    return row | {"questions": json.dumps(questions, ensure_ascii=False, separators=(",", ":"))}
