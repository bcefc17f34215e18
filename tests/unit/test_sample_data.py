"""The sample products and parties: plausible, consistent, and every product on a line of the starter tariff."""

import csv
import re
from collections import Counter
from decimal import Decimal
from functools import cache
from importlib.resources import files

import orjson

from app.countries import is_country
from app.currencies import find_currency
from app.tariff.export import TariffRow, read_export
from app.tariff.starter import starter_export

UNITS = {"KG", "L", "PFL", "M2", "NO", "PR", "DOZ", "GROSS", "THOUSAND"}
RATE_UNITS = {"/kg": "KG", "/liter": "L", "each": "NO", "/doz.": "DOZ", "/gross": "GROSS"}


@cache
def starter() -> dict[str, TariffRow]:
    return {row.number: row for row in read_export(starter_export()).rows if row.number}


def read(name: str) -> list[dict[str, str]]:
    with files("app.services").joinpath("sample", name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def identifiers(party: dict[str, str]) -> dict[str, str]:
    return dict(pair.split("=") for pair in party["identifiers"].split(";"))


def test_products_have_these_columns() -> None:
    assert list(read("products.csv")[0]) == [
        "sku",
        "name",
        "description",
        "origin_country",
        "manufacturer_name",
        "manufacturer_country",
        "manufacturer_mid",
        "unit_price_amount",
        "unit_price_currency",
        "hts_number",
        "unit",
        "attributes_json",
    ]


def test_there_are_200_products_or_more_with_skus_and_names_of_their_own() -> None:
    products = read("products.csv")

    assert len(products) >= 200
    assert len({product["sku"] for product in products}) == len(products)
    assert len({product["name"] for product in products}) == len(products)
    assert all(re.fullmatch(r"TG-\d{4}-\d{2}", product["sku"]) for product in products)
    assert all(product["description"] for product in products)


def test_every_product_stands_on_a_declarable_ten_digit_line_of_the_starter_tariff() -> None:
    wrong = [
        product["hts_number"]
        for product in read("products.csv")
        if not re.fullmatch(r"\d{4}\.\d\d\.\d\d\.\d\d", product["hts_number"])
        or product["hts_number"] not in starter()
        or not starter()[product["hts_number"]].declarable
    ]

    assert wrong == []


def test_every_ten_digit_line_of_the_starter_tariff_has_a_product() -> None:
    lines = {number for number, row in starter().items() if row.declarable and len(number) == 13}

    assert lines - {product["hts_number"] for product in read("products.csv")} == set()


def test_a_product_is_counted_in_the_unit_its_duty_is_charged_on() -> None:
    wrong = [
        (product["sku"], product["unit"], starter()[product["hts_number"]].general)
        for product in read("products.csv")
        for text, unit in RATE_UNITS.items()
        if text in starter()[product["hts_number"]].general and product["unit"] != unit
    ]

    assert wrong == []
    assert {product["unit"] for product in read("products.csv")} == UNITS


def test_origins_are_countries_and_spread_over_the_world() -> None:
    origins = Counter(product["origin_country"] for product in read("products.csv"))

    assert all(is_country(origin) for origin in origins)
    assert set(origins) >= {"CN", "VN", "MX", "DE", "JP", "KR", "IN", "TH", "TW", "IT", "CA", "GB", "ID", "MY", "BR"}
    assert max(origins.values()) <= sum(origins.values()) / 4


def test_prices_are_positive_and_no_finer_than_the_currency() -> None:
    for product in read("products.csv"):
        price = Decimal(product["unit_price_amount"])
        currency = find_currency(product["unit_price_currency"])
        assert currency is not None
        assert price > 0
        assert price == round(price, currency.minor_units)


def test_attributes_are_json_objects_with_something_in_them() -> None:
    for product in read("products.csv"):
        attributes = orjson.loads(product["attributes_json"])
        assert isinstance(attributes, dict)
        assert attributes


def test_every_manufacturer_of_a_product_is_a_party() -> None:
    parties = {
        (party["name"], party["country"], identifiers(party)["MID"])
        for party in read("parties.csv")
        if party["role"] == "manufacturer"
    }
    makers = {
        (product["manufacturer_name"], product["manufacturer_country"], product["manufacturer_mid"])
        for product in read("products.csv")
    }

    assert makers - parties == set()
    assert parties - makers == set()


def test_there_is_a_party_for_every_role() -> None:
    roles = Counter(party["role"] for party in read("parties.csv"))

    assert roles["importer"] == 1
    assert roles["broker"] == 1
    assert roles["consignee"] == 4
    assert roles["manufacturer"] >= 9
    assert roles["seller"] >= 3
    assert len({party["name"] for party in read("parties.csv")}) == roles.total()


def test_party_identifiers_have_their_forms_and_belong_to_one_party() -> None:
    forms = {
        "EIN": r"\d\d-\d{9}",  # importer number of 19 CFR 24.5: employer identification number and a two-digit suffix
        "DUNS": r"\d{9}",
        "MID": r"[A-Z]{5,8}\d{1,4}[A-Z]{3}",  # 19 CFR 102.23(a): country, two words of the name, street number, city
    }
    seen = []
    for party in read("parties.csv"):
        assert is_country(party["country"])
        for kind, value in identifiers(party).items():
            assert re.fullmatch(forms[kind], value), value
            seen.append((kind, value))

    assert len(set(seen)) == len(seen)


def test_synthetic_employer_numbers_begin_with_a_prefix_that_is_never_assigned() -> None:
    numbers = [identifiers(party).get("EIN", "07-") for party in read("parties.csv")]

    assert all(number.startswith("07-") for number in numbers)


def test_a_manufacturer_code_begins_with_its_country_or_its_canadian_province() -> None:
    for party in read("parties.csv"):
        if party["role"] == "manufacturer":
            prefix = identifiers(party)["MID"][:2]
            assert prefix == party["country"] or (party["country"] == "CA" and prefix == "XQ")
