"""Country and currency codes: complete, exact, and nothing that is not one."""

import pytest

from app.countries import country_codes, country_name, is_country
from app.currencies import Currency, currency_codes, find_currency, is_currency


def test_there_are_249_countries_in_the_order_of_their_codes() -> None:
    assert len(country_codes()) == 249
    assert list(country_codes()) == sorted(set(country_codes()))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("CN", "China"),
        ("US", "United States"),
        ("GB", "United Kingdom"),
        ("KR", "South Korea"),
        ("TR", "Türkiye"),
        ("CI", "Côte d'Ivoire"),
        ("SS", "South Sudan"),
        ("PR", "Puerto Rico"),
        ("NA", "Namibia"),
    ],
)
def test_a_country_has_its_short_name(code: str, name: str) -> None:
    assert is_country(code)
    assert country_name(code) == name


@pytest.mark.parametrize("code", ["", "cn", "UK", "EU", "XK", "AN", "SU", "ZZ", "CHN", "C", " CN", "840"])
def test_what_is_not_an_assigned_code_is_not_a_country(code: str) -> None:
    assert not is_country(code)
    assert country_name(code) is None


def test_every_country_has_two_letters_and_a_name_of_its_own() -> None:
    assert all(len(code) == 2 and code.isascii() and code.isupper() for code in country_codes())
    names = [country_name(code) for code in country_codes()]
    assert all(names)
    assert len(set(names)) == 249


def test_there_are_165_currencies_in_the_order_of_their_codes() -> None:
    assert len(currency_codes()) == 165
    assert list(currency_codes()) == sorted(set(currency_codes()))


@pytest.mark.parametrize(
    ("code", "minor_units"),
    [("USD", 2), ("EUR", 2), ("CNY", 2), ("JPY", 0), ("KRW", 0), ("VND", 0), ("KWD", 3), ("TND", 3), ("CLF", 4)],
)
def test_a_currency_knows_its_minor_units(code: str, minor_units: int) -> None:
    currency = find_currency(code)

    assert currency is not None
    assert currency.minor_units == minor_units


def test_a_currency_has_a_name() -> None:
    assert find_currency("GBP") == Currency("GBP", "Pound sterling", 2)


@pytest.mark.parametrize("code", ["", "usd", "US", "DEM", "HRK", "BGN", "ANG", "XAU", "XTS", "XXX", "BTC", "USDT"])
def test_withdrawn_testing_and_metal_codes_are_not_currencies(code: str) -> None:
    assert not is_currency(code)
    assert find_currency(code) is None


def test_minor_units_are_0_to_4_for_the_codes_iso_says() -> None:
    by_units: dict[int, list[str]] = {}
    for code in currency_codes():
        currency = find_currency(code)
        assert currency is not None
        by_units.setdefault(currency.minor_units, []).append(code)

    assert sorted(by_units) == [0, 2, 3, 4]
    assert " ".join(by_units[0]) == "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    assert " ".join(by_units[3]) == "BHD IQD JOD KWD LYD OMR TND"
    assert " ".join(by_units[4]) == "CLF UYW"
