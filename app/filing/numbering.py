"""Entry numbers, `FFF-NNNNNNN-C`: filer code, seven digits, check digit (CATAIR Appendix E).
Which number comes next is for the store."""

import re

SIMULATED_FILER = "SIM"
LAST_SEQUENCE = 9_999_999

_FILER = re.compile(r"[0-9A-Z]{3}", re.ASCII)
_SHAPE = re.compile(r"([0-9A-Z]{3})[- ]{0,2}(\d{7})-?(\d)", re.ASCII)
_LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789", strict=True))


def check_digit(filer: str, sequence: int, *, offset: int = 0) -> int:
    """The tenth digit's control: letters become digits, positions 2, 4, … 10 are doubled. `offset` is what CBP allows a
    filer that has used up its ten million numbers. Raises ValueError for a code or sequence out of shape."""
    if not _FILER.fullmatch(filer):
        raise ValueError(f"{filer[:12]!r} is no filer code: three letters or digits")
    if not 0 <= sequence <= LAST_SEQUENCE:
        raise ValueError(f"{sequence} does not fit seven digits")
    digits = [int(_LETTERS.get(sign, sign)) for sign in f"{filer}{sequence:07d}"]
    doubled = (2 * digit - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(digits))
    return (10 - sum(doubled) % 10 + offset) % 10


def entry_number(filer: str, sequence: int, *, offset: int = 0) -> str:
    """The number as it is written, `FFF-NNNNNNN-C`."""
    return f"{filer}-{sequence:07d}-{check_digit(filer, sequence, offset=offset)}"


def parse_entry_number(text: str) -> str:
    """The canonical form of a number written with or without dashes. Raises ValueError where shape or check digit
    are wrong."""
    filer, sequence, check = _parts(text)
    expected = check_digit(filer, sequence)
    if check != expected:
        raise ValueError(f"the check digit of {filer}-{sequence:07d} is {expected}, not {check}")
    return f"{filer}-{sequence:07d}-{check}"


def sequence_of(number: str) -> int:
    """The seven digits of a number as a count."""
    return _parts(number)[1]


def is_entry_number(text: str) -> bool:
    """Whether shape and check digit are right."""
    try:
        parse_entry_number(text)
    except ValueError:
        return False
    return True


def _parts(text: str) -> tuple[str, int, int]:
    found = _SHAPE.fullmatch(text.strip().upper()) if len(text) <= 40 else None
    if found is None:
        raise ValueError(f"{text[:24]!r} is no entry number such as ABC-1234567-6")
    return found[1], int(found[2]), int(found[3])
