"""Files of cases over the official exports, worked by hand from the published rates: which revision answers for a day,
which columns and measures a line pays, and what a row says that cannot be answered."""

import asyncio
import csv
import json
from datetime import date
from pathlib import Path

import pytest

from app.cli import main
from app.services.tariff import load_tariff
from app.store.migrations import upgrade
from app.store.session import Store
from app.tariff.export import read_export

EXPORTS = Path(__file__).parents[3] / "shared" / "data" / "hts"
REVISIONS = {
    "hts_2025_basic": date(2025, 1, 1),
    "hts_2025_rev_18": date(2025, 8, 7),
    "hts_2026_basic": date(2026, 1, 1),
    "hts_2026_rev_4": date(2026, 2, 24),
    "hts_2026_rev_10": date(2026, 6, 8),
}
COLUMNS = ("hts10", "origin", "entry_date", "customs_value_usd", "quantities_json", "spi_claimed", "facts_json")
SHIRT, PUMP, LAPTOP, STEEL, MILK = "6109100012", "8413911000", "8471300100", "7208101500", "0402215000"

# number, origin, day, value, quantities, claim, facts → base and additional duty in dollars
ANSWERED = [
    (SHIRT, "VN", "2025-01-15", "1000", {}, "", {}, "165.00", "0.00"),  # 16.5 %
    (SHIRT, "KR", "2025-01-15", "1000", {}, "KR", {}, "0.00", "0.00"),  # free under the agreement with Korea
    (SHIRT, "CN", "2025-01-15", "1000", {}, "", {}, "165.00", "75.00"),  # list 4A: 7.5 %
    (SHIRT, "CN", "2025-02-10", "1000", {}, "", {}, "165.00", "175.00"),  # and fentanyl 10 %
    (SHIRT, "CN", "2025-06-20", "1000", {}, "", {}, "165.00", "375.00"),  # 7.5 + fentanyl 20 + reciprocal 10
    (SHIRT, "CN", "2025-12-01", "1000", {}, "", {}, "165.00", "275.00"),  # fentanyl at 10 again
    (SHIRT, "CN", "2026-03-02", "1000", {}, "", {}, "165.00", "175.00"),  # IEEPA over; section 122 at 10 %
    (SHIRT, "VN", "2025-09-01", "1234.56", {}, "", {}, "203.7024", "246.912"),  # reciprocal 20 %, unrounded
    (SHIRT, "VN", "2026-02-23", "1000", {}, "", {}, "165.00", "200.00"),  # the last day of IEEPA
    (SHIRT, "VN", "2026-02-24", "1000", {}, "", {}, "165.00", "100.00"),  # the first of section 122
    (SHIRT, "VN", "2026-07-23", "1000", {}, "", {}, "165.00", "100.00"),  # and its last
    (SHIRT, "IN", "2025-09-01", "1000", {}, "", {}, "165.00", "500.00"),  # 25 + 25
    (SHIRT, "BR", "2025-09-01", "1000", {}, "", {}, "165.00", "500.00"),  # 10 + 40
    (SHIRT, "CA", "2025-09-01", "1000", {}, "", {}, "165.00", "350.00"),  # fentanyl 35 %
    (SHIRT, "CA", "2025-09-01", "1000", {}, "S", {}, "0.00", "0.00"),  # originating under the USMCA
    (SHIRT, "MX", "2025-08-10", "1000", {}, "", {}, "165.00", "250.00"),
    (SHIRT, "DE", "2025-09-01", "1000", {}, "", {}, "165.00", "0.00"),  # 16.5 is over the 15 in all
    (PUMP, "DE", "2025-09-01", "1000", {}, "", {}, "25.00", "125.00"),  # 2.5 raised to 15
    (PUMP, "KR", "2025-09-01", "1000", {}, "", {}, "25.00", "150.00"),  # before the agreement: 15 on top
    (PUMP, "KR", "2025-12-01", "1000", {}, "", {}, "25.00", "125.00"),
    (PUMP, "KR", "2025-12-01", "1000", {}, "KR", {}, "0.00", "150.00"),
    (LAPTOP, "VN", "2025-09-01", "1000", {}, "", {}, "0.00", "0.00"),  # annex II
    (LAPTOP, "RU", "2025-01-15", "1000", {}, "", {}, "350.00", "0.00"),  # column 2
    (STEEL, "CN", "2025-07-01", "1000", {}, "", {}, "0.00", "950.00"),  # 301 25 + fentanyl 20 + 232 50
    (STEEL, "DE", "2025-05-01", "1000", {}, "", {}, "0.00", "250.00"),  # 232 before it doubled
    (MILK, "AU", "2025-01-15", "100", {"KG": 10.5, "L": 3}, "", {}, "11.466", "0.00"),  # $1.092 a kilogram
    ("0106110000", "VN", "2025-01-15", "100", {}, "", {}, "0.00", "0.00"),  # an 8-digit line filed with 00
]
UNANSWERED = [
    (SHIRT, "VN", "2024-12-31", "1000", {}, "", {}, "BEFORE_FIRST_REVISION"),
    ("0901110035", "VN", "2025-02-01", "1000", {}, "", {}, "NOT_IN_FORCE"),  # new in revision 18
    ("9999999999", "VN", "2025-09-01", "1000", {}, "", {}, "UNKNOWN_NUMBER"),
    ("61091000", "VN", "2025-09-01", "1000", {}, "", {}, "NOT_DECLARABLE"),
    (MILK, "AU", "2025-01-15", "100", {"L": 3}, "", {}, "MISSING_QUANTITY"),
    (SHIRT, "XX", "2025-01-15", "100", {}, "", {}, "UNKNOWN_COUNTRY"),
    (SHIRT, "VN", "2025-01-15", "NaN", {}, "", {}, "INVALID_VALUE"),
    (SHIRT, "VN", "2025-01-15", "-1", {}, "", {}, "NEGATIVE_VALUE"),
]

pytestmark = [
    pytest.mark.skipif(not EXPORTS.is_dir(), reason="the official exports are not on this machine"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def tariff(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database with the five revisions."""
    url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('tariff') / 'tariff.sqlite3'}"

    async def fill() -> None:
        store = Store.open(url)
        await upgrade(store)
        for name, effective in REVISIONS.items():
            export = read_export((EXPORTS / f"{name}.json.gz").read_bytes())
            await load_tariff(store, export, name=name, effective_from=effective)
        await store.close()

    asyncio.run(fill())
    return url


@pytest.fixture(autouse=True)
def installation(tariff: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", tariff)


def test_cases_worked_by_hand_come_out_to_the_cent_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    cases = [*ANSWERED, *UNANSWERED]
    with Path("in.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case_id", *COLUMNS))
        for place, (hts, origin, day, value, quantities, claim, facts, *_) in enumerate(cases):
            forms = (json.dumps(quantities) if quantities else "", claim, json.dumps(facts) if facts else "")
            writer.writerow((f"case {place}", hts, origin, day, value, *forms))

    assert main(["quote", "--file", "in.csv", "--out", "out.csv"]) == 0

    with Path("out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["case_id"] for row in rows] == [f"case {place}" for place in range(len(cases))]
    found = [(row["base_duty"], row["additional_duty"], row["error"]) for row in rows]
    wanted = [(case[7], case[8], "") for case in ANSWERED]
    assert found[: len(wanted)] == wanted
    assert [error.partition(":")[0] for _, _, error in found[len(wanted) :]] == [case[7] for case in UNANSWERED]
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert steps[-1].items() >= {"rows": len(cases), "answered": len(wanted), "unanswered": len(UNANSWERED)}.items()


def test_one_line_says_what_is_owed_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["quote", "--hts", "7208.10.15.00", "--origin", "cn", "--value", "1000", "--on", "2025-07-01"]
    assert main([*asked, "--quantity", "12:kg", "--fact", "metal_content_pct=40", "--json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["dutyTotal"] == {"amount": "950.00", "currency": "USD"}
    assert [part["htsNumber"] for part in answer["lines"][0]["components"]] == [
        "7208.10.15.00", "9903.91.01", "9903.01.24", "9903.81.87",
    ]  # fmt: skip
    assert (answer["tariffRevision"], answer["disclaimer"]) == ("hts_2025_basic", "Estimate, not legal advice.")
