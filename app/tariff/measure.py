"""Trade measures as data: what a measure says, where, when and for whom it holds, and the book that finds those of a
number, an origin and a day. Reading the files is `measure_file`'s work; which of several measures wins is `duty`'s."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

ANY_ORIGIN: Final = "*"
_LENGTHS: Final = (10, 8, 6, 4, 2)
_KEPT: Final = 16_384


class DutyKind(StrEnum):
    """Under which authority an amount is owed. The first three are the columns of the tariff, the last two fees."""

    GENERAL = "GENERAL"
    SPECIAL = "SPECIAL"
    COLUMN_2 = "COLUMN_2"
    SECTION_201 = "SECTION_201"
    SECTION_232 = "SECTION_232"
    SECTION_301 = "SECTION_301"
    SECTION_122 = "SECTION_122"
    SECTION_338 = "SECTION_338"
    IEEPA = "IEEPA"
    ANTIDUMPING = "ANTIDUMPING"
    COUNTERVAILING = "COUNTERVAILING"
    MPF = "MPF"
    HMF = "HMF"


class MeasureRateType(StrEnum):
    """How a measure's rate works on the duty of the line."""

    ADDITIONAL = "additional"  # percent of the basis, on top of the base duty
    TOP_UP = "top_up"  # raises base duty plus this measure to `percent`, never below the base duty
    REPLACE_BASE = "replace_base"  # percent of the basis in place of the base duty
    PER_UNIT = "per_unit"  # US dollars per unit of quantity
    QUOTA = "quota"  # one percent in quota, another over it
    DECLARED = "declared"  # the percent is a declared fact
    PROHIBITION = "prohibition"  # no duty: the goods may not be entered
    NONE = "none"  # an exemption, exclusion or removal: holds the slot, charges nothing


class BasisType(StrEnum):
    """What share of the customs value a percentage is taken of."""

    FULL = "full"
    CONTENT = "content"  # the declared share of one material
    EXCLUDING = "excluding"  # the value less a declared share


@dataclass(frozen=True, slots=True)
class FactIs:
    """The fact has this value."""

    fact: str
    value: bool | str


@dataclass(frozen=True, slots=True)
class FactNotAfter:
    """The fact is a declared date on or before this one."""

    fact: str
    day: date


@dataclass(frozen=True, slots=True)
class FactDeclared:
    """The fact was declared at all."""

    fact: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """One of these preferences is claimed on the line and open to it."""

    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """The part does not hold."""

    part: "Condition"


Condition = FactIs | FactNotAfter | FactDeclared | Claimed | AllOf | AnyOf | Negated


@dataclass(frozen=True, slots=True)
class PrefixEntry:
    """A class of a list, in force for [effective_from, effective_to)."""

    category: str
    effective_from: date | None
    effective_to: date | None

    def holds(self, on: date) -> bool:
        """Whether the entry is in force on a day."""
        return (self.effective_from is None or self.effective_from <= on) and (
            self.effective_to is None or on < self.effective_to
        )


@dataclass(frozen=True, slots=True)
class PrefixList:
    """HTS prefixes (digits only) with their classes, versioned apart from the measures that cite the list."""

    name: str
    version: str
    label: str
    source: str
    entries: Mapping[str, tuple[PrefixEntry, ...]]  # by prefix

    def classify(self, digits: str, on: date) -> str | None:
        """The class of the longest prefix in force that the number starts with; "" is the unnamed class."""
        for length in _LENGTHS:
            if length > len(digits):
                continue
            for entry in self.entries.get(digits[:length], ()):
                if entry.holds(on):
                    return entry.category
        return None

    @property
    def categories(self) -> frozenset[str]:
        """The classes the list knows."""
        return frozenset(entry.category for entries in self.entries.values() for entry in entries)


@dataclass(frozen=True, slots=True)
class CountryGroup:
    """Countries with dated membership: (code, from, to), `to` exclusive, None open."""

    name: str
    label: str
    members: tuple[tuple[str, date | None, date | None], ...]

    def has(self, country: str, on: date) -> bool:
        """Whether a country is a member on a day."""
        return any(
            code == country and (start is None or start <= on) and (end is None or on < end)
            for code, start, end in self.members
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """The numbers a measure reaches. `not_loaded` names the list that is missing: such a measure charges nothing."""

    everything: bool = False
    lists: tuple[tuple[str, str | None], ...] = ()  # (list, class or None for any)
    prefixes: tuple[str, ...] = ()
    only_prefixes: tuple[str, ...] = ()
    except_prefixes: tuple[str, ...] = ()
    not_loaded: str | None = None


@dataclass(frozen=True, slots=True)
class MeasureRate:
    """A rate; which fields are set depends on `type`. Percentages in percent, amounts in US dollars."""

    type: MeasureRateType
    percent: Decimal | None = None
    over_percent: Decimal | None = None
    filled_fact: str | None = None
    amount: Decimal | None = None
    unit: str | None = None
    percent_fact: str | None = None
    case_fact: str | None = None

    @property
    def text(self) -> str:
        """The rate in words."""
        if self.type is MeasureRateType.ADDITIONAL:
            return f"+ {self.percent}%"
        if self.type is MeasureRateType.TOP_UP:
            return f"{self.percent}% in all, column 1 duty included"
        if self.type is MeasureRateType.REPLACE_BASE:
            return f"{self.percent}% in place of the base duty"
        if self.type is MeasureRateType.PER_UNIT:
            return f"+ ${self.amount}/{self.unit}"
        if self.type is MeasureRateType.QUOTA:
            return f"+ {self.percent}% in quota, + {self.over_percent}% over it"
        return {"declared": "declared rate", "prohibition": "prohibited"}.get(self.type.value, "no additional duty")


@dataclass(frozen=True, slots=True)
class Basis:
    """A named value basis. EXCLUDING: `at_most` caps the share taken out, `only_from` is the least that counts."""

    name: str
    type: BasisType
    fact: str | None = None
    content_set: str | None = None
    at_most: Decimal | None = None
    only_from: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ContentSet:
    """How declared contents are read together: any of `facts` given makes the others 0, else `total_fact` stands for
    each of them, else `default_pct`; nothing at all where `none_when` holds."""

    name: str
    facts: tuple[str, ...]
    total_fact: str
    default_pct: Decimal
    none_when: Condition | None


@dataclass(frozen=True, slots=True)
class Yield:
    """Stepping back for measures that apply and carry one of `tags`: wholly, or on the value they cover."""

    tags: frozenset[str]
    article: bool


@dataclass(frozen=True, slots=True)
class FactDefinition:
    """One fact an importer may declare. `type`: boolean, percent (0-100), rate, date, choice or text."""

    name: str
    type: str
    default: bool | str | None
    meaning: str
    question: str | None = None
    ask: bool = False
    values: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()  # answers a question prices when the rules name none
    assumed: str | None = None  # what an absent answer is read as, where `default` does not say it


@dataclass(frozen=True, slots=True)
class Preference:
    """A symbol of the special column: who may claim it, when, and whether it frees from the merchandise fee."""

    symbol: str
    label: str
    origins: tuple[str, ...]
    effective_from: date | None
    effective_to: date | None
    mpf_exempt: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """One heading's rule. In a `slot` the lowest `rank` whose conditions hold wins, among equals the highest rate;
    the others of the slot are set aside. `row` is the canonical JSON of the measure as it was written."""

    id: str
    kind: DutyKind
    program: str
    heading: str | None
    label: str
    effective_from: date
    effective_to: date | None  # exclusive
    recorded_at: datetime
    scope: Scope
    origins: tuple[str, ...]
    except_origins: tuple[str, ...]
    slot: str
    rank: int
    rate: MeasureRate
    basis: str
    when: Condition | None
    tags: frozenset[str]
    yields_to: tuple[Yield, ...]
    citation: str
    confidence: str
    row: str = field(repr=False)

    def in_force(self, on: date) -> bool:
        """Whether the measure holds on a day of entry."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)

    @property
    def legal_citation(self) -> str:
        """The clause, and how far it has been checked."""
        return f"{self.citation} [{self.confidence}]"


@dataclass(frozen=True, slots=True)
class Omission:
    """A measure that is known and deliberately not in the pack."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class MeasureBook:
    """Everything the calculator reads besides the tariff itself. What it has found for an origin and a day it keeps."""

    measures: Mapping[str, Measure]
    lists: Mapping[str, PrefixList]
    groups: Mapping[str, CountryGroup]
    bases: Mapping[str, Basis]
    content_sets: Mapping[str, ContentSet]
    facts: Mapping[str, FactDefinition]
    preferences: Mapping[str, tuple[Preference, ...]]
    order: tuple[str, ...]
    omissions: tuple[Omission, ...]
    fees: tuple[Mapping[str, object], ...] = ()
    _by_day: dict[tuple[str, date], tuple[Measure, ...]] = field(default_factory=dict, repr=False, compare=False)
    _classes: dict[tuple[str, date], dict[str, str | None]] = field(default_factory=dict, repr=False, compare=False)

    def of_origin(self, origin: str, on: date) -> tuple[Measure, ...]:
        """The measures in force on a day that reach goods of an origin, in the order of slot and rank."""
        found = self._by_day.get((origin, on))
        if found is None:
            found = tuple(
                sorted(
                    (
                        measure
                        for measure in self.measures.values()
                        if measure.in_force(on)
                        and self.covers(measure.origins, origin, on)
                        and not self.covers(measure.except_origins, origin, on)
                    ),
                    key=lambda measure: (measure.slot, measure.rank, -(measure.rate.percent or 0), measure.id),
                )
            )
            if len(self._by_day) >= _KEPT:
                self._by_day.clear()
            self._by_day[(origin, on)] = found
        return found

    def matching(self, digits: str, origin: str, on: date) -> tuple[Measure, ...]:
        """Those of `of_origin` whose scope has the number (digits only), or whose scope is not loaded."""
        return tuple(
            measure
            for measure in self.of_origin(origin, on)
            if measure.scope.not_loaded or self.in_scope(measure.scope, digits, on)
        )

    def in_scope(self, scope: Scope, digits: str, on: date) -> bool:
        """Whether a number (digits only) is in a scope on a day."""
        if scope.except_prefixes and digits.startswith(scope.except_prefixes):
            return False
        if scope.only_prefixes and not digits.startswith(scope.only_prefixes):
            return False
        if scope.everything or (scope.prefixes and digits.startswith(scope.prefixes)):
            return True
        known = self._classes_of(digits, on) if scope.lists else {}
        for name, category in scope.lists:
            if name not in known:
                known[name] = self.lists[name].classify(digits, on)
            found = known[name]
            if found is not None and (category is None or category == found):
                return True
        return False

    def _classes_of(self, digits: str, on: date) -> dict[str, str | None]:
        """What the lists looked at so far make of a number: many measures share a list, and books with other measures
        share this one's lists."""
        found = self._classes.get((digits, on))
        if found is None:
            if len(self._classes) >= _KEPT:
                self._classes.clear()
            found = self._classes[(digits, on)] = {}
        return found

    def covers(self, origins: Iterable[str], origin: str, on: date) -> bool:
        """Whether a list of country codes, `@GROUP` names and `*` has a country on a day."""
        return any(
            token in (ANY_ORIGIN, origin) or (token[0] == "@" and self.groups[token[1:]].has(origin, on))
            for token in origins
        )
