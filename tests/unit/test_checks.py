"""The checks name what blocks a filing, where, and what mends it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.filing.checks import EntryView, LineView, Severity, blockers, check_entry

LINE = LineView(
    number=1,
    product_id="prd_1",
    sku="A-1",
    hts_number="8471.30.01.00",
    classification_status="CONFIRMED",
    origin_country="VN",
    customs_value=Decimal("100.00"),
    currency="USD",
    in_force=True,
    declarable=True,
)
ENTRY = EntryView("01", "2704", (LINE,), date(2026, 11, 20))


def found(view: EntryView) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(check.code, check.severity, check.field) for check in check_entry(view)]


def test_a_complete_entry_has_no_findings() -> None:
    assert found(ENTRY) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"hts_number": None}, ("UNCLASSIFIED", "BLOCKER", ("lines", "1", "product"))),
        (
            {"classification_status": "NEEDS_REVIEW"},
            ("CLASSIFICATION_UNCONFIRMED", "BLOCKER", ("lines", "1", "htsNumber")),
        ),
        ({"in_force": False, "declarable": None}, ("HTS_NOT_IN_FORCE", "BLOCKER", ("lines", "1", "htsNumber"))),
        ({"declarable": False}, ("HTS_NOT_DECLARABLE", "BLOCKER", ("lines", "1", "htsNumber"))),
        ({"origin_country": None}, ("ORIGIN_MISSING", "BLOCKER", ("lines", "1", "originCountry"))),
        ({"origin_country": "XX"}, ("ORIGIN_UNKNOWN", "BLOCKER", ("lines", "1", "originCountry"))),
        ({"customs_value": None}, ("VALUE_MISSING", "BLOCKER", ("lines", "1", "customsValue"))),
        ({"customs_value": Decimal(0)}, ("VALUE_ZERO", "WARNING", ("lines", "1", "customsValue"))),
        ({"currency": "EUR"}, ("CURRENCY_NOT_USD", "WARNING", ("lines", "1", "customsValue"))),
    ],
)
def test_one_thing_wrong_with_a_line_is_one_finding(change: dict[str, Any], expected: tuple[str, str, Any]) -> None:
    assert found(replace(ENTRY, lines=(replace(LINE, **change),))) == [expected]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lines": ()}, ("NO_LINES", "BLOCKER", ("lines",))),
        ({"port": None}, ("PORT_MISSING", "BLOCKER", ("port",))),
        ({"port": "9999"}, ("PORT_UNKNOWN", "WARNING", ("port",))),
        ({"type": "99"}, ("TYPE_UNKNOWN", "BLOCKER", ("type",))),
        ({"importer_identified": False}, ("IMPORTER_NUMBER_MISSING", "WARNING", ("importer",))),
    ],
)
def test_one_thing_wrong_with_the_header_is_one_finding(change: dict[str, Any], expected: tuple[str, str, Any]) -> None:
    assert found(replace(ENTRY, **change)) == [expected]


def test_a_number_of_which_nothing_is_known_is_not_blamed() -> None:
    assert found(replace(ENTRY, lines=(replace(LINE, in_force=None, declarable=None),))) == []


@pytest.mark.parametrize(("amount", "codes"), [("2500.00", []), ("2500.01", ["INFORMAL_VALUE_LIMIT"])])
def test_an_informal_entry_has_a_limit(amount: str, codes: list[str]) -> None:
    view = replace(ENTRY, type="11", lines=(replace(LINE, customs_value=Decimal(amount)),))
    assert [check.code for check in check_entry(view)] == codes


def test_blockers_come_first_and_say_what_mends_them() -> None:
    worst = LineView(number=2, product_id="prd_2", sku="A-2")
    checks = check_entry(replace(ENTRY, port="9999", lines=(replace(LINE, currency="EUR"), worst)))
    assert [check.severity for check in checks] == [Severity.BLOCKER] * 3 + [Severity.WARNING] * 2
    assert [check.code for check in blockers(checks)] == ["UNCLASSIFIED", "ORIGIN_MISSING", "VALUE_MISSING"]
    assert checks[0].message == "Line 2 (A-2) has no tariff number."
    assert checks[0].fix == {"mutation": "classificationDecide", "input": {"product": "prd_2", "decision": "CONFIRM"}}
    assert checks[1].fix == {"mutation": "productUpsert", "input": {"sku": "A-2"}}
