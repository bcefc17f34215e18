"""HTS numbers: one canonical dotted form and the questions one asks of it.

Whether a number exists is for the schedule. Shape: 2-digit chapter, 4-digit heading, 6-digit subheading (these three
are the Harmonized System's), 8-digit legal line and 10-digit statistical line (General Statistical Note 3, HTSUS)."""

import re
from collections.abc import Collection

_DOTTED = re.compile(r"\d\d(?:[. \u00a0]?\d\d){0,4}", re.ASCII)
_SHOWN = 24
_LONGEST = 40


def parse_hts(text: str, *, digits: Collection[int] = (2, 4, 6, 8, 10)) -> str:
    """The canonical dotted form (`8471.30.01.00`, a chapter is `84`) of a number with or without dots or spaces.

    `digits` are the lengths accepted. Raises ValueError with a message that says how to mend the text.
    """
    trimmed = text.strip() if len(text) <= _LONGEST else ""
    if not trimmed or _DOTTED.fullmatch(trimmed) is None:
        raise ValueError(_mend(text, "is not an HTS number", digits))
    bare = re.sub(r"\D", "", trimmed)
    if len(bare) not in digits:
        raise ValueError(_mend(text, f"has {len(bare)} digits", digits))
    if bare.startswith("00"):
        raise ValueError(_mend(text, "names no chapter (they run from 01 to 99)", digits))
    return ".".join((bare[:4], *(bare[i : i + 2] for i in range(4, len(bare), 2))))


def digits_of(number: str) -> int:
    """How many digits a canonical number has: 2, 4, 6, 8 or 10."""
    return len(number) - number.count(".")


def undotted(number: str) -> str:
    """The number as customs messages carry it, digits only."""
    return number.replace(".", "")


def chapter(number: str) -> str:
    """The two digits of the chapter."""
    return number[:2]


def is_under(number: str, ancestor: str) -> bool:
    """Whether `number` is `ancestor` itself or one of the numbers below it; both canonical."""
    return number.startswith(ancestor) and (
        len(number) == len(ancestor) or len(ancestor) == 2 or number[len(ancestor)] == "."
    )


def other_spelling(number: str) -> str | None:
    """The other number that an undivided line goes by: 0106.11.00 for 0106.11.00.00 and the reverse, since such a line
    is filed with the suffix 00 (General Statistical Note 3(a), HTSUS). None for every other number. A schedule that has
    both of them means two lines: look there for the number itself first."""
    if len(number) == len("0106.11.00"):
        return f"{number}.00"
    return number[:-3] if len(number) == len("0106.11.00.00") and number.endswith(".00") else None


def _mend(text: str, fault: str, digits: Collection[int]) -> str:
    shown = text.strip()
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    lengths = [str(length) for length in sorted(digits)]
    wanted = lengths[0] if len(lengths) == 1 else f"{', '.join(lengths[:-1])} or {lengths[-1]}"
    example = "8471300100"[: max(digits)]
    example = ".".join((example[:4], *(example[i : i + 2] for i in range(4, len(example), 2))))
    return f"{shown!r} {fault}: give {wanted} digits, with or without dots, for example {example}"
