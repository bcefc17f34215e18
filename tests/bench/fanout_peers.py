"""Fan-out beside its peers, cycle by cycle in one run: this gateway, npm graphql-ws, mercurius, stock Strawberry. The
peers are `../shared/bench/fanout`, copied to a scratch folder whose `setup.sh` has run.

    python -m tests.bench.fanout_peers FOLDER [--sockets 1000,5000,10000] [--cycles 2] [--matching all|ten]"""

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
NODE, STOCK = "node/graphql-ws", "strawberry/websockets"


def ours(sockets: int, matching: str) -> dict[str, float]:
    """One run of `tests.bench.fanout` in a process of its own."""
    events = str(max(10, 60_000 // sockets)) if matching == "all" else "200"
    entries = str(sockets // 10) if matching == "ten" else "100"
    words = ["--sockets", str(sockets), "--events", events, "--matching", matching, "--entries", entries]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.fanout", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "us": found["server_us_per_delivery"], "kb": found["kb_per_subscriber"], "ms": found["asked_to_last_ms"],
        "lost": found["lost"], "held": found["sockets"],
    }  # fmt: skip


def peer(folder: Path, name: str, sockets: int, matching: str) -> dict[str, float]:
    """One run of the peers' own script."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        mode = "topic" if matching == "ten" else "all"
        words = ["--n", str(sockets), "--cycles", "1", "--only", name, "--mode", mode, "--json", file.name]
        subprocess.run([sys.executable, "fanout.py", *words], cwd=folder, capture_output=True, check=True)
        (found,) = json.loads(Path(file.name).read_text())
    if "err" in found:
        raise SystemExit(f"{name}: {found['err']}")
    return {
        "us": found["srv_us"], "kb": found["kb_sub"], "ms": found["last50"], "lost": found["lost"],
        "held": found["held"],
    }  # fmt: skip


def table(sockets: int, runs: dict[str, list[dict[str, float]]]) -> None:
    """Medians, and ratios of server CPU per delivery and of latency."""
    middle: dict[str, dict[str, Any]] = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]} for name, found in runs.items()
    }
    print(f"\n{sockets} sockets; medians of {len(runs[OURS])} interleaved cycles")
    print(f"{'server':24}{'held':>7}{'µs a delivery':>15}{'KB a socket':>13}{'last ms':>9}{'lost':>6}")
    for name, one in middle.items():
        print(f"{name:24}{one['held']:7.0f}{one['us']:15.1f}{one['kb']:13.1f}{one['ms']:9.1f}{one['lost']:6.0f}")
    mine = middle[OURS]
    print(f"µs: {mine['us'] / middle[NODE]['us']:.2f} of graphql-ws, {mine['us'] / middle[STOCK]['us']:.3f} of stock; "
          f"last ms: {mine['ms'] / middle[NODE]['ms']:.2f} of graphql-ws", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sockets", default="1000,5000,10000")
    parser.add_argument("--cycles", type=int, default=2)
    parser.add_argument("--matching", choices=("all", "ten"), default="all")
    given = parser.parse_args()
    for sockets in map(int, given.sockets.split(",")):
        runs: dict[str, list[dict[str, float]]] = {OURS: [], **{name: [] for name in PEERS}}
        for cycle in range(given.cycles):
            for name in list(runs) if cycle % 2 == 0 else list(runs)[::-1]:
                made = (
                    ours(sockets, given.matching) if name == OURS else peer(given.folder, name, sockets, given.matching)
                )
                runs[name].append(made)
        table(sockets, runs)


if __name__ == "__main__":
    main()
