"""Duty in bulk: lines a second of the calculator, and how many times a plain loop over the same parsed data.

`python -m tests.bench.duty [--lines 100000] [--tariff EXPORT.json.gz --on DATE]`. Half of the lines bear no measure, a
third bear 232, 301 or IEEPA duty, the rest are specific or compound. Components and reasons are made, JSON is not."""

import argparse
import json
import random
import sys
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from app.duty.assessment import Component, LineInput, NotApplied, QuoteInput
from app.duty.calculator import Calculator
from app.duty.column import base_duty, choose_column
from app.duty.fees import FeeTable
from app.duty.quote import quote
from app.duty.stacking import describe, holds
from app.tariff.export import read_export
from app.tariff.measure import Measure, MeasureBook, MeasureRateType
from app.tariff.measure_file import packaged_book
from app.tariff.rate import RateKind
from app.tariff.schedule import RevisionInfo, Schedule
from app.tariff.starter import starter_export

QUANTITIES = {unit: Decimal(12) for unit in ("KG", "NO", "L")}
ORIGINS = ("CN", "DE", "JP", "KR", "MX", "CA", "VN", "IN", "GB", "BR", "TH", "AU")
PLAIN, MEASURED, SPECIFIC = 50, 33, 17  # percent of the lines


def schedule_of(path: Path | None, on: date) -> Schedule:
    """The tariff of an export, or the packaged starter."""
    export = read_export(path.read_bytes() if path is not None else starter_export())
    info = RevisionInfo("bench", date(2025, 1, 1), datetime.now(UTC), path is None, export.sha256, "rev_bench")
    return Schedule.of_rows(info, export.rows)


def sample(schedule: Schedule, book: MeasureBook, on: date, count: int) -> list[LineInput]:
    """Lines of the three sorts in their proportion, always the same."""
    chance = random.Random(20260401)
    calculator = Calculator(book)
    pools: dict[str, list[tuple[str, str]]] = {"plain": [], "measured": [], "specific": []}
    for line in chance.sample(list(schedule.declarable), min(4_000, len(list(schedule.declarable)))):
        origin = chance.choice(ORIGINS)
        asked = LineInput(line.number, origin, Decimal(100), QUANTITIES)
        answer = calculator.assess(asked, on, schedule, questions=False)
        if answer.duty_total is None:
            continue
        if line.general_rate.kind in (RateKind.SPECIFIC, RateKind.COMPOUND):
            pools["specific"].append((line.number, origin))
        else:
            pools["measured" if len(answer.components) > 1 else "plain"].append((line.number, origin))
    kinds = chance.choices(("plain", "measured", "specific"), (PLAIN, MEASURED, SPECIFIC), k=count)
    picks = [chance.choice(pools[kind]) for kind in kinds]
    return [
        LineInput(number, origin, Decimal(chance.randrange(100, 9_999_999)) / 100, QUANTITIES)
        for number, origin in picks
    ]


def plainly(lines: Sequence[LineInput], schedule: Schedule, book: MeasureBook, on: date) -> list[Decimal]:
    """The baseline: every line looks through every measure, and nothing is remembered."""
    totals = []
    for line in lines:
        tariff = schedule.find(line.number)
        assert tariff is not None
        column = choose_column(tariff, line.origin, on, line.claimed_preference, book)
        base = base_duty(column.rate, line.customs_value, line.quantities)  # type: ignore[union-attr]
        digits = line.number.replace(".", "").ljust(10, "0")
        reached = [
            measure
            for measure in book.measures.values()
            if measure.in_force(on)
            and book.covers(measure.origins, line.origin, on)
            and not book.covers(measure.except_origins, line.origin, on)
            and not measure.scope.not_loaded
            and book.in_scope(measure.scope, digits, on)
        ]
        totals.append(_total(reached, base.amount, line, book))
    return totals


def _total(reached: list[Measure], base: Decimal, line: LineInput, book: MeasureBook) -> Decimal:
    reached.sort(key=lambda measure: (measure.slot, measure.rank, -(measure.rate.percent or 0)))
    winners: list[Measure] = []
    reasons: list[NotApplied] = []
    for _, slot in groupby(reached, key=lambda measure: measure.slot):
        taken = False
        for measure in slot:
            if taken:
                reasons.append(NotApplied(measure, "another one applies in its place"))
            elif measure.when is not None and not holds(measure.when, {}, None, book):
                reasons.append(NotApplied(measure, f"only where {describe(measure.when)}"))
            else:
                taken = True
                winners.append(measure)
    total, parts = base, []
    for measure in sorted(winners, key=lambda measure: bool(measure.yields_to)):
        before = [one for one in winners if any(one.tags & step.tags for step in measure.yields_to)]
        if before or measure.rate.type is MeasureRateType.NONE:
            continue
        percent = measure.rate.percent or Decimal(0)
        amount = line.customs_value * percent / 100
        if measure.rate.type is MeasureRateType.TOP_UP:
            amount = max(Decimal(0), amount - base)
        total += amount
        parts.append(
            Component(
                measure.kind,
                measure.id,
                measure.heading,
                measure.label,
                measure.rate.text,
                line.customs_value,
                amount,
                f"{{base}} × {percent}%",
                measure.legal_citation,
            )
        )
    return total


def measured(count: int, tariff: Path | None, on: date) -> dict[str, float]:
    """The figures: lines a second warm, cold and plain, their ratio, and milliseconds of a quote of one line."""
    book = packaged_book()
    schedule = schedule_of(tariff, on)
    lines = sample(schedule, book, on, count)
    rows = [(line, on) for line in lines]
    few = lines[: max(200, count // 50)]
    started = time.perf_counter()
    plain = plainly(few, schedule, book, on)
    baseline = len(few) / (time.perf_counter() - started)
    calculator = Calculator(book)
    speeds = []
    for _ in range(3):
        started = time.perf_counter()
        deque(calculator.assess_lines(rows, schedule), maxlen=0)
        speeds.append(count / (time.perf_counter() - started))
    answers = calculator.assess_lines(rows[: len(few)], schedule)
    same = sum(one.duty_total == other for one, other in zip(answers, plain, strict=True))
    fees = FeeTable.of(book)
    started = time.perf_counter()
    for line in lines[:500]:
        quote(QuoteInput((line,), on), schedule, book, fees, calculator)
    single = (time.perf_counter() - started) / min(500, count) * 1000
    return {
        "lines": count,
        "cold_lines_per_second": round(speeds[0]),
        "warm_lines_per_second": round(max(speeds[1:])),
        "baseline_lines_per_second": round(baseline),
        "ratio": round(max(speeds[1:]) / baseline, 1),
        "baseline_agrees_percent": round(100 * same / len(few), 1),
        "one_line_quote_ms": round(single, 3),
    }


def main() -> int:
    """Prints the figures as JSON; 1 where the ratio or the speed is short of what is promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--tariff", type=Path, default=None, help="an HTS export; the packaged starter without it")
    parser.add_argument("--on", type=date.fromisoformat, default=date(2026, 3, 2))
    chosen = parser.parse_args()
    figures = measured(chosen.lines, chosen.tariff, chosen.on)
    print(json.dumps(figures))
    return 0 if figures["ratio"] >= 8 and figures["warm_lines_per_second"] >= 20_000 else 1


if __name__ == "__main__":
    sys.exit(main())
