"""The schema as a contract: described to the last enum value, equal to its snapshot, and null
wherever a scope can take a value away."""

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
)

from app.engine.scopes import declared, missing_for, of_type
from app.principal import SCOPES
from schema import build_schema

BUILT = build_schema()
SCHEMA = BUILT._schema
OURS = {name: named for name, named in SCHEMA.type_map.items() if not name.startswith("__")}
SNAPSHOT = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_every_type_field_argument_and_enum_value_has_a_description() -> None:
    bare: list[str] = []
    for name, named in OURS.items():
        if name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not named.description:
            bare.append(name)
        if isinstance(named, GraphQLEnumType):
            bare += [f"{name}.{value}" for value, spec in named.values.items() if not spec.description]
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field, spec in named.fields.items():
                if not spec.description:
                    bare.append(f"{name}.{field}")
                for argument, taken in getattr(spec, "args", {}).items():
                    if not taken.description:
                        bare.append(f"{name}.{field}({argument})")

    assert bare == []


def test_the_sdl_snapshot_is_up_to_date() -> None:
    assert SNAPSHOT.read_text(encoding="utf-8").rstrip("\n") == BUILT.as_str().rstrip("\n")


def test_scopes_named_in_the_schema_are_on_the_closed_list() -> None:
    named: set[str] = set()
    for part in OURS.values():
        for alternative in declared(part):
            named |= alternative
        for field in getattr(part, "fields", {}).values():
            if hasattr(field, "args"):
                for alternative in declared(field):
                    named |= alternative

    assert named <= SCOPES.keys()
    assert {"products:read", "shipments:read", "classifications:read", "entries:read", "tariff:read"} <= named


def test_a_value_that_a_scope_can_take_away_is_nullable() -> None:
    rigid: list[str] = []
    for name, named in OURS.items():
        if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType) or name == "Mutation":
            continue
        for field_name, field in named.fields.items():
            if not isinstance(field.type, GraphQLNonNull) or name == "Subscription":
                continue
            objects = SCHEMA.get_implementations(named).objects if isinstance(named, GraphQLInterfaceType) else [named]
            reachable = [held for object_type in objects for held in of_type(object_type)] or [frozenset()]
            if any(missing_for(field, held) for held in reachable) and not name.endswith(("Connection", "Edge")):
                rigid.append(f"{name}.{field_name}: {field.type}")

    assert rigid == []


def test_money_and_trading_partners_need_commercial_read() -> None:
    public = [
        f"{name}.{field_name}"
        for name, named in OURS.items()
        if isinstance(named, GraphQLObjectType)
        for field_name, field in named.fields.items()
        if get_named_type(field.type).name == "Money"
        and not declared(field)
        and not name.startswith(("Duty", "EntryTotals"))
    ]

    assert public == []
