"""The grammar of HTS rate texts: every general, special and column 2 text of the official exports becomes components.

The terms and the printing are in `rate_terms`; a text outside the grammar is an error here, never a guess."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from app.tariff.rate_terms import (
    EXACT,
    SPELLINGS,
    UNITS,
    ComponentKind,
    Rate,
    RateComponent,
    RateKind,
    RateUnit,
    SpecialRate,
    SugarDegree,
    format_component,
    format_rate,
    format_special,
    of_fraction,
)

__all__ = [
    "UNITS",
    "ComponentKind",
    "Rate",
    "RateComponent",
    "RateError",
    "RateKind",
    "RateUnit",
    "SpecialRate",
    "SugarDegree",
    "format_component",
    "format_rate",
    "format_special",
    "parse_rate",
    "parse_special",
]

_LONGEST: Final = 4_000
_SHOWN = 80

# Slips of the printed tariff, put right before reading.
_SLIPS: Final = (
    (re.compile(r"</?[A-Za-z]{1,6}\s*/?>|[\u200b\ufeff]"), ""),
    (re.compile(r"\s+"), " "),
    (re.compile(r"\b(internal|pre|so)- (?=[a-z])"), r"\1-"),
    (re.compile(r"\b([a-z]+)- (?!(?:or|and)\b)([a-z]+)", re.IGNORECASE), r"\1\2"),
    (re.compile(r"\binthe\b"), "in the"),
    (re.compile(r"\bin the in the\b"), "in the"),
    (re.compile(r"\bthebattery\b"), "the battery"),
    (re.compile(r"\bweght\b"), "weight"),
    (re.compile(r"\boralterations\b"), "or alterations"),
    (re.compile(r"\bm([23])of\b"), r"m\1 of"),
    (re.compile(r"^(The rate applicable),"), r"\1"),
    (re.compile(r"^(The rate applicable to the complete, assembled)$"), r"\1 movement"),
    (re.compile(r"(?<=%) /\s*$"), ""),
    (re.compile(r", if any\b"), ""),
)

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,12})?|\.\d{1,12}"
_BASIS = r"(?P<basis>[A-Za-z](?:[A-Za-z .,'-]*[A-Za-z])?)"
_ON = rf",? ?(?:(?:on|upon|of) (?:the )?(?:value of (?:the )?)?{_BASIS})"
_AD_VALOREM = re.compile(
    rf"(?:(?P<whole>\d{{1,3}}) (?P<over>\d{{1,2}})/(?P<under>[1-9]\d?)|(?P<number>{_NUMBER}))"
    rf" ?(?:%|percent)(?:{_ON})?\.?",
    re.ASCII,
)
_UNIT = "|".join(re.escape(spelling) for spelling in sorted(SPELLINGS, key=len, reverse=True))
_SPECIFIC = re.compile(
    rf"(?:\$ ?(?P<dollars>{_NUMBER})|(?P<cents>{_NUMBER}) ?¢)"
    rf"(?: ?/ ?(?P<unit>{_UNIT})(?![A-Za-z0-9])| ?(?P<each>each)\b| (?P<part>for each other piece or part))"
    rf"(?:{_ON}|, (?P<with>including [A-Za-z ]*[A-Za-z])| (?P<pins>pins))?\.?",
    re.ASCII,
)
_SUGAR = re.compile(
    rf"(?P<rate>{_NUMBER})¢ ?/kg less (?P<step>{_NUMBER})¢ ?/kg for each degree under 100 degrees "
    rf"\(and fractions of a degree in proportion\),? but not less (?:than )?(?P<least>{_NUMBER})¢ ?/kg\.?",
    re.ASCII,
)
_FREE = re.compile(r"Free(?:, (?P<if>(?:under|for|see) .+)| \((?P<note>see .+)\))?", re.IGNORECASE)
_NO_CHANGE = re.compile(r"no change|no additional duty", re.IGNORECASE)
_APPLICABLE = re.compile(
    r"The duty (?P<rate>rate )?provided (?:for )?in "
    r"(?P<where>the applicable subheading|such subheading|subheadings? \d[\d., ]*\d(?: or [\d.]+)?)"
    r"(?: ?(?P<sign>\+|plus\b|minus\b)(?P<terms>.+)|\.)?",
    re.ASCII,
)
_REFERENCE = re.compile(
    r"The rate (?:of duty )?applicable (?:to|in) .+"
    r"|The rate provided for beneficiary countries in .+"
    r"|The duty rate provided for originating goods of .+"
    r"|A duty upon the (?:full )?value of .+"
    r"|See (?:(?:sub)?headings? )?\d[\d.]*(?: ?(?:,|-|–|,? and|,? or) ?\d[\d.]*)*"
    r"|See (?:additional )?(?:general|U\.S\.|chapter \d+) note .+",
    re.IGNORECASE | re.ASCII,
)
_WORDED = re.compile(r"A duty (?:equal to|\(in lieu of) .+", re.IGNORECASE)
_CAP = re.compile(r"(?P<sum>.+?),? but (?P<cap>if .+ the total duty shall not exceed the duty for .+?)\.?")
_BOUND = re.compile(r",? (?:but not|and not|nor) (less|more) than ")
_CHOICE = re.compile(
    r"(?P<sum>.+?),? or (?P<or>.+?),? whichever is (?:the )?(?P<which>greater|higher|lesser|less|lower)\.?"
)
_WHOLE_ARTICLE: Final = ("entire set", "entire article", "full value of the imported article", "full value")

_SYMBOL = r"[A-Z]{1,2}[+*#]?"
_PROGRAMS = re.compile(rf"\(\s*(?P<programs>{_SYMBOL}(?:[\s,.]+{_SYMBOL})*)[\s,.]*(?:\)|$|(?=\())")
_SEPARATORS = re.compile(r"[\s,.]+")


class RateError(ValueError):
    """A text outside the grammar of rates. The message shows the text."""

    def __init__(self, text: str, fault: str = "is not a rate this grammar knows") -> None:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
        super().__init__(f"{shown!r} {fault}")
        self.text = text


@lru_cache(maxsize=16_384)
def parse_rate(text: str) -> Rate:
    """The rate of one text of the general or column 2 column, or of one part of the special column.

    Percentages are in percent, amounts in US dollars per unit of `UNITS`. Raises RateError.
    """
    clean = _mended(text)
    if clean in ("", ":"):
        return Rate(clean, RateKind.BLANK)
    rate = _worded(clean) or _sugar(clean) or _bounded(clean)
    if rate is not None:
        return rate
    components = _sum(clean)
    if components is None:
        raise RateError(clean)
    return Rate(clean, _kind(components), components)


@lru_cache(maxsize=16_384)
def parse_special(text: str) -> tuple[SpecialRate, ...]:
    """The rates of a special column in their order, each with its programs; a rate alone has none. Raises RateError.

    A group whose parenthesis was never closed is read to where the next one opens.
    """
    clean = _mended(text)
    found: list[SpecialRate] = []
    start = 0
    for group in _PROGRAMS.finditer(clean):
        programs = tuple(dict.fromkeys(_SEPARATORS.split(group["programs"])))
        rate_text = clean[start : group.start()].strip(" ,;")
        start = group.end()
        if rate_text:
            found.append(SpecialRate(programs, parse_rate(rate_text)))
        elif found:
            found[-1] = SpecialRate(tuple(dict.fromkeys(found[-1].programs + programs)), found[-1].rate)
        else:
            raise RateError(clean, "names programs without a rate")
    rest = parse_rate(clean[start:].strip(" ,;"))
    if rest.kind is not RateKind.BLANK:
        found.append(SpecialRate((), rest))
    return tuple(found)


def _mended(text: str) -> str:
    if len(text) > _LONGEST:
        raise RateError(text, f"is longer than {_LONGEST} characters")
    for slip, right in _SLIPS:
        text = slip.sub(right, text)
    return text.strip()


def _worded(clean: str) -> Rate | None:
    """Free, no change, and everything that refers to another rate."""
    sentence = clean.removesuffix(".")
    if free := _FREE.fullmatch(sentence):
        return Rate(clean, RateKind.FREE, reference=free["if"] or free["note"])
    if _NO_CHANGE.fullmatch(sentence):
        return Rate(clean, RateKind.NO_CHANGE)
    if applicable := _APPLICABLE.fullmatch(clean):
        return _applicable(clean, applicable)
    if _REFERENCE.fullmatch(sentence):
        return Rate(clean, RateKind.REFERENCE, reference=sentence)
    if _WORDED.fullmatch(sentence):
        return Rate(clean, RateKind.OTHER, reference=sentence)
    return None


def _applicable(clean: str, match: re.Match[str]) -> Rate:
    """Chapter 98 and 99: the duty of the subheading the goods are classified in, plus or minus something."""
    reference = f"The duty {match['rate'] or ''}provided in {match['where']}"
    if match["terms"] is None:
        return Rate(clean, RateKind.NO_CHANGE, reference=reference)
    components: list[RateComponent] = []
    signs_and_terms = re.split(r" ?(\+|\bplus\b|\bminus\b) ?", match["sign"] + match["terms"])[1:]
    for sign, term in zip(signs_and_terms[::2], signs_and_terms[1::2], strict=True):
        component = _component(term.strip().removeprefix("a duty of "))
        if component is None or (sign == "minus" and component.percent is None):
            raise RateError(clean)
        components.append(_lowered(component) if sign == "minus" else component)
    return Rate(clean, RateKind.ADDITIONAL, tuple(components), reference=reference)


def _lowered(component: RateComponent) -> RateComponent:
    percent = None if component.percent is None else component.percent.copy_negate()
    return RateComponent(component.kind, percent=percent, basis=component.basis)


def _sugar(clean: str) -> Rate | None:
    match = _SUGAR.fullmatch(clean)
    if match is None:
        return None
    rate, step, least = (_cents(match[name]) for name in ("rate", "step", "least"))
    return Rate(clean, RateKind.SUGAR_DEGREE, sugar=SugarDegree(rate, step, least))


def _bounded(clean: str) -> Rate | None:
    """A sum with a minimum, a maximum or a cap in words; None where the text has no bound."""
    cap = _CAP.fullmatch(clean)
    body = cap["sum"] if cap else clean
    least: str | None = None
    most: str | None = None
    if choice := _CHOICE.fullmatch(body):
        body = choice["sum"]
        if choice["which"] in ("greater", "higher"):
            least = choice["or"]
        else:
            most = choice["or"]
    else:
        body, *bounds = _BOUND.split(body)
        if len(bounds) > 4 or len(set(bounds[::2])) != len(bounds[::2]):
            raise RateError(clean)
        limits = dict(zip(bounds[::2], bounds[1::2], strict=True))
        least, most = limits.get("less"), limits.get("more")
    if cap is None and least is None and most is None:
        return None
    components = _sum(body)
    minimum = () if least is None else _sum(least)
    maximum = () if most is None else _sum(most)
    if components is None or minimum is None or maximum is None:
        raise RateError(clean)
    return Rate(clean, RateKind.BOUNDED, components, minimum, maximum, reference=cap["cap"] if cap else None)


def _kind(components: tuple[RateComponent, ...]) -> RateKind:
    if len(components) > 1:
        return RateKind.COMPOUND
    return RateKind.AD_VALOREM if components[0].kind is ComponentKind.AD_VALOREM else RateKind.SPECIFIC


def _sum(text: str) -> tuple[RateComponent, ...] | None:
    components = []
    for term in text.split("+"):
        component = _component(term.strip())
        if component is None:
            return None
        components.append(component)
    return tuple(components)


def _component(term: str) -> RateComponent | None:
    if match := _AD_VALOREM.fullmatch(term):
        if match["number"] is None:
            percent = of_fraction(int(match["whole"]), int(match["over"]), int(match["under"]))
        else:
            percent = _decimal(match["number"])
        basis = None if match["basis"] in _WHOLE_ARTICLE else match["basis"]
        return RateComponent(ComponentKind.AD_VALOREM, percent=percent, basis=basis)
    if match := _SPECIFIC.fullmatch(term):
        amount = _decimal(match["dollars"]) if match["cents"] is None else _cents(match["cents"])
        unit = SPELLINGS[match["unit"]] if match["unit"] else "NO" if match["each"] else "PART"
        basis = match["basis"] or match["with"] or match["pins"]
        return RateComponent(ComponentKind.SPECIFIC, amount=amount, unit=unit, basis=basis)
    return None


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _cents(text: str) -> Decimal:
    """US dollars of an amount written in cents."""
    return EXACT.scaleb(_decimal(text), -2)
