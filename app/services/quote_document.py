"""An assessment as the plain JSON document that is stored with a quote and read by the graph: money and percentages
are decimal text, keys are the graph's names."""

from decimal import Decimal
from typing import Any

from app.duty.assessment import Assessment, Component, DutyFault, LineAssessment, NotApplied, Question
from app.tariff.measure import Measure
from app.values import format_decimal

_DOLLAR = "USD"


def document(answer: Assessment, revision: Any) -> dict[str, Any]:
    """The whole answer. Amounts are US dollars, exact."""
    return {
        "asOf": answer.as_of.isoformat(),
        "lines": [line_form(line) for line in answer.lines],
        "fees": [_component(fee) for fee in answer.fees],
        "complete": answer.complete,
        "userErrors": [_fault(fault) for fault in answer.errors],
        "knownDuty": _money(answer.known_duty),
        "dutyTotal": _money(answer.duty_total),
        "feeTotal": _money(answer.fee_total),
        "total": _money(answer.total),
        "landedCost": _money(answer.landed_cost),
        "effectiveRate": _number(answer.effective_rate),
        "questions": [_question(question) for question in answer.questions],
        "tariffRevisionId": revision.id,
        "notices": [revision.notice] if revision.notice else [],
        "disclaimer": answer.disclaimer,
        "receipt": answer.receipt,
    }


def measure_form(measure: Measure) -> dict[str, Any]:
    """A measure as the graph shows it."""
    return {
        "id": measure.id,
        "code": measure.program,
        "authority": measure.kind.value,
        "htsNumber": measure.heading,
        "label": measure.label,
        "rateText": measure.rate.text,
        "effectiveFrom": measure.effective_from.isoformat(),
        "effectiveTo": None if measure.effective_to is None else measure.effective_to.isoformat(),
        "legalCitation": measure.legal_citation,
    }


def line_form(line: LineAssessment) -> dict[str, Any]:
    """One line as the graph shows it."""
    return {
        "number": line.number,
        "htsNumber": line.hts_number,
        "originCountry": line.origin,
        "customsValue": _money(line.customs_value),
        "components": [_component(component) for component in line.components],
        "notApplied": [_not_applied(one) for one in line.not_applied],
        "dutyTotal": _money(line.duty_total),
        "effectiveRate": _number(line.effective_rate),
        "notices": list(line.notices),
        "error": None if line.error is None else _fault(line.error),
    }


def _component(component: Component) -> dict[str, Any]:
    return {
        "kind": component.kind.value,
        "code": component.code,
        "htsNumber": component.hts_number,
        "label": component.label,
        "rateText": component.rate_text,
        "base": _money(component.base),
        "amount": _money(component.amount),
        "formula": component.formula,
        "legalCitation": component.legal_citation,
    }


def _not_applied(one: NotApplied) -> dict[str, Any]:
    return {"measure": measure_form(one.measure), "reason": one.reason}


def _question(question: Question) -> dict[str, Any]:
    return {
        "line": question.line,
        "fact": question.fact,
        "question": question.question,
        "assumed": question.assumed,
        "alternatives": [
            {
                "answer": alternative.answer,
                "dutyTotal": _money(alternative.duty_total),
                "difference": _money(alternative.difference),
            }
            for alternative in question.alternatives
        ],
    }


def _fault(fault: DutyFault) -> dict[str, Any]:
    return {"code": fault.code.name, "message": fault.message, "field": list(fault.field)}


def _money(amount: Decimal | None) -> dict[str, str] | None:
    return None if amount is None else {"amount": format_decimal(amount, places=2), "currency": _DOLLAR}


def _number(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)
