"""User fees of an entry: merchandise processing (19 CFR 24.23) and harbor maintenance (19 CFR 24.24).

Rates, bounds and exemptions by fiscal year are data of the measure book."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self, cast

from app.duty.assessment import Component, Rounding
from app.tariff.measure import DutyKind, MeasureBook
from app.values import TransportMode, canonical_json, format_decimal

_CENT = Decimal("0.01")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class FeeRule:
    """One fee in one period [effective_from, effective_to). Percent of value; the rest in US dollars."""

    kind: DutyKind
    code: str
    effective_from: date
    effective_to: date | None
    percent: Decimal
    minimum: Decimal | None
    maximum: Decimal | None
    informal: Decimal | None
    informal_limit: Decimal | None
    exempt_prefixes: tuple[str, ...]
    dutiable_prefixes: tuple[str, ...]
    modes: frozenset[str]
    not_over_alone: Decimal | None
    citation: str
    row: str

    def in_force(self, on: date) -> bool:
        """Whether the rule holds on a day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True, slots=True)
class FeeLine:
    """What the fees need of a line: digits of its number, value in US dollars, whether its preference frees it."""

    digits: str
    value: Decimal
    mpf_exempt: bool


@dataclass(frozen=True, slots=True)
class FeeTable:
    """The fee rules of a measure book."""

    rules: tuple[FeeRule, ...]

    @classmethod
    def of(cls, book: MeasureBook) -> Self:
        """The fee rules a book carries."""
        return cls(tuple(_rule(row) for row in book.fees))

    def on(self, day: date) -> tuple[FeeRule, ...]:
        """The rules in force on a day."""
        return tuple(rule for rule in self.rules if rule.in_force(day))


def entry_fees(
    lines: Sequence[FeeLine],
    rules: Iterable[FeeRule],
    *,
    mode: TransportMode | None,
    formal: bool,
    duty: Decimal,
    rounding: Rounding,
) -> tuple[Component, ...]:
    """The fees of an entry. `duty` is what else is due, which decides on a small harbor fee."""
    found: list[Component] = []
    due = duty
    for rule in sorted(rules, key=lambda rule: rule.kind is DutyKind.HMF):
        fee = _processing(lines, rule, formal) if rule.kind is DutyKind.MPF else _harbor(lines, rule, mode, due)
        if fee is None:
            continue
        base, amount, working = fee
        if rounding is Rounding.CFR_159_3:
            amount = amount.quantize(_CENT, ROUND_HALF_UP)
        due += amount
        found.append(
            Component(
                kind=rule.kind,
                code=rule.code,
                hts_number=None,
                label="Merchandise processing fee" if rule.kind is DutyKind.MPF else "Harbor maintenance fee",
                rate_text=f"{format_decimal(rule.percent)}%",
                base=base,
                amount=amount,
                working=working,
                legal_citation=rule.citation,
            )
        )
    return tuple(found)


def informal_over(lines: Sequence[FeeLine], rules: Iterable[FeeRule]) -> Decimal | None:
    """The limit of an informal entry where the lines are over it, else None."""
    value = sum((line.value for line in lines), _NOTHING)
    limits = [rule.informal_limit for rule in rules if rule.informal_limit is not None]
    return next((limit for limit in limits if value > limit), None)


def _processing(lines: Sequence[FeeLine], rule: FeeRule, formal: bool) -> tuple[Decimal, Decimal, str] | None:
    dutiable = [line for line in lines if not line.mpf_exempt and not _relieved(line.digits, rule)]
    base = sum((line.value for line in dutiable), _NOTHING)
    if not dutiable or not base:
        return None
    if not formal and rule.informal is not None:
        return base, rule.informal, "informal entry"
    amount = base * rule.percent / 100
    working = f"{{base}} × {format_decimal(rule.percent)}%"
    if rule.minimum is not None and amount < rule.minimum:
        return base, rule.minimum, f"{working}, at least {rule.minimum}"
    if rule.maximum is not None and amount > rule.maximum:
        return base, rule.maximum, f"{working}, at most {rule.maximum}"
    return base, amount, working


def _harbor(
    lines: Sequence[FeeLine], rule: FeeRule, mode: TransportMode | None, due: Decimal
) -> tuple[Decimal, Decimal, str] | None:
    if mode is None or mode.value not in rule.modes:
        return None
    base = sum((line.value for line in lines), _NOTHING)
    amount = base * rule.percent / 100
    if not base or (rule.not_over_alone is not None and not due and amount <= rule.not_over_alone):
        return None
    return base, amount, f"{{base}} × {format_decimal(rule.percent)}%"


def _relieved(digits: str, rule: FeeRule) -> bool:
    return digits.startswith(rule.exempt_prefixes) and not digits.startswith(rule.dutiable_prefixes)


def _rule(row: Mapping[str, object]) -> FeeRule:
    held = cast("Mapping[str, Any]", row)

    def money(name: str) -> Decimal | None:
        return Decimal(held[name]) if name in held else None

    def prefixes(name: str) -> tuple[str, ...]:
        return tuple(held[name].split(" ")) if name in held else ()

    return FeeRule(
        kind=DutyKind(held["kind"]),
        code=held["code"],
        effective_from=date.fromisoformat(held["from"]),
        effective_to=date.fromisoformat(held["to"]) if "to" in held else None,
        percent=Decimal(held["percent"]),
        minimum=money("minimum"),
        maximum=money("maximum"),
        informal=money("informal"),
        informal_limit=money("informal_limit"),
        exempt_prefixes=prefixes("exempt_prefixes"),
        dutiable_prefixes=prefixes("dutiable_prefixes"),
        modes=frozenset(held.get("modes", ())),
        not_over_alone=money("not_over_alone"),
        citation=held["citation"],
        row=canonical_json(dict(held)),
    )
