"""Entry numbers carry a check digit that is computed, read and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.filing.numbering import check_digit, entry_number, is_entry_number, parse_entry_number, sequence_of

FILERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=3)
SEQUENCES = st.integers(0, 9_999_999)


@pytest.mark.parametrize(
    ("filer", "sequence", "number"),
    [
        ("B76", 324527, "B76-0324527-8"),
        ("ABC", 1234567, "ABC-1234567-6"),
        ("N01", 0, "N01-0000000-4"),
        ("SB1", 12345, "SB1-0012345-8"),
        ("P99", 9999999, "P99-9999999-2"),
        ("ZZ9", 10, "ZZ9-0000010-2"),
        ("300", 1234567, "300-1234567-1"),
    ],
)
def test_a_number_has_the_check_digit_of_the_published_examples(filer: str, sequence: int, number: str) -> None:
    assert entry_number(filer, sequence) == number
    assert parse_entry_number(number) == number
    assert sequence_of(number) == sequence


@given(FILERS, SEQUENCES)
def test_a_number_is_read_however_it_is_written(filer: str, sequence: int) -> None:
    number = entry_number(filer, sequence)
    bare = number.replace("-", "")
    assert parse_entry_number(bare) == number
    assert parse_entry_number(f" {bare[:3]}  {bare[3:]} ".lower()) == number


@given(FILERS, SEQUENCES, st.integers(1, 9))
def test_any_other_check_digit_is_refused(filer: str, sequence: int, off: int) -> None:
    number = entry_number(filer, sequence)
    wrong = f"{number[:-1]}{(int(number[-1]) + off) % 10}"
    assert not is_entry_number(wrong)
    with pytest.raises(ValueError, match=f"is {number[-1]}, not {wrong[-1]}"):
        parse_entry_number(wrong)


@given(FILERS, SEQUENCES, st.integers(0, 6), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(filer: str, sequence: int, place: int, off: int) -> None:
    digits = list(f"{sequence:07d}")
    digits[place] = str((int(digits[place]) + off) % 10)
    assert check_digit(filer, int("".join(digits))) != check_digit(filer, sequence)


def test_a_used_up_filer_code_goes_on_with_an_offset() -> None:
    assert check_digit("B76", 324527, offset=3) == 1


@pytest.mark.parametrize(
    "text", ["", "ABC", "ABC-123456-6", "AB-1234567-6", "ABC_1234567_6", "ÄBC-1234567-6", "٣00-1234567-1", "x" * 5000]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert not is_entry_number(text)


@pytest.mark.parametrize(("filer", "sequence"), [("AB", 1), ("abc", 1), ("ABC", -1), ("ABC", 10_000_000)])
def test_what_makes_no_number_is_refused(filer: str, sequence: int) -> None:
    with pytest.raises(ValueError):
        entry_number(filer, sequence)
