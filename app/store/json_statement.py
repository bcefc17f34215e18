"""A JSON tree turned into one SQL statement of either dialect, the tenant filter in every select of it. What is read
are bodies, then the sort keys where cursors are asked for; `Statement` says in which form. What a request says is
bound."""

# ruff: noqa: S608  (this module writes SQL: names are of the schema, values are bound)

from collections.abc import Callable, Sequence, Set
from typing import Any, ClassVar, cast

from app.store.json_in_force import in_force
from app.store.json_shapes import Dialect, Guard, Marked, NotExpressible, Quoted, Row, Shown, Statement
from app.store.json_tree import (
    Each,
    Edges,
    Fixed,
    Info,
    Inner,
    Known,
    Line,
    Many,
    Members,
    Named,
    Nodes,
    One,
    Page,
    Part,
    Scalar,
    Slot,
    Sums,
    Total,
    Value,
    gives_way,
    kind_of,
    picks_few,
)
from app.store.scope import FOREIGN, SHARED
from app.store.sight import ROW, DialectName, Sight, scope_text
from app.store.statement import Link, Order, Select, Where
from app.store.tables import TABLES

_MOST_KEYS = 49
_MOST_JOINS = 16  # SQLite takes 63, but plans them ever longer
_EMPTY = "''"


class Writer(Dialect):
    """Writes one statement. The dialects differ in how values become JSON. `names` are those of the schema: a response
    key that is one of them is written out, any other one is bound."""

    dialect: ClassVar[DialectName]
    marked: ClassVar[Marked] = ""
    joins: ClassVar[bool] = False

    def __init__(self, slots: int, narrow: bool, names: Set[str]) -> None:
        self._slots = slots
        self._narrow = narrow
        self._names = names
        self._rows = 0
        self._constants: dict[str, int] = {}
        self._places: dict[int, int] = {}
        self._may_be_shared = 0

    def root_page(self, page: Page) -> Statement:
        """A root page, one row for each of its rows, in the order they are read."""
        row = self.source(page.select.table)
        bodies = [self.body(self.members(row, members)) for members in page.bodies]
        keys = [self.sort_key(row, order) for order in page.select.order] if page.cursors else []
        columns = [*bodies, *keys, *([f"({self.count(page.select, '', None, None)})"] if page.counted else [])]
        source = self.paged(page, row) if row.joins else self.select_from(page.select, row, more=page.beyond)
        return self._statement(columns or ["1"], source, len(bodies))

    def paged(self, page: Page, row: Row) -> str:
        """FROM's operand that has no more rows than the page: what is beside them is not looked for before they are
        chosen."""
        inner = self.row(page.select.table)
        used = ", ".join(f"{inner.alias}.{name}" for name in sorted(row.used)) or "1"
        return f"(SELECT {used} FROM {self.select_from(page.select, inner, more=page.beyond)}) {row.named}"

    def root_row(self, select: Select, members: Members) -> Statement:
        """A look-up: one row or none; an own one where others' have the same number."""
        row = self.source(select.table)
        body = self.body(self.members(row, members))
        source = self.select_from(select, row)
        single = select.table in SHARED and "id" in TABLES[select.table].c
        if single and not self._narrow and select.where[0].column != "id":
            source += f" ORDER BY {row.alias}.organisation_id <> {self.owner}, {row.alias}.id LIMIT 1"
        return self._statement([body], source, 1, single=single)

    def root_named(self, named: Named) -> Statement:
        """A look-up of several: each row that there is once, in no order, and behind its body its id."""
        row = self.source(named.table)
        body = self.body(self.members(row, named.members))
        conditions = self._conditions(Select(named.table, (Where("id", "in", named.wanted),)), row, within=True)
        source = f"{named.table} {row.named} WHERE {' AND '.join(conditions)}"
        return self._statement([body, row.column("id")], source, 1)

    def root_line(self, line: Line) -> Statement:
        """A look-up of a line of the tariff: one row or none."""
        row = self.row("tariff_line")
        body = self.body(self.members(row, line.members))
        where = in_force(self, row, self.slot(line.number), self.slot(line.day))
        return self._statement([body], f"tariff_line {row.alias} WHERE {where}", 1)

    def _statement(
        self, columns: list[str], source: str, bodies: int, marked: Marked | None = None, *, single: bool = False
    ) -> Statement:
        """`single`: of a table whose rows may be shared, an own row where there is one, which is then seen whole."""
        guard: Guard = "" if not (self._narrow and self._may_be_shared) else "told"
        if guard and single and self._may_be_shared == 1:
            guard = "found"
        if guard == "told":
            columns = [*columns, f"EXISTS (SELECT 1 FROM organisation_party WHERE organisation_id = {self.owner})"]
        sql = f"SELECT {', '.join(columns)} FROM {source}"
        return Statement(sql, tuple(self._places), tuple(self._constants), bodies, guard, marked or self.marked)

    @property
    def owner(self) -> str:
        return self._bound(0, "text")

    def slot(self, slot: Any) -> str:
        assert isinstance(slot, Slot)
        return self._bound(slot.number + 1, slot.kind)

    def constant(self, text: str) -> str:
        number = self._constants.setdefault(text, len(self._constants))
        return self._bound(self._slots + number + 1, "text")

    def _bound(self, place: int, kind: str) -> str:
        """The parameter for a place; numbered by first use, since a database wants no parameter that is not used."""
        return self.placeholder(self._places.setdefault(place, len(self._places) + 1), kind)

    def row(self, table: str) -> Row:
        self._rows += 1
        return Row(f"t{self._rows}", table)

    def source(self, table: str) -> Row:
        """A row whose FROM takes the rows it refers to: on SQLite that is a tenth quicker than to look for each."""
        row = self.row(table)
        row.joins = [] if self.joins else None
        return row

    def scope(self, row: Row, *, within: bool = False, sight: Sight = "probed") -> str:
        """The tenant filter; `within` the rows of a parent it must not be what rows are looked up by."""
        self._may_be_shared += row.table in SHARED
        text = scope_text(row.table, self.dialect, "alone" if self._narrow else sight)
        if within and self.dialect == "sqlite":
            text = text.replace(f"{ROW}.organisation_id", f"+{ROW}.organisation_id")
        text = text.replace(f"{ROW}.", f"{row.alias}.")
        return text.replace(":organisation", self.owner) if ":organisation" in text else text  # bound only where used

    def members(self, row: Row, members: Members) -> str:
        if len(members) > _MOST_KEYS:
            raise NotExpressible(f"an object has {len(members)} keys")
        return self.object([(member.key, self.value(row, member.value)) for member in members])

    def value(self, row: Row, value: Value) -> str | Quoted:
        write = cast("Callable[[Row, Any], str | Quoted]", self._kinds[type(value)].__get__(self))
        return write(row, value)

    def _fixed(self, _: Row, value: Fixed) -> str | Quoted:
        return self.fixed(value.text)

    def _known(self, row: Row, value: Known) -> str:
        return self.known(row.column(value.column), value.what)

    def _scalar(self, row: Row, value: Scalar) -> str | Quoted:
        return self.scalar(row, value)

    def _part(self, row: Row, value: Part) -> str:
        inner = self.members(row, value.members)
        test = f"{row.column(value.unless)} {'<> ' + _EMPTY if value.said else 'IS NOT NULL'}"
        return self.nullable(f"CASE WHEN {test} THEN {inner} END", required=value.required, row=row)

    def _inner(self, row: Row, value: Inner) -> str:
        document = self.document(row, value.path)
        there = Row(document, "")
        inner = self.members(there, value.members)
        test = self.present(document)
        return self.nullable(f"CASE WHEN {test} THEN {inner} END", required=value.required, row=row)

    def _each(self, row: Row, value: Each) -> str:
        source, element, order = self.elements(self.document(row, value.path))
        inner = self.members(Row(element, ""), value.members)
        return f"(SELECT {self.array(inner, order=order)} FROM {source})"

    def _one(self, row: Row, value: One) -> str:
        there = self.row(value.table)
        where = f"{there.alias}.id = {row.column(value.by)} AND ({self.scope(there)})"
        if row.joins is not None and len(row.joins) < _MOST_JOINS:
            row.joins.append(f" LEFT JOIN {value.table} {there.alias} ON {where}")
            there.joins = row.joins
            found = f"CASE WHEN {there.alias}.id IS NOT NULL THEN {self.members(there, value.members)} END"
        else:
            found = f"(SELECT {self.members(there, value.members)} FROM {value.table} {there.alias} WHERE {where})"
        return self.nullable(found, required=value.required, row=row)

    def _line(self, row: Row, value: Line) -> str:
        there = self.row("tariff_line")
        inner = self.members(there, value.members)
        number = row.column(value.number) if isinstance(value.number, str) else self.slot(value.number)
        where = in_force(self, there, number, self.slot(value.day))
        found = f"(SELECT {inner} FROM tariff_line {there.alias} WHERE {where})"
        return self.nullable(found, required=False, row=row)

    def _many(self, row: Row, value: Many) -> str:
        there = self.source(value.select.table)
        inner = self.members(there, value.members)
        source = self._within(value.select, there, value.column, value.link, row)
        return f"(SELECT {self.array(inner)} FROM ({source}) {there.named})"

    def _sums(self, row: Row, value: Sums) -> str:
        each, there = self.row(value.table), self.row(value.table)
        inner = self.members(there, value.members)
        amount, currency = f"{each.alias}.{value.amount}", f"{each.alias}.{value.currency}"
        marked = f", min({each.alias}.id) AS id" if "id" in there.used else ""
        same = f"count({amount}) = count(*) AND count({currency}) = count(*) AND min({currency}) = max({currency})"
        conditions = [
            self._belongs(each, value.column, None, row),
            *self._conditions(Select(value.table), each, within=True),
        ]
        source = (
            f"SELECT count(*) AS {value.number}, CASE WHEN {same} THEN sum({amount}) END AS {value.amount},"
            f" CASE WHEN {same} THEN min({currency}) END AS {value.currency}{marked}"
            f" FROM {value.table} {each.alias} WHERE {' AND '.join(conditions)}"
        )
        return f"(SELECT {inner} FROM ({source}) {there.alias})"

    def _within(
        self, select: Select, there: Row, column: str, link: Link | None, parent: Row, *, more: bool = False
    ) -> str:
        """The rows of a select that belong to a parent's row, only the columns that are used, in order."""
        inner = self.row(select.table)
        keys = [self.sort_key(inner, order) for order in select.order]
        conditions = [self._belongs(inner, column, link, parent), *self._conditions(select, inner, within=True)]
        used = ", ".join(f"{inner.alias}.{name}" for name in sorted(there.used | {"id"}))
        limit = "" if select.limit is None else f" LIMIT {self.slot(select.limit)}{' + 1' if more else ''}"
        return (
            f"SELECT {used} FROM {select.table} {inner.alias} WHERE {' AND '.join(conditions)}"
            f" ORDER BY {self._ordering(select.order, keys)}{limit}"
        )

    def _belongs(self, row: Row, column: str, link: Link | None, parent: Row) -> str:
        if link is None:
            return f"{row.alias}.{column} = {parent.column('id')}"
        pairs = f"SELECT l.{link.child} FROM {link.table} l WHERE l.{link.parent} = {parent.column('id')}"
        return f"{row.alias}.id IN ({pairs})"

    def _page(self, row: Row, page: Page) -> str:
        """A nested page as one object."""
        count = f"({self.count(page.select, page.column, page.link, row)})" if page.counted else ""
        if not page.read:
            shown = Shown(page, [], [], "", "", "", count)
            return self.object([(key, self._layout(shown, part)) for key, part in page.layout])
        there = self.source(page.select.table)
        bodies = [self.members(there, members) for members in page.bodies]
        keys = [self.sort_key(there, order) for order in page.select.order]
        ranked = page.backward or page.beyond or page.cursors
        size = self.slot(page.select.limit)
        source = self._within(page.select, there, page.column, page.link, row, more=page.beyond)
        if ranked:
            rank = f"{there.alias}.page_rank"
            ranks = self.row(page.select.table).alias
            again = self._ordering(page.select.order, [key.replace(f"{there.alias}.", f"{ranks}.") for key in keys])
            turned = f" ORDER BY page_rank{' DESC' if page.backward else ''}"
            source = (
                f"SELECT {ranks}.*, row_number() OVER (ORDER BY {again}) AS page_rank FROM ({source}) {ranks}{turned}"
            )
            only = f"{rank} <= {size}" if page.beyond else ""
        else:
            rank, only = "", ""
        shown = Shown(page, bodies, keys, rank, size, only, count)
        inner = self.object([(key, self._layout(shown, part)) for key, part in page.layout])
        return f"(SELECT {inner} FROM ({source}) {there.named})"

    def _layout(self, shown: Shown, part: Nodes | Edges | Info | Total | Fixed) -> str | Quoted:
        page = shown.page
        match part:
            case Fixed():
                return self.fixed(part.text)
            case Total():
                return self.number(shown.count)
            case Nodes():
                return self.array(shown.bodies[part.body], only=shown.only)
            case Edges():
                pairs = [(key, self._edge(shown, what)) for key, what in part.members]
                return self.array(self.object(pairs), only=shown.only)
            case Info():
                pairs = [(key, self._info(shown, what)) for key, what in part.members]
                return self.object(pairs)
        raise NotExpressible(f"{page.select.table}: {part}")

    def _edge(self, shown: Shown, what: "int | Fixed | str") -> str | Quoted:
        if isinstance(what, Fixed):
            return self.fixed(what.text)
        return shown.bodies[what] if isinstance(what, int) else self.cursor(shown.page, shown.keys)

    def _info(self, shown: Shown, what: str | Fixed) -> str | Quoted:
        page = shown.page
        if isinstance(what, Fixed):
            return self.fixed(what.text)
        if what in ("hasNextPage", "hasPreviousPage"):
            ahead = (what == "hasPreviousPage") == page.backward
            return self.flag(f"count(*) > {shown.size}" if ahead else ("1 = 1" if page.started else "1 = 0"))
        first = (what == "startCursor") != page.backward
        return self.last_key(page, shown.rank, "1" if first else shown.size, shown.keys)

    def count(self, select: Select, column: str, link: Link | None, parent: Row | None) -> str:
        row = self.row(select.table)
        within = parent is not None
        sight: Sight = "probed" if within else "listed"
        conditions = self._conditions(Select(select.table, select.where), row, within=within, sight=sight)
        if parent is not None:
            conditions.insert(0, self._belongs(row, column, link, parent))
        return f"SELECT count(*) FROM {select.table} {row.alias} WHERE {' AND '.join(conditions)}"

    def select_from(self, select: Select, row: Row, *, more: bool = False) -> str:
        """FROM's operand and all that follows it. Of a list whose rows may be shared, a page of the own rows and one
        of the shared ones are found first, each in its own quick way."""
        listed = bool(select.order) and select.table in FOREIGN and not self._narrow
        conditions = [self._either(select, row, more=more)] if listed else self._conditions(select, row)
        return f"{select.table} {row.named} WHERE {' AND '.join(conditions)}{self._page_of(select, row, more=more)}"

    def _either(self, select: Select, row: Row, *, more: bool) -> str:
        pages, sights = [], ("alone", "foreign")
        for sight in cast("tuple[Sight, ...]", sights):
            there = self.row(select.table)
            conditions = " AND ".join(self._conditions(select, there, sight=sight))
            page = self._page_of(select, there, more=more)
            source = f"SELECT {there.alias}.id FROM {select.table} {there.alias} WHERE {conditions}{page}"
            pages.append(f"SELECT id FROM ({source}) {there.alias}")
        return f"{row.alias}.id IN ({' UNION ALL '.join(pages)})"

    def _page_of(self, select: Select, row: Row, *, more: bool) -> str:
        text = ""
        if select.order:
            keys = [self.sort_key(row, order) for order in select.order]
            if picks_few(select):
                keys = [self.unindexed(key) for key in keys]
            text += f" ORDER BY {self._ordering(select.order, keys)}"
        if select.limit is not None:
            text += f" LIMIT {self.slot(select.limit)}{' + 1' if more else ''}"
        return text

    def _conditions(self, select: Select, row: Row, *, within: bool = False, sight: Sight = "probed") -> list[str]:
        found = [f"({self.scope(row, within=within, sight=sight)})"]
        found += [self._condition(row, where, select) for where in select.where]
        if select.after is not None:
            keys = ", ".join(self.sort_key(row, order) for order in select.order)
            values = ", ".join(self.slot(slot) for slot in select.after)
            found.append(f"({keys}) {'<' if select.order[0].descending else '>'} ({values})")
        return found

    def _condition(self, row: Row, where: Where, select: Select) -> str:
        column = f"{row.alias}.{TABLES[row.table].c[where.column].name}"
        if where.operator == "filled":
            return f"{column} IS {'NOT ' if where.value else ''}NULL"
        value = self.slot(where.value)
        match where.operator:
            case "eq":
                return f"{self.unindexed(column) if gives_way(select, where) else column} = {value}"
            case "ge" | "lt" if select.order and select.order[0].column == where.column:
                key = self.sort_key(row, select.order[0])  # whose index has the rows of a range side by side
                return f"{key} >= {value}" if where.operator == "ge" else f"{key} < {value} AND {column} IS NOT NULL"
            case "ge":
                return f"{column} >= {value}"
            case "lt":
                return f"{column} < {value}"
            case "in":
                return self.among(column, value)
            case "under":
                return f"({column} = {value} OR {column} LIKE {value} || '%')"
            case "words":
                return self.all_words(column, value)

    def sort_key(self, row: Row, order: Order) -> str:
        kind = kind_of(row.table, order.column)
        if kind is None or kind.form not in ("text", "safe"):
            if kind is not None and kind.form == "integer" and not kind.nullable:
                return row.column(order.column)
            raise NotExpressible(f"{row.table} is not sorted by {order.column}")
        return f"coalesce({row.column(order.column)}, '')" if kind.nullable else row.column(order.column)

    def _ordering(self, orders: Sequence[Order], keys: Sequence[str]) -> str:
        pairs = zip(orders, keys, strict=True)
        return ", ".join(f"{key}{' DESC' if order.descending else ''}" for order, key in pairs)

    _kinds: ClassVar[dict[type, Any]] = {
        Scalar: _scalar,
        Fixed: _fixed,
        Known: _known,
        Part: _part,
        Inner: _inner,
        Each: _each,
        One: _one,
        Line: _line,
        Many: _many,
        Sums: _sums,
        Page: _page,
    }
