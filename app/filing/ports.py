"""Ports by code: CBP's Schedule D at home, UN/LOCODE abroad, the large ones packaged in `ports.csv`.

A port that is not here may still exist: whether an unknown code is refused is for `checks`."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType


class PortScheme(StrEnum):
    """Whose list a port code is from."""

    SCHEDULE_D = "SCHEDULE_D"
    UNLOCODE = "UNLOCODE"


@dataclass(frozen=True, slots=True)
class Port:
    """A port, airport or border crossing. `code` has four digits (Schedule D) or five letters (UN/LOCODE)."""

    code: str
    scheme: PortScheme
    name: str
    country: str  # ISO 3166-1 alpha-2; US for every Schedule D port, Puerto Rico included


def find_port(code: str) -> Port | None:
    """The port with exactly this code, or None."""
    return _by_code().get(code)


def known_ports() -> tuple[Port, ...]:
    """Every packaged port, Schedule D first, each scheme in the order of its codes."""
    return tuple(_by_code().values())


@cache
def _by_code() -> MappingProxyType[str, Port]:
    with files(__package__).joinpath("ports.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    ports = (Port(row["code"], PortScheme(row["scheme"]), row["name"], row["country"]) for row in rows)
    return MappingProxyType({port.code: port for port in ports})
