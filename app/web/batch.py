"""Several operations in one body, a JSON array: run one after the other in their order, each with errors of its own.
Where a setting allows it at all; and in all they select no more root fields than one operation may."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response as HttpResponse

from app.engine.operation import Operation, Response
from app.errors import BadUserInput, Timeout, ValidationFailed
from app.web import faults
from app.web.body import GraphQLRequest, parse_body, parse_json, request_of
from app.web.ports import Engine


@dataclass(frozen=True, slots=True)
class Batch:
    """The requests of a body, in order; a fault where one of them is none."""

    items: tuple[GraphQLRequest | BadUserInput, ...]


def parse_bodies(body: bytes, depth: int, most: int) -> GraphQLRequest | Batch:
    """The request in a body, or up to `most` of them in an array; raises BadUserInput."""
    if not body.lstrip().startswith(b"[") or most == 0:
        return parse_body(body, depth)
    value = parse_json(body, depth + 1, "The body")
    assert isinstance(value, list)
    if not 0 < len(value) <= most:
        raise BadUserInput(f"A batch has 1 to {most} operations.")
    return Batch(tuple(_item(item) for item in value))


def refuse_large(engine: Engine, prepared: Sequence[Operation | Response], most_roots: int) -> None:
    """ValidationFailed, before anything runs, where the operations are more than one could be."""
    if sum(engine.root_fields(one) for one in prepared if isinstance(one, Operation)) > most_roots:
        raise ValidationFailed(f"The operations of a batch may have {most_roots} root fields in all.")


async def run_in_order(engine: Engine, prepared: Sequence[Operation | Response], done: list[Response]) -> None:
    """Adds the response to each, in order, as it is there: who stops waiting has those that were."""
    for one in prepared:
        if isinstance(one, Response):
            done.append(one)
            continue
        try:
            done.append(await engine.execute(one))
        except Exception as error:
            done.append(faults.response_to(error, one.request_id))


def timed_out(fault: Timeout, left: int, request_id: str) -> list[Response]:
    """What is said to those that were not reached, or not finished."""
    return [faults.refusal(fault, request_id) for _ in range(left)]


def batch_response(responses: Sequence[Response], media: str, request_id: str) -> HttpResponse:
    """200 with one response for each request, whatever each of them says."""
    headers = {"Vary": "Accept"}
    for response in responses:
        headers.update(response.headers)
    body = b"[" + b",".join([_body(response, request_id) for response in responses]) + b"]"
    return HttpResponse(body, 200, headers, f"{media}; charset=utf-8")


def _body(response: Response, request_id: str) -> bytes:
    try:
        return response.body()
    except (TypeError, ValueError) as error:
        return faults.internal(error, request_id).body()


def _item(value: object) -> GraphQLRequest | BadUserInput:
    if not isinstance(value, dict):
        return BadUserInput("An operation of a batch must be a JSON object.")
    try:
        return request_of(value)
    except BadUserInput as fault:
        return fault
