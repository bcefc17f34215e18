"""`tidegate tariff measures` and `tariff diff`: files of measures go in force whole or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from tests.unit.test_cli_quote import EXPORT, NEWER, SHIRT
from tests.unit.test_cli_tariff import row
from tests.unit.test_measure_file import measure, raw

SURCHARGE = measure(id="shirts", scope={"prefixes": "6109"}, **{"from": "2025-01-01"})


@pytest.fixture(autouse=True)
def tariff(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path / "state"))
    assert main(["db", "upgrade"]) == 0
    Path("old").write_text(json.dumps(EXPORT))
    assert main(["tariff", "load", "old", "--name", "old", "--effective", "2025-01-01"]) == 0
    capsys.readouterr()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def shirt_duty(capsys: pytest.CaptureFixture[str]) -> str:
    amount: str = printed(capsys, *SHIRT)["dutyTotal"]["amount"]
    return amount


def test_the_shipped_pack_is_in_force_after_the_upgrade(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "tariff", "measures", "list")
    assert len(found) > 250
    assert {"s122", "s232_steel"} & {one["id"] for one in found}
    current = printed(capsys, "tariff", "measures", "list", "--on", "2026-03-01")
    assert 0 < len(current) < len(found)
    files = printed(capsys, "tariff", "measures", "list", "--files")
    assert {one["from"] for one in files} == {"packaged"}
    omitted = printed(capsys, "tariff", "measures", "omissions")
    assert omitted
    assert all(one["id"] and len(one["reason"]) > 20 for one in omitted)


def test_a_loaded_file_adds_to_the_pack_and_its_next_version_replaces_it(capsys: pytest.CaptureFixture[str]) -> None:
    before = shirt_duty(capsys)
    Path("new.json").write_bytes(raw(SURCHARGE))

    loaded = printed(capsys, "tariff", "measures", "load", "new.json")
    assert (loaded["measures"], loaded["already"], loaded["replaced"]) == (1, False, None)
    assert (before, shirt_duty(capsys)) == ("450.6144", "820.9824")  # 30 % of 1,234.56 more
    again = printed(capsys, "tariff", "measures", "load", "new.json")
    assert (again["already"], again["id"]) == (True, loaded["id"])

    Path("new.json").write_bytes(raw(version="2"))
    withdrawn = printed(capsys, "tariff", "measures", "load", "new.json")
    assert (withdrawn["replaced"], withdrawn["measures"]) == ("1", 0)
    assert shirt_duty(capsys) == before
    assert [one["version"] for one in printed(capsys, "tariff", "measures", "list", "--files")][-1] == "2"


def test_a_loaded_file_overrides_a_shipped_measure_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    from app.tariff.measure_file import packaged_book

    changed = json.loads(packaged_book().measures["s122"].row) | {"rate": {"type": "additional", "percent": "15"}}
    Path("s122.json").write_bytes(raw(changed))

    assert printed(capsys, "tariff", "measures", "diff", "s122.json") == [
        {"kind": "CHANGED", "what": "measure", "id": "s122", "fields": ["rate"]}
    ]
    assert main(["tariff", "measures", "load", "s122.json"]) == 0
    capsys.readouterr()
    assert printed(capsys, "tariff", "measures", "diff", "packaged", "loaded") == [
        {"kind": "CHANGED", "what": "measure", "id": "s122", "fields": ["rate"]}
    ]
    shirt = ("quote", "--hts", "6109100012", "--origin", "VN", "--value", "1000", "--on", "2026-03-01")
    assert printed(capsys, *shirt)["dutyTotal"]["amount"] == "315.00"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (raw(measure(rank="first")), "measures[0].rank"),
        (raw(SURCHARGE, SURCHARGE), "twice"),
        (raw(measure(origins=["@NOWHERE"])), "NOWHERE"),
        (b"{", "not JSON"),
    ],
)
def test_a_bad_file_is_refused_by_place_and_leaves_nothing(
    content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.json").write_bytes(content)

    assert main(["tariff", "measures", "check", "bad.json"]) == 1
    assert said in capsys.readouterr().out
    assert main(["tariff", "measures", "load", "bad.json", "--json"]) == 1
    refusal = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert any(said in fault for fault in refusal["error"]["faults"])
    assert {one["from"] for one in printed(capsys, "tariff", "measures", "list", "--files")} == {"packaged"}


def test_a_good_file_can_be_loaded_and_is_not_by_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    Path("new.json").write_bytes(raw(SURCHARGE))

    assert printed(capsys, "tariff", "measures", "check", "new.json") == {"loadable": True, "faults": []}
    assert shirt_duty(capsys) == "450.6144"


def test_two_revisions_are_compared_by_name_or_by_file(capsys: pytest.CaptureFixture[str]) -> None:
    newer = [*NEWER[:4], row("0402.21.50.00", "1", "Powder", "$1.50/kg", other="$1.556/kg", units=["kg"]), *NEWER[5:]]
    Path("new").write_text(json.dumps(newer))

    found = printed(capsys, "tariff", "diff", "old", "new")
    assert [(one["kind"], one["number"], one["fields"]) for one in found] == [
        ("RATE_CHANGED", "0402.21.50.00", ["general"]),
        ("ADDED", "6109.90.00.10", []),
    ]
    assert (found[0]["before"]["general"], found[0]["after"]["general"]) == ("$1.092/kg", "$1.50/kg")
    assert main(["tariff", "diff", "old", "new"]) == 0
    assert "1 rate changed, 1 added" in capsys.readouterr().out
    assert main(["tariff", "diff", "old", "old"]) == 0
    assert capsys.readouterr().out == "no change\n"
    assert main(["tariff", "diff", "old", "nothing"]) == 1
