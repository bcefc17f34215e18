"""The official export is read whole or refused by row and field; its quirks are mended, its rates inherited."""

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tariff.export import Export, ExportError, TariffRow, clean_text, join_hyphens, read_export

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "hts"
ROWS = {
    "hts_2025_basic": 35_859,
    "hts_2025_rev_18": 36_087,
    "hts_2026_basic": 35_571,
    "hts_2026_rev_4": 35_733,
    "hts_2026_rev_10": 35_509,
}


def row(htsno: str, indent: str, description: str, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "htsno": htsno,
        "indent": indent,
        "description": description,
        "superior": None if htsno else "true",
        "units": [],
        "general": "",
        "special": "",
        "other": "",
        "footnotes": [] if htsno else None,
        "quotaQuantity": None,
        "additionalDuties": None,
        "addiitionalDuties": None,
    }
    return fields | changes


SMALL = [
    row("0101", "0", "Horses and asses, alive:"),
    row("", "1", "Horses:"),
    row("0101.21.00", "2", "For breeding", general="Free", other="Free"),
    row("0101.21.00.10", "3", "Males", units=["No."]),
    row("0101.21.00.20", "3", "Females", units=["No."]),
    row("0101.29.00", "2", "Other", units=["No.", ""], general=" 4.5%", special="Free \n(A,AU)", other="20% "),
    row("", "3", "Brought in for slaughter:"),
    row("0101.29.00.10", "4", "At once"),
    row("0101.29.00.90", "4", "Later", units=["kg"]),
    row("0101.30.00.00", "1", "Asses", units=["No."], general="6.8%", special="Free (A+)", other="15%"),
    row("0406", "0", "Cheese and curd:"),
    row("0406.10", "1", "Fresh cheese packed in con- tainers, air- tight or soft- ripened, of mono- or diglycerides"),
    row("0406.10.08.00", "2", "Hard-wearing containers, a soft-ripened kind", units=[" kg", "m²", "\n", "m2"]),
    row("0406.90", "1", "1,4- benzene <il>cheese</il>\n in\u200b \xa0dairymen\u02bcs bags \u2010 best"),
    row("0406.90.01", "03", "Undivided legal line", general="$1/kg", other=":", additionalDuties=" 2.6¢/kg "),
    row("9006", "0", "Cameras:"),
    row("9006.59.15", "1", "Instant", general="Free", other="20%"),
    row("9006.59.15.20", "2", "With flash", other="20%"),
    row("9823", "0", "Quota goods"),
    row("9823.03.01", "1", "Within the quota", special="Free (S+)", quotaQuantity="5,000 kg"),
    row("", "2", "Beyond the quota:"),
    row("9823.03.02", "3", "Powder", special="10% (S+)", addiitionalDuties="No additional duty"),
    row(
        "9903.88.15",
        "0",
        "Goods of one origin",
        superior=False,
        general="The duty provided in the applicable subheading + 7.5%",
        footnotes=[
            {"columns": ["general"], "marker": "1", "type": "endnote", "value": "See 9903.88.15. \xa0"},
            {"columns": [], "type": "endnote", "value": " "},
        ],
    ),
]


def packed(rows: object) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()


def refusal(raw: bytes, **options: Any) -> ExportError:
    with pytest.raises(ExportError) as refused:
        read_export(raw, **options)
    return refused.value


@cache
def small() -> dict[str, TariffRow]:
    return {line.number: line for line in read_export(packed(SMALL)).rows if line.number}


def test_rows_keep_their_order_and_every_row_is_kept() -> None:
    export = read_export(packed(SMALL))

    assert [line.position for line in export.rows] == list(range(len(SMALL)))
    assert [line.number or "" for line in export.rows] == [fields["htsno"] for fields in SMALL]
    assert export.rows[1].number is None
    assert export.rows[1].declarable is False


def test_the_parent_is_the_nearest_earlier_row_with_a_smaller_indent_superior_rows_included() -> None:
    line = small()["0101.29.00.10"]

    assert line.parent == 6
    assert line.path == (0, 1, 5, 6)
    assert line.parent_number == "0101.29.00"
    assert line.full_description == "Horses and asses, alive › Horses › Other › Brought in for slaughter › At once"
    assert small()["0101"].path == ()
    assert small()["0101"].parent is None
    assert small()["0101"].parent_number is None


def test_an_indent_may_be_padded_and_may_jump() -> None:
    line = small()["0406.90.01"]

    assert line.indent == 3
    assert line.parent == 13


def test_a_number_that_indentation_puts_under_another_line_takes_no_words_or_parent_number_from_it() -> None:
    line = small()["9823.03.02"]

    assert line.path == (18, 19, 20)
    assert line.parent_number == "9823"
    assert line.full_description == "Quota goods › Beyond the quota › Powder"


def test_ten_digit_rows_inherit_all_three_columns_and_units_from_their_legal_line() -> None:
    line = small()["0101.29.00.10"]

    assert (line.general, line.special, line.other) == ("4.5%", "Free (A,AU)", "20%")
    assert line.rates_from == "0101.29.00"
    assert line.units == ("No.",)
    assert small()["0101.29.00.90"].units == ("kg",)
    assert small()["0101.21.00.10"].special == ""
    assert small()["0101.21.00.10"].general == "Free"


def test_rates_of_its_own_stay_with_a_line_and_no_rates_come_from_nowhere() -> None:
    assert small()["0101.30.00.00"].rates_from == "0101.30.00.00"
    assert small()["0101"].rates_from is None
    assert small()["0406.10.08.00"].rates_from is None


def test_a_ten_digit_row_that_repeats_one_column_still_has_its_lines_general_rate() -> None:
    line = small()["9006.59.15.20"]

    assert (line.general, line.special, line.other) == ("Free", "", "20%")
    assert line.rates_from == "9006.59.15"


def test_what_may_be_declared_is_ten_digits_or_an_undivided_legal_line() -> None:
    declarable = {number for number, line in small().items() if line.declarable}

    assert declarable == {
        "0101.21.00.10",
        "0101.21.00.20",
        "0101.29.00.10",
        "0101.29.00.90",
        "0101.30.00.00",
        "0406.10.08.00",
        "0406.90.01",
        "9006.59.15.20",
        "9823.03.01",
        "9823.03.02",
        "9903.88.15",
    }


def test_texts_are_cleaned() -> None:
    assert small()["0406.10"].description == (
        "Fresh cheese packed in containers, air-tight or soft-ripened, of mono- or diglycerides"
    )
    assert small()["0406.90"].description == "1,4-benzene cheese in dairymen's bags - best"
    assert small()["0406.10.08.00"].units == ("kg", "m2")
    assert small()["0406.90.01"].other == ""
    assert small()["0406.90.01"].additional_duties == "2.6¢/kg"
    assert small()["9823.03.02"].additional_duties == "No additional duty"
    assert small()["9823.03.01"].quota_quantity == "5,000 kg"
    assert small()["9903.88.15"].footnotes == ("See 9903.88.15.",)


@given(st.text(max_size=200))
def test_cleaning_is_done_after_one_pass_and_leaves_one_line(text: str) -> None:
    clean = clean_text(text)

    assert clean == clean.strip()
    assert not set(clean) & set("\n\t\r\x00\u200b\xa0")
    assert "  " not in clean


def test_a_broken_word_is_joined_only_where_the_whole_word_is_known() -> None:
    words = frozenset({"containers", "soft-ripened"})

    assert join_hyphens("con- tainers", words) == "containers"
    assert join_hyphens("soft- ripened", words) == "soft-ripened"
    assert join_hyphens("mono- and di- or tri- esters", words) == "mono- and di- or tri-esters"


def test_gzip_and_plain_give_the_same_rows_and_the_same_hash() -> None:
    raw = packed(SMALL)

    plain = read_export(raw)

    assert read_export(gzip.compress(raw)) == plain
    assert read_export(gzip.compress(raw[:100]) + gzip.compress(raw[100:])) == plain
    assert plain.sha256 == hashlib.sha256(raw).hexdigest()
    assert read_export(b"\xef\xbb\xbf" + raw).rows == plain.rows


def test_progress_runs_to_the_end() -> None:
    steps: list[tuple[int, int]] = []

    read_export(packed(SMALL), progress=lambda done, total: steps.append((done, total)))

    assert steps[0] == (0, len(SMALL))
    assert steps[-1] == (len(SMALL), len(SMALL))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON"),
        (b"[", "not JSON"),
        (b'{"rows": []}', "this is an object"),
        (b"null", "this is null"),
        (b"7", "this is a number"),
        (b"[]", "has no rows"),
        (b"[NaN]", "not JSON"),
        (b"[1" + b"0" * 5000 + b"]", "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "not JSON"),
        (b'["\\ud800"]', "not JSON"),
        ('[{"htsno": "é"}]'.encode("latin-1"), "not JSON"),
        ('[{"htsno": "0101"}]'.encode("utf-16"), "not JSON"),
        (b"\x1f\x8b", "cut short"),
        (b"\x1f\x8bnonsense", "damaged"),
        (gzip.compress(b"[]", mtime=0) + b"tail", "damaged"),
        (gzip.compress(b"[" + b" " * 10_000 + b"]", mtime=0)[:-9], "cut short"),
    ],
)
def test_a_file_that_is_no_export_is_refused(raw: bytes, words: str) -> None:
    error = refusal(raw)

    assert error.row is None
    assert words in str(error)


def test_a_gzip_bomb_is_refused_at_the_limit() -> None:
    bomb = gzip.compress(b"[" + b" " * 5_000_000 + b"]")

    assert len(bomb) < 20_000
    assert "unpacks to more than 1000000 bytes" in str(refusal(bomb, limit=1_000_000))
    assert "larger than 10 bytes" in str(refusal(packed(SMALL), limit=10))
    assert read_export(gzip.compress(packed(SMALL)), limit=len(packed(SMALL))).rows


@pytest.mark.parametrize(
    ("position", "change", "field", "words"),
    [
        (0, {"indent": "1"}, "indent", "no row above it has a smaller indent"),
        (3, {"indent": "deep"}, "indent", "a whole number"),
        (3, {"indent": "-1"}, "indent", "a whole number"),
        (3, {"indent": ""}, "indent", "a whole number"),
        (3, {"indent": "²"}, "indent", "a whole number"),
        (3, {"indent": None}, "indent", "a whole number"),
        (3, {"indent": True}, "indent", "a whole number"),
        (3, {"indent": 1.5}, "indent", "a whole number"),
        (3, {"indent": 3}, "indent", "written as text, not 3"),
        (3, {"indent": "999"}, "indent", "from 0 to 40"),
        (3, {"htsno": "0101.21.00.1"}, "htsno", "is not an HTS number"),
        (3, {"htsno": "01"}, "htsno", "has 2 digits"),
        (3, {"htsno": None}, "htsno", "is text, not null"),
        (3, {"htsno": 101210010}, "htsno", "is text, not a number"),
        (4, {"htsno": "0101.21.00.10"}, "htsno", "0101.21.00.10 stands on an earlier row already"),
        (3, {"description": None}, "description", "is text, not null"),
        (3, {"description": ["Males"]}, "description", "is text, not a list"),
        (3, {"units": "No."}, "units", "a list of texts, not text"),
        (3, {"description": "Ma\x00les"}, "description", "control character U+0000"),
        (3, {"description": "x" * 20_001}, "description", "has 20,001 characters, more than 20,000"),
        (3, {"units": None}, "units", "a list of texts, not null"),
        (3, {"units": [None]}, "units", "holds null"),
        (3, {"units": ["k\x7fg"]}, "units", "control character U+007F"),
        (3, {"general": None}, "general", "is text, not null"),
        (3, {"special": None}, "special", "is text, not null"),
        (3, {"other": None}, "other", "is text, not null"),
        (3, {"other": "2\x1b0%"}, "other", "control character U+001B"),
        (3, {"general": 5}, "general", "is text, not a number"),
        (3, {"special": {}}, "special", "is text, not an object"),
        (3, {"other": False}, "other", "is text, not true or false"),
        (3, {"footnotes": "See 9903.88.15."}, "footnotes", "a list or null, not text"),
        (3, {"footnotes": ["See 9903.88.15."]}, "footnotes", "without a text value"),
        (3, {"footnotes": [{"value": None}]}, "footnotes", "without a text value"),
        (3, {"footnotes": [{"value": "See\x08"}]}, "footnotes", "control character U+0008"),
        (3, {"additionalDuties": 1}, "additionalDuties", "is text, not a number"),
        (3, {"quotaQuantity": 1}, "quotaQuantity", "is text, not a number"),
    ],
)
def test_a_bad_row_is_named_with_its_field(position: int, change: dict[str, Any], field: str, words: str) -> None:
    rows = [fields | change if at == position else fields for at, fields in enumerate(SMALL)]

    error = refusal(packed(rows))

    assert (error.row, error.field) == (position, field)
    assert words in str(error)
    assert str(error).startswith(f"row {position}, field {field}: ")


@pytest.mark.parametrize(
    "field", ["htsno", "indent", "description", "units", "general", "special", "other", "footnotes"]
)
def test_a_missing_key_is_named(field: str) -> None:
    rows = [dict(fields) for fields in SMALL]
    del rows[7][field]

    error = refusal(packed(rows))

    assert (error.row, error.field, error.message) == (7, field, "is missing")


def test_a_row_that_is_no_object_is_named() -> None:
    error = refusal(packed([*SMALL, "0102"]))

    assert (error.row, error.field) == (len(SMALL), None)
    assert "this is text" in str(error)


def test_a_text_may_break_its_line_and_be_as_long_as_is_allowed() -> None:
    longest = "x" * 20_000

    rows = read_export(packed([row("0101", "0", longest), row("0102", "0", "Cattle,\r\n\talive\x0b:\x0c")])).rows

    assert [line.description for line in rows] == [longest, "Cattle, alive :"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(range(len(SMALL))), st.sampled_from(sorted(SMALL[0])), JSON)
def test_any_value_in_any_field_is_read_or_refused_by_name(position: int, field: str, value: Any) -> None:
    rows = [fields | {field: value} if at == position else fields for at, fields in enumerate(SMALL)]

    try:
        read_export(packed(rows))
    except ExportError as error:
        named = error.row is not None and error.field is not None
    else:
        named = True
    assert named


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_never_crash(raw: bytes) -> None:
    with pytest.raises(ExportError):
        read_export(raw)
    with pytest.raises(ExportError):
        read_export(b"\x1f\x8b" + raw)


@cache
def official(name: str) -> Export:
    path = OFFICIAL / f"{name}.json.gz"
    if not path.exists():
        pytest.skip("the official exports are not on this machine; the small export above covers the same quirks")
    return read_export(path.read_bytes())


@pytest.mark.parametrize("name", ROWS)
def test_an_official_export_is_read_whole(name: str) -> None:
    export = official(name)

    assert len(export.rows) == ROWS[name]
    assert all(line.general or line.special or line.other for line in export.rows if line.rates_from is not None)
    assert not [
        line.number
        for line in export.rows
        if line.number is not None and line.declarable and line.number < "98" and not (line.general and line.other)
    ]


def test_the_official_legal_lines_are_of_three_kinds() -> None:
    legal = defaultdict(list)
    for line in official("hts_2026_rev_10").rows:
        if line.number is not None and len(line.number) >= 10 and line.number < "98":
            legal[line.number[:10]].append(line)

    kinds: Counter[str] = Counter()
    for number, lines in legal.items():
        statistical = [line for line in lines if len(line.number or "") == 13]
        stated = [line for line in lines if line.number == number]
        assert len({(line.general, line.special, line.other) for line in lines}) == 1
        assert {line.rates_from for line in lines} == ({number} if stated else {lines[0].number})
        kinds[
            "divided" if stated and statistical else "undivided" if stated else "one" if len(lines) == 1 else "odd"
        ] += 1

    assert len(legal) == 11_414
    assert kinds == {"one": 8_087, "divided": 3_232, "undivided": 95}


def test_official_texts_hold_no_debris() -> None:
    for line in official("hts_2026_rev_10").rows:
        for text in (line.description, line.general, line.special, line.other, *line.units, *line.footnotes):
            assert text == clean_text(text)
            assert not set(text) & set("\n\t\xa0\u200b\u02bc")
        assert not set("".join(line.units)) & set("²³")
