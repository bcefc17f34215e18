"""Writes a GraphQL response as an HTTP response in the media type the client asked for."""

from starlette.responses import Response as HttpResponse

from app.engine.operation import Response
from app.web import faults
from app.web.negotiation import GRAPHQL, JSON

_LEGACY_OK = frozenset({294, 400, 422})


def http_response(response: Response, media: str, request_id: str, *, well_formed: bool = False) -> HttpResponse:
    """The bytes, status and headers of this response.

    A legacy client (`application/json`) reads a body only of status 200, so that a request error of a `well_formed`
    request keeps 200 for it (GraphQL over HTTP, appendix on application/json); who may not ask at all, or asks too
    much, gets the same status as everybody."""
    try:
        body = response.body()
    except (TypeError, ValueError) as error:
        response = faults.internal(error, request_id)
        body = response.body()
    status = response.status
    if media == JSON and well_formed and status in _LEGACY_OK:
        status = 200
    headers = {"Vary": "Accept", **response.headers}
    if status == 401:
        headers.setdefault("WWW-Authenticate", faults.CHALLENGE)
    elif status == 405:
        headers.setdefault("Allow", "POST")
    return HttpResponse(body, status, headers, f"{media}; charset=utf-8")


def error_response(exception: Exception, request_id: str, media: str = GRAPHQL) -> HttpResponse:
    """The HTTP response of an exception: a GraphQL error object whatever the route."""
    return http_response(faults.response_to(exception, request_id), media, request_id)
