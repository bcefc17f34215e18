"""Processes under uvicorn: one, or several under its supervisor, each with a drain and with a last moment after which
it is ended. What they serve is for the configuration."""

import os
import signal
import threading
from types import FrameType

import uvicorn
from uvicorn.supervisors import multiprocess

from app.web.server import DrainingServer

LAST_MOMENT_SECONDS = 19.0


class EndingServer(DrainingServer):
    """However a shutdown hangs, the process is gone 19 s after the first signal."""

    _watchdog: threading.Timer | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins the shutdown, and the countdown."""
        if self._watchdog is None:
            self._watchdog = threading.Timer(LAST_MOMENT_SECONDS, os._exit, (1,))
            self._watchdog.daemon = True
            self._watchdog.start()
        super().handle_exit(sig, frame)


class Worker(multiprocess.Process):
    """One process of several."""

    @property
    def server(self) -> uvicorn.Server:
        """The server of this process, made when it is first asked for."""
        if self._server is None:
            self._server = EndingServer(self.config)
        return self._server


def run_workers(config: uvicorn.Config) -> bool:
    """Serves until SIGTERM or SIGINT; False where it could not start."""
    if config.workers > 1:
        multiprocess.Process = Worker  # type: ignore[misc]  # the supervisor makes its processes by this name
        supervisor = multiprocess.Multiprocess(config, sockets=[config.bind_socket()])
        supervisor.run()
        return all(process.exitcode != uvicorn.config.STARTUP_FAILURE for process in supervisor.processes)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again at the end: then it is over, not a fault
    server = EndingServer(config)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    except SystemExit:
        return False
    return server.started
