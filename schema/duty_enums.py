"""Enums of rates, duties and tariff changes, each value with its description."""

from app.duty.assessment import DutyErrorCode
from app.services.changes import TariffChangeKind
from app.tariff.measure import DutyKind
from app.tariff.rate import ComponentKind, RateKind
from schema.described import describe

__all__ = ["DUTY_ERRORS", "ComponentKind", "DutyErrorCode", "DutyKind", "RateKind", "TariffChangeKind"]


describe(
    RateKind,
    "The shape of a rate of duty.",
    {
        "BLANK": "No rate stands here.",
        "FREE": "No duty.",
        "AD_VALOREM": "A percentage of the value.",
        "SPECIFIC": "An amount per unit.",
        "COMPOUND": "Several components that add up.",
        "SUGAR_DEGREE": "An amount that falls with the polarity of sugar.",
        "BOUNDED": "With a minimum or a maximum.",
        "REFERENCE": "The rate stands somewhere else in the tariff.",
        "ADDITIONAL": "On top of the duty of the applicable subheading (chapter 99).",
        "NO_CHANGE": "The duty of the applicable subheading, unchanged.",
        "OTHER": "A rule in words.",
    },
)
describe(
    ComponentKind,
    "What a component of a rate is counted on.",
    {"AD_VALOREM": "A percentage of value.", "SPECIFIC": "US dollars per unit."},
    name="RateComponentKind",
)
describe(
    DutyKind,
    "Under which authority an amount is owed.",
    {
        "GENERAL": "Column 1, general.",
        "SPECIAL": "Column 1, special: a preference was claimed.",
        "COLUMN_2": "Column 2.",
        "SECTION_201": "Safeguards, section 201 of the Trade Act of 1974.",
        "SECTION_232": "National security, section 232 of the Trade Expansion Act of 1962.",
        "SECTION_301": "Unfair practices, section 301 of the Trade Act of 1974.",
        "SECTION_122": "Balance of payments, section 122 of the Trade Act of 1974.",
        "SECTION_338": "Discrimination, section 338 of the Tariff Act of 1930.",
        "IEEPA": "The International Emergency Economic Powers Act.",
        "ANTIDUMPING": "Antidumping duty, as declared.",
        "COUNTERVAILING": "Countervailing duty, as declared.",
        "MPF": "Merchandise processing fee, 19 CFR 24.23.",
        "HMF": "Harbor maintenance fee, 19 CFR 24.24.",
    },
)
describe(
    TariffChangeKind,
    "What a change does.",
    {
        "ADDED": "A number comes that goods can be entered under.",
        "REMOVED": "A number goes: what was entered under it needs another one.",
        "RATE_CHANGED": "A rate of the line differs.",
        "UNITS_CHANGED": "The units to report differ, the rates do not.",
        "DESCRIPTION_CHANGED": "The words differ, rates and units do not.",
        "MEASURE_BEGINS": "A measure of trade policy begins to hold.",
        "MEASURE_ENDS": "A measure of trade policy holds no longer.",
        "MEASURE_CHANGED": "A loaded file of measures added, changed or withdrew a measure.",
    },
)
DUTY_ERRORS = {
    "NO_LINES": "The question has no line.",
    "TOO_MANY_LINES": "The question has more lines than an entry can have.",
    "UNKNOWN_NUMBER": "No such HTS number.",
    "NOT_DECLARABLE": "Goods cannot be entered under that number; a longer one is needed.",
    "NOT_IN_FORCE": "The number is not in force on that day.",
    "INVALID_DATE": "No usable date.",
    "BEFORE_FIRST_REVISION": "No revision of the tariff is loaded for that day.",
    "NEGATIVE_VALUE": "The value is negative.",
    "INVALID_VALUE": "The value cannot be used.",
    "INVALID_QUANTITY": "The quantity cannot be used.",
    "MISSING_QUANTITY": "The rate needs a quantity that was not given.",
    "UNKNOWN_COUNTRY": "No such country.",
    "UNKNOWN_CURRENCY": "No such currency.",
    "EXCHANGE_RATE_REQUIRED": "Another currency than USD needs `exchangeRate`.",
    "INVALID_EXCHANGE_RATE": "The exchange rate cannot be used.",
    "UNKNOWN_PREFERENCE": "The preference is not open to that number, origin or day.",
    "UNKNOWN_FACT": "No such fact.",
    "INVALID_FACT": "The fact has another type.",
    "RATE_NOT_COMPUTABLE": "The rate refers to something that no input states.",
    "INFORMAL_LIMIT": "The value is over the limit of an informal entry.",
    "FEE_TABLE_MISSING": "No fees are loaded for that day.",
    "INVALID_ROW": "The row cannot be read.",
}
"""What each code of the duty room means."""

describe(DutyErrorCode, "Why a line, or a whole question, cannot be answered.", DUTY_ERRORS)
