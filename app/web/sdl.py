"""GET /schema.graphql: the schema as text, as far as the caller's scopes reach; GET /schema/events.json: the JSON
Schema of every kind of event, which tells nothing of anybody and needs no token."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.responses import Response as HttpResponse

from app.events.schemas import all_schemas
from app.web.answers import error_response
from app.web.ports import Authenticator, Engine
from app.web.record import record_of

_NAMED = {"Content-Disposition": 'inline; filename="schema.graphql"', "Vary": "Authorization, Cookie"}


class SchemaEndpoint:
    """One route; faults come back as GraphQL errors."""

    def __init__(self, engine: Engine, authenticator: Authenticator) -> None:
        self._engine = engine
        self._authenticator = authenticator

    async def get(self, request: Request) -> HttpResponse:
        """200 text/plain, named schema.graphql where it is saved; 401 and 403 as the engine says."""
        record = record_of(request.scope)
        try:
            principal = await self._authenticator.authenticate(request.headers.get("authorization"))
            if principal is not None:
                record.organisation_id = principal.organisation_id
            return PlainTextResponse(self._engine.sdl(principal), headers=_NAMED)
        except Exception as error:
            return error_response(error, record.request_id)


async def event_schemas(_request: Request) -> HttpResponse:
    """200 application/json, an object by the kind's name."""
    return JSONResponse(all_schemas())
