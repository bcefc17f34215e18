"""The core of the graph as a contract: every name, argument, default, nullability, enum value and scope of
`core.graphql` is in the graph as it stands there, what is not is listed with its reason, and operations written
against the core alone are valid."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    Node,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    build_schema,
    parse,
    print_ast,
    validate,
)

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHARED = ROOT.parent / "shared" / "design" / "graph.graphql"
CORE = parse((HERE / "core.graphql").read_text(encoding="utf-8"), no_location=True)
GRAPH = parse((ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8"), no_location=True)
DEEP = 4

LACKING = {
    "ClassifyInput",
    "ClassifyResult",
    "Entry.messages",
    "Entry.wcoDeclaration",
    "Mutation.classificationRequest",
    "Query.auditLog",
    "Query.batches",
    "Query.classify",
    "Query.rulings",
    "Query.webhookEndpoints",
    "Subscription.rulingPublished",
    "TariffLine.rulings",
}
"""What this version lacks of the core; ARCHITECTURE.md says why. Whoever ships one takes it off both lists."""

COMPOSITE = (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)
FIELDED = (*COMPOSITE, InputObjectTypeDefinitionNode)


def types(document: DocumentNode) -> dict[str, TypeDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, TypeDefinitionNode)}


def directives(document: DocumentNode) -> set[str]:
    return {f"@{node.name.value}" for node in document.definitions if node.kind == "directive_definition"}


def default(node: InputValueDefinitionNode) -> str | None:
    """Absent and null are the same to callers of a nullable argument."""
    return (
        None if node.default_value is None or print_ast(node.default_value) == "null" else print_ast(node.default_value)
    )


def taken(node: Node) -> Iterator[tuple[str, str, str | None]]:
    for argument in getattr(node, "arguments", None) or ():
        yield argument.name.value, print_ast(argument.type), default(argument)


def scopes(node: Node) -> set[frozenset[str]]:
    for directive in getattr(node, "directives", None) or ():
        if directive.name.value == "requiresScopes":
            return {
                frozenset(re.findall(r"[\w:]+", part)) for part in re.findall(r"\[([^\[\]]+)\]", print_ast(directive))
            }
    return set()


def of_field(place: str, core: FieldDefinitionNode | InputValueDefinitionNode, ours: Node) -> Iterator[str]:
    wanted, found = print_ast(core.type), print_ast(ours.type)
    if wanted != found:
        yield f"{place} is {found}, not {wanted}"
    if isinstance(core, InputValueDefinitionNode) and default(core) != default(ours):
        yield f"{place} defaults to {default(ours)}, not {default(core)}"
    held = {name: (type_, value) for name, type_, value in taken(ours)}
    for name, type_, value in taken(core):
        if held.pop(name, None) != (type_, value):
            yield f"{place}({name}:) is not {type_} = {value}"
    yield from (
        f"{place}({name}:) is required" for name, (type_, value) in held.items() if type_[-1] == "!" and not value
    )
    if scopes(core) and scopes(core) != scopes(ours):
        yield f"{place} needs {scopes(ours)}, not {scopes(core)}"


def of_type(name: str, core: TypeDefinitionNode, ours: TypeDefinitionNode) -> Iterator[str]:
    if core.kind != ours.kind:
        yield f"{name} is another kind of type"
    elif isinstance(core, EnumTypeDefinitionNode):
        held = {value.name.value for value in ours.values}
        yield from (f"{name}.{value.name.value} is lost" for value in core.values if value.name.value not in held)
    elif isinstance(core, FIELDED):
        held = {field.name.value: field for field in ours.fields}
        if {one.name.value for one in getattr(core, "interfaces", None) or ()} - {
            one.name.value for one in getattr(ours, "interfaces", None) or ()
        }:
            yield f"{name} lost an interface"
        if {one.name.value for one in core.directives or ()} & {"oneOf"} - {
            one.name.value for one in ours.directives or ()
        }:
            yield f"{name} is not @oneOf"
        if scopes(core) != scopes(ours):
            yield f"{name} needs {scopes(ours)}, not {scopes(core)}"
        for field in core.fields:
            place = f"{name}.{field.name.value}"
            if field.name.value not in held:
                yield f"{place} is lost"
            else:
                yield from of_field(place, field, held[field.name.value])
        if isinstance(core, InputObjectTypeDefinitionNode):
            more = held.keys() - {field.name.value for field in core.fields}
            yield from (
                f"{name}.{one} is required"
                for one in more
                if print_ast(held[one].type)[-1] == "!" and not default(held[one])
            )


def differences(ours: DocumentNode) -> set[str]:
    found = {f"{name} is lost" for name in directives(CORE) - directives(ours)}
    held = types(ours)
    for name, node in types(CORE).items():
        found |= set(of_type(name, node, held[name])) if name in held else {f"{name} is lost"}
    return found


def test_the_graph_is_the_core_but_for_what_is_listed() -> None:
    assert differences(GRAPH) == {f"{one} is lost" for one in LACKING}


@pytest.mark.parametrize("one", sorted(LACKING))
def test_what_is_lacking_is_listed_with_its_reason(one: str) -> None:
    page = (ROOT / "app" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^\*\*What the core names and this version lacks\*\*.*?(?=^\*\*)", page, re.M | re.S)
    assert f"`{one}`" in listed


@pytest.mark.parametrize(
    ("here", "instead", "said"),
    [
        ("  sku: String!", "  sku: String", "Product.sku is String, not String!"),
        (
            'currency: CurrencyCode = "USD"',
            'currency: CurrencyCode! = "USD"',
            "DutyQuoteInput.currency is CurrencyCode!, not CurrencyCode",
        ),
        ('type: String = "01"', 'type: String = "11"', 'EntryDraftInput.type defaults to "11", not "01"'),
        ("first: Int = 50", "first: Int = 20", "Query.events(first:) is not Int = 50"),
        ("  SUMMARY_REJECTED\n", "  SUMMARY_REFUSED\n", "EntryStatus.SUMMARY_REJECTED is lost"),
        (
            'Product implements Node @requiresScopes(scopes: [["products:read"]])',
            "Product implements Node",
            "Product needs set(), not {frozenset({'products:read'})}",
        ),
        ("input ProductBy @oneOf", "input ProductBy", "ProductBy is not @oneOf"),
    ],
)
def test_a_difference_is_found(here: str, instead: str, said: str) -> None:
    text = print_ast(GRAPH)
    assert here in text
    assert said in differences(parse(text.replace(here, instead), no_location=True))


@pytest.mark.skipif(not SHARED.exists(), reason="the core's text is not on this machine")
def test_the_condensed_core_says_what_the_core_says() -> None:
    text = re.sub(r"#.*", "", SHARED.read_text(encoding="utf-8"))
    text = text.replace("…paging", "first: Int, after: String, last: Int, before: String")
    text = re.sub(r"^ +(webhookEndpointCreate|apiKeyCreate) /.*$", "", text, flags=re.M)
    held = types(CORE)
    for name, node in types(parse(text, no_location=True)).items():
        assert name in held
        assert [one for one in of_type(name, node, held[name]) if " needs " not in one] == []


def test_operations_written_against_the_core_alone_are_valid() -> None:
    graph = build_schema(print_ast(GRAPH))
    documents = [*operations()]
    assert len(documents) > 30
    assert {text: errors for text in documents if (errors := validate(graph, parse(text)))} == {}


def operations() -> Iterator[str]:
    """One for each root field: every argument by a variable of the core's own type, every field it leads to."""
    for root in ("Query", "Mutation", "Subscription"):
        for field in types(CORE)[root].fields:
            if f"{root}.{field.name.value}" not in LACKING:
                variables = ", ".join(f"${name}: {type_}" for name, type_, _ in taken(field))
                given = ", ".join(f"{name}: ${name}" for name, _, _ in taken(field))
                asked = f"{field.name.value}{f'({given})' if given else ''} {selection(field.type, DEEP)}"
                yield f"{root.lower()} Asked{f'({variables})' if variables else ''} {{ {asked} }}"


def named(type_: Node) -> str:
    return re.sub(r"[\[\]!]", "", print_ast(type_))


def selection(type_: Node, depth: int) -> str:
    """The fields below that need no argument, as deep as asked."""
    name = named(type_)
    node = types(CORE).get(name)
    if not isinstance(node, COMPOSITE):
        return "{ __typename }" if isinstance(types(GRAPH).get(name), COMPOSITE) else ""
    below = [
        f"{field.name.value} {selection(field.type, depth - 1)}"
        for field in node.fields
        if f"{node.name.value}.{field.name.value}" not in LACKING
        and not any(kind[-1] == "!" for _, kind, _ in taken(field))
        and (depth > 1 or not isinstance(types(GRAPH).get(named(field.type)), COMPOSITE))
    ]
    return f"{{ __typename {' '.join(below)} }}"


def test_every_mutation_answers_with_its_own_faults_and_may_be_repeated() -> None:
    held = types(GRAPH)
    for field in held["Mutation"].fields:
        name = field.name.value[0].upper() + field.name.value[1:]
        ((argument, given, _),) = taken(field)
        assert argument == "input"
        assert given in (f"{name}Input!", "DutyQuoteInput!")
        assert print_ast(field.type) == f"{name}Payload!"
        answered = {one.name.value: print_ast(one.type) for one in held[f"{name}Payload"].fields}
        assert answered["userErrors"] == f"[{name}UserError!]!"
        assert {one.name.value: print_ast(one.type) for one in held[f"{name}UserError"].fields} == {
            "code": f"{name}ErrorCode!",
            "field": "[String!]",
            "message": "String!",
            "retryable": "Boolean!",
        }
        inputs = {one.name.value: print_ast(one.type) for one in held[given.rstrip("!")].fields}
        assert inputs["idempotencyKey"] == "String"
        if name.endswith(("Update", "Archive")):
            assert inputs["expectedVersion"] == "Int"
