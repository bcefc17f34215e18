"""What every mutation answers with: the changed object or null, and all faults at once, each with a code of the
mutation's own list."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import strawberry

from app.engine.bindings import declare
from app.engine.context import Context, Info
from app.engine.planning.weights import ASSUMED, costing, counted
from app.engine.scopes import describe as describe_scopes
from app.engine.scopes import requires
from app.services.outcome import Outcome
from app.values import Fault
from schema.enums import DUTY_ERRORS, describe

_WORDS = DUTY_ERRORS | {
    "REQUIRED": "A value is missing.",
    "INVALID": "A value cannot be used as it is.",
    "TOO_LONG": "A text is longer than its field takes.",
    "TOO_MANY": "A list is longer than its field takes.",
    "DUPLICATE": "The same thing occurs twice.",
    "NOT_FOUND": "There is nothing of that name that the caller may see.",
    "NOT_ALLOWED": "The caller may see it but not change it.",
    "STALE": "Somebody else changed it since `expectedVersion` was read.",
    "IDEMPOTENCY_CONFLICT": "The idempotency key was used for another input within the last 24 hours.",
    "ARCHIVED": "It is archived; bring it back first.",
    "UNKNOWN_COUNTRY": "No ISO 3166-1 country has that code.",
    "UNKNOWN_CURRENCY": "No ISO 4217 currency has that code.",
    "UNKNOWN_PORT": "No port in the tables has that code.",
    "UNKNOWN_PRODUCT": "The organisation has no product with that SKU.",
    "UNKNOWN_NUMBER": "The tariff in force has no such HTS number.",
    "NOT_DECLARABLE": "Goods cannot be entered under that number; a longer one is needed.",
    "UNCLASSIFIED": "A product has no confirmed classification.",
    "TRANSITION_NOT_ALLOWED": "That status cannot follow the present one.",
    "BLOCKED": "A check blocks filing.",
    "IN_FUTURE": "The moment lies in the future.",
    "TAKEN": "The name or number is taken.",
    "ALREADY_DRAFTED": "The shipment has an entry that is neither cancelled nor rejected.",
}

WEIGHT = 100
"""What any mutation costs besides its answer: a unit of work and its commit."""


def error_code(enum: type[StrEnum], mutation: str) -> type[StrEnum]:
    """Registers a mutation's list of error codes; KeyError for a code that nobody has described."""
    return describe(enum, f"What can be wrong with `{mutation}`.", {code.name: _WORDS[code.name] for code in enum})


def fault_type(name: str, codes: type[StrEnum]) -> Any:
    """The type of a mutation's userErrors, `<Mutation>UserError`, with its own list of codes."""
    mutation = name[0].lower() + name[1:]
    error_code(codes, mutation)
    namespace: dict[str, Any] = {
        "__annotations__": {"code": codes, "field": list[str] | None, "message": str, "retryable": bool},
        "__doc__": f"A fault of {mutation}.",
        "code": strawberry.field(description="What is wrong."),
        "field": strawberry.field(description="The path into the input."),
        "message": strawberry.field(description="What is wrong and how to mend it."),
        "retryable": strawberry.field(description="Whether the same input may succeed later."),
    }
    made = type(f"{name}UserError", (), namespace)
    return strawberry.type(made, description=f"Something wrong with the input of `{mutation}`.")


@dataclass(frozen=True, slots=True)
class Changed:
    """What a mutation changes: the payload's field, its type, and the table its row is read from."""

    field: str
    type: Any
    table: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """The member of a mutation's input that lists what is to be done, and what each item of it costs."""

    member: str
    weight: int


def payload_type(name: str, fault: Any, changed: Changed) -> Any:
    """`<Mutation>Payload`: the object under its own name, and userErrors."""
    mutation = name[0].lower() + name[1:]
    annotations: dict[str, Any] = {changed.field: changed.type}
    namespace: dict[str, Any] = {
        "__doc__": f"The answer of {mutation}.",
        changed.field: strawberry.field(
            description="The changed object; null where nothing was changed.",
            directives=costing(size=ASSUMED if changed.many else None),
        ),
    }
    annotations["user_errors"] = list[fault]
    namespace["user_errors"] = strawberry.field(
        description="Everything wrong with the input; empty on success.", directives=costing(size=1)
    )
    namespace["__annotations__"] = annotations
    return strawberry.type(type(f"{name}Payload", (), namespace), description=f"The answer of `{mutation}`.")


def mutation(
    name: str,
    description: str,
    takes: type,
    changed: Changed,
    codes: type[StrEnum],
    run: Callable[[Context, Any], Awaitable["Answer"]],
    scopes: Sequence[str],
    counts: Counted | None = None,
) -> Any:
    """A mutation field: one `input`, a payload of its own, `run` between them."""
    payload = payload_type(name, fault_type(name, codes), changed)

    async def resolve(root: Any, info: Info, **arguments: Any) -> Any:
        return await run(info.context, arguments["input"])

    item = costing(counts.weight) if counts else []
    given = strawberry.argument(description="What is to be done.", directives=item)
    declare(resolve, {"input": Annotated[takes, given]}, required=True)
    size = counted(f"input.{counts.member}", *([changed.field] if changed.many else [])) if counts else None
    return strawberry.mutation(
        resolver=resolve,
        graphql_type=payload,
        description=describe_scopes(description, scopes),
        directives=[*requires(scopes), *costing(WEIGHT, size)],
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """Stands for any payload: a field that is none of its own is the changed object."""

    changed: Any
    user_errors: Sequence[Fault]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.changed


async def answer(context: Context, outcome: Outcome, table: str) -> Answer:
    """The payload of an outcome: the object as it is now, read with the caller's own sight."""
    changed = None
    if outcome.id is not None:
        changed = await context.fresh().loaders.row(table).load(outcome.id)
    return Answer(changed, outcome.faults)
