"""HTS numbers are read from what people write and refused with a way to mend them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tariff.code import chapter, digits_of, is_under, parse_hts, undotted


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("84", "84"),
        ("8471", "8471"),
        ("847130", "8471.30"),
        ("8471.30", "8471.30"),
        ("84713001", "8471.30.01"),
        ("8471300100", "8471.30.01.00"),
        ("8471.30.01.00", "8471.30.01.00"),
        ("8471.30.0100", "8471.30.01.00"),
        ("8471 30 01 00", "8471.30.01.00"),
        ("8471\u00a030", "8471.30"),
        ("  0101.21.00\n", "0101.21.00"),
    ],
)
def test_a_number_is_read_with_or_without_dots(text: str, number: str) -> None:
    assert parse_hts(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "8",
        "847",
        "84713",
        "84713001001",
        "847130010000",
        "8471..30",
        "8471.30.",
        ".8471",
        "8471.3.001",
        "8471-30",
        "abcd",
        "00",
        "0012.34",
        "٨٤٧١",
        "8471" * 1000,
        "8471\x0030",
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="give 2, 4, 6, 8 or 10 digits") as refused:
        parse_hts(text)
    assert len(str(refused.value)) < 160


def test_a_refusal_says_what_is_wrong_and_what_to_give() -> None:
    with pytest.raises(ValueError) as refused:
        parse_hts("84.71.3", digits=(8, 10))
    assert str(refused.value) == (
        "'84.71.3' is not an HTS number: give 8 or 10 digits, with or without dots, for example 8471.30.01.00"
    )
    with pytest.raises(ValueError) as refused:
        parse_hts("84", digits=(4,))
    assert str(refused.value) == "'84' has 2 digits: give 4 digits, with or without dots, for example 8471"


def test_questions_about_a_number() -> None:
    assert [digits_of(number) for number in ("84", "8471", "8471.30", "8471.30.01", "8471.30.01.00")] == [
        2,
        4,
        6,
        8,
        10,
    ]
    assert undotted("8471.30.01.00") == "8471300100"
    assert chapter("8471.30") == "84"


@pytest.mark.parametrize(
    ("number", "ancestor", "under"),
    [
        ("8471.30.01", "84", True),
        ("8471.30.01", "8471", True),
        ("8471.30.01", "8471.30.01", True),
        ("8471.30.01.00", "8471.30.01", True),
        ("8471.30", "8471.30.01", False),
        ("8472", "8471", False),
        ("8471", "71", False),
        ("84", "84", True),
    ],
)
def test_is_under(number: str, ancestor: str, under: bool) -> None:
    assert is_under(number, ancestor) is under


NUMBERS = st.tuples(st.integers(1, 99), st.lists(st.integers(0, 99), max_size=4)).map(
    lambda parts: "".join(f"{part:02}" for part in (parts[0], *parts[1]))
)


@given(NUMBERS)
def test_the_canonical_form_reads_as_itself_and_loses_nothing(digits: str) -> None:
    number = parse_hts(digits)

    assert parse_hts(number) == number
    assert undotted(number) == digits
    assert digits_of(number) == len(digits)
    assert all(is_under(number, parse_hts(digits[:length])) for length in range(2, len(digits) + 1, 2))


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        number = parse_hts(text)
    except ValueError:
        return
    assert undotted(number) == "".join(character for character in text if character in "0123456789")
