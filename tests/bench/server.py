"""A server under load: started on one core, asked by wrk from the other, its CPU time read from the kernel. What is
asked is for `graph`."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_SCRIPT = """
local bodies, i = {}, 0
function init()
  local h = {["Content-Type"]="application/json"}
  local auth = os.getenv("AUTHORIZATION")
  if auth ~= "" then h["Authorization"] = auth end
  for l in io.lines(os.getenv("BODIES")) do bodies[#bodies+1] = wrk.format("POST", nil, h, l) end
end
function request() i = i % #bodies + 1; return bodies[i] end
function done(s, l, r)
  io.write(string.format('\\nJSON{"n":%d,"p50":%.3f,"p99":%.3f,"bad":%d}\\n', s.requests, l:percentile(50)/1000,
    l:percentile(99)/1000, s.errors.connect+s.errors.read+s.errors.write+s.errors.status+s.errors.timeout))
end
"""


@dataclass
class Target:
    """One server: how it is started and asked."""

    name: str
    url: str
    command: list[str]
    folder: Path
    environment: dict[str, str]
    bodies: dict[str, Path]
    authorization: str = ""
    postgres: bool = False
    figures: dict[str, list[dict[str, float]]] = field(default_factory=dict)


@contextmanager
def running(target: Target, cores: str) -> Iterator[int]:
    """The server on its cores, as taskset names them; its process id."""
    process = subprocess.Popen(
        ["taskset", "-c", cores, *target.command], cwd=target.folder, env=os.environ | target.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(300):
            time.sleep(0.2)
            if _answers(target):
                break
            if process.poll() is not None:
                raise SystemExit(f"{target.name} did not start: {' '.join(target.command)} in {target.folder}")
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _answers(target: Target) -> bool:
    headers = {"content-type": "application/json", "authorization": target.authorization}
    try:
        urllib.request.urlopen(urllib.request.Request(target.url, b'{"query":"{__typename}"}', headers), timeout=5)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Load:
    """How it is asked, and by which core. `database` is the database server's first process."""

    seconds: float
    connections: int
    core: int
    database: int | None = None


def measure(target: Target, pid: int, query: str, load: Load) -> dict[str, float]:
    """Requests per CPU-second and CPU milliseconds a request, those of the database server included where the target
    has one; latency in milliseconds, and the server's peak memory."""
    counted = [pid, *([load.database] if target.postgres and load.database else [])]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT)
        script.flush()
        before = [_cpu(one) for one in counted]
        done = subprocess.run(
            ["taskset", "-c", str(load.core), "wrk", "-t1", f"-c{load.connections}",
             f"-d{max(1, round(load.seconds))}s", "-s", script.name, target.url],
            env=os.environ | {"BODIES": str(target.bodies[query]), "AUTHORIZATION": target.authorization},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        _settle(counted)
        spent = [_cpu(one) - was for one, was in zip(counted, before, strict=True)]
    found = re.search(r"JSON(\{.*\})", done.stdout)
    if found is None:
        raise SystemExit(f"{target.name} {query}: {done.stdout[-400:]}{done.stderr[-400:]}")
    figures: dict[str, float] = json.loads(found[1])
    requests = max(figures["n"], 1) + load.connections  # those that wrk cut off were served, too
    return {
        **figures,
        "capacity": requests * 1000 / sum(spent),
        "ms": spent[0] / requests,
        "database": sum(spent[1:]) / requests,
        "mb": _peak(pid),
    }


def _settle(processes: Sequence[int]) -> None:
    """Waits until the server has done what an interrupted client left."""
    for _ in range(50):
        before = sum(map(_cpu, processes))
        time.sleep(0.1)
        if sum(map(_cpu, processes)) - before < 5:
            return


def _processes(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        children = Path(f"/proc/{one}/task/{one}/children")
        if children.exists():
            found += [int(child) for child in children.read_text().split()]
    return found


def _cpu(pid: int) -> float:
    """Milliseconds on a CPU, of all threads."""
    spent = 0
    for one in _processes(pid):
        for thread in Path(f"/proc/{one}/task").glob("*/schedstat"):
            with suppress(OSError):  # it has ended
                spent += int(thread.read_text().split()[0])
        with suppress(OSError):  # what processes that have ended took: a database's, whose client has left
            ended = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[13:15]
            spent += sum(map(int, ended)) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    return spent / 1e6


def _peak(pid: int) -> float:
    found = 0
    for one in _processes(pid):
        match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one}/status").read_text())
        found += int(match[1]) if match else 0
    return found / 1024
