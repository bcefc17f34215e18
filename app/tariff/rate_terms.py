"""What a rate is made of: kinds, components, the units of rate texts with their wording, and how a rate is printed.

Reading a text into these is `rate`'s work; the amount they come to is for `duty`. Money is US dollars as Decimal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

EXACT: Final = Context(prec=28)
_FEW_DECIMALS = 12
_CENTS_BELOW = Decimal(1)


class RateKind(StrEnum):
    """The form of a rate; the components say the rest."""

    BLANK = "BLANK"
    FREE = "FREE"
    AD_VALOREM = "AD_VALOREM"
    SPECIFIC = "SPECIFIC"
    COMPOUND = "COMPOUND"  # a sum of two or more components, several specific ones included
    SUGAR_DEGREE = "SUGAR_DEGREE"
    BOUNDED = "BOUNDED"  # a sum with a minimum or a maximum
    REFERENCE = "REFERENCE"  # the rate of something else: "The rate applicable to …", "See …"
    ADDITIONAL = "ADDITIONAL"  # the duty of another subheading, plus (or minus) the components
    NO_CHANGE = "NO_CHANGE"  # the duty of the applicable subheading and nothing more
    OTHER = "OTHER"  # a duty described in words that no rate text fixes


class ComponentKind(StrEnum):
    """What a component is a share of."""

    AD_VALOREM = "AD_VALOREM"
    SPECIFIC = "SPECIFIC"


@dataclass(frozen=True, slots=True)
class RateComponent:
    """One term of a sum. Ad valorem has `percent`, specific has `amount` and `unit`; the others are None."""

    kind: ComponentKind
    percent: Decimal | None = None  # 2.5 means 2.5 %; negative only where a reference is lowered
    amount: Decimal | None = None  # US dollars per unit
    unit: str | None = None  # a code of UNITS
    basis: str | None = None  # what it is levied on when that is not the whole article


@dataclass(frozen=True, slots=True)
class SugarDegree:
    """Raw sugar: `rate` less `per_degree` for each degree of polarity under 100, at least `minimum`; US$ per kg."""

    rate: Decimal
    per_degree: Decimal
    minimum: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """A parsed rate text. `reference` is the worded part: a condition of Free, a cap, or the rate referred to."""

    text: str
    kind: RateKind
    components: tuple[RateComponent, ...] = ()
    minimum: tuple[RateComponent, ...] = ()
    maximum: tuple[RateComponent, ...] = ()
    reference: str | None = None
    sugar: SugarDegree | None = None

    @property
    def ad_valorem_percent(self) -> Decimal | None:
        """The percentage where the whole duty is one share of the full value (Free is 0), else None."""
        if self.kind is RateKind.FREE:
            return Decimal(0)
        if self.kind is RateKind.AD_VALOREM and self.components[0].basis is None:
            return self.components[0].percent
        return None


@dataclass(frozen=True, slots=True)
class SpecialRate:
    """A rate of the special column and the programs that may claim it; no programs: everyone the column is open to."""

    programs: tuple[str, ...]
    rate: Rate


@dataclass(frozen=True, slots=True)
class RateUnit:
    """A unit of rate texts. `printed` follows the amount; `spellings` are read after a slash."""

    code: str
    wording: str
    printed: str
    spellings: tuple[str, ...]


_ALL_UNITS = (
    RateUnit("KG", "kilogram", "/kg", ("kg",)),
    RateUnit("G", "gram", "/g", ("g",)),
    RateUnit("T", "metric ton", "/t", ("t",)),
    RateUnit("CKG", "clean kilogram", "/clean kg", ("clean kg",)),
    RateUnit("L", "liter", "/liter", ("liter", "liters")),
    RateUnit("PFL", "proof liter", "/pf. liter", ("pf. liter", "pf.liter", "pf liter", "proof liter")),
    RateUnit("BBL", "barrel", "/bbl", ("bbl", "bbl.")),
    RateUnit("M", "meter", "/m", ("m", "lin. m", "linear m")),
    RateUnit("M2", "square meter", "/m2", ("m2", "m²")),
    RateUnit("M3", "cubic meter", "/m3", ("m3", "m³")),
    RateUnit("NO", "piece", " each", ("article", "head", "each", "No.")),
    RateUnit("PR", "pair", "/pr.", ("pr.", "prs.", "pair")),
    RateUnit("DOZ", "dozen", "/doz.", ("doz.", "dozen")),
    RateUnit("DPR", "dozen pairs", "/doz. prs.", ("doz. prs.", "doz. pr.")),
    RateUnit("GROSS", "gross", "/gross", ("gross",)),
    RateUnit("LINE_GROSS", "line per gross", "/line/gross", ("line/gross", "line/ gross")),
    RateUnit("THOUSAND", "thousand pieces", "/1,000", ("1,000", "1000", "thousand")),
    RateUnit("PACK", "pack", "/pack", ("pack",)),
    RateUnit("JEWEL", "jewel", "/jewel", ("jewel",)),
    RateUnit("JEWEL_OVER_7", "jewel in excess of seven", "/jewel over 7", ("jewel over 7",)),
    RateUnit("PART", "other piece or part", " for each other piece or part", ()),
)
UNITS: Final[Mapping[str, RateUnit]] = MappingProxyType({unit.code: unit for unit in _ALL_UNITS})
SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {spelling: unit.code for unit in _ALL_UNITS for spelling in unit.spellings}
)


def format_rate(rate: Rate) -> str:
    """The rate in the tariff's own style; parsing it gives the same rate, `text` aside."""
    reference = rate.reference or ""
    if rate.kind is RateKind.BLANK:
        return ""
    if rate.kind is RateKind.FREE:
        return f"Free, {reference}" if reference else "Free"
    if rate.kind is RateKind.NO_CHANGE:
        return reference or "No change"
    if rate.kind in (RateKind.REFERENCE, RateKind.OTHER):
        return reference
    if rate.kind is RateKind.ADDITIONAL:
        return reference + _signed(rate.components)
    if rate.sugar is not None:
        return _sugar(rate.sugar)
    text = _sum(rate.components)
    if rate.minimum:
        text += f", but not less than {_sum(rate.minimum)}"
    if rate.maximum:
        text += f", but not more than {_sum(rate.maximum)}"
    return f"{text}, but {reference}" if reference else text


def format_special(rates: Iterable[SpecialRate]) -> str:
    """A special column: each rate followed by its programs in parentheses."""
    return " ".join(
        f"{format_rate(special.rate)} ({','.join(special.programs)})" if special.programs else format_rate(special.rate)
        for special in rates
    )


def format_component(component: RateComponent) -> str:
    """One term of a sum, for example `2.5% on the case` or `4.4¢/kg on lead content`."""
    if component.percent is not None:
        printed = f"{_percent(component.percent)}%"
        return f"{printed} on the {component.basis}" if component.basis else printed
    if component.amount is None or component.unit is None:
        raise ValueError("a specific component has an amount and a unit")
    printed = _dollars(component.amount) + UNITS[component.unit].printed
    if component.basis is None:
        return printed
    return printed + (", " if component.basis.startswith("including ") else " on ") + component.basis


def of_fraction(whole: int, numerator: int, denominator: int) -> Decimal:
    """A mixed number as the tariff writes it (33 1/3), to 28 digits."""
    return EXACT.divide(Decimal(whole * denominator + numerator), Decimal(denominator))


def _sum(components: tuple[RateComponent, ...]) -> str:
    return " + ".join(format_component(component) for component in components)


def _signed(components: tuple[RateComponent, ...]) -> str:
    text = ""
    for component in components:
        printed = format_component(component)
        text += f" minus {printed[1:]}" if printed.startswith("-") else f" + {printed}"
    return text


def _sugar(sugar: SugarDegree) -> str:
    return (
        f"{_cents(sugar.rate)}/kg less {_cents(sugar.per_degree)}/kg for each degree under 100 degrees "
        f"(and fractions of a degree in proportion) but not less than {_cents(sugar.minimum)}/kg"
    )


def _dollars(amount: Decimal) -> str:
    return _cents(amount) if amount < _CENTS_BELOW else f"${_plain(amount)}"


def _cents(amount: Decimal) -> str:
    return f"{_plain(EXACT.scaleb(amount, 2))}¢"


def _percent(percent: Decimal) -> str:
    if percent < 0:
        return f"-{_percent(percent.copy_negate())}"
    plain = _plain(percent)
    if len(plain.partition(".")[2]) <= _FEW_DECIMALS:
        return plain
    near = Fraction(percent).limit_denominator(64)
    whole, rest = divmod(near.numerator, near.denominator)
    if of_fraction(whole, rest, near.denominator) == percent:
        return f"{whole} {rest}/{near.denominator}"
    return plain


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
