"""Objects that are made of a row's own columns: ports, rates, money."""

from typing import TYPE_CHECKING

from graphql import GraphQLObjectType

from app.engine.lane.inputs import InPython, NotPlannable
from app.engine.planning.fields import Nodes
from app.store.json_tree import Fixed, Known, Member, Members, Path, Scalar

if TYPE_CHECKING:
    from app.engine.lane.compile import Compiler


def port_members(compiler: "Compiler", kind: GraphQLObjectType, by: str, nodes: Nodes) -> Members:
    """What the packaged list of ports says of the code in the column `by`. Raises NotPlannable."""
    found: list[Member] = []
    for key, inner in compiler.collect(kind, [node.selection_set for node in nodes]).items():
        match inner[0].name.value:
            case "__typename":
                found.append(Member(key, Fixed(kind.name)))
            case "code":
                found.append(Member(key, Scalar(Path(by), "text")))
            case "name" | "country" as what:
                found.append(Member(key, Known(by, what)))
            case other:
                raise NotPlannable(f"{kind.name}.{other}")
    return tuple(found)


def rate_members(compiler: "Compiler", kind: GraphQLObjectType, column: str, nodes: Nodes) -> Members:
    """A rate, of which SQL knows the text. Raises NotPlannable."""
    found: list[Member] = []
    for key, inner in compiler.collect(kind, [node.selection_set for node in nodes]).items():
        match inner[0].name.value:
            case "__typename":
                found.append(Member(key, Fixed(kind.name)))
            case "text":
                found.append(Member(key, Scalar(Path(column), "text", required=True)))
            case other:
                raise InPython(f"{kind.name}.{other} is worked out in Python")
    return tuple(found)


def money_members(compiler: "Compiler", kind: GraphQLObjectType, amount: Path, currency: Path, nodes: Nodes) -> Members:
    """An amount with its currency. Raises NotPlannable."""
    found: list[Member] = []
    for key, inner in compiler.collect(kind, [node.selection_set for node in nodes]).items():
        name = inner[0].name.value
        if name == "__typename":
            found.append(Member(key, Fixed(kind.name)))
        elif name == "amount":
            found.append(Member(key, Scalar(amount, "decimal", places=2)))
        elif name == "currency":
            found.append(Member(key, Scalar(currency, "text", required=True)))
        else:
            raise NotPlannable(f"{kind.name}.{name}")
    return tuple(found)
