"""Fan-out beside its peers, cycle by cycle in one run: this gateway, npm graphql-ws, mercurius, stock Strawberry. The
peers are `../shared/bench/fanout`, copied to a scratch folder whose `setup.sh` has run.

    python -m tests.bench.fanout_peers FOLDER [--sockets 1000,5000,10000] [--cycles 2] [--matching all|ten|stalled]
        [--peers node/graphql-ws,…]

`last ms` is from the publishing (here: the commit of a mutation) to the last delivery. `stalled`: 20 sockets and notes
of 4 KB, with a tenth of the sockets reading nothing and with all of them reading; `grown MB` is what the server grew by
meanwhile."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
OURS = "tidegate"
PEERS = ("node/graphql-ws", "node/mercurius", "strawberry/websockets")
EVENTS, NOTE = 2_000, 4_000


def ours(sockets: int, matching: str, stalled: int) -> dict[str, float]:
    """One run of `tests.bench.fanout` in a process of its own."""
    events = {"all": max(10, 60_000 // sockets), "ten": 200, "stalled": EVENTS}[matching]
    words = ["--sockets", str(sockets), "--events", str(events), "--stalled", str(stalled), "--flat"]
    words += ["--matching", "ten", "--entries", str(sockets // 10), "--rounds", "50"] if matching == "ten" else []
    words += ["--note", str(NOTE)] if matching == "stalled" else []
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.fanout", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "us": found["server_us_per_delivery"], "kb": found["kb_per_subscriber"], "ms": found["last_ms"],
        "lost": found["lost"], "held": found["sockets"], "grown": found["grown_mb"],
    }  # fmt: skip


def peer(folder: Path, name: str, sockets: int, matching: str, stalled: int) -> dict[str, float]:
    """One run of the peers' own script."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        mode = {"all": "all", "ten": "topic", "stalled": "slow" if stalled else "all"}[matching]
        words = ["--n", str(sockets), "--cycles", "1", "--only", name, "--mode", mode, "--json", file.name]
        if matching == "stalled":
            words += ["--note", str(NOTE), "--slow-events", str(EVENTS), "--deliveries", str(EVENTS * sockets)]
        subprocess.run([sys.executable, "fanout.py", *words], cwd=folder, capture_output=True, check=True)
        (found,) = json.loads(Path(file.name).read_text())
    if "err" in found:
        raise SystemExit(f"{name}: {found['err']}")
    return {
        "us": found["srv_us"], "kb": found["kb_sub"], "ms": found["last50"], "lost": found["lost"],
        "held": found["held"], "grown": found["rss_grow"],
    }  # fmt: skip


def table(title: str, runs: dict[str, list[dict[str, float]]]) -> None:
    """Medians, and ratios of server CPU per delivery and of latency."""
    middle: dict[str, dict[str, Any]] = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]} for name, found in runs.items()
    }
    print(f"\n{title}; medians of {len(runs[OURS])} interleaved cycles")
    print(f"{'server':24}{'held':>7}{'µs a delivery':>15}{'KB a socket':>13}{'last ms':>9}{'lost':>6}{'grown MB':>10}")
    for name, one in middle.items():
        print(
            f"{name:24}{one['held']:7.0f}{one['us']:15.1f}{one['kb']:13.1f}{one['ms']:9.2f}{one['lost']:6.0f}"
            f"{one['grown']:10.1f}"
        )
    mine = middle.pop(OURS)
    for name, one in middle.items():
        us, ms = mine["us"] / one["us"], mine["ms"] / one["ms"]
        print(f"of {name}: {us:.3f} µs a delivery, {ms:.2f} last ms", flush=True)


def compare(given: argparse.Namespace, sockets: int, stalled: int) -> None:
    """Cycles of every server in turn, back and forth."""
    names = [OURS, *given.peers.split(",")]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for cycle in range(given.cycles):
        for name in names if cycle % 2 == 0 else names[::-1]:
            asked = sockets, given.matching, stalled
            runs[name].append(ours(*asked) if name == OURS else peer(given.folder, name, *asked))
    table(f"{sockets} sockets, {stalled} of them stalled", runs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sockets", default="1000,5000,10000")
    parser.add_argument("--cycles", type=int, default=2)
    parser.add_argument("--matching", choices=("all", "ten", "stalled"), default="all")
    parser.add_argument("--peers", default=",".join(PEERS))
    given = parser.parse_args()
    if given.matching == "stalled":
        compare(given, 20, 2)
        compare(given, 20, 0)
    else:
        for sockets in map(int, given.sockets.split(",")):
            compare(given, sockets, 0)


if __name__ == "__main__":
    main()
