"""One socket that speaks graphql-transport-ws, from accept to close: handshake, operations, pings, expiry, bounds.
One task reads; each operation has a task of its own; nothing outlives `run`."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.clock import Clock
from app.delivery.broadcast import Membership
from app.engine.operation import Operation, Response
from app.errors import Forbidden, Throttled, Timeout, Unauthenticated
from app.principal import Principal
from app.telemetry import Metrics, logger
from app.web import faults, messages
from app.web.cancellation import stop
from app.web.clients import Clients
from app.web.drain import SERVICE_RESTART
from app.web.messages import ProtocolError, error_frame, frame
from app.web.negotiation import prefers_reject
from app.web.ports import Authenticator, Delivery, Documents
from app.web.raw import raw_of
from app.web.record import RequestRecord
from app.web.settings import WebSettings
from app.web.sinks import PlainSink, RawSink, SocketSink

log = logger("tidegate.sockets")

_CLOSE_SECONDS = 1.0
_SILENT_SECONDS = 60.0
_LEFT = 1006


class Connection:
    """Built for one accepted upgrade. `end` may be called at any time from the event loop's thread."""

    def __init__(
        self,
        websocket: WebSocket,
        record: RequestRecord,
        *,
        delivery: Delivery,
        authenticator: Authenticator,
        settings: WebSettings,
        documents: Documents,
        clients: Clients,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._websocket = websocket
        self._record = record
        self._delivery = delivery
        self._authenticator = authenticator
        self._settings = settings
        self._documents = documents
        self._clients = clients
        self._clock = clock
        self._metrics = metrics
        self._raw = raw_of(websocket.scope)
        self._principal: Principal | None = None
        self._initialised = False
        self._deadline: asyncio.Timeout | None = None
        self._closing: tuple[int, str] | None = None
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._active: dict[str, asyncio.Task[None] | Membership] = {}
        self._ping_timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._pinging: asyncio.Task[None] | None = None
        self.operations = 0
        """How many operations this socket has begun."""

    @property
    def close_code(self) -> int:
        """The code the socket was closed with, by whichever side; 1006 while it is open."""
        return _LEFT if self._closing is None else self._closing[0]

    async def run(self) -> None:
        """Speaks the protocol until one side ends; never raises for the peer's doing."""
        await self._websocket.accept(subprotocol=messages.SUBPROTOCOL)
        if self._raw is not None:
            self._raw.accepted()
        if self._closing is not None:
            await self._finish(farewell=True)
            return
        self._deadline = asyncio.timeout(self._settings.socket_init_timeout_seconds)
        farewell = True
        try:
            async with self._deadline:
                farewell = await self._read()
        except ProtocolError as error:
            self._closing = self._closing or (error.code, error.reason)
        except TimeoutError:
            self._closing = self._closing or self._overdue()
        except Exception as error:
            faults.internal(error, self._record.request_id)
            self._closing = (messages.INTERNAL, "Internal server error")
        finally:
            await self._finish(farewell)

    def end(self, code: int, reason: str) -> None:
        """Closes the socket with this code, soon; the first call wins. At a restart the reason says after which cursor
        every subscription of the socket can resume."""
        if self._closing is None:
            shared = [one for one in self._active.values() if isinstance(one, Membership)]
            if code == SERVICE_RESTART and shared:
                reason = f"{reason}; resume after {min(shared, key=lambda one: one.position).cursor}"
            self._closing = (code, messages.short_reason(reason))
            if self._deadline is not None and not self._deadline.expired():
                self._deadline.reschedule(asyncio.get_running_loop().time())

    async def _read(self) -> bool:
        """Handles messages until the peer has gone: then False, there is nobody left to say farewell to."""
        largest = self._settings.max_socket_message_bytes
        while True:
            message = await self._websocket.receive()
            self._heard_at = asyncio.get_running_loop().time()
            if message["type"] == "websocket.disconnect":
                self._closing = self._closing or (message.get("code") or _LEFT, message.get("reason") or "")
                return False
            text = message.get("text")
            if text is None:
                raise ProtocolError(messages.BAD_REQUEST, "Binary messages are not part of the protocol")
            if len(text) > largest or (len(text) * 4 > largest and len(text.encode()) > largest):
                raise ProtocolError(messages.TOO_BIG, f"A message may have {largest} bytes")
            await self._handle(
                messages.parse_message(
                    text, depth=self._settings.max_json_depth, id_length=self._settings.max_socket_id_length
                )
            )

    async def _handle(self, message: messages.Message) -> None:
        match message:
            case messages.Init(payload):
                await self._initialise(payload)
            case messages.Ping(payload):
                await self.send(frame("pong", payload=payload))
            case messages.Pong():
                pass
            case messages.Subscribe():
                await self._subscribe(message)
            case messages.Complete(id):
                await self._complete(id)

    async def _initialise(self, payload: messages.Payload) -> None:
        if self._initialised:
            raise ProtocolError(messages.TOO_MANY_INITS, "Too many initialisation requests")
        self._initialised = True
        principal = await self._authenticate(payload)
        if not self._clients.admit(principal, self):
            raise ProtocolError(messages.TRY_AGAIN, "This client has as many sockets open as it may")
        loop = asyncio.get_running_loop()
        until = None if principal.expires_at is None else loop.time() + self._seconds_to(principal.expires_at)
        self._principal = principal
        self._record.organisation_id = principal.organisation_id
        if self._deadline is not None and self._closing is None and not self._deadline.expired():
            self._deadline.reschedule(until)
        await self.send(frame("connection_ack"))
        self._schedule_ping()

    async def _authenticate(self, payload: messages.Payload) -> Principal:
        """The principal of the payload's token, else of the upgrade's header; raises ProtocolError 4401 or 4403."""
        authorization = (payload or {}).get("authorization")
        if authorization is None:
            authorization = self._websocket.headers.get("authorization")
        if authorization is not None and not isinstance(authorization, str):
            raise ProtocolError(messages.FORBIDDEN, "The authorization must be a string")
        try:
            principal = await self._authenticator.authenticate(authorization)
        except (Unauthenticated, Forbidden) as error:
            raise ProtocolError(messages.FORBIDDEN, error.message) from None
        if principal is None:
            raise ProtocolError(messages.UNAUTHORIZED, "Send a token as connection_init.payload.authorization")
        if principal.expires_at is not None and self._seconds_to(principal.expires_at) <= 0:
            raise ProtocolError(messages.FORBIDDEN, "The token has expired")
        return principal

    async def _subscribe(self, message: messages.Subscribe) -> None:
        if self._principal is None:
            raise ProtocolError(messages.UNAUTHORIZED, "Unauthorized")
        if message.id in self._active:
            raise ProtocolError(messages.SUBSCRIBER_EXISTS, f"Subscriber for {message.id} already exists")
        self.operations += 1
        request_id = f"{self._record.request_id}-{self.operations}"
        if len(self._active) >= self._settings.max_socket_operations:
            limit = self._settings.max_socket_operations
            refused = faults.refusal(Throttled(f"A socket may have {limit} operations open."), request_id)
            await self.send(error_frame(message.id, refused.errors))
            return
        self._active[message.id] = self.spawn(self._operate(message, self._principal, request_id))

    async def _complete(self, id: str) -> None:  # noqa: A002
        running = self._active.pop(id, None)
        if isinstance(running, Membership):
            self._leave(running)
        elif running is not None:
            await stop((running,), self._settings.cancel_grace_seconds)

    async def _operation(self, message: messages.Subscribe, principal: Principal, request_id: str) -> Operation:
        return Operation(
            document=await self._documents.text(message.request.asked, principal),
            variables=message.request.variables,
            operation_name=message.request.operation_name,
            principal=principal,
            request_id=request_id,
            reject=self._settings.reject_missing_scopes or prefers_reject(self._websocket.headers.getlist("prefer")),
            explain=message.request.explain,
        )

    async def _operate(self, message: messages.Subscribe, principal: Principal, request_id: str) -> None:
        """Sends what the operation yields; the id is free again before its last message leaves. A shared subscription
        goes on by itself once it has begun."""
        self._metrics.subscriptions_open.inc()
        shared, id = False, message.id  # noqa: A001
        try:
            operation = await self._operation(message, principal, request_id)
            sink = self._sink(id, request_id)
            outcome = await self._join(operation, sink)
            if isinstance(outcome, Membership):
                shared = self._begin(id, sink, outcome)
                return
            last = await self._relay(id, outcome)
        except Exception as error:
            last = error_frame(id, faults.response_to(error, request_id).errors)
        finally:
            if not shared:
                self._metrics.subscriptions_open.dec()
        if self._owns(id):
            del self._active[id]
            await self.send(last)

    def _sink(self, id: str, request_id: str) -> SocketSink:  # noqa: A002
        if self._raw is None:
            return PlainSink(self, id, request_id)
        return RawSink(self, id, request_id, self._raw)

    async def _join(self, operation: Operation, sink: SocketSink) -> Response | Membership | AsyncIterator[Response]:
        seconds = self._settings.execution_timeout_seconds
        scope = asyncio.timeout(seconds)
        try:
            async with scope:
                return await self._delivery.join(operation, sink)  # type: ignore[arg-type]  # a sink of either kind
        except TimeoutError:
            if not scope.expired():
                raise
            raise Timeout(f"The operation took longer than {seconds:g} seconds and was cancelled.") from None

    def _begin(self, id: str, sink: SocketSink, membership: Membership) -> bool:  # noqa: A002
        """Lets frames come, unless the client has taken the operation back meanwhile."""
        if not self._owns(id) or self._closing is not None:
            return False
        sink.membership = membership
        self._active[id] = membership
        membership.begin()
        return True

    def _leave(self, membership: Membership) -> None:
        membership.end()
        self._metrics.subscriptions_open.dec()

    def break_off(self, id: str, error: dict[str, Any]) -> None:  # noqa: A002
        """Ends a shared subscription with an error."""
        membership = self._active.pop(id, None)
        if isinstance(membership, Membership):
            self._leave(membership)
            self.spawn(self.send(error_frame(id, [error])))

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs something that ends with the connection."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _relay(self, id: str, outcome: Response | AsyncIterator[Response]) -> str:  # noqa: A002
        """Sends each response; returns the message that ends the operation."""
        if isinstance(outcome, Response):
            if not outcome.executed:
                return error_frame(id, outcome.errors)
            if self._owns(id):
                await self.send(frame("next", id=id, payload=outcome.payload()))
            return frame("complete", id=id)
        begun = False
        try:
            async for response in outcome:
                if not response.executed and not begun:
                    return error_frame(id, response.errors)
                begun = True
                if self._closing is not None or not self._owns(id):
                    break
                await self.send(frame("next", id=id, payload=response.payload()))
                if not response.executed:
                    break
                # A source that always has more, to a peer that always reads, would keep the loop to itself.
                await asyncio.sleep(0)
        finally:
            close = getattr(outcome, "aclose", None)
            if close is not None:
                await close()
        return frame("complete", id=id)

    def _owns(self, id: str) -> bool:  # noqa: A002
        """Whether the running task still is the operation of this id: the client may have completed it, and even
        have given the id to another one."""
        return self._active.get(id) is asyncio.current_task()

    async def send(self, text: str) -> None:
        """Sends in turn; a peer that does not read for the setting's time is closed with 1013. Memory stays bounded:
        each operation waits with one message, and its source waits with it."""
        async with self._sending:
            if self._closing is not None:
                return
            try:
                async with asyncio.timeout(self._settings.socket_send_timeout_seconds):
                    await self._websocket.send_text(text)
            except TimeoutError:
                self.end(messages.TRY_AGAIN, "The messages are not read fast enough")
            except (WebSocketDisconnect, RuntimeError):
                self.end(_LEFT, "")

    def _schedule_ping(self) -> None:
        loop = asyncio.get_running_loop()
        self._ping_timer = loop.call_later(self._settings.socket_ping_seconds, self._ping)

    def _ping(self) -> None:
        """A peer that has gone without a word answers no ping; 1013 lets one that is only slow come back."""
        patience = max(_SILENT_SECONDS, 3 * self._settings.socket_ping_seconds)
        if asyncio.get_running_loop().time() - self._heard_at > patience:
            self.end(messages.TRY_AGAIN, "The pings are not answered")
        if self._closing is None:
            if self._pinging is None or self._pinging.done():
                ping = frame("ping", payload={"at": self._clock().isoformat()})
                self._pinging = asyncio.create_task(self.send(ping))
            self._schedule_ping()

    def _seconds_to(self, moment: datetime) -> float:
        return (moment - self._clock()).total_seconds()

    def _overdue(self) -> tuple[int, str]:
        if self._principal is None:
            return messages.INIT_TIMEOUT, "Connection initialisation timeout"
        return messages.FORBIDDEN, "The token has expired"

    async def _finish(self, farewell: bool) -> None:
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        for running in list(self._active.values()):
            if isinstance(running, Membership):
                self._leave(running)
        if self._principal is not None:
            self._clients.release(self._principal, self)
        if farewell and self.close_code != _LEFT:
            code, reason = self._closing or (messages.INTERNAL, "")
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self._websocket.close(code, reason)
            except (TimeoutError, WebSocketDisconnect, RuntimeError):
                log.debug("socket.farewell_lost", request_id=self._record.request_id)
        tasks = self._tasks if self._pinging is None else {*self._tasks, self._pinging}
        await stop(tuple(tasks), self._settings.cancel_grace_seconds)
