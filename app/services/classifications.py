"""Decisions about a product's HTS number: confirm, reject, replace. The product's own columns, the classification
decided about and those it supersedes change together."""

from dataclasses import dataclass
from enum import StrEnum

from app.classification.decision import (
    OPEN,
    ClassificationDecision,
    ClassificationMethod,
    ClassificationStatus,
    Refused,
    decide,
)
from app.clock import today
from app.events.types import EventType
from app.ids import new_id
from app.principal import Principal
from app.services.archive import fresh
from app.services.idempotency import OUTCOME, once
from app.services.inputs import PROSE, Faults
from app.services.outcome import Outcome
from app.services.tariff import Known, known_numbers
from app.store.session import Store
from app.store.tables import Classification, Product
from app.store.unit import Unit
from app.tariff.code import parse_hts

_CONFIRM, _REPLACE = ClassificationDecision.CONFIRM, ClassificationDecision.REPLACE
_LIVE = (*sorted(OPEN), ClassificationStatus.CONFIRMED)


class ClassificationDecideErrorCode(StrEnum):
    """What can be wrong with a decision."""

    REQUIRED = "REQUIRED"
    INVALID = "INVALID"
    TOO_LONG = "TOO_LONG"
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN_NUMBER = "UNKNOWN_NUMBER"
    NOT_DECLARABLE = "NOT_DECLARABLE"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    STALE = "STALE"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"


@dataclass(frozen=True, slots=True)
class ClassificationDecide:
    """A decision about a classification, or about a product: then about its current classification, or for a number
    that is given. CONFIRM and REPLACE with a number make a MANUAL classification where there is none with it.
    `expected_version` is the product's."""

    decision: ClassificationDecision
    classification_id: str | None = None
    product_id: str | None = None
    hts_number: str | None = None
    rationale: str | None = None
    expected_version: int | None = None
    idempotency_key: str | None = None


async def decide_classification(store: Store, principal: Principal, command: ClassificationDecide) -> Outcome:
    """Takes the decision; the outcome's id is the classification that now stands (or was rejected)."""
    faults = Faults(ClassificationDecideErrorCode)
    rationale = faults.text(command.rationale, "rationale", longest=PROSE, required=False)
    number = _number(faults, command)
    if number is not None:
        known = await known_numbers(store, principal, {number}, today(store.clock))
        _check_tariff(faults, number, known[number])
    told = faults()

    async def work(unit: Unit) -> Outcome:
        found = Faults(ClassificationDecideErrorCode)
        found.found.extend(told)
        product, current = await _subject(unit, found, command)
        if product is not None:
            fresh(found, product.version, command.expected_version)
        if found or product is None:
            return Outcome(faults=found())
        if number is not None and not _says(current, number):
            return await _put(unit, found, product, current, number, rationale, command)
        if number is not None and current is not None and current.status == ClassificationStatus.CONFIRMED:
            return Outcome(id=current.id, unchanged=True)
        return await _judge(unit, found, product, current, rationale, command)

    return await once(store, principal, command, work, OUTCOME)


def _number(faults: Faults, command: ClassificationDecide) -> str | None:
    if (command.classification_id is None) == (command.product_id is None):
        faults.add("REQUIRED", "name either the classification or the product", "classification")
    if command.hts_number is None:
        if command.decision is _REPLACE:
            faults.add("REQUIRED", "REPLACE needs the number that replaces it", "htsNumber")
        return None
    if command.decision is ClassificationDecision.REJECT:
        faults.add("INVALID", "REJECT takes no number: REPLACE says which one is right", "htsNumber")
        return None
    try:
        return parse_hts(command.hts_number, digits=(8, 10))
    except ValueError as fault:
        faults.add("INVALID", str(fault), "htsNumber")
        return None


def _says(current: Classification | None, number: str) -> bool:
    """Whether the classification at hand is alive and says this number."""
    return current is not None and current.status in _LIVE and current.hts_number == number


def _check_tariff(faults: Faults, number: str, known: Known) -> None:
    if known.in_force is False:
        faults.add("UNKNOWN_NUMBER", f"{number} is not in the tariff in force today", "htsNumber")
    elif known.declarable is False or (known.declarable is None and len(number) < 13):
        faults.add("NOT_DECLARABLE", f"goods cannot be entered under {number}: give the 10-digit number", "htsNumber")


async def _subject(
    unit: Unit, faults: Faults, command: ClassificationDecide
) -> tuple[Product | None, Classification | None]:
    owner = unit.organisation_id
    if command.classification_id is None and command.product_id is None:
        return None, None  # which is a fault already
    if command.classification_id is not None:
        row = await unit.find(Classification, id=command.classification_id, organisation_id=owner)
        if row is None:
            faults.add("NOT_FOUND", "there is no such classification", "classification")
            return None, None
        return await unit.find(Product, id=row.product_id), row
    product = await unit.find(Product, id=command.product_id or "", organisation_id=owner)
    if product is None:
        faults.add("NOT_FOUND", "there is no such product", "product")
        return None, None
    return product, await unit.find(Classification, id=product.classification_id or "", product_id=product.id)


async def _put(
    unit: Unit,
    faults: Faults,
    product: Product,
    current: Classification | None,
    number: str,
    rationale: str | None,
    command: ClassificationDecide,
) -> Outcome:
    """Another number than the current one's takes its place."""
    if command.classification_id is not None and command.decision is _CONFIRM and current is not None:
        if current.hts_number == number:
            return await _judge(unit, faults, product, current, rationale, command)
        faults.add("INVALID", f"the classification says {current.hts_number}: REPLACE it by {number}", "htsNumber")
        return Outcome(faults=faults())
    if command.classification_id is not None and current is not None:
        verdict = decide(ClassificationStatus(current.status), _REPLACE)
        if isinstance(verdict, Refused):
            faults.add("TRANSITION_NOT_ALLOWED", verdict.reason, "decision")
            return Outcome(faults=faults())
    row = Classification(
        id=new_id("Classification"),
        organisation_id=product.organisation_id,
        product_id=product.id,
        hts_number=number,
        status=ClassificationStatus.CONFIRMED.value,
        confidence=1.0,
        method=ClassificationMethod.MANUAL.value,
        rationale=rationale or f"Chosen by {unit.caller.subject}.",
        alternatives=[],
        decided_by=unit.caller.subject,
        decided_at=unit.now,
        created_at=unit.now,
    )
    unit.add(row)
    await unit.flush()
    return await _settle(unit, product, row, command.decision)


async def _judge(
    unit: Unit,
    faults: Faults,
    product: Product,
    current: Classification | None,
    rationale: str | None,
    command: ClassificationDecide,
) -> Outcome:
    """A verdict on the classification at hand. Replacing a number by itself confirms it."""
    if current is None:
        faults.add("REQUIRED", "the product has no classification: give the number", "htsNumber")
        return Outcome(faults=faults())
    decision = _CONFIRM if command.decision is _REPLACE else command.decision
    verdict = decide(ClassificationStatus(current.status), decision)
    if isinstance(verdict, Refused):
        faults.add("TRANSITION_NOT_ALLOWED", verdict.reason, "decision")
        return Outcome(faults=faults())
    current.status = verdict.status.value
    current.decided_by, current.decided_at = unit.caller.subject, unit.now
    if rationale is not None:
        current.rationale = f"{current.rationale}\n{decision.value.title()}ed: {rationale}"
    return await _settle(unit, product, current, decision)


async def _settle(unit: Unit, product: Product, row: Classification, decision: ClassificationDecision) -> Outcome:
    """Supersedes the others, brings the product in step, and tells of it."""
    before = product.hts_number
    confirmed = row.status == ClassificationStatus.CONFIRMED
    if confirmed:
        others = await unit.find_all(Classification, product_id=product.id, status=list(_LIVE))
        for other in others:
            if other.id != row.id:
                other.status = ClassificationStatus.SUPERSEDED.value
    if confirmed or product.classification_id == row.id:
        product.classification_id, product.classification_status = row.id, row.status
        product.hts_number = row.hts_number if confirmed else None
    product.version += 1
    product.updated_at = unit.now
    unit.audit(product.organisation_id, "classification.decided", row.id, decision=decision, status=row.status)
    data = {
        "productId": product.id,
        "sku": product.sku,
        "decision": decision.value,
        "status": row.status,
        "htsNumber": row.hts_number,
        "previousHtsNumber": before,
    }
    await unit.event(EventType.CLASSIFICATION_DECIDED, product.organisation_id, row.id, unit.now, data)
    return Outcome(id=row.id)
