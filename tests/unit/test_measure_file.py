"""Measure files: form, references, overriding, comparison, and the shipped pack itself."""

import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tariff.measure import DutyKind, MeasureRateType
from app.tariff.measure_check import schema_faults, schema_text
from app.tariff.measure_file import (
    MeasureFileError,
    book_of,
    check,
    diff,
    packaged_book,
    packaged_files,
    parse_measure_file,
)

FACTS = Path(__file__).parents[3] / "shared" / "data" / "duty" / "measures_us_2025_2026.json"
HEAD = {
    "format": "tidegate.measures/1",
    "name": "test/new-tariff",
    "version": "1",
    "recorded_at": "2026-01-02T03:04:05Z",
}


def measure(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "new_tariff",
        "kind": "SECTION_232",
        "program": "robots",
        "heading": "9903.99.01",
        "label": "Robots",
        "from": "2026-07-01",
        "scope": {"prefixes": "847950"},
        "origins": ["*"],
        "slot": "232-robots",
        "rank": 50,
        "rate": {"type": "additional", "percent": "30"},
        "citation": "Proc. 99999",
        "confidence": "compiled",
    }
    return {key: value for key, value in (row | changes).items() if value is not None}


def raw(*measures: dict[str, Any], **sections: Any) -> bytes:
    return json.dumps(HEAD | {"measures": list(measures)} | sections).encode()


def test_a_new_tariff_is_a_new_file_beside_the_shipped_pack() -> None:
    # given a file with one measure that the pack does not have
    file = parse_measure_file(raw(measure()))

    # when it is read after the pack
    book = book_of((*packaged_files(), file))

    # then it is in force from its first day, for its numbers, with the pack's measures untouched
    found = book.matching("8479500000", "JP", date(2026, 7, 1))
    assert "new_tariff" in [one.id for one in found]
    assert "new_tariff" not in [one.id for one in book.matching("8479500000", "JP", date(2026, 6, 30))]
    assert "new_tariff" not in [one.id for one in book.matching("8479600000", "JP", date(2026, 7, 1))]
    assert book.measures["s122"] == packaged_book().measures["s122"]
    assert book.measures["new_tariff"].legal_citation == "Proc. 99999 [compiled]"


def test_a_later_file_replaces_a_measure_of_the_same_id() -> None:
    changed = json.loads(packaged_book().measures["s122"].row) | {"rate": {"type": "additional", "percent": "15"}}

    book = book_of((*packaged_files(), parse_measure_file(raw(changed))))

    assert book.measures["s122"].rate.percent == Decimal(15)
    assert len(book.measures) == len(packaged_book().measures)


def test_a_comparison_names_the_measures_and_the_fields_that_changed() -> None:
    changed = json.loads(packaged_book().measures["s122"].row) | {"to": "2026-08-01"}
    after = book_of((*packaged_files(), parse_measure_file(raw(changed, measure()))))

    changes = diff(packaged_book(), after)

    assert [(one.kind, one.what, one.id, one.fields) for one in changes] == [
        ("ADDED", "measure", "new_tariff", ()),
        ("CHANGED", "measure", "s122", ("to",)),
    ]
    assert [one.kind for one in diff(after, packaged_book())] == ["REMOVED", "CHANGED"]
    assert diff(after, after) == ()


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (measure(rate={"type": "additional", "percent": 30}), "measures[0].rate.percent: 30 is not string"),
        (measure(rate={"type": "additional"}), "measures[0].rate: 'percent' is missing"),
        (measure(rate={"type": "doubled"}), 'measures[0].rate.type: "doubled" is none of ["prohibition", "none"]'),
        (measure(origins=[]), "measures[0].origins: needs 1 or more"),
        (measure(origins=["Japan"]), 'measures[0].origins[0]: "Japan" does not fit ^(\\*|[A-Z]{2}|@[A-Z0-9_]{2,40})$'),
        (measure(slot=None), "measures[0]: 'slot' is missing"),
        (measure(rank=True), "measures[0].rank: true is not integer"),
        (measure(rank=-1), "measures[0].rank: -1 is under 0"),
        (measure(colour="red"), 'measures[0]: "colour" is not a known field'),
        (measure(scope={}), "measures[0].scope: 'all' is missing"),
        (measure(**{"from": "2026-02-30"}), "measures[0].from: '2026-02-30' is no day of the calendar"),
        (measure(to="2026-07-01"), "measures[0]: ends on 2026-07-01, not after it begins on 2026-07-01"),
        (measure(origins=["@EFTA"]), "measure new_tariff: the group 'EFTA' is not defined"),
        (measure(scope={"in": ["robots"]}), "measure new_tariff: the list 'robots' is not loaded"),
        (
            measure(scope={"in": ["s232-wood:oak"]}),
            "measure new_tariff: the list 's232-wood' has no class 'oak'",
        ),
        (measure(basis="weight"), "measure new_tariff: the basis 'weight' is not defined"),
        (measure(when={"fact": "is_red", "is": True}), "measure new_tariff: the fact 'is_red' is not defined"),
        (measure(when={"ref": "nafta"}), "the condition 'nafta' is not defined"),
    ],
)
def test_a_fault_is_named_where_it_is(row: dict[str, Any], fault: str) -> None:
    assert check(raw(row)) == (fault,)


def test_a_good_file_has_no_fault() -> None:
    assert check(raw(measure())) == ()


def test_all_faults_of_form_are_told_at_once() -> None:
    faults = check(raw(measure(rank="first"), measure(kind="SECTION_999", slot=None)))

    assert len(faults) == 3


def test_an_id_twice_in_one_file_is_refused() -> None:
    assert check(raw(measure(), measure())) == ("test/new-tariff: measures has 'new_tariff' twice",)


def test_measures_that_yield_to_each_other_are_refused() -> None:
    first = measure(tags=["one"], yields_to=[{"tags": ["two"], "on": "article"}])
    second = measure(id="second", slot="other", tags=["two"], yields_to=[{"tags": ["one"], "on": "article"}])

    faults = check(raw(first, second))

    assert len(faults) > 0
    assert faults[0].startswith("from 2026-07-01: the slots ")
    assert faults[0].endswith("yield to each other in a circle")


def test_a_condition_that_leads_back_to_itself_is_refused() -> None:
    loops = [{"name": "a", "when": {"ref": "b"}}, {"name": "b", "when": {"not": {"ref": "a"}}}]

    assert check(raw(measure(when={"ref": "a"}), conditions=loops)) == ("the condition 'a' leads back to itself",)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": NaN}', b"null", b"[" * 100_000])
def test_what_is_not_a_measure_file_is_refused(text: bytes) -> None:
    with pytest.raises(MeasureFileError):
        parse_measure_file(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(measure())), json_values)
def test_no_value_of_a_field_crashes_the_check(field: str, value: object) -> None:
    faults = check(raw(measure() | {field: value}), beside=packaged_files())

    assert all(isinstance(fault, str) for fault in faults)


def test_the_shipped_files_conform_to_the_published_schema_and_stay_small() -> None:
    folder = files("app.tariff").joinpath("measures")
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".json") and "schema" not in entry.name]

    assert len(names) == len(packaged_files()) >= 15
    for name in names:
        text = folder.joinpath(name).read_text(encoding="utf-8")
        assert len(text.encode()) < 400_000
        assert list(schema_faults(json.loads(text))) == []
    assert json.loads(schema_text())["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_shipped_measure_has_a_clause_and_says_how_far_it_was_checked() -> None:
    for one in packaged_book().measures.values():
        assert one.citation
        assert one.confidence in one.legal_citation
        assert one.recorded_at.tzinfo is not None
        assert one.rate.type is MeasureRateType.NONE or one.scope.not_loaded or one.slot
        assert isinstance(one.kind, DutyKind)


def test_every_measure_of_the_facts_is_in_the_pack_or_omitted_with_a_reason() -> None:
    if not FACTS.exists():
        pytest.skip("the compiled facts are not on this machine; the next test holds the programs of the pack")
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    book = packaged_book()
    omitted = {one.id: one.reason for one in book.omissions}

    absent = [fact["id"] for fact in facts if fact["id"] not in book.measures and fact["id"] not in omitted]

    assert len(facts) == 138
    assert absent == []
    assert all(len(reason) > 20 for reason in omitted.values())


def test_the_pack_has_every_authority_of_the_two_years() -> None:
    book = packaged_book()
    by_kind = {kind: [one for one in book.measures.values() if one.kind is kind] for kind in DutyKind}

    assert {one.id for one in by_kind[DutyKind.SECTION_338]} == {"s338_ca", "ban_338_ca"}
    assert all(one.scope.not_loaded for one in by_kind[DutyKind.SECTION_338])
    assert len([one for one in by_kind[DutyKind.IEEPA] if one.id.startswith("ieepa_recip_")]) > 80
    assert {one.program for one in by_kind[DutyKind.SECTION_232]} >= {
        "steel",
        "aluminum",
        "copper",
        "autos",
        "auto parts",
        "MHD vehicles",
        "MHD parts",
        "buses",
        "softwood",
        "furniture",
        "cabinets",
        "semiconductors",
        "pharmaceuticals",
        "unmanned aircraft",
        "metals annexes",
    }
    assert [one.id for one in book.omissions if one.id == "s301_cn_list4B"] == ["s301_cn_list4B"]


def test_rates_and_dates_are_those_of_the_facts() -> None:
    if not FACTS.exists():
        pytest.skip("the compiled facts are not on this machine; test_duty_regimes.py works cases of every program")
    book = packaged_book()
    for fact in json.loads(FACTS.read_text(encoding="utf-8")):
        one = book.measures.get(fact["id"])
        if one is None or fact["id"] in EARLIER or fact["rate"] is None:
            continue
        assert str(one.effective_from) == fact["effective_from"], fact["id"]
        assert (one.rate.percent or 0) == Decimal(str(fact["rate"])), fact["id"]


# Split into periods by the pack, so that the row that keeps the id does not begin, or is not rated, with the fact.
EARLIER = {"s232_deriv_2025", "s201_solar"}
