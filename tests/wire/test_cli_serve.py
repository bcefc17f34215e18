"""Real processes under `run_workers`: they answer, drain at SIGTERM, and are gone in time whatever hangs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli.serve import _is_first, listening_fault

ROOT = Path(__file__).parents[2]

TINY = """
import asyncio, os
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from app.web.drain import Drain

async def answer(request):
    return JSONResponse({"pid": os.getpid(), "draining": request.app.state.drain.started})

class Slow(Drain):
    async def _close_all(self):
        await asyncio.sleep(float(os.environ.get("DRAIN", "0")))

@asynccontextmanager
async def lifespan(app):
    if os.environ.get("FAIL"):
        raise RuntimeError("no")
    yield
    await asyncio.sleep(float(os.environ.get("HANG", "0")))

def application():
    app = Starlette(routes=[Route("/", answer)], lifespan=lifespan)
    app.state.drain = Slow(1)
    return app
"""

START = """
import sys
from app.cli import workers
from app.web.server import server_config
from app.web.settings import WebSettings

if __name__ == "__main__":
    workers.LAST_MOMENT_SECONDS = 2.0
    config = server_config(
        "tiny:application", "127.0.0.1", int(sys.argv[1]), WebSettings(),
        factory=True, workers=int(sys.argv[2]), lifespan="on",
    )
    sys.exit(0 if workers.run_workers(config) else 1)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Gateway:
    """A server process of the tiny application."""

    def __init__(self, folder: Path, workers: int, port: int, environment: dict[str, str]) -> None:
        (folder / "tiny.py").write_text(TINY)
        (folder / "start.py").write_text(START)
        self.url = f"http://127.0.0.1:{port}/"
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "start.py"), str(port), str(workers)],
            env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def answer(self) -> dict[str, object]:
        with urllib.request.urlopen(self.url, timeout=5) as answer:
            assert "server" not in {name.lower() for name in answer.headers}
            facts: dict[str, object] = json.load(answer)
            return facts

    def wait_until_it_answers(self) -> dict[str, object]:
        for _ in range(200):
            assert self.process.poll() is None, self.process.communicate()[0].decode()
            try:
                return self.answer()
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError("it never answered")

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Sends the signal, waits for the end, and returns the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=20)
        return time.monotonic() - begun


Start = Callable[..., Gateway]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Gateway] = []

    def begin(workers: int = 1, port: int = 0, **environment: str) -> Gateway:
        started.append(Gateway(tmp_path, workers, port or free_port(), environment))
        return started[-1]

    yield begin
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.process.kill()
        gateway.process.communicate()


def is_alive(pid: object) -> bool:
    try:
        os.kill(int(str(pid)), 0)
    except ProcessLookupError:
        return False
    return True


def test_one_process_ends_well_at_sigterm(start: Start) -> None:
    gateway = start()
    assert gateway.wait_until_it_answers()["pid"] == gateway.process.pid
    assert gateway.stop() < 5
    assert gateway.process.returncode == 0


def test_it_answers_while_it_drains(start: Start) -> None:
    gateway = start(DRAIN="1")
    gateway.wait_until_it_answers()
    gateway.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert gateway.answer()["draining"] is True
    assert gateway.process.wait(timeout=10) == 0


def test_a_shutdown_that_hangs_is_ended(start: Start) -> None:
    gateway = start(HANG="600")
    gateway.wait_until_it_answers()
    assert 1.5 < gateway.stop() < 6
    assert gateway.process.returncode == 1


def test_several_processes_answer_on_one_port_and_all_of_them_drain(start: Start) -> None:
    # given two workers
    gateway = start(workers=2, DRAIN="1")
    gateway.wait_until_it_answers()
    pids = set()
    for _ in range(400):
        pids.add(gateway.answer()["pid"])
        if len(pids) == 2:
            break
        time.sleep(0.02)
    assert len(pids) == 2
    assert gateway.process.pid not in pids
    # when the supervisor is told to end
    took = gateway.stop()
    # then each drained, and none is left
    assert 1 <= took < 10
    assert gateway.process.returncode == 0
    assert [pid for pid in pids if is_alive(pid)] == []


def test_what_cannot_start_says_so(start: Start) -> None:
    for workers in (1, 2):
        gateway = start(workers=workers, FAIL="1")
        assert gateway.process.wait(timeout=20) == 1


def test_a_port_that_is_taken_is_refused(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert listening_fault("127.0.0.1", port) == f"127.0.0.1:{port} cannot be listened on (Address already in use)"
        assert start(port=port).process.wait(timeout=20) == 1
    assert listening_fault("127.0.0.1", free_port()) is None


def test_of_several_processes_one_is_the_first_until_it_ends(tmp_path: Path) -> None:
    # given a process that holds the lock
    script = "import sys; from pathlib import Path; from app.cli.serve import _is_first; "
    script += "print(_is_first(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    lock = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    # then no other is the first, until the holder is killed
    assert not _is_first(lock)
    holder.kill()
    holder.communicate()
    assert _is_first(lock)
