"""No rate text of the official exports is outside the grammar, and each prints as it parses."""

import gzip
from dataclasses import replace
from functools import cache
from pathlib import Path

import orjson
import pytest

from app.tariff.rate import Rate, RateKind, format_rate, format_special, parse_rate, parse_special

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "hts"
NAMES = ("hts_2025_basic", "hts_2025_rev_18", "hts_2026_basic", "hts_2026_rev_4", "hts_2026_rev_10")


@cache
def texts(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """The distinct general, column 2 and additional-duty texts, and the distinct special texts, as exported."""
    path = OFFICIAL / f"{name}.json.gz"
    if not path.exists():
        pytest.skip("the official exports are not on this machine; test_tariff_rate.py holds every construct of them")
    rows = orjson.loads(gzip.decompress(path.read_bytes()))
    plain = {text for row in rows for text in (row["general"], row["other"], row["additionalDuties"] or "")}
    return frozenset(plain), frozenset(row["special"] for row in rows)


def same(rate: Rate) -> Rate:
    return replace(rate, text="")


@pytest.mark.parametrize("name", NAMES)
def test_every_rate_text_parses_and_prints_as_it_parses(name: str) -> None:
    plain, _ = texts(name)

    assert len(plain) > 1_000
    for text in plain:
        rate = parse_rate(text)
        assert same(parse_rate(format_rate(rate))) == same(rate)
        assert (rate.kind is RateKind.BLANK) == (text.strip() in ("", ":"))


@pytest.mark.parametrize("name", NAMES)
def test_every_special_text_parses_and_prints_as_it_parses(name: str) -> None:
    _, special = texts(name)

    assert len(special) > 400
    for text in special:
        groups = parse_special(text)
        again = parse_special(format_special(groups))
        assert [(one.programs, same(one.rate)) for one in again] == [(one.programs, same(one.rate)) for one in groups]
        assert bool(groups) == bool(text.strip())
