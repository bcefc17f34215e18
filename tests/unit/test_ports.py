"""Ports: the codes a shipment or an entry names."""

import re

import pytest

from app.countries import is_country
from app.filing.ports import Port, PortScheme, find_port, known_ports


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("2704", "Los Angeles, CA"),
        ("2709", "Long Beach, CA"),
        ("4601", "New York/Newark area, NJ"),
        ("5301", "Houston, TX"),
        ("1703", "Savannah, GA"),
        ("3001", "Seattle, WA"),
        ("0901", "Buffalo-Niagara Falls, NY"),
        ("2304", "Laredo, TX"),
        ("4909", "San Juan, PR"),
    ],
)
def test_a_schedule_d_port_is_found(code: str, name: str) -> None:
    assert find_port(code) == Port(code, PortScheme.SCHEDULE_D, name, "US")


@pytest.mark.parametrize(
    ("code", "name", "country"),
    [
        ("CNSHA", "Shanghai", "CN"),
        ("VNSGN", "Ho Chi Minh City", "VN"),
        ("DEHAM", "Hamburg", "DE"),
        ("MXVER", "Veracruz", "MX"),
        ("BRSSZ", "Santos", "BR"),
    ],
)
def test_a_foreign_port_is_found(code: str, name: str, country: str) -> None:
    assert find_port(code) == Port(code, PortScheme.UNLOCODE, name, country)


@pytest.mark.parametrize("code", ["", "901", "0000", "9999", "cnsha", "CN SHA", "USLAX", "Los Angeles"])
def test_an_unknown_code_is_no_port(code: str) -> None:
    assert find_port(code) is None


def test_there_are_enough_ports_at_home_and_abroad() -> None:
    schemes = [port.scheme for port in known_ports()]

    assert schemes.count(PortScheme.SCHEDULE_D) >= 60
    assert schemes.count(PortScheme.UNLOCODE) >= 60


def test_codes_are_well_formed_unique_and_in_order() -> None:
    home = [port.code for port in known_ports() if port.scheme is PortScheme.SCHEDULE_D]
    abroad = [port.code for port in known_ports() if port.scheme is PortScheme.UNLOCODE]

    assert all(re.fullmatch(r"\d{4}", code) for code in home)
    assert all(re.fullmatch(r"[A-Z]{2}[A-Z2-9]{3}", code) for code in abroad)
    assert home == sorted(set(home))
    assert abroad == sorted(set(abroad))


def test_a_unlocode_begins_with_its_country_and_a_schedule_d_port_is_american() -> None:
    wrong = [
        port
        for port in known_ports()
        if not is_country(port.country)
        or port.country != (port.code[:2] if port.scheme is PortScheme.UNLOCODE else "US")
        or (port.scheme is PortScheme.UNLOCODE and port.country == "US")
    ]

    assert wrong == []


def test_every_port_has_a_name_of_its_own_within_its_country() -> None:
    names = [(port.name, port.country) for port in known_ports()]

    assert all(name.strip() == name != "" for name, _ in names)
    assert len(set(names)) == len(names)
