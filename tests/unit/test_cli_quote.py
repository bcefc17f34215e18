"""`tidegate quote` over a small tariff: one line, a file, what a terminal and a pipe see, and what is refused."""

import contextlib
import csv
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.cli.installation import load, with_store
from app.services.quote_file import answer_cases
from app.services.tariff import load_tariff
from app.store.session import Store
from app.tariff.export import read_export
from app.tariff.starter import starter_export, starter_label
from tests.unit.test_cli_tariff import row

HEADER = "case_id,hts10,origin,entry_date,customs_value_usd,quantities_json,spi_claimed,facts_json"
EXPORT = [
    row("0901", "0", "Coffee"),
    row("0901.11.00", "1", "Not decaffeinated", "Free", other="Free"),
    row("0901.11.00.15", "2", "Arabica", units=["kg"]),
    row("0402", "0", "Milk"),
    row("0402.21.50.00", "1", "Powder", "$1.092/kg", other="$1.556/kg", units=["kg"]),
    row("6109.10.00", "0", "Shirts", "16.5%", special="Free (KR)", other="90%"),
    row("6109.10.00.12", "1", "Printed", units=["doz."]),
]
NEWER = [*EXPORT, row("6109.90.00", "0", "Other shirts", "5%", other="90%"), row("6109.90.00.10", "1", "Silk")]
SHIRT = ("quote", "--hts", "6109.10.00.12", "--origin", "VN", "--value", "1234.56", "--on", "2025-09-01")


@pytest.fixture(autouse=True)
def tariff(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    assert main(["db", "upgrade"]) == 0
    for name, day, rows in (("old", "2025-01-01", EXPORT), ("new", "2026-03-01", NEWER)):
        Path(name).write_text(json.dumps(rows))
        assert main(["tariff", "load", name, "--name", name, "--effective", day]) == 0
    capsys.readouterr()


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_one_line_is_answered_with_the_whole_document(capsys: pytest.CaptureFixture[str]) -> None:
    answer = answered(capsys, *SHIRT, "--mode", "ocean")

    assert answer["dutyTotal"] == {"amount": "450.6144", "currency": "USD"}
    assert [fee["code"] for fee in answer["fees"]] == ["499", "501"]
    assert (answer["tariffRevision"], answer["asOf"]) == ("old", "2025-09-01")
    assert len(answer["receipt"]) == 64


def test_quantities_claims_and_facts_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    milk = ("quote", "--hts", "0402215000", "--origin", "AU", "--value", "100", "--on", "2025-01-15")
    korea = ("quote", "--hts", "61091000.12", "--origin", "kr", "--value", "100", "--on", "2025-01-15")

    assert answered(capsys, *milk, "--quantity", "10.5:kg")["dutyTotal"]["amount"] == "11.466"
    assert answered(capsys, *korea[:2], "6109100012", *korea[3:], "--claim", "KR")["dutyTotal"]["amount"] == "0.00"
    moved = answered(capsys, *SHIRT, "--fact", "loaded_before=2025-08-06")
    assert moved["dutyTotal"]["amount"] == "327.1584"


def test_a_fact_may_be_named_by_its_clear_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    whole = answered(capsys, *SHIRT, "--fact", "metal_content_pct_of_value=40")

    assert answered(capsys, *SHIRT, "--fact", "metal_content_pct=40") == whole


def test_a_person_reads_components_reasons_and_questions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(SHIRT)) == 0

    text = capsys.readouterr().out
    assert "1234.56 × 16.5% = 203.7024" in text
    assert "duty 450.6144, fees 32.71, in all 483.3244 USD" in text
    assert "question loaded_before: " in text
    assert "Estimate, not legal advice." in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--hts": "6109.10.00"}, "NOT_DECLARABLE"),
        ({"--hts": "6109.90.00.10"}, "NOT_IN_FORCE"),
        ({"--hts": "6109.99.00.10"}, "UNKNOWN_NUMBER"),
        ({"--origin": "XX"}, "UNKNOWN_COUNTRY"),
        ({"--value": "-5"}, "NEGATIVE_VALUE"),
        ({"--on": "2024-12-31"}, "no revision of the tariff is loaded for 2024-12-31"),
        ({"--fact": "colour=red"}, "UNKNOWN_FACT"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(
    changed: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = dict(zip(SHIRT[1::2], SHIRT[2::2], strict=True)) | changed

    assert main(["quote", *(word for pair in given.items() for word in pair)]) == 1

    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("quote",),
        ("quote", "--hts", "6109100012", "--value", "5"),
        (*SHIRT[:-2], "--on", "yesterday"),
        (*SHIRT, "--quantity", "12"),
        (*SHIRT, "--fact", "donation"),
        (*SHIRT, "--value", "1e3"),
        ("quote", "--file", "in.csv"),
        ("quote", "--file", "in.csv", "--out", "out.csv", "--hts", "6109100012"),
    ],
)
def test_options_that_do_not_fit_are_a_usage_fault(arguments: tuple[str, ...]) -> None:
    assert main(list(arguments)) == 2


def cases(*rows: str) -> None:
    Path("in.csv").write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8-sig")


def out() -> list[dict[str, str]]:
    with Path("out.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_file_is_answered_row_by_row_and_a_row_without_an_answer_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases(
        "a,6109100012,VN,2025-09-01,1234.56,,,",
        "b,6109900010,VN,2025-09-01,10,,,",
        'a,0402215000,AU,2026-03-01,100,"{""KG"": 10.5}",,',
        "c,6109100012,VN,2024-01-01,10,,,",
    )

    assert main(["quote", "--file", "in.csv", "--out", "out.csv"]) == 0

    rows = out()
    assert [row["case_id"] for row in rows] == ["a", "b", "a", "c"]
    assert [row["total_duty"] for row in rows] == ["450.6144", "", "21.466", ""]
    assert [row["error"].partition(":")[0] for row in rows] == ["", "NOT_IN_FORCE", "", "BEFORE_FIRST_REVISION"]
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [step["step"] for step in steps] == ["tariff", "tariff", "quote", "quoted"][-len(steps) :]
    assert steps[-1].items() >= {"rows": 4, "answered": 2, "unanswered": 2, "revisions": ["old", "new"]}.items()


def test_a_file_whose_rows_are_all_answered_exits_0_and_one_without_an_answer_1() -> None:
    cases("a,6109100012,VN,2025-09-01,1234.56,,,")
    assert main(["quote", "--file", "in.csv", "--out", "out.csv", "--json"]) == 0
    cases("a,nonsense,VN,2025-09-01,1234.56,,,")
    assert main(["quote", "--file", "in.csv", "--out", "out.csv"]) == 1
    assert [row["error"].partition(":")[0] for row in out()] == ["UNKNOWN_NUMBER"]


def test_a_file_that_is_none_is_refused_and_what_was_there_stays(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out.csv").write_text("precious")
    Path("in.csv").write_text("a,b\n1,2\n")

    assert main(["quote", "--file", "in.csv", "--out", "out.csv"]) == 1
    assert "case_id, hts10, origin" in capsys.readouterr().err
    assert main(["quote", "--file", "nowhere.csv", "--out", "out.csv"]) == 1
    Path("in.csv").write_bytes(b"\xff\xfe\x00")
    assert main(["quote", "--file", "in.csv", "--out", "out.csv"]) == 1

    assert Path("out.csv").read_text() == "precious"
    assert sorted(path.name for path in Path().iterdir() if path.is_file()) == ["in.csv", "new", "old", "out.csv"]


def test_rows_that_stand_on_the_starter_tariff_say_so() -> None:
    async def starter(store: Store) -> None:
        label = starter_label()
        export = read_export(starter_export())
        await load_tariff(
            store, export, name=label.name, effective_from=label.effective_from, starter=True, notice=label.notice
        )

    with_store(starter, load())
    cases("a,6109100012,VN,2024-06-01,100,,,", "b,6109100012,VN,2025-06-20,100,,,")

    assert main(["quote", "--file", "in.csv", "--out", "out.csv"]) == 0

    said = [[one["question"] for one in json.loads(row["questions"]) if one["fact"] == "notice"] for row in out()]
    assert [len(notices) for notices in said] == [1, 0]
    assert said[0][0].startswith("Starter tariff")


def test_a_file_is_never_held_whole() -> None:
    # given a text that says how far it has been read
    reached = [0]
    written: list[int] = []

    @contextlib.contextmanager
    def opened() -> Iterator[Iterator[str]]:
        def lines() -> Iterator[str]:
            yield f"{HEADER}\r\n"
            for place in range(5_000):
                reached[0] = place
                yield f"{place},6109100012,VN,2025-09-01,10,,,\r\n"

        yield lines()

    def write(rows: Sequence[dict[str, str]]) -> None:
        written.extend(int(row["case_id"]) for row in rows)
        ahead.append(reached[0] - len(written))

    ahead: list[int] = []
    # when it is answered
    report = with_store(lambda store: answer_cases(store, opened, write, print, print), load())
    # then each portion is written before the next is read
    assert report.rows == report.answered == 5_000
    assert written == list(range(5_000))
    assert max(ahead) <= 1


def test_cases_may_come_through_a_pipe() -> None:
    cases("a,6109100012,VN,2025-09-01,1234.56,,,")
    os.mkfifo("pipe")
    with subprocess.Popen("cat in.csv > pipe", shell=True) as feeding:
        assert main(["quote", "--file", "pipe", "--out", "out.csv"]) == 0
    assert feeding.returncode == 0
    assert [row["total_duty"] for row in out()] == ["450.6144"]
