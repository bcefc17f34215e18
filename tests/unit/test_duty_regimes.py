"""Cases worked by hand across the regimes of 2025 and 2026: value 1,000.00 unless said otherwise, cents written out.

Each comment has the law and the sum; none of the figures was taken from the program."""

import pytest

from tests.unit.duty_lines import ask, parts


@pytest.mark.parametrize(
    ("number", "origin", "on", "facts", "duty"),
    [
        # Section 301 China. Laptops are on list 4B, never in force: nothing but the fentanyl 10 % from 4 February 2025.
        ("8471.30.01.00", "CN", "2025-02-03", {}, "0.00"),
        ("8471.30.01.00", "CN", "2025-02-04", {}, "100.00"),
        # ... 20 % from 4 March, and on 7 April the 10 % baseline does not reach laptops (Annex II).
        ("8471.30.01.00", "CN", "2025-03-04", {}, "200.00"),
        ("8471.30.01.00", "CN", "2025-04-07", {}, "200.00"),
        # Bolts of chapter 73: list 3, 25 %, with 20 % fentanyl and, from 12 March 2025, 25 % steel on full value.
        ("7318.15.20.10", "CN", "2025-03-20", {}, "700.00"),
        # ... from 4 June 50 % on the steel content only: 40 % steel = 200, the rest bears the 10 % baseline = 60.
        # 250 (301) + 200 (fentanyl) + 200 (232) + 60 (reciprocal) = 710.
        ("7318.15.20.10", "CN", "2025-06-04", {"steel_content_pct": 40}, "710.00"),
        # T-shirts: 16.5 % + list 4A 7.5 % + fentanyl 20 % + 125 % from 10 April 2025 = 1690.
        ("6109.10.00.12", "CN", "2025-04-10", {}, "1690.00"),
        ("6109.10.00.12", "CN", "2025-04-09", {}, "1280.00"),  # 84 % for the one day
        ("6109.10.00.12", "CN", "2025-05-14", {}, "540.00"),  # back to 10 %
        ("6109.10.00.12", "CN", "2025-11-10", {}, "440.00"),  # fentanyl halved to 10 %
        ("6109.10.00.12", "HK", "2025-05-14", {}, "465.00"),  # Hong Kong bears no section 301
        ("6109.10.00.12", "MO", "2025-04-10", {}, "1415.00"),  # Macau: 125 % but neither 301 nor fentanyl
        # Non-EV lithium batteries: list 4A 7.5 % until 2025, then the four-year review's 25 % (9903.91.06).
        ("8507.60.00.20", "CN", "2025-01-15", {}, "109.00"),  # 3.4 % + 7.5 %
        ("8507.60.00.20", "CN", "2026-03-01", {}, "384.00"),  # 3.4 % + 25 % + 122: 10 %
    ],
)
def test_china(number: str, origin: str, on: str, facts: dict[str, object], duty: str) -> None:
    assert f"{ask(number, origin, on, **facts).duty_total:.2f}" == duty


@pytest.mark.parametrize(
    ("number", "origin", "on", "claim", "facts", "duty"),
    [
        # Canada, steel plate: from 4 March 2025 fentanyl 25 %; 12 March to 3 June it stands before the metal tariff.
        ("7208.51.00.30", "CA", "2025-03-10", None, {}, "250.00"),
        ("7208.51.00.30", "CA", "2025-05-01", None, {}, "250.00"),
        # ... originating goods are free of it from 7 March, so the metal tariff of 25 % applies instead.
        ("7208.51.00.30", "CA", "2025-05-01", "S", {}, "250.00"),
        ("7208.51.00.30", "CA", "2025-03-05", "S", {}, "250.00"),  # no relief before 7 March
        ("7208.51.00.30", "CA", "2025-03-08", "S", {}, "0.00"),  # relieved, and the metal tariff not yet begun
        # ... from 4 June the metal tariff of 50 % stands first.
        ("7208.51.00.30", "CA", "2025-06-04", None, {}, "500.00"),
        # Bolts, 40 % steel, August 2025: 50 % of 400 = 200, fentanyl 35 % of the other 600 = 210.
        ("7318.15.20.10", "CA", "2025-08-01", None, {"steel_content_pct": 40}, "410.00"),
        # Copper wire, July and August 2025: 3 % + fentanyl 35 %; from 1 August copper 50 % on content, and they add up.
        ("7408.11.60.00", "CA", "2025-07-31", None, {}, "280.00"),
        ("7408.11.60.00", "CA", "2025-08-01", None, {"copper_content_pct": 80}, "780.00"),
        ("7408.11.60.00", "CA", "2025-08-01", "S", {"copper_content_pct": 80}, "400.00"),
        # T-shirts of Mexico: 16.5 % + 25 %, or free when claimed, or 16.5 % when originating but not claimed.
        ("6109.10.00.12", "MX", "2025-09-01", None, {}, "415.00"),
        ("6109.10.00.12", "MX", "2025-09-01", "S", {}, "0.00"),
        ("6109.10.00.12", "MX", "2025-09-01", None, {"usmca_qualifying": True}, "165.00"),
        # Crude oil of Canada, 100 barrels: $10.50 and energy 10 %.
        ("2709.00.20.00", "CA", "2025-04-07", None, {}, "110.50"),
        # Transshipped through Canada: 40 % in place of 35 %.
        ("8471.30.01.00", "CA", "2025-09-01", None, {"transshipped": True}, "400.00"),
        # Passenger car of Mexico: autos 25 % stands before the fentanyl tariff; claimed, only the non-U.S. part.
        ("8703.23.01.90", "MX", "2025-05-01", None, {}, "275.00"),
        ("8703.23.01.90", "MX", "2025-05-01", "S", {"us_content_pct": 30}, "175.00"),
        # Brake parts: nothing but 2.5 % + 25 % fentanyl until certified; then 25 % autos, and free when originating.
        ("8708.30.50.90", "MX", "2025-05-03", None, {}, "275.00"),
        ("8708.30.50.90", "MX", "2025-05-03", None, {"certified_auto_part": True}, "275.00"),
        ("8708.30.50.90", "MX", "2025-05-03", "S", {"certified_auto_part": True}, "0.00"),
        # Section 122 spares originating goods, claimed or not.
        ("6109.10.00.12", "MX", "2026-03-01", None, {}, "265.00"),
        ("6109.10.00.12", "MX", "2026-03-01", "S", {}, "0.00"),
        ("0901.21.00.10", "MX", "2026-03-01", "S", {}, "0.00"),  # general is Free, the claim is still good
    ],
)
def test_canada_and_mexico(
    number: str, origin: str, on: str, claim: str | None, facts: dict[str, object], duty: str
) -> None:
    answer = ask(number, origin, on, claim=claim, quantities={"BBL": "100"}, **facts)

    assert f"{answer.duty_total:.2f}" == duty


@pytest.mark.parametrize(
    ("number", "origin", "on", "facts", "duty"),
    [
        ("6109.10.00.12", "VN", "2025-04-04", {}, "165.00"),
        ("6109.10.00.12", "VN", "2025-04-05", {}, "265.00"),  # baseline 10 %
        ("6109.10.00.12", "VN", "2025-08-06", {}, "265.00"),
        ("6109.10.00.12", "VN", "2025-08-07", {}, "365.00"),  # 20 %
        ("6109.10.00.12", "VN", "2025-10-04", {"loaded_before": "2025-08-07"}, "265.00"),  # in transit: 10 %
        ("6109.10.00.12", "VN", "2025-10-05", {"loaded_before": "2025-08-07"}, "365.00"),  # the window has closed
        ("6109.10.00.12", "VN", "2025-08-10", {"loaded_before": "2025-08-08"}, "365.00"),  # loaded a day late
        ("6109.10.00.12", "VN", "2025-05-27", {"loaded_before": "2025-04-05"}, "165.00"),
        ("6109.10.00.12", "VN", "2025-09-01", {"transshipped": True}, "565.00"),  # 40 % in place of 20 %
        ("6109.10.00.12", "VN", "2025-09-01", {"donation": True}, "165.00"),
        # U.S. content counts from 20 % on: 20 % of the other 750 = 150.
        ("6109.10.00.12", "VN", "2025-09-01", {"us_content_pct": 25}, "315.00"),
        ("6109.10.00.12", "VN", "2025-09-01", {"us_content_pct": 19}, "365.00"),
        ("6109.10.00.12", "VN", "2026-02-23", {}, "365.00"),
        ("6109.10.00.12", "VN", "2026-02-24", {}, "265.00"),  # IEEPA ended, section 122 began: 10 %
        ("6109.10.00.12", "VN", "2026-07-23", {}, "265.00"),
        ("6109.10.00.12", "VN", "2026-07-24", {}, "290.00"),  # 122 ended, forced labor 12.5 % began
        ("6109.10.00.12", "BR", "2025-08-06", {}, "665.00"),  # 16.5 % + 10 % + Brazil 40 %
        ("6109.10.00.12", "BR", "2025-08-06", {"loaded_before": "2025-08-06"}, "265.00"),
        ("6109.10.00.12", "BR", "2026-07-22", {}, "515.00"),  # 16.5 % + 122: 10 % + 301 Brazil 25 %
        ("6109.10.00.12", "BR", "2026-07-24", {}, "540.00"),  # 16.5 % + 25 % + forced labor 12.5 %
        ("6109.10.00.12", "IN", "2025-08-27", {}, "665.00"),  # 16.5 % + 25 % + 25 %
        ("6109.10.00.12", "IN", "2026-02-07", {}, "415.00"),  # the second 25 % ended
        ("6109.10.00.12", "CH", "2025-11-13", {}, "555.00"),  # 39 %
        ("6109.10.00.12", "CH", "2025-11-14", {}, "165.00"),  # 15 % in all, and column 1 is 16.5 %
        # Raw beef of Argentina: on Annex II from 13 November 2025, so 4 % alone; before that 10 % more.
        ("0201.30.02.00", "AR", "2025-11-12", {}, "140.00"),
        ("0201.30.02.00", "AR", "2025-11-13", {}, "40.00"),
        ("4901.99.00.93", "DE", "2025-09-01", {}, "0.00"),  # books are informational materials
        ("3004.20.00.30", "IN", "2025-09-01", {}, "0.00"),  # Annex II, for the second India order as well
    ],
)
def test_reciprocal_and_what_came_after(number: str, origin: str, on: str, facts: dict[str, object], duty: str) -> None:
    assert f"{ask(number, origin, on, **facts).duty_total:.2f}" == duty


@pytest.mark.parametrize(
    ("number", "origin", "on", "claim", "quantities", "duty"),
    [
        # 15 % in all: what column 1 has not reached is added. Statuettes pay 5.3 %, so 9.7 % more.
        ("3926.40.00.10", "DE", "2025-08-07", None, {}, "150.00"),
        ("6109.10.00.12", "DE", "2025-08-07", None, {}, "165.00"),  # 16.5 % is over 15 % already
        ("3926.40.00.10", "JP", "2025-08-06", None, {}, "153.00"),  # 5.3 % + baseline 10 %
        ("3926.40.00.10", "JP", "2025-08-07", None, {}, "150.00"),
        ("3926.40.00.10", "KR", "2025-11-13", None, {}, "203.00"),  # 5.3 % + 15 %, not yet a deal
        ("3926.40.00.10", "KR", "2025-11-13", "KR", {}, "150.00"),  # Free + 15 %
        ("3926.40.00.10", "KR", "2025-11-14", None, {}, "150.00"),
        ("3926.40.00.10", "KR", "2025-11-14", "KR", {}, "150.00"),  # Free, raised to 15 %: the rate paid counts
        # A specific rate counts as what it comes to: 1,000 liters × 6.3¢ = 63.00, so 87.00 more.
        ("2204.21.50.40", "FR", "2025-09-01", None, {"L": "1000"}, "150.00"),
        ("2204.21.50.40", "FR", "2025-09-01", None, {"L": "3000"}, "189.00"),  # 189.00 is over 150.00
        # Compound: 10 pairs × $0.76 + 32 % = 327.60, over 15 %.
        ("6402.19.50.00", "IT", "2025-09-01", None, {"PR": "10"}, "327.60"),
        # Forced labor from 24 July 2026: EU and TW 10 % in all, JP, KR and CH 12.5 % in all.
        ("8207.30.30.00", "DE", "2026-08-01", None, {}, "150.00"),  # annex 3 of the metals: 15 % in all, nothing else
        ("8207.30.30.00", "RU", "2026-08-01", None, {}, "700.00"),  # column 2: 45 % + 25 %
        ("2204.21.50.40", "FR", "2026-08-01", None, {"L": "1000"}, "100.00"),
        ("2204.21.50.40", "JP", "2026-08-01", None, {"L": "1000"}, "125.00"),
        ("2204.21.50.40", "AU", "2026-08-01", "AU", {}, "125.00"),  # Free + 12.5 % on top
    ],
)
def test_deals_to_a_total(
    number: str, origin: str, on: str, claim: str | None, quantities: dict[str, str], duty: str
) -> None:
    assert f"{ask(number, origin, on, claim=claim, quantities=quantities).duty_total:.2f}" == duty


@pytest.mark.parametrize(
    ("number", "origin", "on", "facts", "duty"),
    [
        # Steel plate: Germany had a quota until 12 March 2025; Turkey never.
        ("7208.51.00.30", "DE", "2025-03-11", {}, "0.00"),
        ("7208.51.00.30", "TR", "2025-03-11", {}, "250.00"),
        ("7208.51.00.30", "DE", "2025-03-12", {}, "250.00"),
        ("7208.51.00.30", "DE", "2025-06-04", {}, "500.00"),
        ("7208.51.00.30", "GB", "2025-06-04", {}, "250.00"),
        # A mill article pays on its full value whatever its content; no 122 beside it.
        ("7208.51.00.30", "TR", "2026-03-01", {"steel_content_pct": 70}, "500.00"),
        # Refrigerators, a derivative outside the metal chapters: 50 % of 400 = 200, and 15 % in all of the rest.
        ("8418.10.00.10", "DE", "2025-09-10", {"metal_content_pct_of_value": 40}, "290.00"),
        ("8418.10.00.10", "DE", "2025-09-10", {"no_metal_content": True}, "150.00"),
        # ... of U.S. metal: nothing on the metal, and the metal still is not reciprocal.
        ("8418.10.00.10", "DE", "2025-09-10", {"metal_content_pct_of_value": 40, "us_smelted_cast": True}, "90.00"),
        # ... under section 122: 200 + 10 % of 600.
        ("8418.10.00.10", "DE", "2026-03-01", {"metal_content_pct_of_value": 40}, "260.00"),
        # Both metals, each on its own content: motor parts of Turkey, 3 % + 50 % × 300 + 50 % × 100 + 15 % × 600.
        ("8503.00.95.20", "TR", "2025-09-10", {"steel_content_pct": 30, "aluminum_content_pct": 10}, "320.00"),
        # ... undivided, the total stands for each: 3 % + 50 % × 400 + 50 % × 400 + 15 % × 200.
        ("8503.00.95.20", "TR", "2025-09-10", {"metal_content_pct_of_value": 40}, "460.00"),
        # ... unknown, each is charged on the entire value: 3 % + 50 % + 50 %, and nothing is left for the 15 %.
        ("8503.00.95.20", "TR", "2025-09-10", {}, "1030.00"),
        # Annexes from 6 April 2026, full value: refrigerators 1b 25 %, bolts and plate 1a 50 %.
        ("8418.10.00.10", "DE", "2026-04-06", {"metal_content_pct_of_value": 40}, "250.00"),
        ("7208.51.00.30", "DE", "2026-04-06", {}, "500.00"),
        ("7208.51.00.30", "GB", "2026-04-06", {}, "250.00"),
        ("8418.10.00.10", "GB", "2026-04-06", {}, "150.00"),
        ("8418.10.00.10", "GB", "2026-04-06", {"uk_melted_95pct": False}, "250.00"),
        ("7318.15.20.10", "DE", "2026-04-06", {"us_melted_smelted_95pct": True}, "100.00"),  # 1a derivative
        ("7208.51.00.30", "DE", "2026-04-06", {"us_melted_smelted_95pct": True}, "500.00"),  # not for mill articles
        ("8418.10.00.10", "DE", "2026-05-01", {"metal_under_15pct_weight": True}, "100.00"),  # 122 alone
        ("7318.15.20.10", "DE", "2026-05-01", {"metal_under_15pct_weight": True}, "500.00"),  # not in chapter 73
        # Copper wire, annex 1a: 3 % + 50 %; the United Kingdom's rate is not for copper.
        ("7408.11.60.00", "GB", "2026-05-01", {}, "530.00"),
        # Fork-lifts: annex 1b 25 %, from 8 June 2026 annex 1c with 15 % in all for partners.
        ("8427.20.40.00", "JP", "2026-06-07", {}, "250.00"),
        ("8427.20.40.00", "JP", "2026-06-08", {}, "150.00"),
        ("8427.20.40.00", "CN", "2026-06-08", {}, "500.00"),  # 25 % + list 1: 25 %
        # Aluminum of Russia: column 2 18.5 % + 200 %, and from 24 February 2026 section 122 beside it.
        ("7601.10.30.00", "RU", "2025-02-01", {}, "2185.00"),
        ("7601.10.30.00", "RU", "2026-05-01", {}, "2285.00"),
        ("7601.10.30.00", "IN", "2026-05-01", {}, "526.00"),  # 2.6 % + 50 %
    ],
)
def test_metals(number: str, origin: str, on: str, facts: dict[str, object], duty: str) -> None:
    assert f"{ask(number, origin, on, **facts).duty_total:.2f}" == duty


def test_u_s_content_of_a_mobile_machine_pays_nothing_up_to_40_percent() -> None:
    # 25 % × (100 − min(50, 40)) % of 1,000.00 = 150.00; nothing of section 122
    answer = ask("8427.20.40.00", "MX", "2026-07-01", claim="S", us_content_pct=50)

    assert parts(answer) == {"base": "0.0000", "9903.82.20": "150.0000"}


@pytest.mark.parametrize(
    ("number", "origin", "on", "facts", "duty"),
    [
        ("8703.23.01.90", "DE", "2025-04-02", {}, "25.00"),
        ("8703.23.01.90", "DE", "2025-04-03", {}, "275.00"),
        ("8703.23.01.90", "DE", "2025-08-01", {}, "150.00"),  # deal, back to 1 August
        ("8703.23.01.90", "JP", "2025-09-15", {}, "275.00"),
        ("8703.23.01.90", "JP", "2025-09-16", {}, "150.00"),
        ("8703.23.01.90", "KR", "2025-11-01", {}, "150.00"),
        ("8703.23.01.90", "GB", "2025-06-30", {}, "100.00"),  # 2.5 % + 7.5 % in quota
        ("8703.23.01.90", "GB", "2025-06-30", {"uk_auto_quota_filled": True}, "275.00"),
        ("8704.31.01.20", "JP", "2025-10-01", {}, "250.00"),  # 25 % is over 15 % already
        ("8704.31.01.20", "TH", "2025-10-01", {}, "500.00"),
        ("8708.30.50.90", "JP", "2025-10-01", {"certified_auto_part": True}, "150.00"),
        ("8708.30.50.90", "TW", "2026-04-30", {"certified_auto_part": True}, "275.00"),
        ("8708.30.50.90", "TW", "2026-05-01", {"certified_auto_part": True}, "150.00"),
        ("8708.30.50.90", "GB", "2025-10-01", {"certified_auto_part": True}, "100.00"),
        ("4407.11.00.01", "CA", "2025-10-14", {}, "100.00"),  # softwood, in place of the fentanyl tariff
        ("4407.11.00.01", "CA", "2025-10-13", {}, "350.00"),
        ("4407.11.00.01", "SE", "2025-10-13", {}, "0.00"),  # Annex II until the day before
        ("4407.11.00.01", "SE", "2025-10-14", {}, "100.00"),  # no deal rate for softwood
        ("9401.61.40.11", "VN", "2025-10-14", {}, "250.00"),
        ("9401.61.40.11", "VN", "2027-01-01", {}, "300.00"),  # 30 %, and no forced labor duty on a 232 article
        ("9401.61.40.11", "IT", "2025-10-14", {}, "150.00"),
        ("9401.61.40.11", "GB", "2025-10-14", {}, "100.00"),
        ("9401.61.40.11", "KR", "2025-11-13", {}, "250.00"),
        ("9401.61.40.11", "KR", "2025-11-14", {}, "150.00"),
        ("9401.61.40.11", "TW", "2026-05-01", {}, "150.00"),
        ("8471.50.01.50", "TW", "2026-01-15", {"advanced_chip_39b": True}, "250.00"),
        ("8471.50.01.50", "TW", "2026-01-15", {}, "0.00"),  # Annex II
        ("8471.50.01.50", "CN", "2026-02-01", {"advanced_chip_39b": True}, "600.00"),  # 25 + fentanyl 10 + list 1: 25
        ("3004.90.92.25", "IN", "2026-10-05", {"pharma": "patented"}, "1000.00"),
        ("3004.90.92.25", "IE", "2026-10-05", {"pharma": "patented"}, "150.00"),
        ("3004.90.92.25", "GB", "2026-10-05", {"pharma": "patented"}, "0.00"),
        ("3004.90.92.25", "IN", "2026-10-05", {"pharma": "generic"}, "0.00"),
        ("3004.90.92.25", "IN", "2026-08-05", {"pharma": "patented"}, "0.00"),  # only companies of annex III yet
        ("3004.90.92.25", "IN", "2026-08-05", {"pharma": "patented", "pharma_annex_iii_company": True}, "1000.00"),
        ("8541.43.00.10", "VN", "2026-02-06", {}, "345.00"),  # safeguard 14.5 % + reciprocal 20 %
        ("8541.43.00.10", "VN", "2026-02-07", {}, "200.00"),  # the safeguard has ended
        ("6810.99.00.20", "IN", "2026-08-15", {}, "350.00"),  # quartz 25 % in quota + forced labor 10 %
        ("6810.99.00.20", "IN", "2026-08-15", {"quartz_quota_filled": True}, "600.00"),  # 50 % over it
    ],
)
def test_vehicles_wood_chips_medicines_and_safeguards(
    number: str, origin: str, on: str, facts: dict[str, object], duty: str
) -> None:
    assert f"{ask(number, origin, on, **facts).duty_total:.2f}" == duty


@pytest.mark.parametrize(
    ("origin", "on", "duty"),
    [
        ("RU", "2025-05-01", "900.00"),  # column 2, 90 %; no reciprocal for general note 3(b)
        ("BY", "2025-05-01", "900.00"),
        ("CU", "2026-03-01", "1000.00"),  # section 122 reaches column 2
        ("KP", "2026-08-01", "900.00"),
        ("RU", "2026-08-01", "1025.00"),  # forced labor 12.5 % names Russia alone of them
    ],
)
def test_column_2_countries(origin: str, on: str, duty: str) -> None:
    assert f"{ask('6109.10.00.12', origin, on).duty_total:.2f}" == duty


def test_declared_deposit_rates_add_to_everything() -> None:
    # 2.6 % + 50 % + 33.28 % antidumping + 10.01 % countervailing, and the case is named
    answer = ask(
        "7601.10.30.00",
        "IN",
        "2026-05-01",
        antidumping_rate_pct="33.28",
        antidumping_case="A-533-999",
        countervailing_rate_pct="10.01",
    )

    assert f"{answer.duty_total:.2f}" == "958.90"
    texts = [part.rate_text for part in answer.components]
    assert texts[-2:] == ["33.28% deposit, case A-533-999", "10.01% deposit, case not named"]


def test_a_measure_whose_scope_is_not_loaded_says_so_and_charges_nothing() -> None:
    answer = ask("8471.30.01.00", "CA", "2026-09-01", claim="S")

    reasons = {one.measure.id: one.reason for one in answer.not_applied}
    assert reasons["s338_ca"] == "scope not loaded: U.S. note 51(b)"
    assert "s338_ca" not in [part.code for part in answer.components]


def test_components_stand_in_legal_order_each_with_its_clause() -> None:
    answer = ask("7318.15.20.10", "CN", "2025-06-04", steel_content_pct=40)

    assert [(part.kind.value, part.hts_number, f"{part.amount:.2f}") for part in answer.components] == [
        ("GENERAL", "7318.15.20.10", "0.00"),
        ("SECTION_301", "9903.88.03", "250.00"),
        ("IEEPA", "9903.01.24", "200.00"),
        ("IEEPA", "9903.01.25", "60.00"),
        ("SECTION_232", "9903.81.90", "200.00"),
    ]
    assert answer.components[1].formula == "1000.00 × 25% = 250.00"
    assert answer.components[4].formula == "400.00 × 50% = 200.00"
    assert answer.components[4].legal_citation.endswith("[tested_in_tier_A]")


def test_every_measure_set_aside_has_a_reason() -> None:
    answer = ask("7208.51.00.30", "CA", "2025-05-01")

    reasons = {one.measure.id: one.reason for one in answer.not_applied}
    assert reasons == {"s232_steel_2025-03-12": "does not apply beside 9903.01.10, IEEPA fentanyl, Canada"}


def test_the_exemption_that_holds_is_named_for_its_heading() -> None:
    answer = ask("8471.30.01.00", "VN", "2025-09-01")

    assert [(one.heading, one.label) for one in answer.exemptions] == [("9903.01.32", "Annex II of EO 14257")]
    assert answer.duty_total == 0
