"""uvicorn's HTTP protocol with the short way inside: a request that arrives whole and is out of nothing's ordinary is
answered where it was parsed. Anything else goes on to ASGI as if this were not here, as `--portable` makes it go."""

import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.web.quick import ANSWER, Answer, Headers, ShortWay, plain_headers

_OK = b"HTTP/1.1 200 OK\r\n"
_PATH = b"/graphql"
_SHORT = 16 * 1024  # that copying it is cheaper than writing twice


class DirectProtocol(HttpToolsProtocol):
    """Holds back a plain request between its head and its end; whatever happens in between makes it an ordinary one,
    told to uvicorn late but within the same read."""

    _short: ShortWay | None
    _plain: Headers | None = None
    _body = b""
    _started = 0.0

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._short = short_way_of(self.app)

    def data_received(self, data: bytes) -> None:
        """A body that is still under way at the end of a read is read the ordinary way."""
        super().data_received(data)
        if self._plain is not None:
            self._let_go()

    def on_headers_complete(self) -> None:
        """Holds the request back where it may be answered here."""
        if self._short is None or not self._is_next():
            return super().on_headers_complete()
        if self.url != _PATH or self.parser.get_method() != b"POST" or self.parser.get_http_version() != "1.1":
            return super().on_headers_complete()
        headers = plain_headers(self.headers)
        if headers is None or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
            return super().on_headers_complete()
        self._plain, self._body, self._started = headers, b"", time.perf_counter()
        return None

    def on_body(self, body: bytes) -> None:
        """The body so far, or uvicorn's."""
        if self._plain is None:
            return super().on_body(body)
        self._body += body
        return None

    def on_message_complete(self) -> None:
        """Answers, or makes it an ordinary request."""
        if self._plain is not None:
            answer = self._short.answer(self._body, self._plain, self._started)  # type: ignore[union-attr]
            if answer is not None and not answer.long:
                self._plain = None
                return self._write(answer)
            if answer is not None:
                self.scope[ANSWER] = answer  # type: ignore[literal-required]
            self._let_go()
        return super().on_message_complete()

    def _is_next(self) -> bool:
        """Whether nothing before this request is still to be answered, and the peer reads."""
        idle = self.cycle is None or self.cycle.response_complete
        return idle and not self.pipeline and not self.flow.write_paused and self.limit_concurrency is None

    def _let_go(self) -> None:
        self._plain, body = None, self._body
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _write(self, answer: Answer) -> None:
        answer.pack_now()
        every = b"".join([b"%b: %b\r\n" % line for line in self.server_state.default_headers])
        head = b"%b%b%b\r\n" % (_OK, every, answer.head())
        if len(answer.text) < _SHORT:
            self.transport.write(head + answer.text)
        else:
            self.transport.writelines((head, answer.text))
        self.on_response_complete()
        self._short.leave(answer)  # type: ignore[union-attr]


def short_way_of(application: Any) -> ShortWay | None:
    """The short way of the application, found through whatever uvicorn wraps around it."""
    while application is not None:
        short = getattr(getattr(application, "state", None), "short", None)
        if isinstance(short, ShortWay):
            return short
        application = getattr(application, "app", None)
    return None
