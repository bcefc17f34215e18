"""The rate grammar: every construct with its written-out reading, and printing that agrees with parsing."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tariff.rate import (
    UNITS,
    ComponentKind,
    Rate,
    RateComponent,
    RateError,
    RateKind,
    SpecialRate,
    SugarDegree,
    format_rate,
    format_special,
    parse_rate,
    parse_special,
)
from app.tariff.rate_terms import SPELLINGS, format_component, of_fraction


def pct(percent: str, basis: str | None = None) -> RateComponent:
    return RateComponent(ComponentKind.AD_VALOREM, percent=Decimal(percent), basis=basis)


def per(amount: str, unit: str, basis: str | None = None) -> RateComponent:
    return RateComponent(ComponentKind.SPECIFIC, amount=Decimal(amount), unit=unit, basis=basis)


SUMS = [
    ("6.8%", (pct("6.8"),)),
    ("3.7% ", (pct("3.7"),)),
    ("\n.5%", (pct("0.5"),)),
    ("12 1/2%", (pct("12.5"),)),
    ("37% /", (pct("37"),)),
    ("200%", (pct("200"),)),
    ("1¢/kg", (per("0.01", "KG"),)),
    ("$1.646/kg", (per("1.646", "KG"),)),
    ("$1,234.5/kg", (per("1234.5", "KG"),)),
    ("39.7¢/t", (per("0.397", "T"),)),
    ("10.6¢/g", (per("0.106", "G"),)),
    ("0.34¢/liter", (per("0.0034", "L"),)),
    ("4.5¢/ liter", (per("0.045", "L"),)),
    ("18.9¢/pf.liter", (per("0.189", "PFL"),)),
    ("$1.32/pf. liter", (per("1.32", "PFL"),)),
    ("5.25¢/bbl", (per("0.0525", "BBL"),)),
    ("18.7¢/m2", (per("0.187", "M2"),)),
    ("$1.13/m3", (per("1.13", "M3"),)),
    ("10¢/m", (per("0.1", "M"),)),
    ("3.3¢/lin. m", (per("0.033", "M"),)),
    ("0.9¢ each", (per("0.009", "NO"),)),
    ("68¢/head", (per("0.68", "NO"),)),
    ("12.5¢/ article", (per("0.125", "NO"),)),
    ("2.8¢/doz.", (per("0.028", "DOZ"),)),
    ("$2/doz. prs.", (per("2", "DPR"),)),
    ("6.5¢/gross", (per("0.065", "GROSS"),)),
    ("89.6¢/1000", (per("0.896", "THOUSAND"),)),
    ("18.7¢/clean kg", (per("0.187", "CKG"),)),
    ("76¢/pr. + 32%", (per("0.76", "PR"), pct("32"))),
    ("1¢ each + 2.8%", (per("0.01", "NO"), pct("2.8"))),
    ("46.3¢/kg + 14.9%", (per("0.463", "KG"), pct("14.9"))),
    ("40¢/kg +10.4%", (per("0.4", "KG"), pct("10.4"))),
    ("27.6¢/liter+ 17.5%", (per("0.276", "L"), pct("17.5"))),
    ("2.2¢/kg  +  33.5%", (per("0.022", "KG"), pct("33.5"))),
    ("$2/1,000 + 60%", (per("2", "THOUSAND"), pct("60"))),
    ("20¢/thousand + 3.5%", (per("0.2", "THOUSAND"), pct("3.5"))),
    ("$2.50/thou- sand + 40%", (per("2.5", "THOUSAND"), pct("40"))),
    ("10¢/1,000 pins + 3.5%", (per("0.1", "THOUSAND", "pins"), pct("3.5"))),
    ("0.3¢/line/ gross + 4.6%", (per("0.003", "LINE_GROSS"), pct("4.6"))),
    ("10¢/pack + 20%", (per("0.1", "PACK"), pct("20"))),
    ("17¢ each + 2.5% + 1¢/jewel", (per("0.17", "NO"), pct("2.5"), per("0.01", "JEWEL"))),
    (
        "43¢ each + 2.8¢/jewel over 7 + 3.7% on the case",
        (per("0.43", "NO"), per("0.028", "JEWEL_OVER_7"), pct("3.7", "case")),
    ),
    ("4.4¢/liter + 31.4¢/pf. liter", (per("0.044", "L"), per("0.314", "PFL"))),
    (
        "3.1¢/liter + 22.1¢/pf. liter on ethyl alcohol content",
        (per("0.031", "L"), per("0.221", "PFL", "ethyl alcohol content")),
    ),
    (
        "0.7¢/kg on copper content + 0.7¢/kg on lead content",
        (per("0.007", "KG", "copper content"), per("0.007", "KG", "lead content")),
    ),
    ("22¢/kg on drained weght + 45%", (per("0.22", "KG", "drained weight"), pct("45"))),
    ("22¢/kg on drained weight+45%", (per("0.22", "KG", "drained weight"), pct("45"))),
    ("5¢/kg on contents and container", (per("0.05", "KG", "contents and container"),)),
    ("2.1¢/kg on entire contents of container", (per("0.021", "KG", "entire contents of container"),)),
    ("0.2¢/kg, including weight of container", (per("0.002", "KG", "including weight of container"),)),
    ("16.9¢/kg of total sugars + 5.1%", (per("0.169", "KG", "total sugars"), pct("5.1"))),
    ("$40/kg of anhydrous morphine content", (per("40", "KG", "anhydrous morphine content"),)),
    ("20¢/gross of immediate containers", (per("0.2", "GROSS", "immediate containers"),)),
    ("86.1¢/m2of recording surface", (per("0.861", "M2", "recording surface"),)),
    ("2.5% on the value of the lead content", (pct("2.5", "lead content"),)),
    ("3.9% on the movement and case+ 5.3% on the battery", (pct("3.9", "movement and case"), pct("5.3", "battery"))),
    (
        "$2.25 each + 45% on the case +80% on the strap, band or bracelet + 35% on thebattery",
        (per("2.25", "NO"), pct("45", "case"), pct("80", "strap, band or bracelet"), pct("35", "battery")),
    ),
    (
        "41¢ each + 5% on case and strap, band or bracelet",
        (per("0.41", "NO"), pct("5", "case and strap, band or bracelet")),
    ),
    (
        "4.7% on the value of the rifle + 20% on the value of the telescopic sight, if any",
        (pct("4.7", "rifle"), pct("20", "telescopic sight")),
    ),
    ("6.5% on the entire set", (pct("6.5"),)),
    ("5% on the full value of the imported article", (pct("5"),)),
    ("3 percent of the fair retail value", (pct("3", "fair retail value"),)),
    ("50 percent of the cost of such goods or repairs", (pct("50", "cost of such goods or repairs"),)),
]


def without_text(rate: Rate) -> Rate:
    return replace(rate, text="")


def assert_prints_as_it_parses(rate: Rate) -> None:
    assert without_text(parse_rate(format_rate(rate))) == without_text(rate)


@pytest.mark.parametrize(("text", "components"), SUMS)
def test_a_sum_reads_into_its_components(text: str, components: tuple[RateComponent, ...]) -> None:
    rate = parse_rate(text)

    assert rate.components == components
    assert rate.kind is (
        RateKind.COMPOUND
        if len(components) > 1
        else RateKind.SPECIFIC
        if components[0].percent is None
        else RateKind.AD_VALOREM
    )
    assert (rate.minimum, rate.maximum, rate.reference, rate.sugar) == ((), (), None, None)
    assert_prints_as_it_parses(rate)


WORDED = [
    ("", RateKind.BLANK, None),
    (" \n", RateKind.BLANK, None),
    (":", RateKind.BLANK, None),
    ("Free", RateKind.FREE, None),
    ("Free, under bond", RateKind.FREE, "under bond"),
    ("Free (See U.S. note 4 of this subchapter)", RateKind.FREE, "See U.S. note 4 of this subchapter"),
    ("Free, under the terms of U.S. note 1(b)", RateKind.FREE, "under the terms of U.S. note 1(b)"),
    ("No change", RateKind.NO_CHANGE, None),
    ("no Change.", RateKind.NO_CHANGE, None),
    ("No additional duty", RateKind.NO_CHANGE, None),
    (
        "The duty provided for in the applicable subheading.",
        RateKind.NO_CHANGE,
        "The duty provided in the applicable subheading",
    ),
    ("See additional U.S. note 1", RateKind.REFERENCE, "See additional U.S. note 1"),
    ("See 9822.04.01-9822.04.03", RateKind.REFERENCE, "See 9822.04.01-9822.04.03"),
    ("See 9919.04.40, 9919.04.41-9919.04.42", RateKind.REFERENCE, "See 9919.04.40, 9919.04.41-9919.04.42"),
    ("See U.S. note 3 to this sub- chapter", RateKind.REFERENCE, "See U.S. note 3 to this subchapter"),
    (
        "The rate applicable to each garment in the in the ensemble if separately entered",
        RateKind.REFERENCE,
        "The rate applicable to each garment in the ensemble if separately entered",
    ),
    (
        "The rate of duty appli- cable to that article in the set subject to the high- est rate of duty",
        RateKind.REFERENCE,
        "The rate of duty applicable to that article in the set subject to the highest rate of duty",
    ),
    (
        "The rate applicable to the complete, assembled",
        RateKind.REFERENCE,
        "The rate applicable to the complete, assembled movement",
    ),
    (
        "The rate applicable, to each article in the absence of this subheading",
        RateKind.REFERENCE,
        "The rate applicable to each article in the absence of this subheading",
    ),
    (
        "A duty upon the value of the repairs oralterations (see U.S. note 3 of this subchapter)",
        RateKind.REFERENCE,
        "A duty upon the value of the repairs or alterations (see U.S. note 3 of this subchapter)",
    ),
    (
        "The duty rate provided for origin- ating goods of Colombia in such subheading",
        RateKind.REFERENCE,
        "The duty rate provided for originating goods of Colombia in such subheading",
    ),
    (
        "The rate provided for beneficiary countries in heading 9901.00.50",
        RateKind.REFERENCE,
        "The rate provided for beneficiary countries in heading 9901.00.50",
    ),
    (
        "A duty (in lieu of any other duty or tax) equal to any internal- revenue tax",
        RateKind.OTHER,
        "A duty (in lieu of any other duty or tax) equal to any internal-revenue tax",
    ),
]


@pytest.mark.parametrize(("text", "kind", "reference"), WORDED)
def test_a_worded_rate_keeps_what_it_refers_to(text: str, kind: RateKind, reference: str | None) -> None:
    rate = parse_rate(text)

    assert (rate.kind, rate.reference, rate.components) == (kind, reference, ())
    assert_prints_as_it_parses(rate)


APPLICABLE = "The duty provided in the applicable subheading"
ADDITIONAL = [
    ("The duty provided in the applicable subheading + 25%", APPLICABLE, (pct("25"),)),
    ("The duty provided in the applicable subheading +10%", APPLICABLE, (pct("10"),)),
    ("The duty provided inthe applicable subheading+ 7.5%", APPLICABLE, (pct("7.5"),)),
    ("The duty provided in the applicable subheading plus 25%", APPLICABLE, (pct("25"),)),
    ("The duty provided in the applicable subheading + 50%.", APPLICABLE, (pct("50"),)),
    ("The duty provided in the applicable subheading + a duty of 25%", APPLICABLE, (pct("25"),)),
    (
        "The duty provided in the applicable subheading + a duty of 50% upon the value of the steel content.",
        APPLICABLE,
        (pct("50", "steel content"),),
    ),
    (
        "The duty provided in the applicable subheading + a duty of 25% upon the value of the non-U.S. content",
        APPLICABLE,
        (pct("25", "non-U.S. content"),),
    ),
    (
        "The duty provided in subheadings 8716.39.00, 8716.90.30 or 8716.90.50 + 100%",
        "The duty provided in subheadings 8716.39.00, 8716.90.30 or 8716.90.50",
        (pct("100"),),
    ),
    (
        "The duty rate provided in such subheading minus 0.5%",
        "The duty rate provided in such subheading",
        (pct("-0.5"),),
    ),
    ("The duty provided in the applicable subheading + 4¢/kg + 2%", APPLICABLE, (per("0.04", "KG"), pct("2"))),
]


@pytest.mark.parametrize(("text", "reference", "components"), ADDITIONAL)
def test_a_duty_on_top_of_the_applicable_subheading(
    text: str, reference: str, components: tuple[RateComponent, ...]
) -> None:
    rate = parse_rate(text)

    assert (rate.kind, rate.reference, rate.components) == (RateKind.ADDITIONAL, reference, components)
    assert rate.ad_valorem_percent is None
    assert_prints_as_it_parses(rate)


@pytest.mark.parametrize(
    "text",
    [
        "3.6606¢/kg less 0.020668¢/kg for each degree under 100 degrees "
        "(and fractions of a degree in proportion) but not less than 3.143854¢/kg",
        "3.66060¢/kg less 0.020668¢ /kg for each degree under 100 degrees "
        "(and fractions of a degree in proportion) but not less 3.143854¢ /kg",
    ],
)
def test_raw_sugar_pays_by_degree(text: str) -> None:
    rate = parse_rate(text)

    assert rate.kind is RateKind.SUGAR_DEGREE
    assert rate.sugar == SugarDegree(Decimal("0.036606"), Decimal("0.00020668"), Decimal("0.03143854"))
    assert rate.components == ()
    assert_prints_as_it_parses(rate)


BOUNDED = [
    ("5% but not less than 2¢/kg", (pct("5"),), (per("0.02", "KG"),), ()),
    ("5%, but not more than $1 each + 2%", (pct("5"),), (), (per("1", "NO"), pct("2"))),
    ("4¢/kg but not less than 3% nor more than 8%", (per("0.04", "KG"),), (pct("3"),), (pct("8"),)),
    ("5% or 2¢/kg, whichever is greater", (pct("5"),), (per("0.02", "KG"),), ()),
    ("5%, or 2¢/kg, whichever is the lower", (pct("5"),), (), (per("0.02", "KG"),)),
]


@pytest.mark.parametrize(("text", "components", "minimum", "maximum"), BOUNDED)
def test_a_minimum_and_a_maximum_bound_a_sum(
    text: str,
    components: tuple[RateComponent, ...],
    minimum: tuple[RateComponent, ...],
    maximum: tuple[RateComponent, ...],
) -> None:
    rate = parse_rate(text)

    assert (rate.kind, rate.components, rate.minimum, rate.maximum) == (
        RateKind.BOUNDED,
        components,
        minimum,
        maximum,
    )
    assert_prints_as_it_parses(rate)


def test_a_cap_in_words_bounds_a_sum() -> None:
    cap = (
        "if consisting in part of a plate or a set of plates the total duty "
        "shall not exceed the duty for the complete movement"
    )
    rate = parse_rate(f"4.3% + 1.7¢/jewel + 0.2¢ for each other piece or part, but {cap}")

    assert rate.kind is RateKind.BOUNDED
    assert rate.components == (pct("4.3"), per("0.017", "JEWEL"), per("0.002", "PART"))
    assert rate.reference == cap
    assert_prints_as_it_parses(rate)


def test_a_third_is_kept_to_28_digits_and_printed_as_a_third() -> None:
    rate = parse_rate("33 1/3%")

    assert rate.components[0].percent == Decimal("33.33333333333333333333333333")
    assert format_rate(rate) == "33 1/3%"
    assert format_rate(parse_rate("The duty rate provided in such subheading minus 2/3%".replace("2/3", "0 2/3"))) == (
        "The duty rate provided in such subheading minus 0 2/3%"
    )


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("Free", Decimal(0)),
        ("Free, under bond", Decimal(0)),
        ("2.5%", Decimal("2.5")),
        ("6.5% on the entire set", Decimal("6.5")),
        ("3 percent of the fair retail value", None),
        ("2.5% on the value of the lead content", None),
        ("1¢/kg", None),
        ("1¢/kg + 2%", None),
        ("5% but not less than 2¢/kg", None),
        ("No change", None),
        ("The duty provided in the applicable subheading + 25%", None),
        ("", None),
    ],
)
def test_an_ad_valorem_percentage_is_told_only_where_it_is_the_whole_duty(text: str, percent: Decimal | None) -> None:
    assert parse_rate(text).ad_valorem_percent == percent


@pytest.mark.parametrize(
    "text",
    [
        "Fre",
        "Freee",
        "6.8",
        "%",
        "-5%",
        "5%%",
        "5% + ",
        "+ 5%",
        "5 %% on",
        "5% on",
        "5% maybe",
        "1¢",
        "$1",
        "1¢/furlong",
        "1¢/kgs",
        "¢/kg",
        "1.2.3%",
        "1,2%",
        "1/3%",
        "3 1/0%",
        "٣%",
        "1e5%",
        "Infinity%",
        "NaN%",
        "1234567890123%",
        "5% but not less than",
        "5% but not less than 1¢/kg but not less than 2¢/kg",
        "5% or 2¢/kg, whichever is nicer",
        "See",
        "See you",
        "The duty provided in the applicable subheading + ",
        "The duty provided in the applicable subheading + much",
        "The duty provided in the applicable subheading minus 4¢/kg",
        "Free (AU)",
        "12.4¢/kg + 2% and a bit",
        "x" * 5_000,
    ],
)
def test_a_text_outside_the_grammar_is_refused_and_shown(text: str) -> None:
    with pytest.raises(RateError) as refused:
        parse_rate(text)
    assert len(str(refused.value)) < 200


@given(st.text(max_size=60) | st.text(alphabet="0123456789.,%¢$/kgt each+-()Fre\n", max_size=40))
def test_any_text_parses_to_what_prints_alike_or_is_refused(text: str) -> None:
    try:
        rate = parse_rate(text)
    except RateError:
        return
    assert_prints_as_it_parses(rate)


AMOUNTS = st.decimals(min_value=0, max_value=99_999, places=6)
BASES = st.sampled_from(
    [
        "case",
        "strap, band or bracelet",
        "case and strap, band or bracelet",
        "movement and case",
        "battery",
        "lead content",
        "non-U.S. content",
        "drained weight",
        "total sugars",
        "entire contents of container",
        "fair retail value",
    ]
)
PERCENTS = AMOUNTS | st.builds(
    of_fraction, st.integers(0, 99), st.integers(1, 63), st.integers(64, 64) | st.sampled_from([3, 6, 7, 9, 12, 64])
)
AD_VALOREM = st.builds(
    lambda percent, basis: RateComponent(ComponentKind.AD_VALOREM, percent=percent, basis=basis),
    PERCENTS,
    st.none() | BASES,
)
SPECIFIC = st.builds(
    lambda amount, unit, basis: RateComponent(ComponentKind.SPECIFIC, amount=amount, unit=unit, basis=basis),
    AMOUNTS,
    st.sampled_from(sorted(UNITS)),
    st.none() | BASES | st.sampled_from(["pins", "including weight of container"]),
)
SUM = st.lists(AD_VALOREM | SPECIFIC, min_size=1, max_size=4).map(tuple)
RATES = st.one_of(
    SUM.map(
        lambda parts: Rate(
            "",
            RateKind.COMPOUND
            if len(parts) > 1
            else RateKind.AD_VALOREM
            if parts[0].percent is not None
            else RateKind.SPECIFIC,
            parts,
        )
    ),
    st.builds(lambda parts, least, most: Rate("", RateKind.BOUNDED, parts, least, most), SUM, SUM, SUM | st.just(())),
    st.builds(lambda parts, most: Rate("", RateKind.BOUNDED, parts, (), most), SUM, SUM),
    SUM.map(lambda parts: Rate("", RateKind.ADDITIONAL, parts, reference=APPLICABLE)),
    AMOUNTS.map(lambda number: Rate("", RateKind.ADDITIONAL, (pct(f"-{number + 1}"),), reference=APPLICABLE)),
    st.builds(
        lambda rate, step, least: Rate("", RateKind.SUGAR_DEGREE, sugar=SugarDegree(rate, step, least)),
        AMOUNTS,
        AMOUNTS,
        AMOUNTS,
    ),
    st.sampled_from([parse_rate(text) for text, _, _ in WORDED if text.strip(" \n:")]),
)


@given(RATES)
def test_printing_and_parsing_agree(rate: Rate) -> None:
    assert_prints_as_it_parses(rate)


PROGRAMS = st.lists(
    st.sampled_from(["A", "A*", "A+", "AU", "B", "C", "D", "E", "E*", "JP", "KR", "P+", "S", "S+"]),
    min_size=1,
    max_size=6,
    unique=True,
).map(tuple)


@given(st.lists(st.builds(SpecialRate, PROGRAMS, RATES), max_size=5), st.none() | RATES)
def test_printing_and_parsing_a_special_column_agree(groups: list[SpecialRate], alone: Rate | None) -> None:
    rates = [*groups, *([SpecialRate((), alone)] if alone is not None else [])]

    parsed = parse_special(format_special(rates))

    assert [(one.programs, without_text(one.rate)) for one in parsed] == [
        (one.programs, without_text(one.rate)) for one in rates
    ]


@given(st.fractions(min_value=0, max_value=100, max_denominator=64))
def test_a_mixed_number_prints_back(number: Fraction) -> None:
    whole, rest = divmod(number.numerator, number.denominator)
    text = f"{whole} {rest}/{number.denominator}%"

    assert parse_rate(format_rate(parse_rate(text))).components == parse_rate(text).components


SPECIAL = [
    ("", []),
    (" \n", []),
    ("Free", [((), "Free")]),
    ("The duty provided in the applicable subheading + 25%", [((), APPLICABLE + " + 25%")]),
    ("Free (A+,AU,BH) 2.5% (KR)", [(("A+", "AU", "BH"), "Free"), (("KR",), "2.5%")]),
    ("Free(A, AU, BH,CL) ", [(("A", "AU", "BH", "CL"), "Free")]),
    ("Free \n(A*,AU)", [(("A*", "AU"), "Free")]),
    ("Free (IL,KR)8.8¢/liter(JO)", [(("IL", "KR"), "Free"), (("JO",), "8.8¢/liter")]),
    ("Free (MA,.OM,P) ", [(("MA", "OM", "P"), "Free")]),
    ("Free (AU) No change (B,C,)", [(("AU",), "Free"), (("B", "C"), "No change")]),
    (
        "Free (BH) See 9918.04.50, 9918.04.58 (CO) See 9919.04.50, 9919.04.57, 9919.04.67 (PA (PA)",
        [
            (("BH",), "Free"),
            (("CO",), "See 9918.04.50, 9918.04.58"),
            (("PA",), "See 9919.04.50, 9919.04.57, 9919.04.67"),
        ],
    ),
    ("Free (BH) See 9822.03.01(MA)", [(("BH",), "Free"), (("MA",), "See 9822.03.01")]),
    ("Free (AU) 7% (KR", [(("AU",), "Free"), (("KR",), "7%")]),
    (
        "Free (AU)The rate applicable to the natural juice in heading 2009(A*)",
        [(("AU",), "Free"), (("A*",), "The rate applicable to the natural juice in heading 2009")],
    ),
    (
        "Free (AU) A duty upon the value of the repairs or alterations (see U.S. note 3 of this subchapter) (B,C)",
        [
            (("AU",), "Free"),
            (("B", "C"), "A duty upon the value of the repairs or alterations (see U.S. note 3 of this subchapter)"),
        ],
    ),
    (
        "No change (A) Free (CA,IL, MX) See U.S. note 3 to this sub- chapter (E) See U.S. note 3(e) (CO,PE)",
        [
            (("A",), "No change"),
            (("CA", "IL", "MX"), "Free"),
            (("E",), "See U.S. note 3 to this subchapter"),
            (("CO", "PE"), "See U.S. note 3(e)"),
        ],
    ),
    (
        "The duty provided in the applicable subheading + 10% (AU,BH)",
        [(("AU", "BH"), APPLICABLE + " + 10%")],
    ),
    ("Free (AU,AU) (BH)", [(("AU", "BH"), "Free")]),
]


@pytest.mark.parametrize(("text", "groups"), SPECIAL)
def test_a_special_column_reads_into_programs_with_their_rates(
    text: str, groups: list[tuple[tuple[str, ...], str]]
) -> None:
    assert parse_special(text) == tuple(SpecialRate(programs, parse_rate(rate)) for programs, rate in groups)


@pytest.mark.parametrize("text", ["(AU)", "Free (AU) maybe (KR)", "Free AU,BH)", "Free (Australia)", "Free (AU) x"])
def test_a_special_column_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(RateError):
        parse_special(text)


def test_every_unit_has_a_wording_and_reads_back_as_printed() -> None:
    for unit in UNITS.values():
        assert unit.wording
        component = per("2", unit.code)
        assert parse_rate(format_component(component)).components == (component,)
    assert {parse_rate(f"$2/{spelling}").components[0].unit for spelling in SPELLINGS} == set(UNITS) - {"PART"}


def test_a_component_without_its_numbers_cannot_be_printed() -> None:
    with pytest.raises(ValueError, match="an amount and a unit"):
        format_component(RateComponent(ComponentKind.SPECIFIC))
