"""Which revision a day is read by, and how its lines are found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from app.tariff.export import TariffRow, read_export
from app.tariff.rate import RateKind
from app.tariff.schedule import RevisionInfo, Schedule, TariffLine, in_force, line_changes

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "hts"
LOADED = datetime(2026, 7, 1, 12, tzinfo=UTC)


def revision(name: str, effective: str, *, starter: bool = False, loaded_at: datetime = LOADED) -> RevisionInfo:
    return RevisionInfo(name, date.fromisoformat(effective), loaded_at, starter, "0" * 64, f"rev_{name}")


BASIC = revision("2026_basic", "2026-01-01")
REV_4 = revision("2026_rev_4", "2026-02-24")
STARTER = revision("starter", "2025-01-01", starter=True)
LATE_STARTER = revision("late starter", "2026-03-01", starter=True)


@pytest.mark.parametrize(
    ("revisions", "on", "chosen"),
    [
        ((), "2026-06-01", None),
        ((BASIC,), "2025-12-31", None),
        ((BASIC,), "2026-01-01", BASIC),
        ((BASIC, REV_4), "2026-02-23", BASIC),
        ((BASIC, REV_4), "2026-02-24", REV_4),
        ((STARTER,), "2026-06-01", STARTER),
        ((STARTER, BASIC), "2025-06-01", STARTER),
        ((STARTER, BASIC), "2026-06-01", BASIC),
        ((LATE_STARTER, BASIC), "2026-06-01", BASIC),
        ((STARTER, LATE_STARTER), "2026-06-01", LATE_STARTER),
    ],
)
def test_the_revision_in_force_is_the_latest_that_is_no_starter(
    revisions: tuple[RevisionInfo, ...], on: str, chosen: RevisionInfo | None
) -> None:
    for order in permutations(revisions):
        assert in_force(order, date.fromisoformat(on)) == chosen


def test_of_two_from_one_day_the_last_loaded_is_read_then_the_name_decides() -> None:
    again = replace(BASIC, name="2026_again", loaded_at=datetime(2026, 7, 2, tzinfo=UTC))
    twin = replace(BASIC, name="2026_twin")

    for order in permutations((BASIC, again, twin)):
        assert in_force(order, date(2026, 1, 5)) == again
    for order in permutations((BASIC, twin)):
        assert in_force(order, date(2026, 1, 5)) == twin


def row(number: str | None, *, declarable: bool = False, general: str = "") -> TariffRow:
    return TariffRow(
        position=0,
        number=number,
        indent=0,
        description="Cheese",
        full_description="Dairy › Cheese",
        path=(),
        parent=None,
        parent_number=None,
        units=("kg",),
        general=general,
        special="Free (AU) 2% (KR)",
        other="35%",
        rates_from=number,
        footnotes=("See 9903.88.15.",),
        declarable=declarable,
        additional_duties="",
        quota_quantity="",
    )


def schedule(rows: Iterable[TariffRow]) -> Schedule:
    return Schedule.of_rows(BASIC, rows)


def test_a_schedule_holds_the_numbered_rows_and_names_its_revision() -> None:
    lines = schedule([row("0406"), row(None), row("0406.90.01", declarable=True)])

    assert list(lines.lines) == ["0406", "0406.90.01"]
    assert [line.number for line in lines.declarable] == ["0406.90.01"]
    assert (lines.revision_name, lines.effective_from, lines.starter) == ("2026_basic", date(2026, 1, 1), False)


def test_an_undivided_line_is_found_with_and_without_the_suffix_00() -> None:
    lines = schedule(
        [
            row("0406"),
            row("0406.90.01", declarable=True),
            row("0406.90.02"),
            row("0406.90.02.10", declarable=True),
            row("0406.90.03.00", declarable=True),
            row("0406.90.04.01", declarable=True),
        ]
    )

    def found(number: str) -> str | None:
        line = lines.find(number)
        return None if line is None else line.number

    assert found("0406.90.01") == "0406.90.01"
    assert found("0406.90.01.00") == "0406.90.01"
    assert found("0406.90.01.10") is None
    assert found("0406.90.02") == "0406.90.02"
    assert found("0406.90.02.10") == "0406.90.02.10"
    assert found("0406.90.02.00") is None
    assert found("0406.90.03") == "0406.90.03.00"
    assert found("0406.90.04") is None
    assert found("0406.90") is None


@pytest.mark.parametrize("name", ["hts_2025_basic", "hts_2026_rev_10"])
def test_no_official_line_with_the_suffix_00_has_another_beside_it_where_its_legal_line_has_no_row(name: str) -> None:
    path = OFFICIAL / f"{name}.json.gz"
    if not path.exists():
        pytest.skip("the official exports are not on this machine")
    lines = {row.number for row in read_export(path.read_bytes()).rows if row.number is not None}
    below = Counter(number[:10] for number in lines if len(number) == 13)

    undivided = [
        number for number in lines if number.endswith(".00") and len(number) == 13 and number[:10] not in lines
    ]

    assert len(undivided) > 8_000
    assert {below[number[:10]] for number in undivided} == {1}


def test_a_line_reads_its_own_rates() -> None:
    line = TariffLine.of(row("0406.90.01", general="$1/kg"))

    assert line.general_rate.kind is RateKind.SPECIFIC
    assert line.general_rate.components[0].amount == Decimal(1)
    assert [special.programs for special in line.special_rates] == [("AU",), ("KR",)]
    assert line.other_rate.ad_valorem_percent == Decimal(35)


def test_a_superior_row_is_no_line() -> None:
    with pytest.raises(ValueError, match="row 0 has no number"):
        TariffLine.of(row(None))


def compared(*lines: tuple[str, str, tuple[str, ...], str]) -> list[TariffLine]:
    return [
        TariffLine(number, description, description, units, general, "", "40%", number, (), declarable=True)
        for number, general, units, description in lines
    ]


def test_the_weightiest_difference_names_a_change_and_all_are_listed() -> None:
    before = compared(("0101.21.00.10", "Free", ("No.",), "Horses"), ("0102.21.00.10", "1%", ("No.",), "Cattle"))
    after = compared(("0101.21.00.10", "2%", ("No.", "kg"), "Horses"), ("0102.21.00.10", "1%", ("No.",), "Oxen"))

    assert [(one.kind.value, one.number, one.fields) for one in line_changes(before, after)] == [
        ("RATE_CHANGED", "0101.21.00.10", ("general", "units")),
        ("DESCRIPTION_CHANGED", "0102.21.00.10", ("description",)),
    ]
    assert line_changes(before, before) == ()


def test_a_line_that_becomes_divided_is_gone() -> None:
    (whole,) = compared(("0101.21.00", "Free", ("No.",), "Horses"))
    divided = [replace(whole, declarable=False), *compared(("0101.21.00.10", "Free", ("No.",), "Mares"))]

    assert [(one.kind.value, one.number) for one in line_changes([whole], divided)] == [
        ("REMOVED", "0101.21.00"),
        ("ADDED", "0101.21.00.10"),
    ]
