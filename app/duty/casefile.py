"""Quote files: rows of cases in, one row out for each in the same order, with duty exact and unrounded.

Reading the file and finding revisions are the caller's work; a row that cannot be answered says so in `error`."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from app.duty.assessment import (
    DutyErrorCode,
    DutyFault,
    LineAssessment,
    LineInput,
    TariffSource,
)
from app.duty.calculator import Calculator
from app.values import format_decimal, parse_decimal

COLUMNS_IN: Final = (
    "case_id",
    "hts10",
    "origin",
    "entry_date",
    "customs_value_usd",
    "quantities_json",
    "spi_claimed",
    "facts_json",
)
COLUMNS_OUT: Final = ("case_id", "base_duty", "additional_duty", "total_duty", "components", "questions", "error")
_OPTIONAL: Final = frozenset({"quantities_json", "spi_claimed", "facts_json"})
_LONGEST: Final = 20_000

Row = Mapping[str, str]


class CaseFileError(ValueError):
    """The file as a whole cannot be read: no header, or columns missing."""


def read_cases(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of a CSV file with a header, other columns ignored. Raises CaseFileError for a file without ours."""
    reader = csv.DictReader(lines, strict=True)
    try:
        names = [name.strip().lstrip("\ufeff") for name in reader.fieldnames or ()]
        reader.fieldnames = names
        absent = [name for name in COLUMNS_IN if name not in names and name not in _OPTIONAL]
        if absent:
            raise CaseFileError(f"the file has no column {', '.join(absent)}: it needs {', '.join(COLUMNS_IN)}")
        for row in reader:
            yield {name: row.get(name) or "" for name in COLUMNS_IN}
    except csv.Error as fault:
        raise CaseFileError(f"line {reader.line_num}: {fault}") from fault


def assess_cases(
    rows: Iterable[Row], source_for: Callable[[date], TariffSource | None], calculator: Calculator
) -> Iterator[dict[str, str]]:
    """One row of COLUMNS_OUT for each of COLUMNS_IN, in order. `source_for` gives the revision in force on a day."""
    for row in rows:
        case = row.get("case_id", "")
        read = _read(row)
        answer: LineAssessment | DutyFault
        if isinstance(read, DutyFault):
            answer = read
        else:
            line, on = read
            source = source_for(on)
            if source is None:
                message = f"no revision of the tariff is loaded for {on}"
                answer = DutyFault(DutyErrorCode.BEFORE_FIRST_REVISION, message, ("entry_date",))
            else:
                answer = calculator.assess(line, on, source)
        yield _written(case, answer)


def _read(row: Row) -> tuple[LineInput, date] | DutyFault:
    """A row's line and its day of entry, or the first thing wrong with it."""
    if any(len(text) > _LONGEST for text in row.values()):
        return DutyFault(DutyErrorCode.INVALID_ROW, f"a field is longer than {_LONGEST} characters")
    day = row.get("entry_date", "").strip()
    try:
        on = date.fromisoformat(day) if len(day) == len("2025-04-05") else None
    except ValueError:
        on = None
    if on is None:
        return DutyFault(DutyErrorCode.INVALID_DATE, f"{day[:40]!r} is not a date such as 2025-04-05", ("entry_date",))
    try:
        value = parse_decimal(row.get("customs_value_usd", "").strip())
    except ValueError as fault:
        return DutyFault(DutyErrorCode.INVALID_VALUE, str(fault), ("customs_value_usd",))
    facts = _object(row.get("facts_json", ""))
    if facts is None:
        return DutyFault(DutyErrorCode.INVALID_FACT, "facts_json is not a JSON object", ("facts_json",))
    quantities = _quantities(row.get("quantities_json", ""))
    if isinstance(quantities, DutyFault):
        return quantities
    claim = row.get("spi_claimed", "").strip() or None
    return LineInput(row.get("hts10", "").strip(), row.get("origin", "").strip(), value, quantities, claim, facts), on


def _quantities(text: str) -> dict[str, Decimal] | DutyFault:
    """Quantities by unit code in capitals."""
    held = _object(text)
    if held is None:
        return DutyFault(DutyErrorCode.INVALID_QUANTITY, "quantities_json is not a JSON object", ("quantities_json",))
    read: dict[str, Decimal] = {}
    for unit, quantity in held.items():
        try:
            read[unit.strip().upper()] = parse_decimal(quantity) if isinstance(quantity, str) else _exact(quantity)
        except ValueError:
            message = f"{str(quantity)[:40]} {unit[:20]} is not a quantity"
            return DutyFault(DutyErrorCode.INVALID_QUANTITY, message, ("quantities_json",))
    return read


def _object(text: str) -> dict[str, object] | None:
    """A JSON object with exact numbers; a blank text is an empty one, anything else is None."""
    if not text.strip():
        return {}
    try:
        value = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _exact(value: object) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError("not a number")
    return value


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a number")


def _written(case: str, answer: LineAssessment | DutyFault) -> dict[str, str]:
    if isinstance(answer, DutyFault):
        return dict.fromkeys(COLUMNS_OUT, "") | {
            "case_id": case,
            "components": "[]",
            "questions": "[]",
            "error": _error(answer),
        }
    total, base = answer.duty_total, answer.base_duty
    answered = total is not None and base is not None
    return {
        "case_id": case,
        "base_duty": format_decimal(base, places=2) if base is not None else "",
        "additional_duty": format_decimal(total - base, places=2) if total is not None and base is not None else "",
        "total_duty": format_decimal(total, places=2) if total is not None else "",
        "components": _json([_component(answer, place) for place in range(len(answer.components))]),
        "questions": _json(_questions(answer)),
        "error": "" if answered or answer.error is None else _error(answer.error),
    }


def _component(answer: LineAssessment, place: int) -> dict[str, object]:
    part = answer.components[place]
    return {
        "kind": part.kind.value,
        "code": part.code,
        "hts": part.hts_number,
        "label": part.label,
        "rate": part.rate_text,
        "base": format_decimal(part.base, places=2),
        "amount": format_decimal(part.amount, places=2),
        "formula": part.formula,
        "citation": part.legal_citation,
    }


def _questions(answer: LineAssessment) -> list[dict[str, object]]:
    asked: list[dict[str, object]] = [
        {
            "fact": question.fact,
            "question": question.question,
            "assumed": question.assumed,
            "alternatives": [
                {
                    "answer": other.answer,
                    "duty_total": None if other.duty_total is None else format_decimal(other.duty_total, places=2),
                    "difference": None if other.difference is None else format_decimal(other.difference, places=2),
                }
                for other in question.alternatives
            ],
        }
        for question in answer.questions
    ]
    asked += [{"fact": "notice", "question": notice, "assumed": None, "alternatives": []} for notice in answer.notices]
    return asked


def _error(fault: DutyFault) -> str:
    where = f" [{'.'.join(fault.field)}]" if fault.field else ""
    return f"{fault.code.value}: {fault.message}{where}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
