"""The gateway beside its peers: `python -m tests.bench.graph [--peers FOLDER]`. Requests per CPU-second of each
server over data of one size, targets interleaved within a round. A peers folder has a targets.toml, q/*.graphql and a
database of its own; without one, only the gateway is measured. Load comes from wrk."""

import argparse
import asyncio
import json
import os
import random
import re
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.seed import Amounts, identifier, seed

ROOT = Path(__file__).parents[2]
SCOPES = "entries:read products:read shipments:read classifications:read commercial:read tariff:read"
PEERS = ("strawberry", "mercurius-jit", "yoga-jit")
QUERIES = {
    "point": "query Point($id: ID!) { entry(by: {id: $id}) { id entryNumber status type releaseStatus summaryStatus"
    " environment createdAt filedAt releasedAt } }",
    "inlined": '{ entry(by: {id: "$id"}) { id entryNumber status type releaseStatus summaryStatus environment createdAt'
    " filedAt releasedAt } }",
    "nested": "query Nested($first: Int!, $after: String) { entries(first: $first, after: $after) { nodes { id"
    " entryNumber status importer { id name } shipment { id reference status } lines { number htsNumber customsValue"
    " { amount currency } product { sku description originCountry classification { htsNumber confidence } } } } } }",
    "wide": "query Wide($first: Int!) { products(first: $first) { nodes { id sku name description originCountry"
    " htsNumber createdAt updatedAt version archivedAt } } }",
    "filtered": "query Filtered($f: EntryFilter!) { a: entries(first: 20, filter: $f, orderBy: {field: ENTRY_NUMBER})"
    " { edges { cursor node { ...e } } pageInfo { hasNextPage endCursor } } } fragment e on Entry { id status"
    " summaryDueOn total: lines { v: customsValue { amount } } history: statusHistory { status occurredAt } }",
}
PEER_QUERIES = {"point": "q1", "inlined": "q1", "nested": "q2", "wide": "q3"}
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
    figures: dict[str, list[dict[str, float]]] = field(default_factory=dict)


def _bodies(folder: Path, name: str, texts: Iterator[dict[str, Any]]) -> Path:
    path = folder / f"{name}.bodies"
    path.write_text("\n".join(json.dumps(text) for text in texts) + "\n")
    return path


def ours(folder: Path, port: int, amounts: Amounts) -> Target:
    """The gateway over a database that is seeded here."""
    url = f"sqlite+aiosqlite:///{folder / 'bench.sqlite3'}"
    asyncio.run(seed(url, amounts))
    environment = {"TIDEGATE_DATABASE_URL": url, "TIDEGATE_STATE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "from app.cli import main; main()"]
    token = subprocess.run(
        [*command, "token", "--organisation", "demo", "--scopes", SCOPES, "--ttl", "1d"],
        env=os.environ | environment, cwd=folder, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    pick = random.Random(7)
    ids = [identifier("Entry", pick.randrange(amounts.entries)) for _ in range(20_000)]

    def sent() -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        yield "point", ({"query": QUERIES["point"], "variables": {"id": one}} for one in ids[:400])
        yield "inlined", ({"query": QUERIES["inlined"].replace("$id", one)} for one in ids)
        yield "nested", iter([{"query": QUERIES["nested"], "variables": {"first": 50}}])
        yield "wide", iter([{"query": QUERIES["wide"], "variables": {"first": 1000}}])
        statuses = (["DRAFT"], ["RELEASED", "PAID"], ["SUBMITTED"])
        yield "filtered", ({"query": QUERIES["filtered"], "variables": {"f": {"statuses": one}}} for one in statuses)

    bodies = {name: _bodies(folder, f"ours-{name}", texts) for name, texts in sent()}
    serve = [*command, "serve", "--port", str(port)]
    return Target("tidegate", f"http://127.0.0.1:{port}/graphql", serve, folder, environment, bodies, f"Bearer {token}")


def peers(folder: Path, scratch: Path, names: tuple[str, ...]) -> Iterator[Target]:
    """The peers of a folder."""
    pick = random.Random(7)
    sent = {
        "point": [{"id": pick.randint(1, 20_000)} for _ in range(400)],
        "inlined": [{"id": pick.randint(1, 20_000)} for _ in range(20_000)],
        "nested": [{"first": 50, "offset": pick.randint(0, 1000)} for _ in range(200)],
        "wide": [{"first": 1000, "offset": pick.randint(0, 1000)} for _ in range(100)],
    }
    known = tomllib.loads((folder / "targets.toml").read_text())
    for name in names:
        bodies = {}
        for query, values in sent.items():
            text = (folder / "q" / f"{PEER_QUERIES[query]}.graphql").read_text().strip()
            if query == "inlined":
                plain = text.replace("($id: Int!)", "")
                texts = iter([{"query": plain.replace("$id", str(one["id"]))} for one in values])
            else:
                texts = iter([{"query": text, "variables": one} for one in values])
            bodies[query] = _bodies(scratch, f"{name}-{query}", texts)
        target = known[name]
        environment = {key: str(value) for key, value in target.get("env", {}).items()}
        command = shlex.split(target["cmd"])
        yield Target(name, target["url"], command, folder / target.get("cwd", "."), environment, bodies)


@contextmanager
def running(target: Target, core: int) -> Iterator[int]:
    """The server on one core; its process id."""
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *target.command], cwd=target.folder, env=os.environ | target.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(200):
            time.sleep(0.2)
            if _answers(target):
                break
        yield process.pid
    finally:
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


def measure(target: Target, pid: int, query: str, seconds: float, connections: int, core: int) -> dict[str, float]:
    """Requests per CPU-second, CPU milliseconds a request, latency, and peak memory."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT)
        script.flush()
        before = _cpu(pid)
        done = subprocess.run(
            ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s",
             script.name, target.url],
            env=os.environ | {"BODIES": str(target.bodies[query]), "AUTHORIZATION": target.authorization},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        time.sleep(0.3)
        spent = _cpu(pid) - before
    found = re.search(r"JSON(\{.*\})", done.stdout)
    if found is None:
        raise SystemExit(f"{target.name} {query}: {done.stdout[-400:]}{done.stderr[-400:]}")
    figures: dict[str, float] = json.loads(found[1])
    requests = max(figures["n"], 1)
    return {**figures, "capacity": requests * 1000 / spent, "ms": spent / requests, "mb": _peak(pid)}


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
            spent += int(thread.read_text().split()[0])
    return spent / 1e6


def _peak(pid: int) -> float:
    found = 0
    for one in _processes(pid):
        match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one}/status").read_text())
        found += int(match[1]) if match else 0
    return found / 1024


def table(targets: list[Target]) -> str:
    """Medians, and ratios to the gateway: above 1 the gateway does more for the same CPU."""
    lines = [
        f"{'query':10}{'server':16}{'per CPU s':>11}{'ours/this':>11}{'CPU ms':>9}{'p50':>8}{'p99':>8}{'MB':>6} bad"
    ]
    for query in QUERIES:
        of_ours = targets[0].figures.get(query)
        for target in targets:
            if query in target.figures:
                one = {
                    key: statistics.median(run[key] for run in target.figures[query])
                    for key in target.figures[query][0]
                }
                own = statistics.median(run["capacity"] for run in of_ours) if of_ours else one["capacity"]
                lines.append(
                    f"{query:10}{target.name:16}{one['capacity']:11.0f}{own / one['capacity']:11.2f}{one['ms']:9.3f}"
                    f"{one['p50']:8.2f}{one['p99']:8.2f}{one['mb']:6.0f} {one['bad']:.0f}"
                )
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the gateway, and its peers where a folder of them is given.")
    parser.add_argument("--peers", type=Path, default=os.environ.get("TIDEGATE_BENCH_PEERS"))
    parser.add_argument("--targets", default=",".join(PEERS))
    parser.add_argument("--queries", default=",".join(QUERIES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--port", type=int, default=18_600)
    given = parser.parse_args()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        raise SystemExit("wrk and taskset are needed: apt-get install wrk util-linux")
    load_core = 1 if (os.cpu_count() or 1) > 1 else 0
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        targets = [ours(Path(name), given.port, Amounts())]
        if given.peers:
            targets += peers(Path(given.peers).resolve(), Path(name), tuple(given.targets.split(",")))
        for _ in range(given.rounds):
            for target in targets:
                with running(target, 0) as pid:
                    for query in given.queries.split(","):
                        if query in target.bodies:
                            measure(target, pid, query, 1, given.connections, load_core)
                            one = measure(target, pid, query, given.seconds, given.connections, load_core)
                            target.figures.setdefault(query, []).append(one)
        print(table(targets))


if __name__ == "__main__":
    main()
