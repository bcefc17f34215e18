"""Reads the official HTS export (the JSON array the USITC serves, plain or gzip) into rows with their hierarchy and
with the rates that 10-digit rows inherit. What a rate text means is for `rate`; keeping rows is for the store."""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from app.tariff.code import digits_of, is_under, parse_hts

MAX_BYTES: Final = 512 * 1024 * 1024
SEPARATOR: Final = " › "

_REQUIRED = ("htsno", "indent", "description", "units", "general", "special", "other", "footnotes")
_MAY_BE_NULL = frozenset({"quotaQuantity", "additionalDuties", "addiitionalDuties"})
_GZIP = b"\x1f\x8b"
_DEEPEST = 40
_LONGEST = 20_000  # characters of a text; the longest of the official exports of 2025 and 2026 has 1,685
_REPORT_EVERY = 500
_TAG = re.compile(r"</?[A-Za-z]{1,6}\s*/?>")
_SPACE = re.compile(r"\s+")
_HYPHEN = re.compile(r"([A-Za-z]+)- (?!(?:or|and|to|nor|but|through)\b)([a-z]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LOCANT = re.compile(r"(\d)- (?=[a-z])")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_GLYPHS = str.maketrans(
    {
        **dict.fromkeys(range(32)),
        **dict.fromkeys(map(ord, "\t\n\v\f\r\u00a0"), " "),
        **dict.fromkeys(map(ord, "\u007f\u00ad\u200b\u200c\u200d\u2060\ufeff")),
        **dict.fromkeys(map(ord, "\u2010\u2011"), "-"),
        **dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u02bb"), "'"),
        **dict.fromkeys(map(ord, "\u201c\u201d\u02ee"), '"'),
    }
)


class ExportError(ValueError):
    """The export cannot be read. `row` counts from 0, `field` is the export's own key; both may be None."""

    def __init__(self, row: int | None, field: str | None, message: str) -> None:
        place = "" if row is None else f"row {row}{f', field {field}' if field else ''}: "
        super().__init__(place + message)
        self.row = row
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class TariffRow:
    """One row of the export. Positions count from 0 in the export's order; numbers are dotted."""

    position: int
    number: str | None  # None for a superior row, which only words what is below it
    indent: int
    description: str
    full_description: str  # the ancestors' texts and its own, joined with SEPARATOR
    path: tuple[int, ...]  # positions from the outermost ancestor to the parent
    parent: int | None  # position of the nearest earlier row with a smaller indent, superior rows included
    parent_number: str | None  # nearest ancestor whose number contains this one
    units: tuple[str, ...]
    general: str
    special: str
    other: str
    rates_from: str | None  # the number of the row the three rate texts stand on; None where there are none
    footnotes: tuple[str, ...]
    declarable: bool  # may stand on an entry: 10 digits, or 8 digits with no 10-digit line below
    additional_duties: str
    quota_quantity: str


@dataclass(frozen=True, slots=True)
class Export:
    """One revision as read. `sha256` is over the JSON bytes after decompression, in hexadecimal."""

    rows: tuple[TariffRow, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Raw:
    """A row's own fields, checked and cleaned, before anything is inherited."""

    number: str | None
    indent: int
    description: str
    units: tuple[str, ...]
    rates: tuple[str, str, str]
    footnotes: tuple[str, ...]
    additional_duties: str
    quota_quantity: str


def read_export(
    raw: bytes,
    *,
    progress: Callable[[int, int], None] | None = None,
    limit: int = MAX_BYTES,
) -> Export:
    """Every row of an export in order. `progress` is told (rows read, rows in all); `limit` bounds the JSON in bytes.

    Raises ExportError, naming the row and field where there is one; nothing is read in part.
    """
    text = _decompressed(raw, limit)
    array = _array(text)
    raws = []
    for position, row in enumerate(array):
        raws.append(_raw_row(position, row))
        if progress is not None and position % _REPORT_EVERY == 0:
            progress(position, len(array))
    rows = _linked(raws)
    if progress is not None:
        progress(len(array), len(array))
    return Export(rows=rows, sha256=hashlib.sha256(text).hexdigest())


def _decompressed(raw: bytes, limit: int) -> bytes:
    if not raw.startswith(_GZIP):
        if len(raw) > limit:
            raise ExportError(None, None, f"the file is larger than {limit} bytes")
        return raw
    out = bytearray()
    rest = raw
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            out += member.decompress(rest, limit + 1 - len(out))
        except zlib.error as error:
            raise ExportError(None, None, f"the gzip data is damaged ({error})") from None
        if len(out) > limit:
            raise ExportError(None, None, f"the file unpacks to more than {limit} bytes")
        if not member.eof:
            raise ExportError(None, None, "the gzip data is cut short: fetch the file again")
        rest = member.unused_data
    return bytes(out)


def _array(text: bytes) -> list[object]:
    try:
        value = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ExportError(None, None, f"the file is not JSON: {error}") from None
    if not isinstance(value, list):
        raise ExportError(None, None, f"the export is a JSON array of rows, this is {_type_name(value)}")
    if not value:
        raise ExportError(None, None, "the export has no rows")
    return value


def _raw_row(position: int, row: object) -> _Raw:
    if not isinstance(row, dict):
        raise ExportError(position, None, f"a row is a JSON object, this is {_type_name(row)}")
    for field in _REQUIRED:
        if field not in row:
            raise ExportError(position, field, "is missing")
    return _Raw(
        number=_number(position, row),
        indent=_indent(position, row["indent"]),
        description=_text(position, row, "description"),
        units=_units(position, row["units"]),
        rates=(
            _rate_text(position, row, "general"),
            _rate_text(position, row, "special"),
            _rate_text(position, row, "other"),
        ),
        footnotes=_footnotes(position, row["footnotes"]),
        # The export writes the same key twice, once misspelt; a value may come under either.
        additional_duties=_text(position, row, "additionalDuties") or _text(position, row, "addiitionalDuties"),
        quota_quantity=_text(position, row, "quotaQuantity"),
    )


def _number(position: int, row: Mapping[str, object]) -> str | None:
    text = _text(position, row, "htsno")
    if not text:
        return None
    try:
        return parse_hts(text, digits=(4, 6, 8, 10))
    except ValueError as error:
        raise ExportError(position, "htsno", str(error)) from None


def _indent(position: int, value: object) -> int:
    if not (isinstance(value, str) and len(value) <= 4 and value.strip().isascii() and value.strip().isdigit()):
        raise ExportError(position, "indent", f"is a whole number from 0 written as text, not {_shown(value)}")
    if int(value) > _DEEPEST:
        raise ExportError(position, "indent", f"is from 0 to {_DEEPEST}, not {_shown(value)}")
    return int(value)


def _text(position: int, row: Mapping[str, object], field: str) -> str:
    """A cleaned text. The official exports write null only where a value is missing from a field of `_MAY_BE_NULL`."""
    value = row.get(field)
    if value is None and field in _MAY_BE_NULL:
        return ""
    if not isinstance(value, str):
        raise ExportError(position, field, f"is text, not {_type_name(value)}")
    return _checked(position, field, value)


def _checked(position: int, field: str, text: str) -> str:
    if len(text) > _LONGEST:
        raise ExportError(position, field, f"has {len(text):,} characters, more than {_LONGEST:,}")
    if (found := _CONTROL.search(text)) is not None:
        raise ExportError(position, field, f"holds the control character U+{ord(found[0]):04X}")
    return clean_text(text)


def _rate_text(position: int, row: Mapping[str, object], field: str) -> str:
    text = _text(position, row, field)
    return "" if text == ":" else text


def _units(position: int, value: object) -> tuple[str, ...]:
    texts = (_checked(position, "units", unit) for unit in _strings(position, "units", value))
    units = (text.replace("²", "2").replace("³", "3") for text in texts)
    return tuple(unit for unit in dict.fromkeys(units) if unit)


def _footnotes(position: int, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ExportError(position, "footnotes", f"is a list or null, not {_type_name(value)}")
    notes = []
    for note in value:
        if not isinstance(note, dict) or not isinstance(note.get("value"), str):
            raise ExportError(position, "footnotes", "holds a note without a text value")
        notes.append(_checked(position, "footnotes", note["value"]))
    return tuple(note for note in notes if note)


def _strings(position: int, field: str, value: object) -> Iterable[str]:
    if not isinstance(value, list):
        raise ExportError(position, field, f"is a list of texts, not {_type_name(value)}")
    for item in value:
        if not isinstance(item, str):
            raise ExportError(position, field, f"holds {_type_name(item)} where a text belongs")
    return value


def _linked(raws: list[_Raw]) -> tuple[TariffRow, ...]:
    """Rows with ancestors, wording and inherited values: one pass with a stack of open ancestors."""
    words = _vocabulary(raws)
    split = _split_lines(raws)
    seen: set[str] = set()
    rows: list[TariffRow] = []
    stack: list[TariffRow] = []
    for position, raw in enumerate(raws):
        while stack and stack[-1].indent >= raw.indent:
            stack.pop()
        if raw.indent and not stack:
            raise ExportError(position, "indent", f"is {raw.indent}, but no row above it has a smaller indent")
        if raw.number is not None:
            if raw.number in seen:
                raise ExportError(position, "htsno", f"{raw.number} stands on an earlier row already")
            seen.add(raw.number)
        row = _row(position, raw, stack, words, split)
        rows.append(row)
        stack.append(row)
    return tuple(rows)


def _row(position: int, raw: _Raw, stack: list[TariffRow], words: frozenset[str], split: frozenset[str]) -> TariffRow:
    number = raw.number
    above = stack if number is None else [row for row in stack if row.number is None or is_under(number, row.number)]
    numbered = [row for row in above if row.number is not None]
    description = join_hyphens(raw.description, words)
    rates, rates_from = _rates(raw, numbered)
    units = raw.units
    if not units and number is not None and digits_of(number) == 10:
        units = next((row.units for row in reversed(numbered) if row.number == number[:10]), ())
    return TariffRow(
        position=position,
        number=number,
        indent=raw.indent,
        description=description,
        full_description=SEPARATOR.join(
            text.rstrip(" :") for text in (*(row.description for row in above), description)
        ),
        path=(*stack[-1].path, stack[-1].position) if stack else (),
        parent=stack[-1].position if stack else None,
        parent_number=numbered[-1].number if numbered else None,
        units=units,
        general=rates[0],
        special=rates[1],
        other=rates[2],
        rates_from=rates_from,
        footnotes=raw.footnotes,
        declarable=number is not None and len(number) >= 10 and number not in split,
        additional_duties=raw.additional_duties,
        quota_quantity=raw.quota_quantity,
    )


def _rates(raw: _Raw, numbered: list[TariffRow]) -> tuple[tuple[str, str, str], str | None]:
    """A row's three columns and the number they stand on.

    A 10-digit row takes all three from its legal line unless it states a general rate itself: the last two digits
    are statistical (General Statistical Note 3, HTSUS), and such a row at most repeats one column of its line.
    """
    number = raw.number
    if number is None:
        return ("", "", ""), None
    if not raw.rates[0] and digits_of(number) == 10:
        for row in reversed(numbered):
            if row.rates_from is not None:
                return (row.general, row.special, row.other), row.rates_from
    return raw.rates, number if any(raw.rates) else None


def _split_lines(raws: list[_Raw]) -> frozenset[str]:
    """The 8-digit numbers that have 10-digit rows below, so that they are not declared themselves."""
    return frozenset(raw.number[:10] for raw in raws if raw.number is not None and digits_of(raw.number) == 10)


def _vocabulary(raws: list[_Raw]) -> frozenset[str]:
    """The words the export writes unbroken: they decide how a word broken at a line end is mended."""
    texts = {raw.description.lower() for raw in raws}
    return frozenset(word for text in texts for word in _WORD.findall(text))


def clean_text(text: str) -> str:
    """One line of plain text: no tags, no invisible characters, plain hyphens and quotes, single spaces."""
    if not text:
        return ""
    if not text.isascii() or not text.isprintable() or "<" in text:
        text = _TAG.sub(" ", text.translate(_GLYPHS))
    return _SPACE.sub(" ", text).strip()


def join_hyphens(text: str, words: frozenset[str]) -> str:
    """Mends words broken at a line end (`con- tainers`, `air- tight`): joined where `words` knows the whole word,
    hyphenated otherwise. A hanging hyphen (`mono- or disodium`) stays."""
    if "- " not in text:
        return text

    def mend(match: re.Match[str]) -> str:
        head, tail = match.groups()
        return head + tail if (head + tail).lower() in words else f"{head}-{tail}"

    return _HYPHEN.sub(mend, _LOCANT.sub(r"\1-", text))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def _type_name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
