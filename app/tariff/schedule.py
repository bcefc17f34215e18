"""The lines of one tariff revision, which revision is in force on a day, and what one changes of another.

Built from an export or from stored lines; what a line costs is for `duty`, where revisions are kept for the store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, Self

from app.tariff.code import other_spelling
from app.tariff.export import TariffRow
from app.tariff.rate import Rate, SpecialRate, parse_rate, parse_special


@dataclass(frozen=True, slots=True)
class TariffLine:
    """A numbered line of a revision with inherited values filled in; rates are kept as their texts."""

    number: str  # dotted, 4 to 10 digits
    description: str
    full_description: str
    units: tuple[str, ...]  # of the tariff's units column; the units of the rates are in the rates
    general: str  # column 1 general
    special: str  # column 1 special
    other: str  # column 2
    rates_from: str | None  # the number the three rates stand on; None where the line has none
    footnotes: tuple[str, ...]
    declarable: bool
    additional_duties: str = ""

    @classmethod
    def of(cls, row: TariffRow) -> Self:
        """The line of a numbered row. Raises ValueError for a superior row."""
        if row.number is None:
            raise ValueError(f"row {row.position} has no number, so it is not a line")
        return cls(
            number=row.number,
            description=row.description,
            full_description=row.full_description,
            units=row.units,
            general=row.general,
            special=row.special,
            other=row.other,
            rates_from=row.rates_from,
            footnotes=row.footnotes,
            declarable=row.declarable,
            additional_duties=row.additional_duties,
        )

    @property
    def general_rate(self) -> Rate:
        """Column 1 general, parsed. Raises RateError on a text outside the grammar."""
        return parse_rate(self.general)

    @property
    def special_rates(self) -> tuple[SpecialRate, ...]:
        """Column 1 special, parsed, in the order of the text. Raises RateError on a text outside the grammar."""
        return parse_special(self.special)

    @property
    def other_rate(self) -> Rate:
        """Column 2, parsed. Raises RateError on a text outside the grammar."""
        return parse_rate(self.other)


@dataclass(frozen=True, slots=True)
class RevisionInfo:
    """What is known of a loaded revision without its lines. `loaded_at` carries an offset."""

    name: str
    effective_from: date
    loaded_at: datetime
    starter: bool
    sha256: str
    id: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """One revision's lines by dotted number. A starter schedule holds a few hundred lines for a first look only."""

    revision_name: str
    effective_from: date
    sha256: str
    starter: bool
    lines: Mapping[str, TariffLine]

    @classmethod
    def of_rows(cls, revision: RevisionInfo, rows: Iterable[TariffRow]) -> Self:
        """The schedule of a revision from the rows of its export."""
        lines = {row.number: TariffLine.of(row) for row in rows if row.number is not None}
        return cls(
            revision_name=revision.name,
            effective_from=revision.effective_from,
            sha256=revision.sha256,
            starter=revision.starter,
            lines=MappingProxyType(lines),
        )

    def find(self, number: str) -> TariffLine | None:
        """The line of a dotted number, or None where this revision has no such line.

        A legal line that is not divided is filed with the suffix 00 (General Statistical Note 3(a), HTSUS), so
        `0106.11.00.00` also finds a declarable `0106.11.00`, and `8471.30.01` the line `8471.30.01.00` of a schedule
        that prints only this one.
        """
        line = self.lines.get(number)
        if line is None and (other := other_spelling(number)) is not None:
            twin = self.lines.get(other)
            return twin if twin is not None and twin.declarable else None
        return line

    @property
    def declarable(self) -> Iterator[TariffLine]:
        """The lines that may stand on an entry, in the order of the schedule."""
        return (line for line in self.lines.values() if line.declarable)


def in_force(revisions: Iterable[RevisionInfo], on: date) -> RevisionInfo | None:
    """The revision a day is read by: of those effective by then the latest, or None before the first.

    A starter revision gives way to any other in force on that day. Two of one date: the one loaded last, then by name.
    """
    effective = [revision for revision in revisions if revision.effective_from <= on]
    return max(
        effective,
        key=lambda revision: (not revision.starter, revision.effective_from, revision.loaded_at, revision.name),
        default=None,
    )


class LineChangeKind(StrEnum):
    """What a revision does to a line; the weightiest where it does several things."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    RATE_CHANGED = "RATE_CHANGED"
    UNITS_CHANGED = "UNITS_CHANGED"
    DESCRIPTION_CHANGED = "DESCRIPTION_CHANGED"


class ComparedLine(Protocol):
    """What two revisions of a line are compared by."""

    @property
    def number(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def units(self) -> Sequence[str]: ...
    @property
    def general(self) -> str: ...
    @property
    def special(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def additional_duties(self) -> str: ...
    @property
    def declarable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class LineChange:
    """One declarable line before and after; `fields` are those that differ, none for an added or removed line."""

    kind: LineChangeKind
    number: str
    before: ComparedLine | None
    after: ComparedLine | None
    fields: tuple[str, ...] = ()


def line_changes(before: Iterable[ComparedLine], after: Iterable[ComparedLine]) -> tuple[LineChange, ...]:
    """What changes from one revision's lines to another's, by number. Only lines that may stand on an entry count: one
    that becomes divided, or no longer is, is removed or added."""
    old = {line.number: line for line in before if line.declarable}
    new = {line.number: line for line in after if line.declarable}
    found: list[LineChange] = []
    for number in sorted(old.keys() | new.keys()):
        one, other = old.get(number), new.get(number)
        if one is None:
            found.append(LineChange(LineChangeKind.ADDED, number, None, other))
        elif other is None:
            found.append(LineChange(LineChangeKind.REMOVED, number, one, None))
        else:
            fields = tuple(name for names, _ in _WEIGHED for name in names if _value(one, name) != _value(other, name))
            if fields:
                kind = next(kind for names, kind in _WEIGHED if fields[0] in names)
                found.append(LineChange(kind, number, one, other, fields))
    return tuple(found)


def _value(line: ComparedLine, name: str) -> object:
    """The units of a line may be a list or a tuple."""
    return tuple(line.units) if name == "units" else getattr(line, name)


_WEIGHED = (
    (("general", "special", "other", "additional_duties"), LineChangeKind.RATE_CHANGED),
    (("units",), LineChangeKind.UNITS_CHANGED),
    (("description",), LineChangeKind.DESCRIPTION_CHANGED),
)
