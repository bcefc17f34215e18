"""The custom scalars: how each is read, written and refused."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from app.countries import is_country
from app.currencies import is_currency
from app.tariff.code import parse_hts
from app.values import format_decimal, format_timestamp, parse_decimal, parse_timestamp

HtsNumber = NewType("HtsNumber", str)
CountryCode = NewType("CountryCode", str)
CurrencyCode = NewType("CurrencyCode", str)
MoneyAmount = NewType("MoneyAmount", Decimal)
Json = NewType("Json", object)

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Cents(Decimal):
    """A decimal that is money: printed with at least two decimals."""


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is written as a string")
    return value


def _decimal_out(value: Any) -> str:
    return format_decimal(value, places=2 if isinstance(value, Cents) else 0)


def _decimal_in(value: Any) -> Decimal:
    return parse_decimal(_text(value, 'A Decimal, such as "1234.50",'))


def _date_in(value: Any) -> date:
    text = _text(value, "A Date, such as 2026-11-22,")
    if _DAY.fullmatch(text) is None:
        raise ValueError(f"{text[:20]!r} is not a day written as 2026-11-22")
    return date.fromisoformat(text)


def _date_out(value: date) -> str:
    return value.isoformat()


def _timestamp_in(value: Any) -> datetime:
    return parse_timestamp(_text(value, "A DateTime"))


def _timestamp_out(value: datetime) -> str:
    return format_timestamp(value)


def _hts_in(value: Any) -> HtsNumber:
    return HtsNumber(parse_hts(_text(value, "An HtsNumber")))


def _country_in(value: Any) -> CountryCode:
    code = _text(value, "A CountryCode").upper()
    if not is_country(code):
        raise ValueError(f"{code[:10]!r} is not an ISO 3166-1 alpha-2 code such as VN")
    return CountryCode(code)


def _currency_in(value: Any) -> CurrencyCode:
    code = _text(value, "A CurrencyCode").upper()
    if not is_currency(code):
        raise ValueError(f"{code[:10]!r} is not an ISO 4217 code such as USD")
    return CurrencyCode(code)


def _same(value: Any) -> Any:
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal, a JSON string both ways. Plain digits: no exponent, NaN or Infinity.",
        specified_by_url="https://spec.graphql.org/October2021/#sec-String",
        serialize=_decimal_out,
        parse_value=_decimal_in,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day, written 2026-11-22.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=_date_out,
        parse_value=_date_in,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment, RFC 3339 with an offset; written in UTC with milliseconds and Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=_timestamp_out,
        parse_value=_timestamp_in,
    ),
    HtsNumber: strawberry.scalar(
        name="HtsNumber",
        description="A number of the Harmonized Tariff Schedule of the United States with 2, 4, 6, 8 or 10 digits."
        " Written 8471.30.01.00; read with or without dots.",
        specified_by_url="https://hts.usitc.gov",
        serialize=_same,
        parse_value=_hts_in,
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode",
        description="An ISO 3166-1 alpha-2 country code.",
        specified_by_url="https://www.iso.org/iso-3166-country-codes.html",
        serialize=_same,
        parse_value=_country_in,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="An ISO 4217 currency code.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=_same,
        parse_value=_currency_in,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=_same,
        parse_value=_same,
    ),
}
