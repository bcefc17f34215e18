"""A small tariff and a short way to ask for a duty, shared by the duty tests. The rates are those of the 2025 and 2026
schedules, the descriptions our own."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.duty.assessment import LineAssessment, LineInput
from app.duty.calculator import Calculator
from app.tariff.measure_file import packaged_book
from app.tariff.schedule import TariffLine

RATES = {
    "0201.30.02.00": ("4%", "Free (AU,CL,CO,KR,S)", "20%", "Beef, high quality cuts"),
    "0201.30.50": ("26.4%", "Free (KR,S)", "31.1%", "Beef, other"),
    "0402.21.50.00": ("$1.092/kg", "Free (S) See 9822.04.25 (AU)", "$1.284/kg", "Milk powder"),
    "0601.10.15.00": ("89.6¢/1000", "Free (KR)", "$3/1000", "Tulip bulbs"),
    "0901.21.00.10": ("Free", "", "Free", "Coffee, roasted"),
    "1701.14.10.00": (
        "1.4606¢/kg less 0.020668¢/kg for each degree under 100 degrees (and fractions of a degree in proportion) "
        "but not less than 0.943854¢/kg",
        "",
        "6.58170¢/kg less 0.0622005¢/kg for each degree under 100 degrees (and fractions of a degree in proportion) "
        "but not less than 5.031562¢/kg",
        "Raw cane sugar",
    ),
    "2204.21.50.40": ("6.3¢/liter", "Free (AU,CL,KR,S)", "33¢/liter", "Wine"),
    "2607.00.00.20": ("1.1¢/kg on lead content", "Free (KR)", "3.3¢/kg on lead content", "Lead ores"),
    "2709.00.20": ("10.5¢/bbl", "Free (KR,S)", "21¢/bbl", "Crude petroleum"),
    "3004.20.00.30": ("Free", "", "Free", "Antibiotics, in doses"),
    "3004.90.92.25": ("Free", "", "30%", "Medicaments of the pharmaceutical list"),
    "4407.11.00.01": ("Free", "", "$1.70/m3", "Pine, finger-jointed"),
    "4901.99.00.93": ("Free", "", "Free", "Books"),
    "6109.10.00.12": ("16.5%", "Free (AU,BH,CL,CO,IL,JO,KR,MA,OM,P,PA,PE,S,SG)", "90%", "T-shirts, men's, cotton"),
    "6204.29.40": ("The rate applicable to each garment in the ensemble if separately entered", "", "90%", "Ensembles"),
    "6402.19.50": ("76¢/pr. + 32%", "Free (AU,KR,S)", "$1.58/pr. + 66%", "Sports footwear"),
    "7208.51.00.30": ("Free", "", "20%", "Steel plate"),
    "7318.15.20.10": ("Free", "", "3.5%", "Bolts of steel"),
    "7408.11.60.00": ("3%", "Free (KR,S)", "28%", "Copper wire"),
    "7601.10.30.00": ("2.6%", "Free (KR,S)", "18.5%", "Aluminum, unalloyed"),
    "8418.10.00.10": ("Free", "", "35%", "Refrigerator-freezers"),
    "8427.20.40.00": ("Free", "", "35%", "Fork-lift trucks"),
    "8471.30.01.00": ("Free", "", "35%", "Laptops"),
    "8471.50.01.50": ("Free", "", "35%", "Processing units"),
    "8481.80.30.10": ("5.6%", "Free (KR,S)", "45%", "Valves of steel"),
    "8507.60.00.20": ("3.4%", "Free (KR,S)", "40%", "Lithium-ion batteries"),
    "8541.43.00.10": ("Free", "", "35%", "Solar modules"),
    "8703.23.01.90": ("2.5%", "Free (KR,S)", "10%", "Passenger vehicles"),
    "8704.31.01.20": ("25%", "Free (S)", "25%", "Light trucks"),
    "8708.30.50.90": ("2.5%", "Free (KR,S)", "25%", "Brake parts"),
    "9102.11.10": (
        "44¢ each + 6% on the case + 14% on the strap, band or bracelet + 5.3% on the battery",
        "",
        "$1.70 each + 35% on the case + 40% on the strap, band or bracelet + 35% on the battery",
        "Wrist watches",
    ),
    "9401.61.40.11": ("Free", "", "40%", "Upholstered chairs of wood"),
    "6810.99.00.20": ("Free", "", "30%", "Quartz surface products"),
    "3926.40.00.10": ("5.3%", "Free (KR,S)", "50%", "Statuettes of plastics"),
    "8207.30.30.00": ("5.7%", "Free (KR,S)", "45%", "Tools for pressing"),
    "8503.00.95.20": ("3%", "Free (B,KR,S)", "35%", "Parts of motors"),
}


@dataclass(frozen=True, slots=True)
class SmallTariff:
    """The lines above as one revision."""

    revision_name: str = "small"
    effective_from: date = date(2025, 1, 1)
    sha256: str = "0" * 64
    starter: bool = False

    def find(self, number: str) -> TariffLine | None:
        """The line of a dotted number; the heading above the laptops is there, and divided."""
        if number == "8471.30.01":
            return line(number, declarable=False)
        known = number if number in RATES else number.removesuffix(".00")
        return line(known) if known in RATES else None


def line(number: str, *, declarable: bool = True) -> TariffLine:
    """A line of the small tariff."""
    general, special, other, description = RATES.get(number, ("", "", "", "divided"))
    return TariffLine(
        number=number,
        description=description,
        full_description=description,
        units=(),
        general=general,
        special=special,
        other=other,
        rates_from=number,
        footnotes=(),
        declarable=declarable,
    )


CALCULATOR = Calculator(packaged_book())
TARIFF = SmallTariff()


def ask(
    number: str,
    origin: str,
    on: str,
    value: str = "1000.00",
    claim: str | None = None,
    quantities: dict[str, str] | None = None,
    **facts: object,
) -> LineAssessment:
    """The assessment of one line on a day."""
    held = {unit: Decimal(quantity) for unit, quantity in (quantities or {}).items()}
    asked = LineInput(number, origin, Decimal(value), held, claim, facts)
    return CALCULATOR.assess(asked, date.fromisoformat(on), TARIFF)


def parts(answer: LineAssessment) -> dict[str, str]:
    """Amount by chapter 99 heading, the base duty under `base`."""
    return {
        "base" if part.hts_number == answer.hts_number else part.hts_number or part.code or "": f"{part.amount:.4f}"
        for part in answer.components
    }
