"""A quote as a whole: fees, totals, landed cost, faults beside answers, rounding, and the receipt."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.duty.assessment import Assessment, DutyErrorCode, LineInput, QuoteInput, Rounding
from app.duty.fees import FeeTable
from app.duty.quote import quote
from app.tariff.measure_file import book_of, packaged_book, packaged_files, parse_measure_file
from app.values import TransportMode
from tests.unit.duty_lines import TARIFF, SmallTariff

FEES = FeeTable.of(packaged_book())
SHIRTS = LineInput("6109.10.00.12", "VN", Decimal("20000.00"))


def answer(*lines: LineInput, on: str = "2025-09-01", **changes: object) -> Assessment:
    request = replace(QuoteInput(lines=lines or (SHIRTS,), as_of=date.fromisoformat(on)), **changes)  # type: ignore[arg-type]
    return quote(request, TARIFF, packaged_book(), FEES)


def fees(given: Assessment) -> dict[str, str]:
    return {part.kind.value: f"{part.amount:.4f}" for part in given.fees}


def test_totals_add_up_to_the_landed_cost() -> None:
    # duty 16.5 % + 20 % of 20,000 = 7,300; MPF 0.3464 % = 69.28; HMF 0.125 % = 25
    given = answer(transport_mode=TransportMode.OCEAN, freight=Decimal(900), insurance=Decimal(100))

    assert fees(given) == {"MPF": "69.2800", "HMF": "25.0000"}
    assert (given.duty_total, given.fee_total, given.total) == (Decimal(7300), Decimal("94.28"), Decimal("7394.28"))
    assert given.landed_cost == Decimal("28394.28")
    assert given.effective_rate == Decimal("36.5000")
    assert (given.complete, given.errors, given.disclaimer) == (True, (), "Estimate, not legal advice.")
    assert given.revision is not None
    assert given.revision.name == "small"


@pytest.mark.parametrize(
    ("on", "value", "fee"),
    [
        ("2025-01-15", "1000.00", "32.71"),  # at least, fiscal year 2025
        ("2025-01-15", "500000.00", "634.62"),  # at most
        ("2025-09-30", "1000.00", "32.71"),
        ("2025-10-01", "1000.00", "33.58"),
        ("2025-10-01", "500000.00", "651.50"),
        ("2026-10-01", "1000.00", "34.58"),
        ("2026-10-01", "500000.00", "670.86"),
        ("2026-10-01", "100000.00", "346.40"),
    ],
)
def test_the_processing_fee_goes_by_fiscal_year(on: str, value: str, fee: str) -> None:
    assert fees(answer(replace(SHIRTS, customs_value=Decimal(value)), on=on))["MPF"] == f"{Decimal(fee):.4f}"


def test_the_processing_fee_is_bounded_per_entry_not_per_line() -> None:
    assert fees(answer(*[replace(SHIRTS, customs_value=Decimal(100))] * 5))["MPF"] == "32.7100"


def test_a_free_trade_claim_frees_its_line_from_the_processing_fee() -> None:
    korean = LineInput("6109.10.00.12", "KR", Decimal(50_000), claimed_preference="KR")

    assert fees(answer(korean)) == {}
    assert fees(answer(korean, SHIRTS)) == {"MPF": "69.2800"}
    assert fees(answer(replace(korean, claimed_preference=None))) == {"MPF": "173.2000"}


def test_an_informal_entry_pays_its_own_fee_and_has_a_limit() -> None:
    small = answer(replace(SHIRTS, customs_value=Decimal(2000)), formal_entry=False)
    large = answer(replace(SHIRTS, customs_value=Decimal(2501)), formal_entry=False)

    assert fees(small) == {"MPF": "2.6200"}
    assert [fault.code for fault in large.errors] == [DutyErrorCode.INFORMAL_LIMIT]
    assert large.total is None


def test_the_harbor_fee_is_for_ocean_cargo_and_not_for_three_dollars_alone() -> None:
    coffee = LineInput("0901.21.00.10", "CO", Decimal(2000))  # Free, and exempt from the reciprocal tariff
    free = replace(coffee, origin="KR", claimed_preference="KR")

    assert "HMF" not in fees(answer(transport_mode=TransportMode.AIR))
    assert "HMF" not in fees(answer())
    small = answer(free, on="2025-01-15", transport_mode=TransportMode.OCEAN)
    large = answer(replace(free, customs_value=Decimal(4000)), on="2025-01-15", transport_mode=TransportMode.OCEAN)
    assert fees(small) == {}  # 2.50, and nothing else due
    assert fees(large) == {"HMF": "5.0000"}


def test_a_faulty_line_says_so_and_the_others_still_answer() -> None:
    given = answer(SHIRTS, replace(SHIRTS, number="0000"), replace(SHIRTS, origin="ZZ"))

    assert [line.duty_total for line in given.lines] == [Decimal(7300), None, None]
    assert [(fault.code, fault.field[:2]) for fault in given.errors] == [
        (DutyErrorCode.UNKNOWN_NUMBER, ("lines", "1")),
        (DutyErrorCode.UNKNOWN_COUNTRY, ("lines", "2")),
    ]
    assert (given.known_duty, given.duty_total, given.total, given.landed_cost) == (Decimal(7300), None, None, None)
    assert not given.complete


def test_another_currency_needs_its_rate() -> None:
    without = answer(currency="EUR")
    given = answer(currency="EUR", exchange_rate=Decimal("1.10"), freight=Decimal(100))

    assert [(fault.code, fault.field) for fault in without.errors] == [
        (DutyErrorCode.EXCHANGE_RATE_REQUIRED, ("exchangeRate",))
    ]
    assert [line.error for line in without.lines] == list(without.errors)
    assert given.duty_total == Decimal("8030.00")  # 36.5 % of 22,000
    assert given.landed_cost == Decimal("30216.208")  # 22,000 + 110 + 8,030 + 76.208
    assert answer(currency="EURO").errors[0].code is DutyErrorCode.UNKNOWN_CURRENCY
    assert [fault.code for fault in answer(exchange_rate=Decimal(2)).errors] == [DutyErrorCode.INVALID_EXCHANGE_RATE]


def test_a_quote_without_lines_or_before_the_first_revision_is_refused() -> None:
    empty = quote(QuoteInput((), date(2025, 9, 1)), TARIFF, packaged_book(), FEES)
    early = quote(QuoteInput((SHIRTS,), date(2024, 12, 31)), None, packaged_book(), FEES)

    assert [fault.code for fault in empty.errors] == [DutyErrorCode.NO_LINES]
    assert [(fault.code, fault.field) for fault in early.errors] == [(DutyErrorCode.BEFORE_FIRST_REVISION, ("asOf",))]
    assert (early.revision, early.total) == (None, None)


@pytest.mark.parametrize("tariff", [None, TARIFF])
def test_everything_that_is_wrong_with_a_day_and_a_currency_is_said_once(tariff: SmallTariff | None) -> None:
    request = QuoteInput((SHIRTS, replace(SHIRTS, customs_value=Decimal(-1)), SHIRTS), date(2019, 12, 31), "EUR")

    given = quote(request, tariff, packaged_book(), FEES)

    assert [(fault.code, fault.field) for fault in given.errors] == [
        (DutyErrorCode.FEE_TABLE_MISSING, ("asOf",)),
        (DutyErrorCode.EXCHANGE_RATE_REQUIRED, ("exchangeRate",)),
        (DutyErrorCode.BEFORE_FIRST_REVISION, ("asOf",)),
        (DutyErrorCode.NEGATIVE_VALUE, ("lines", "1", "customsValue")),
    ]
    assert [line.error.code if line.error else None for line in given.lines] == [
        DutyErrorCode.EXCHANGE_RATE_REQUIRED,
        DutyErrorCode.NEGATIVE_VALUE,
        DutyErrorCode.EXCHANGE_RATE_REQUIRED,
    ]


def test_a_day_beyond_the_fee_table_is_not_answered_as_free_of_fees() -> None:
    given = answer(on="2027-10-01")

    assert [fault.code for fault in given.errors] == [DutyErrorCode.FEE_TABLE_MISSING]
    assert (given.fee_total, given.total) == (None, None)
    assert given.lines[0].duty_total is not None


def test_an_entry_rounds_value_to_dollars_and_amounts_to_cents() -> None:
    # 1,234.50 → 1,235: 16.5 % = 203.775 → 203.78 (half up), 20 % = 247.00; MPF 4.278… → at least 32.71
    line = replace(SHIRTS, customs_value=Decimal("1234.50"))

    exact, rounded = answer(line), answer(line, rounding=Rounding.CFR_159_3)

    assert exact.duty_total == Decimal("450.5925")
    assert rounded.duty_total == Decimal("450.78")
    assert rounded.lines[0].customs_value == Decimal(1235)


def test_the_receipt_is_the_same_for_the_same_question() -> None:
    assert answer().receipt == answer().receipt
    assert len(answer().receipt) == 64
    # the same question in other clothes: undotted, trailing zeros, facts in another order or as text
    one = replace(SHIRTS, facts={"us_content_pct": 25, "donation": False})
    same = LineInput("6109100012", "VN", Decimal("20000"), facts={"donation": False, "us_content_pct": "25.0"})
    assert answer(one).receipt == answer(same).receipt


@pytest.mark.parametrize(
    "changes",
    [
        {"on": "2025-09-02"},
        {"freight": Decimal(1)},
        {"formal_entry": False},
        {"transport_mode": TransportMode.AIR},
        {"rounding": Rounding.CFR_159_3},
    ],
)
def test_another_question_has_another_receipt(changes: dict[str, object]) -> None:
    assert answer(**changes).receipt != answer().receipt  # type: ignore[arg-type]


def test_an_unrelated_measure_leaves_the_receipt_and_a_related_one_does_not() -> None:
    row = json.loads(packaged_book().measures["s301_br"].row) | {"id": "new", "slot": "new", "from": "2025-09-01"}

    def with_measure(**changes: object) -> str:
        document = {
            "format": "tidegate.measures/1",
            "name": "test/new",
            "version": "1",
            "recorded_at": "2026-01-01T00:00:00Z",
            "measures": [row | changes],
        }
        book = book_of((*packaged_files(), parse_measure_file(json.dumps(document).encode())))
        return quote(QuoteInput((SHIRTS,), date(2025, 9, 1)), TARIFF, book, FeeTable.of(book)).receipt

    assert with_measure() == answer().receipt  # Brazil is not Vietnam
    assert with_measure(origins=["VN"], **{"from": "2025-09-02"}) == answer().receipt  # not yet in force
    assert with_measure(origins=["VN"], scope={"prefixes": "72"}) == answer().receipt  # not these goods
    assert with_measure(origins=["VN"]) != answer().receipt


def test_another_revision_has_another_receipt() -> None:
    other = SmallTariff(sha256="1" * 64)
    request = QuoteInput((SHIRTS,), date(2025, 9, 1))

    assert quote(request, other, packaged_book(), FEES).receipt != answer().receipt
