"""The upgrade to a socket on /graphql: origin, drain, the count of sockets and the subprotocol. What is said on the
socket is the connection's matter."""

import time

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.clock import Clock
from app.errors import TidegateError
from app.telemetry import Metrics, logger
from app.web import faults, messages
from app.web.answers import error_response
from app.web.clients import Clients
from app.web.connection import Connection
from app.web.drain import Drain
from app.web.origins import OriginPolicy
from app.web.ports import Authenticator, Delivery, Documents
from app.web.record import record_of
from app.web.settings import WebSettings

log = logger("tidegate.sockets")


class SocketEndpoint:
    """An ASGI application for WebSocket upgrades."""

    def __init__(
        self,
        delivery: Delivery,
        authenticator: Authenticator,
        settings: WebSettings,
        *,
        documents: Documents,
        origins: OriginPolicy,
        drain: Drain,
        clients: Clients,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._delivery = delivery
        self._authenticator = authenticator
        self._settings = settings
        self._documents = documents
        self._origins = origins
        self._drain = drain
        self._clients = clients
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        refusal = self._refusal(websocket)
        if refusal is not None:
            await self._deny(websocket, refusal)
        elif messages.SUBPROTOCOL not in scope.get("subprotocols", []):
            await websocket.accept()
            await websocket.close(messages.SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
        else:
            await self._serve(websocket)

    async def _serve(self, websocket: WebSocket) -> None:
        record = record_of(websocket.scope)
        connection = Connection(
            websocket,
            record,
            delivery=self._delivery,
            authenticator=self._authenticator,
            settings=self._settings,
            documents=self._documents,
            clients=self._clients,
            clock=self._clock,
            metrics=self._metrics,
        )
        started = time.perf_counter()
        self._drain.add(connection)
        self._metrics.sockets_open.inc()
        try:
            await connection.run()
        finally:
            self._drain.remove(connection)
            self._metrics.sockets_open.dec()
            log.info(
                "socket.closed",
                code=connection.close_code,
                ms=round((time.perf_counter() - started) * 1000, 2),
                operations=connection.operations,
                request_id=record.request_id,
                organisation=record.organisation_id,
            )

    def _refusal(self, websocket: WebSocket) -> TidegateError | None:
        if not self._origins.permits(websocket.headers):
            return faults.foreign_origin()
        if self._drain.started:
            return faults.Unavailable("The gateway restarts; come back in a moment.")
        if self._drain.open_sockets >= self._settings.max_sockets:
            return faults.Unavailable("The gateway has as many sockets open as it may.")
        return None

    async def _deny(self, websocket: WebSocket, refusal: TidegateError) -> None:
        """Answers the upgrade with a status instead of a socket, where the server can."""
        response: HttpResponse = error_response(refusal, record_of(websocket.scope).request_id)
        if "websocket.http.response" in websocket.scope.get("extensions", {}):
            await websocket.send_denial_response(response)
        else:
            await websocket.close(messages.TRY_AGAIN if isinstance(refusal, faults.Unavailable) else 1008)
