"""One operation, one response that streams: as GraphQL over SSE has it (distinct connections: `next`, `complete`, and
comments while there is nothing to tell), or in parts (`app.web.forms`). Whether a request may stream at all is
negotiated by `app.web.graphql`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope, Send

from app.clock import Clock
from app.delivery.broadcast import Membership
from app.delivery.frame import Frame
from app.engine.operation import Response
from app.errors import TidegateError, Unauthenticated
from app.principal import Principal
from app.telemetry import Metrics, logger
from app.web import faults
from app.web.cancellation import stop
from app.web.clients import Clients
from app.web.drain import SERVICE_RESTART, Drain
from app.web.forms import Form, headers
from app.web.settings import WebSettings

log = logger("tidegate.sse")

KEEP_ALIVE_SECONDS = 12.0

_QUEUED = 64


class EventSink:
    """What is still to be written to one stream. Frames of a group are encoded once for all of its streams."""

    __slots__ = ("_refused", "_room", "form", "membership", "queue", "request_id")

    def __init__(self, request_id: str, form: Form) -> None:
        self.form = form
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.membership: Membership | None = None
        self.request_id = request_id
        self._refused = False
        self._room = asyncio.Event()

    def offer(self, frame: Frame) -> bool:
        """Refuses while too much is waiting for the peer."""
        if self.queue.qsize() >= _QUEUED:
            self._refused = True
            return False
        if frame.errors:
            self.queue.put_nowait(self.form.message(frame.payload_for(self.request_id), frame.cursor))
        else:
            self.queue.put_nowait(self.form.framed(frame))
        return True

    def fail(self, error: dict[str, Any]) -> None:
        """The error is the last that is told."""
        self.queue.put_nowait(self.form.failure(error))
        self.queue.put_nowait(None)

    async def put(self, message: bytes) -> None:
        """Queues a message of a stream that nobody shares, as soon as there is room."""
        while self.queue.qsize() >= _QUEUED:
            self._room.clear()
            await self._room.wait()
        self.queue.put_nowait(message)

    def written(self) -> None:
        """Something has left the queue."""
        self._room.set()
        if self._refused and self.membership is not None and self.queue.qsize() < _QUEUED // 2:
            self._refused = False
            self.membership.resume()


class EventStream:
    """One response that streams. `end` may be called at any time."""

    def __init__(
        self,
        outcome: Response | Membership | AsyncIterator[Response],
        sink: EventSink,
        principal: Principal | None,
        streams: "EventStreams",
    ) -> None:
        self._outcome = outcome
        self._sink = sink
        self._principal = principal
        self._streams = streams
        self._ended = asyncio.Event()
        self._reason: TidegateError = Unauthenticated("The token has expired.")

    def end(self, code: int, reason: str) -> None:
        """Ends the stream soon."""
        self._reason = faults.Unavailable(reason) if code == SERVICE_RESTART else Unauthenticated(reason)
        self._ended.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = self._streams
        streams.drain.add(self)
        streams.metrics.subscriptions_open.inc()
        tasks = [asyncio.create_task(work) for work in (self._write(send), _gone(receive), self._over(), self._feed())]
        try:
            await asyncio.wait(tasks[:3], return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done() and tasks[0].exception() is not None:
                log.info("stream.not_read", error=type(tasks[0].exception()).__name__)
            elif not tasks[1].done():
                last = b"" if tasks[0].done() else self._farewell()
                await stop(tasks, streams.settings.cancel_grace_seconds)
                with suppress(Exception):
                    async with asyncio.timeout(1.0):
                        await send({"type": "http.response.body", "body": last, "more_body": False})
        finally:
            if isinstance(self._outcome, Membership):
                self._outcome.end()
            await stop(tasks, streams.settings.cancel_grace_seconds)
            streams.metrics.subscriptions_open.dec()
            streams.drain.remove(self)
            if self._principal is not None:
                streams.clients.release(self._principal, self)

    def _farewell(self) -> bytes:
        error = faults.refusal(self._reason, self._sink.request_id).errors[0]
        return self._sink.form.farewell(dict(error))

    async def _write(self, send: Send) -> None:
        """Writes what is queued, several at once, or a comment when nothing comes; returns after the last."""
        form, queue = self._sink.form, self._sink.queue
        await send({"type": "http.response.start", "status": 200, "headers": headers(form)})
        await self._send(send, form.opening)
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    found = [await queue.get()]
            except TimeoutError:
                await self._send(send, form.idle)
                continue
            while not queue.empty():
                found.append(queue.get_nowait())
            last = found[-1] is None
            await self._send(send, b"".join(part for part in found if part is not None))
            if last:
                return
            self._sink.written()

    async def _send(self, send: Send, body: bytes) -> None:
        async with asyncio.timeout(self._streams.settings.socket_send_timeout_seconds):
            await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _over(self) -> None:
        """Until the process drains, the client is revoked, or its token expires."""
        expires = None if self._principal is None else self._principal.expires_at
        seconds = None if expires is None else max(0.0, (expires - self._streams.clock()).total_seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()

    async def _feed(self) -> None:
        """Brings what the operation yields into the queue."""
        outcome, sink = self._outcome, self._sink
        if isinstance(outcome, Membership):
            sink.membership = outcome
            outcome.begin()
            return
        try:
            if isinstance(outcome, Response):
                sink.queue.put_nowait(sink.form.message(outcome.body(), None))
            else:
                await self._follow(outcome)
        except Exception as error:
            sink.fail(dict(faults.response_to(error, sink.request_id).errors[0]))
            return
        sink.queue.put_nowait(sink.form.complete)
        sink.queue.put_nowait(None)

    async def _follow(self, outcome: AsyncIterator[Response]) -> None:
        try:
            async for response in outcome:
                await self._sink.put(self._sink.form.message(response.body(), response.cursor))
        finally:
            close = getattr(outcome, "aclose", None)
            if close is not None:
                await close()


class EventStreams:
    """What the streams of one process share."""

    def __init__(
        self, settings: WebSettings, *, drain: Drain, clients: Clients, metrics: Metrics, clock: Clock
    ) -> None:
        self.settings = settings
        self.drain = drain
        self.clients = clients
        self.metrics = metrics
        self.clock = clock

    def full(self) -> bool:
        """Whether the process takes no more streams or sockets."""
        return self.drain.started or self.drain.open_sockets >= self.settings.max_sockets

    def stream(
        self,
        outcome: Response | Membership | AsyncIterator[Response],
        sink: EventSink,
        principal: Principal | None,
    ) -> EventStream | None:
        """The response; None where the client has as many streams as it may."""
        made = EventStream(outcome, sink, principal, self)
        if principal is not None and not self.clients.admit(principal, made):
            return None
        return made


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
