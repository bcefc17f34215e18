"""Operations at random over the whole of the schema's queries, written as a client may write them: aliases, fragments,
directives, literals or variables, cursors of earlier answers, and now and then a value that has to be refused."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from app.engine.paging import unpack
from tests.graph.random_rows import Rows

_PYTHON = frozenset(
    {"dutyEstimate", "checks", "preclearance", "duty", "classificationSuggest", "suggestions", "special",
     "additionalDuties", "parent", "ancestors", "children"}
)  # fmt: skip
_TABLES = {
    "ProductConnection": "product", "ShipmentConnection": "shipment", "EntryConnection": "entry",
    "ClassificationConnection": "classification",
}  # fmt: skip
_RESOLVED = ("viewer", "tariffLines", "tariffRevisions")
_ROOTS = (
    "products",
    "shipments",
    "classifications",
    "entries",
    "product",
    "shipment",
    "classification",
    "entry",
    "node",
    "nodes",
    "tariffLine",
)


@dataclass
class Operation:
    """A document and its variables; `uses` counts its constructs."""

    document: str
    variables: dict[str, Any]
    uses: Counter[str]


@dataclass
class Maker:
    """Makes operations; `cursors` are those of earlier answers."""

    schema: GraphQLSchema
    rows: Rows
    pick: random.Random
    cursors: list[str] = field(default_factory=list)

    def operation(self) -> Operation:
        """One query."""
        self._uses: Counter[str] = Counter()
        self._declared: dict[str, str] = {}
        self._variables: dict[str, Any] = {}
        self._fragments: list[str] = []
        self._names = 0
        query = self.schema.query_type
        assert query is not None
        roots = []
        for _ in range(1 if self.pick.random() < 0.75 else 2):
            name = self.pick.choice(_ROOTS)
            roots.append(self._field(query, name, 0))
        if self.pick.random() < 0.15:
            self._uses["by both ways"] += 1
            roots.insert(self.pick.randrange(2), self._field(query, self.pick.choice(_RESOLVED), 0))
        if self.pick.random() < 0.1:
            roots.append("__typename")
        head = ", ".join(f"${name}: {kind}" for name, kind in self._declared.items())
        body = "\n".join(roots)
        document = "\n".join([f"query Random{f'({head})' if head else ''} {{\n{body}\n}}", *self._fragments])
        return Operation(document, self._variables, self._uses)

    # --- selections

    def _field(self, parent: GraphQLObjectType, name: str, depth: int) -> str:
        declared = parent.fields[name]
        alias = ""
        if self.pick.random() < 0.3 or depth == 0:
            self._names += 1
            alias = f"a{self._names}: "
            self._uses["alias"] += 1
        arguments = self._arguments(name, declared, depth)
        text = f"{alias}{name}{arguments}{self._directive()}"
        kind: Any = get_named_type(declared.type)
        return text if is_leaf_type(kind) else f"{text} {self._selections(kind, depth + 1)}"

    def _selections(self, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType):
            return self._node(depth)
        names = [name for name in kind.fields if self._wanted(kind, name, depth)]
        if kind.name == "Rate" and self.pick.random() < 0.98:
            names = ["text"]
        chosen = self.pick.sample(names, min(len(names), self.pick.randrange(1, 7))) or ["__typename"]
        if kind.name.endswith("Connection"):
            self._uses["connection"] += 1
        pieces = [name if name == "__typename" else self._field(kind, name, depth) for name in chosen]
        if self.pick.random() < 0.12:
            pieces.append("__typename")
        if len(pieces) > 1 and self.pick.random() < 0.25:
            pieces = self._fragmented(kind, pieces)
        return "{ " + " ".join(pieces) + " }"

    def _wanted(self, kind: Any, name: str, depth: int) -> bool:
        if name in _PYTHON or (kind.name, name) == ("ClassificationCandidate", "tariffLine"):
            return self.pick.random() < 0.01
        return is_leaf_type(get_named_type(kind.fields[name].type)) or depth < 5 or name in ("nodes", "edges", "node")

    def _node(self, depth: int) -> str:
        pieces = ["id", "__typename"]
        for name in self.pick.sample(("Product", "Shipment", "Entry", "Classification"), 3):
            self._uses["fragment"] += 1
            pieces.append(f"... on {name} {self._selections(self.schema.type_map[name], depth + 1)}")
        return "{ " + " ".join(pieces) + " }"

    def _fragmented(self, kind: GraphQLObjectType, pieces: list[str]) -> list[str]:
        self._uses["fragment"] += 1
        at = self.pick.randrange(len(pieces))
        inner, rest = pieces[at:], pieces[:at]
        condition = self.pick.choice([kind.name, *(one.name for one in kind.interfaces)])
        if condition != kind.name:
            inner = [f"... on {kind.name} {{ {' '.join(inner)} }}"]
        if self.pick.random() < 0.5:
            return [*rest, f"... on {condition}{self._directive()} {{ {' '.join(inner)} }}"]
        self._names += 1
        self._fragments.append(f"fragment F{self._names} on {condition} {{ {' '.join(inner)} }}")
        return [*rest, f"...F{self._names}{self._directive()}"]

    def _directive(self) -> str:
        if self.pick.random() > 0.08:
            return ""
        self._uses["directive"] += 1
        value = self.pick.random() < 0.6
        given = str(value).lower() if self.pick.random() < 0.3 else self._variable("Boolean!", value)
        return f" @{self.pick.choice(('include', 'skip'))}(if: {given})"

    # --- arguments

    def _arguments(self, name: str, declared: GraphQLField, depth: int) -> str:
        if "first" in declared.args:
            return self._page(declared, depth)
        found = []
        if "by" in declared.args:
            found.append(f"by: {self._by(name)}")
        elif "id" in declared.args:
            kinds = ["Classification"] if name == "classification" else list(self.rows.ids)
            value = self.pick.choice(self.rows.ids[self.pick.choice(kinds)])
            found.append(f"id: {self._value('ID!', self._off(value, 'prd_nothing'))}")
        elif "ids" in declared.args:
            known = self.rows.ids[self.pick.choice(list(self.rows.ids))]
            values = [self.pick.choice(known) for _ in range(self.pick.randrange(1, 9))]
            found.append(f"ids: {self._value('[ID!]!', self._off(values, [*values, 'prd_nothing']))}")
        if "asOf" in declared.args and self.pick.random() < 0.4:
            found.append(f"asOf: {self._value('Date', self._off(f'2026-01-{self.pick.randrange(8, 24):02d}', 'soon'))}")
        for argument, given in declared.args.items():
            if argument == "number":
                number = self.pick.choice(("8471.30.01", "8471300100", "8471", "6109.10.00.12", "0101.21.00.00", "84"))
                found.append(f"number: {self._value('HtsNumber!', self._off(number, 'abc'))}")
            elif isinstance(given.type, GraphQLNonNull) and argument not in ("by", "id", "ids"):
                found.append(
                    f"{argument}: {'100' if get_named_type(given.type).name == 'Int' else chr(34) + '10' + chr(34)}"
                )
        return f"({', '.join(found)})" if found else ""

    def _by(self, name: str) -> str:
        key, values = {
            "product": ("sku", self.rows.skus),
            "shipment": ("reference", self.rows.references),
            "entry": ("entryNumber", self.rows.numbers),
        }[name]
        if self.pick.random() < 0.5:
            key, values = "id", self.rows.ids[name.capitalize()]
        value = self._off(self.pick.choice(values), "nothing")
        if self.pick.random() < 0.3:
            return self._variable(f"{name.capitalize()}By!", {key: value})
        return f"{{{key}: {self._value('ID!' if key == 'id' else 'String!', value)}}}"

    def _page(self, declared: GraphQLField, depth: int) -> str:
        size = self.pick.choice((1, 2, 3, 5, 20, 1000)) if depth < 2 else self.pick.choice((1, 2, 3))
        side, far = ("first", "after") if self.pick.random() < 0.65 else ("last", "before")
        found = [f"{side}: {self._value('Int', self._off(size, 0))}"]
        table = _TABLES.get(get_named_type(declared.type).name, "")
        fitting = [one for one in self.cursors if unpack(one)[0] == table]
        ordered = "orderBy" in declared.args and self.pick.random() < 0.5
        if fitting and self.pick.random() < 0.4:
            self._uses["cursor"] += 1
            cursor = self.pick.choice(fitting)
            _, column, descending, *_ = unpack(cursor)
            found.append(f"{far}: {self._value('String', self._off(cursor, 'no cursor'))}")
            if (column, descending) != ("created_at", 1) and "orderBy" in declared.args:
                found.append(f"orderBy: {{field: {column.upper()}, direction: {'DESC' if descending else 'ASC'}}}")
            ordered = False
        if "filter" in declared.args and self.pick.random() < 0.6:
            self._uses["filter"] += 1
            found.append(f"filter: {self._input(declared.args['filter'].type, 'filter')}")
        if ordered:
            self._uses["order"] += 1
            found.append(f"orderBy: {self._input(declared.args['orderBy'].type, 'orderBy')}")
        self.pick.shuffle(found)
        return f"({', '.join(found)})"

    def _input(self, declared: Any, what: str) -> str:
        kind: Any = get_named_type(declared)
        assert isinstance(kind, GraphQLInputObjectType)
        names = list(kind.fields)
        chosen = ["field", "direction"][: self.pick.randrange(1, 3)] if what == "orderBy" else self._some(names)
        values = {name: self._sample(kind.fields[name].type, name) for name in chosen}
        if self.pick.random() < 0.4:
            return self._variable(kind.name, values)
        parts = [
            f"{name}: {self._value(str(kind.fields[name].type), value, kind.fields[name].type)}"
            for name, value in values.items()
        ]
        return "{" + ", ".join(parts) + "}"

    def _some(self, names: list[str]) -> list[str]:
        return self.pick.sample(names, self.pick.choice((0, 1, 1, 1, 2, 3)))

    def _sample(self, declared: Any, name: str) -> Any:
        inner = declared.of_type if isinstance(declared, GraphQLNonNull) else declared
        if self.pick.random() < 0.05 and not isinstance(declared, GraphQLNonNull):
            self._uses["null"] += 1
            return None
        if isinstance(inner, GraphQLList):
            return [self._sample(inner.of_type, name) for _ in range(self.pick.randrange(4))]
        if isinstance(inner, GraphQLEnumType):
            return self.pick.choice(list(inner.values))
        return self._scalar(inner.name, name)

    def _scalar(self, kind: str, name: str) -> Any:
        match kind:
            case "Boolean":
                return self.pick.random() < 0.5
            case "CountryCode":
                return self._off(self.pick.choice(("VN", "cn", "DE")), "XX")
            case "HtsNumber":
                return self._off(self.pick.choice(("8471", "84", "6109.10", "847130")), "abc")
            case "DateTime":
                return self._off(f"2026-01-01T0{self.pick.randrange(9)}:00:00.123Z", "yesterday")
            case "ID":
                return self.pick.choice(self.rows.ids["Product"])
        if name == "search":
            return self.pick.choice(("steel", "pump", "100%", "_", "/", 'quotes"', "", "CAFÉ", "steel pump"))
        return self.pick.choice(self.rows.skus) if name == "skus" else self.pick.choice(("01", "11"))

    def _off(self, good: Any, bad: Any) -> Any:
        """Now and then what is refused, or is nothing."""
        if self.pick.random() < 0.02:
            self._uses["bad value"] += 1
            return bad
        return good

    def _value(self, kind: str, value: Any, declared: Any = None) -> str:
        if self.pick.random() < 0.5:
            return self._variable(kind, value)
        return self._literal(value, declared)

    def _literal(self, value: Any, declared: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(self._literal(one, declared) for one in value) + "]"
        if declared is not None and isinstance(get_named_type(declared), GraphQLEnumType) and value is not None:
            return str(value)
        return orjson.dumps(value).decode()

    def _variable(self, kind: str, value: Any) -> str:
        self._uses["variable"] += 1
        name = f"v{len(self._declared)}"
        self._declared[name] = kind
        if value is not None or self.pick.random() < 0.5:
            self._variables[name] = value
        return f"${name}"
