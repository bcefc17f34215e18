"""uvicorn's HTTP protocol with the short way inside: a request that arrives whole and is out of nothing's ordinary is
answered where it was parsed. Anything else goes on to ASGI as if this were not here, as `--portable` makes it go."""

import asyncio
import re
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import Timeout
from app.web.quick import ANSWER, ASKED, FAULT, Answer, Head, ShortWay, Waiting, plain_headers
from app.web.record import BEGUN, HANGUP, RequestRecord

_OK = b"HTTP/1.1 200 OK\r\n"
_PATH = b"/graphql"
_SHORT = 16 * 1024  # that copying it is cheaper than writing twice
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,7})\r\n", re.IGNORECASE)
_LONGEST_HEAD = 4_096
_MOST_HEADS = 4
_MOST_AHEAD = 64 * 1024  # bytes a client may send ahead of an answer


class DirectProtocol(HttpToolsProtocol):
    """Holds back a plain request between its head and its end; whatever happens in between makes it an ordinary one,
    told to uvicorn late but within the same read. A head that this connection has sent before, byte for byte, is not
    parsed again: the parser stands between two messages and need not hear of one that is answered here."""

    _short: ShortWay | None
    # of the message that the parser is in: its head where it is held back, its body so far, when it began
    _plain: Head | None = None
    _body = b""
    _started = 0.0
    # of the read: its bytes, when it came where it had to wait, and whether a message of it was answered here
    _data = b""
    _arrived: float | None = None
    _answered = False
    # of a message that was tried before it is parsed: what came of it
    _tried = False
    _made: Answer | None = None
    _fault: Timeout | None = None
    _begun: tuple[RequestRecord, float] | None = None
    # of the connection: whether the parser is between two messages, when the last answer from here was written, what
    # is waited for, what came in the meantime, and whether it ends after that
    _between = True
    _last = float("-inf")
    _waiting: "asyncio.Task[None] | None" = None
    _postponed = False
    _ahead = b""
    _ends = False
    # an answer that is written at the end of the loop's turn
    _held = b""
    # the status line and the server's own header lines as they are written, and the list these were made of
    _opening = b""
    _lines_of: object = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._short = short_way_of(self.app)
        self._known: list[tuple[bytes, bytes, Head]] = []

    def data_received(self, data: bytes) -> None:
        """What comes while an answer is waited for has its turn after it, and what comes in a full turn in another."""
        if self._waiting is not None or self._postponed:
            self._ahead += data
            if len(self._ahead) > _MOST_AHEAD:
                self.flow.pause_reading()
        elif self._between and self._short is not None and self._short.turns.full:
            self._postponed, self._ahead, self._arrived = True, data, time.perf_counter()
            self._short.turns.later(self._go_on)
        else:
            self._read(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops what nobody waits for any more."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting, self._ahead, self._held = None, b"", b""
        self._known.clear()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """The peer sends no more, but may still read."""
        self.let_out()
        super().eof_received()

    def shutdown(self) -> None:
        """Closes the connection after the answer that is waited for."""
        self.let_out()
        self._ends = True
        if self._waiting is None and not self._postponed:
            super().shutdown()

    def _go_on(self) -> None:
        """Reads what came in the meantime."""
        ahead, self._ahead, self._postponed = self._ahead, b"", False
        if self.transport.is_closing():
            return
        if len(ahead) > _MOST_AHEAD:
            self.flow.resume_reading()
        if ahead:
            self._read(ahead)
        if self._ends and self._waiting is None:
            self.let_out()
            super().shutdown()

    def let_out(self) -> None:
        """Writes what was held back."""
        held, self._held = self._held, b""
        if held and not self.transport.is_closing():
            self.transport.write(held)

    def _read(self, data: bytes) -> None:
        if self._held:
            self.let_out()
        self._answered = False
        if not (self._between and self._known and self._is_next() and self._again(data)):
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        """A body that is still under way at the end of a read is read the ordinary way."""
        self._data = data if self._between else b""
        super().data_received(data)
        self._data, self._tried, self._made, self._fault, self._begun = b"", False, None, None, None
        self._arrived = None
        if self._plain is not None:
            self._let_go()

    def on_message_begin(self) -> None:
        """The parser is within a message."""
        self._between = False
        self._unset_keepalive_if_required()  # an answer before it in this read has set it
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Holds the request back where it may be answered here."""
        if self._short is None or not self._is_next() or (self._answered and self._short.turns.full):
            return super().on_headers_complete()
        if self.url != _PATH or self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return super().on_headers_complete()
        headers = plain_headers(self.headers)
        if headers is None or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
            return super().on_headers_complete()
        head = self._short.head(headers)
        if head is None:
            return super().on_headers_complete()
        self._plain, self._body, self._started = head, b"", self._arrived or time.perf_counter()
        return None

    def on_body(self, body: bytes) -> None:
        """The body so far, or uvicorn's."""
        if self._plain is None:
            return super().on_body(body)
        self._body += body
        return None

    def on_message_complete(self) -> None:
        """Answers, or makes it an ordinary request."""
        if self._plain is None:
            self._between = not self.parser.should_upgrade()
            return super().on_message_complete()
        self._between = True
        answer: Answer | Waiting | None = self._made
        if not self._tried:
            answer = self._short.answer(self._body, self._plain, self._started)  # type: ignore[union-attr]
        if answer is not None and not self._tried:
            self._learn(self._plain)
        if isinstance(answer, Waiting):
            answer.drop()  # the parser cannot go back; the next one with this head need not come here
            answer = None
        if answer is not None and not answer.long:
            self._plain, self._answered = None, True
            return self._write(answer)
        told = {ANSWER: answer, ASKED: True, FAULT: self._fault, BEGUN: self._begun}
        self.scope.update({key: value for key, value in told.items() if value is not None})  # type: ignore[typeddict-item]
        self._let_go()
        return super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Answers from here leave a running timer as it is, so it may have to wait for the rest."""
        self.let_out()
        if self.transport.is_closing():
            return
        left = self._last + self.timeout_keep_alive - time.perf_counter()
        if (
            self._waiting is not None
            or self._postponed
            or (self.cycle is not None and not self.cycle.response_complete)
        ):
            left = self.timeout_keep_alive
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _is_next(self) -> bool:
        """Whether nothing before this request is still to be answered, and the peer reads."""
        idle = self.cycle is None or self.cycle.response_complete
        return idle and not self.pipeline and not self.flow.write_paused and self.limit_concurrency is None

    def _let_go(self) -> None:
        self._plain, body = None, self._body
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _learn(self, head: Head) -> None:
        """Remembers the bytes of a head, where the read was this one message and nothing else. The length of the body
        is all that may differ."""
        data, end = self._data, len(self._data) - len(self._body)
        if not 4 <= end <= _LONGEST_HEAD or data.find(_END) != end - 4 or data[end:] != self._body:
            return
        found = _LENGTH.search(data, 0, end)
        if found is None or int(found[1]) != len(self._body):
            return
        if len(self._known) >= _MOST_HEADS:
            self._known.clear()
        self._known.append((data[: found.start(1)], data[found.end(1) : end], head))

    def _again(self, data: bytes) -> bool:
        """Answers a request with a head that is known; False where it takes the parser after all."""
        for before, behind, head in self._known:
            if data.startswith(before):
                at = len(before)
                stop = data.find(b"\r", at, at + 8)
                if stop > at and data.startswith(behind, stop) and data[at:stop].isdigit():
                    end = stop + len(behind)
                    return len(data) - end == int(data[at:stop]) and self._quickly(data, end, head)
        return False

    def _quickly(self, data: bytes, end: int, head: Head) -> bool:
        """Answers a message, its body from `end` on."""
        started = self._arrived or time.perf_counter()
        answer = self._short.answer(data[end:], head, started)  # type: ignore[union-attr]
        if isinstance(answer, Waiting):
            self._arrived = None
            self._waiting = self.loop.create_task(self._finish(answer, data))
            self.tasks.add(self._waiting)
            self._waiting.add_done_callback(self.tasks.discard)
            return True
        if answer is None or answer.long:
            self._tried, self._made = True, answer
            return False
        self._arrived = None
        self._write(answer, alone=True)
        return True

    async def _finish(self, waiting: Waiting, data: bytes) -> None:
        """Writes an answer that was waited for, or has the message answered the ordinary way."""
        answer = fault = None
        try:
            answer = await waiting.answer()
        except Timeout as late:
            fault = late
        except asyncio.CancelledError:
            self._left(waiting)
            raise
        except Exception:
            answer = None  # met again by the ordinary way
        self._waiting = None
        if self.transport.is_closing():
            self._left(waiting)
            return
        if answer is not None and not answer.long:
            self._write(answer, alone=True)
        else:
            self._tried, self._made, self._fault = True, answer, fault
            self._begun = (waiting.record, waiting.started)
            self._parse(data)
        self._go_on()

    def _left(self, waiting: Waiting) -> None:
        """A client that hung up."""
        self._short.access.leave(waiting.record, HANGUP, time.perf_counter() - waiting.started)  # type: ignore[union-attr]

    def _write(self, answer: Answer, *, alone: bool = False) -> None:
        """A short answer to a message that came alone is written with the others of this turn."""
        if answer.packed:
            begun = time.perf_counter()
            answer.pack_now()
            self._short.turns.spend(time.perf_counter() - begun)  # type: ignore[union-attr]
        every = self.server_state.default_headers
        if every is not self._lines_of:
            self._opening, self._lines_of = _OK + b"".join([b"%b: %b\r\n" % line for line in every]), every
        head, text = answer.head(self._opening), answer.text
        self._last = now = time.perf_counter()
        if len(text) >= _SHORT:
            self.transport.writelines((head, text))
        elif alone:
            self._held = head + text
            self._short.outbox.put(self.let_out, now)  # type: ignore[union-attr]
        else:
            self.transport.write(head + text)
        self.server_state.total_requests += 1
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        self._short.access.leave(answer.record, 200, now - answer.started)  # type: ignore[union-attr]


def short_way_of(application: Any) -> ShortWay | None:
    """The short way of the application, found through whatever uvicorn wraps around it."""
    while application is not None:
        short = getattr(getattr(application, "state", None), "short", None)
        if isinstance(short, ShortWay):
            return short
        application = getattr(application, "app", None)
    return None
