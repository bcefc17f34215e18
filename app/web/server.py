"""Runs the application under uvicorn the way the sockets need it: bounds of the wire, own pings only, and a drain
before the server closes its connections (uvicorn alone cuts every socket at once)."""

import asyncio
import socket
from typing import Any

import uvicorn

from app.web.drain import Drain
from app.web.settings import WebSettings

GRACE_SECONDS = 6
RAW_SOCKETS = "app.web.raw:RawProtocol"
DIRECT_HTTP = "app.web.direct:DirectProtocol"


def server_config(
    application: Any, host: str, port: int, settings: WebSettings, *, portable: bool = False, **others: Any
) -> uvicorn.Config:
    """uvicorn's configuration. Unless `portable`, sockets take finished frames past ASGI and the short way answers
    before it. Compression of sockets is off (memory and CPU for each of them). The protocol's own pings replace
    uvicorn's, whose close code 1011 makes clients give up; the access log is ours."""
    others.setdefault("ws", "websockets-sansio" if portable else RAW_SOCKETS)
    others.setdefault("http", "httptools" if portable else DIRECT_HTTP)
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        ws_max_size=settings.max_socket_message_bytes,
        ws_ping_interval=None,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        access_log=False,
        log_config=None,
        server_header=False,
        **others,
    )


class DrainingServer(uvicorn.Server):
    """At SIGTERM: drain (readiness 503, sockets closed over the window), then uvicorn's own shutdown. Together at most
    window + 2 s + 6 s. A second SIGINT forces the exit."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        drain = drain_of(self.config.loaded_app)
        if drain is not None:
            draining = asyncio.create_task(drain.run())
            while not draining.done() and not self.force_exit:
                await asyncio.wait({draining}, timeout=0.1)
            draining.cancel()
        await super().shutdown(sockets)


def drain_of(application: Any) -> Drain | None:
    """The drain of the application, found through whatever uvicorn wraps around it."""
    while application is not None:
        drain = getattr(getattr(application, "state", None), "drain", None)
        if isinstance(drain, Drain):
            return drain
        application = getattr(application, "app", None)
    return None
