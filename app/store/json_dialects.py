"""How SQLite and PostgreSQL make JSON text that is, byte for byte, what the ordinary path prints. SQLite builds it with
its JSON functions; PostgreSQL's put spaces between, so there the text is put together."""

# ruff: noqa: S608  (this module writes SQL: names are of the schema, values are bound)

from collections.abc import Sequence, Set
from functools import cache
from typing import ClassVar

import orjson

from app.filing.ports import known_ports
from app.store.json_marked import BACKSLASH, ITSELF, MARK
from app.store.json_shapes import Marked, Quoted, Row, Statement
from app.store.json_statement import Writer
from app.store.json_tree import Page, Path, Scalar, kind_of
from app.store.sight import DialectName


class SqliteWriter(Writer):
    """json_object and json_group_array. `tidegate_cursor` is a function of the reading connection."""

    dialect: ClassVar[DialectName] = "sqlite"
    joins: ClassVar[bool] = True

    def placeholder(self, number: int, kind: str) -> str:
        return f"?{number}"

    def body(self, expression: str) -> str:
        return f"CAST({expression} AS BLOB)"

    def object(self, pairs: Sequence[tuple[str, str | Quoted]]) -> str:
        return f"json_object({', '.join(f'{self._key(key)}, {value}' for key, value in pairs)})"

    def _key(self, key: str) -> str:
        return f"'{key}'" if key in self._names else self.constant(key)

    def scalar(self, row: Row, value: Scalar) -> str:
        path, scale, nullable = value.path, 0, True
        if row.table and not path.key:
            kind = kind_of(row.table, path.column)
            scale, nullable = (kind.scale, kind.nullable) if kind else (0, True)
            found = _printed(row.column(path.column), value, scale)
        elif value.form == "json":
            found = self.document(row, path)
        else:
            text = f"({self.document(row, Path(path.column))} ->> '$.\"{path.key}\"')"
            found = _trimmed(text, value.places) if value.form == "decimal" else text
        return self.nullable(found, required=True, row=row) if value.required and nullable else found

    def fixed(self, text: str | None) -> str:
        return "NULL" if text is None else f"'{text}'"

    def known(self, code: str, what: str) -> str:
        return f"tidegate_port({code}, '{what}')"

    def nullable(self, expression: str, *, required: bool, row: Row) -> str:
        return f"coalesce({expression}, json('nothing'))" if required else expression

    def array(self, expression: str, *, only: str = "", order: str = "") -> str:
        return f"json_group_array({expression}){f' FILTER (WHERE {only})' if only else ''}"

    def document(self, row: Row, path: Path) -> str:
        whole = row.column(path.column) if row.table else row.alias
        return f"({whole} -> '$.\"{path.key}\"')" if path.key else whole

    def present(self, document: str) -> str:
        return f"json_type({document}) = 'object'"

    def elements(self, document: str) -> tuple[str, str, str]:
        alias = self.row("").alias
        return f"json_each({document}) {alias}", f"{alias}.value", ""

    def cursor(self, page: Page, keys: Sequence[str]) -> str:
        return f"tidegate_cursor({self.constant(cursor_head(page))}, json_array({', '.join(keys)}))"

    def last_key(self, page: Page, rank: str, last: str, keys: Sequence[str]) -> str:
        packed = f"printf('%05d', {rank}) || json_array({', '.join(keys)})"
        found = f"substr(max(CASE WHEN {rank} <= {last} THEN {packed} END), 6)"
        return f"tidegate_cursor({self.constant(cursor_head(page))}, {found})"

    def flag(self, condition: str) -> str:
        return f"iif({condition}, json('true'), json('false'))"

    def number(self, expression: str) -> str:
        return expression

    def among(self, column: str, slot: str) -> str:
        return f"{column} IN (SELECT value FROM json_each({slot}))"

    def unindexed(self, expression: str) -> str:
        return f"+{expression}"  # no index of it is looked for

    def all_words(self, column: str, slot: str) -> str:
        return f"NOT EXISTS (SELECT 1 FROM json_each({slot}) w WHERE {column} NOT LIKE w.value ESCAPE '/')"


class PostgresWriter(Writer):
    """Marked text put together by `||`, which costs half of `concat`, in pairs of pairs, so that no long text is copied
    for each of its pieces. Every expression here is such text and never NULL, unless it says so."""

    dialect: ClassVar[DialectName] = "postgresql"
    marked: ClassVar[Marked] = "body"
    _types: ClassVar[dict[str, str]] = {"text": "text", "integer": "bigint", "texts": "text[]"}

    def placeholder(self, number: int, kind: str) -> str:
        return f"${number}::{self._types[kind]}"

    def body(self, expression: str) -> str:
        return f"convert_to({expression}, 'UTF8')"

    def root_page(self, page: Page) -> Statement:
        """One row: how many there are, each body of all of them, the sort keys. Between the bodies there are commas or,
        where the rows are told apart, marks."""
        there = self.row(page.select.table)
        between = _MARK if page.apart else "','"
        bodies = [self.body(f"string_agg({self.members(there, members)}, {between})") for members in page.bodies]
        keys = [self.sort_key(there, order) for order in page.select.order] if page.cursors else []
        columns = ["count(*)", *bodies, *(f"array_agg({key})" for key in keys)]
        if page.counted:
            columns.append(f"({self.count(page.select, '', None, None)})")
        return self._statement(columns, self.paged(page, there), len(bodies), "rows" if page.apart else "whole")

    def object(self, pairs: Sequence[tuple[str, str | Quoted]]) -> str:
        if not pairs:
            return "'{}'"
        pieces, before = [], "{"
        for key, value in pairs:
            head, after = f"{before}{MARK}{key}{MARK}:", ","
            if isinstance(value, Quoted):
                head, after, value = f"{head}{MARK}", f"{MARK},", value.text
            pieces.append(f"{_literal(head) if key in self._names else self.constant(head)} || {value}")
            before = after
        return f"({_joined(pieces)} || {_literal(f'{before[:-1]}}}')})"

    def scalar(self, row: Row, value: Scalar) -> str | Quoted:
        path = value.path
        if row.table and not path.key:
            kind = kind_of(row.table, path.column)
            text = self._text(row.column(path.column), value)
            if kind is not None and not kind.nullable:
                return text
        elif value.form == "json":
            text = self._marked(f"({self.document(row, path)})::text")
        else:
            found = f"({self.document(row, Path(path.column))} ->> '{path.key}')"
            text = self._text(f"{found}::numeric" if value.form == "decimal" else found, value)
        return self.nullable(_quoted(text), required=value.required, row=row)

    def _text(self, found: str, value: Scalar) -> str | Quoted:
        """A value as marked text on PostgreSQL; NULL stays NULL."""
        match value.form:
            case "text":
                return Quoted(self._plain(found))
            case "safe":
                return Quoted(found)
            case "integer":
                return f"{found}::text"
            case "float":
                return f"CASE WHEN {found} = trunc({found}) THEN {found}::text || '.0' ELSE {found}::text END"
            case "flag":
                return f"CASE {found} WHEN true THEN 'true' WHEN false THEN 'false' END"
            case "decimal":
                return Quoted(f"round({found}, greatest({value.places}, min_scale({found})))::text")
            case "json":
                return self._marked(found)

    def _plain(self, text: str) -> str:
        return f"replace({text}, {_MARK}, {self.constant(ITSELF)})"

    def _marked(self, document: str) -> str:
        """JSON text with marks for its quotes, and a sign for what must not be escaped again."""
        signed = f"replace({self._plain(document)}, E'\\\\', {self.constant(BACKSLASH)})"
        return f"replace({signed}, '\"', {_MARK})"

    def fixed(self, text: str | None) -> str | Quoted:
        return "'null'" if text is None else Quoted(f"'{text}'")

    def known(self, code: str, what: str) -> str:
        ports = f"(SELECT {self.constant(_ports())}::jsonb)"  # once for a statement
        return f"coalesce({_MARK} || ({ports} -> {code} ->> '{what}') || {_MARK}, 'null')"

    def nullable(self, expression: str, *, required: bool, row: Row) -> str:
        if not required:
            return f"coalesce({expression}, 'null')"
        mark = f"{row.alias}.id" if row.table else f"{row.alias}::text"
        if row.table:
            row.used.add("id")
        return f"coalesce({expression}, ('nothing ' || {mark})::json::text)"

    def array(self, expression: str, *, only: str = "", order: str = "") -> str:
        ordering, keeping = (f" ORDER BY {order}" if order else ""), (f" FILTER (WHERE {only})" if only else "")
        return f"'[' || coalesce(string_agg({expression}, ','{ordering}){keeping}, '') || ']'"

    def document(self, row: Row, path: Path) -> str:
        whole = f"{row.column(path.column)}::json" if row.table else row.alias
        return f"({whole} -> '{path.key}')" if path.key else f"({whole})"

    def present(self, document: str) -> str:
        return f"json_typeof({document}) = 'object'"

    def elements(self, document: str) -> tuple[str, str, str]:
        alias = self.row("").alias
        return (
            f"json_array_elements({document}) WITH ORDINALITY {alias} (value, place)",
            f"{alias}.value",
            (f"{alias}.place"),
        )

    def cursor(self, page: Page, keys: Sequence[str]) -> str:
        return self._encoded(f"concat({self.constant(cursor_head(page))}, {self._keys(keys)})")

    def last_key(self, page: Page, rank: str, last: str, keys: Sequence[str]) -> str:
        packed = f"concat(lpad({rank}::text, 5, '0'), {self._keys(keys)})"
        found = f"substr(max(CASE WHEN {rank} <= {last} THEN {packed} END), 6)"
        return f"coalesce({self._encoded(f'{self.constant(cursor_head(page))} || {found}')}, 'null')"

    def _keys(self, keys: Sequence[str]) -> str:
        return f"""{", ',', ".join(f"to_json({key})" for key in keys)}, ']'"""

    def _encoded(self, text: str) -> str:
        """Base 64 of a URL's alphabet without padding, in quotes; NULL of NULL."""
        encoded = f"encode(convert_to({text}, 'UTF8'), 'base64')"
        return f"{_MARK} || rtrim(translate({encoded}, E'+/\\n', '-_'), '=') || {_MARK}"

    def flag(self, condition: str) -> str:
        return f"CASE WHEN {condition} THEN 'true' ELSE 'false' END"

    def number(self, expression: str) -> str:
        return expression

    def among(self, column: str, slot: str) -> str:
        return f"{column} = ANY ({slot})"

    def unindexed(self, expression: str) -> str:
        return expression  # its statistics say which index is the better one

    def all_words(self, column: str, slot: str) -> str:
        return f"NOT EXISTS (SELECT 1 FROM unnest({slot}) w (word) WHERE {column} NOT LIKE w.word ESCAPE '/')"


def cursor_head(page: Page) -> str:
    """What a cursor's text begins with: the list and the order it belongs to, as `app.engine.paging` packs them."""
    order = page.select.order[0]
    return f'["{page.select.table}","{order.column}",{int(order.descending != page.backward)},'


_MARK = "E'\\x7f'"


@cache
def _ports() -> str:
    """The packaged ports as a JSON object by code."""
    return orjson.dumps({port.code: {"name": port.name, "country": port.country} for port in known_ports()}).decode()


def _printed(column: str, value: Scalar, scale: int) -> str:
    """A column's value on SQLite."""
    match value.form:
        case "json":
            return f"json({column})"
        case "flag":
            return f"CASE {column} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
        case "decimal":
            return _decimal(column, scale, value.places)
    return column


def _decimal(column: str, scale: int, places: int) -> str:
    """A scaled integer as plain digits: at least `places` decimals, no further zeros."""
    unit, rest = 10**scale, 10 ** (scale - places)
    sign = f"iif({column} < 0, '-', '')"
    tail = f"rtrim(printf('%0{scale - places}d', abs({column}) % {rest}), '0')"
    if places:
        plain = f"printf('%d.%0{places}d', {column} / {unit}, {column} % {unit} / {rest})"
        other = f"{sign} || printf('%d.%0{places}d', abs({column}) / {unit}, abs({column}) % {unit} / {rest}) || {tail}"
        return (
            f"CASE WHEN {column} IS NULL THEN NULL WHEN {column} >= 0 AND {column} % {rest} = 0 THEN {plain}"
            f" ELSE {other} END"
        )
    return (
        f"CASE WHEN {column} IS NULL THEN NULL WHEN {column} % {unit} = 0 THEN CAST({column} / {unit} AS TEXT)"
        f" ELSE {sign} || (abs({column}) / {unit}) || '.' || {tail} END"
    )


def _trimmed(text: str, places: int) -> str:
    """A decimal's text on SQLite, printed as `_decimal` prints."""
    plain = f"CASE WHEN instr({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
    if not places:
        return plain
    padded = f"CASE instr(d, '.') WHEN 0 THEN d || '.{'0' * places}' WHEN length(d) - 1 THEN d || '0' ELSE d END"
    return f"(SELECT {padded} FROM (SELECT {plain} AS d))"


def _quoted(text: str | Quoted) -> str:
    return f"{_MARK} || {text.text} || {_MARK}" if isinstance(text, Quoted) else text


def _literal(text: str) -> str:
    """Of a text without quotes and backslashes."""
    return f"E'{text}'".replace(MARK, r"\x7f")


def _joined(pieces: Sequence[str]) -> str:
    if len(pieces) == 1:
        return f"({pieces[0]})"
    half = len(pieces) // 2
    return f"({_joined(pieces[:half])} || {_joined(pieces[half:])})"


def writer_for(dialect: DialectName, slots: int, *, narrow: bool, names: Set[str] = frozenset()) -> Writer:
    """The writer of one statement whose requests bring so many values."""
    kind = SqliteWriter if dialect == "sqlite" else PostgresWriter
    return kind(slots, narrow, names)
