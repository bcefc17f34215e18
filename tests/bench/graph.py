"""The gateway beside its peers: `python -m tests.bench [--peers FOLDER] [--postgres]`. Requests per CPU-second of each
server over data of one size, targets interleaved within a round. A peers folder has a targets.toml, q/*.graphql and a
database of its own; without one, only the gateway is measured. Load comes from wrk."""

import argparse
import asyncio
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.peers import PORT, a_postgres, prepared
from tests.bench.seed import Amounts, identifier, seed
from tests.bench.server import Load, Target, measure, running

ROOT = Path(__file__).parents[2]
SCOPES = "entries:read products:read shipments:read classifications:read commercial:read tariff:read"
PEERS = ("strawberry", "mercurius-jit", "yoga-jit")
POSTGRES_PEERS = ("mercurius-jit-pg", "postgraphile-pg")
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


def _bodies(folder: Path, name: str, texts: Iterator[dict[str, Any]]) -> Path:
    path = folder / f"{name}.bodies"
    path.write_text("\n".join(json.dumps(text) for text in texts) + "\n")
    return path


def ours(folder: Path, port: int, amounts: Amounts, workers: int, database: str | None = None) -> Target:
    """The gateway over a database that is seeded here, unless it has its rows."""
    url = database or f"sqlite+aiosqlite:///{folder / 'bench.sqlite3'}"
    if database is not None or not (folder / "bench.sqlite3").exists():
        try:
            asyncio.run(seed(url, amounts))
        except SystemExit as told:
            sys.stderr.write(f"{told}: they are used\n")
    environment = {"TIDEGATE_DATABASE_URL": url, "TIDEGATE_STATE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "import sys; from app.cli import main; sys.exit(main())"]
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

    name = "tidegate" if database is None else "tidegate-pg"
    bodies = {query: _bodies(folder, f"{name}-{query}", texts) for query, texts in sent()}
    serve = [*command, "serve", "--port", str(port), "--workers", str(workers)]
    address = f"http://127.0.0.1:{port}/graphql"
    return Target(name, address, serve, folder, environment, bodies, f"Bearer {token}", database is not None)


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
            places = [folder / part / f"{PEER_QUERIES[query]}.graphql" for part in (known[name].get("qdir", "q"), "q")]
            text = next(place for place in places if place.exists()).read_text().strip()
            if query == "inlined":
                plain = text.replace("($id: Int!)", "")
                texts = iter([{"query": plain.replace("$id", str(one["id"]))} for one in values])
            else:
                texts = iter([{"query": text, "variables": one} for one in values])
            bodies[query] = _bodies(scratch, f"{name}-{query}", texts)
        target = known[name]
        environment = {key: str(value) for key, value in target.get("env", {}).items()}
        command = shlex.split(target["cmd"])
        place, postgres = folder / target.get("cwd", "."), bool(target.get("pg"))
        yield Target(name, target["url"], command, place, environment, bodies, postgres=postgres)


def table(targets: list[Target]) -> str:
    """Medians, and ratios to the gateway of the same database: above 1 the gateway does more for the same CPU."""
    lines = [
        f"{'query':10}{'server':18}{'per CPU s':>11}{'ours/this':>11}{'CPU ms':>9}{'DB ms':>8}{'p50':>8}{'p99':>8}"
        f"{'MB':>6} bad"
    ]
    owns = {target.postgres: target for target in targets if target.name.startswith("tidegate")}
    for query in QUERIES:
        for target in targets:
            if query in target.figures:
                one = _median(target.figures[query])
                own = _median(owns[target.postgres].figures[query])["capacity"]
                lines.append(
                    f"{query:10}{target.name:18}{one['capacity']:11.0f}{own / one['capacity']:11.2f}{one['ms']:9.3f}"
                    f"{one['database']:8.3f}{one['p50']:8.2f}{one['p99']:8.2f}{one['mb']:6.0f} {one['bad']:.0f}"
                )
    return "\n".join(lines)


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the gateway beside its peers.")
    parser.add_argument("--peers", type=Path, default=os.environ.get("TIDEGATE_BENCH_PEERS"), help="their folder")
    parser.add_argument("--targets", default=",".join(PEERS), help="which of them")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead, with the peers that run on it")
    parser.add_argument("--queries", default=",".join(QUERIES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway")
    parser.add_argument("--port", type=int, default=18_600)
    parser.add_argument("--folder", type=Path, help="keeps the gateway's database for the next run")
    return parser.parse_args()


def main() -> None:
    """The command line."""
    given = _arguments()
    if shutil.which("wrk") is None or shutil.which("taskset") is None:
        raise SystemExit("wrk and taskset are needed: apt-get install wrk util-linux")
    core = 1 if (os.cpu_count() or 1) > 1 else 0
    cores = "0" if given.workers == 1 else f"0-{core}"  # several share theirs with the client, and fill what is left
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as scratch, a_postgres(needed=given.postgres) as first:
        folder = given.folder.resolve() if given.folder else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        database = f"postgresql+asyncpg://bench@127.0.0.1:{PORT}/tidegate" if given.postgres else None
        targets = [ours(folder, given.port, Amounts(), given.workers, database)]
        found = prepared(given.peers, postgres=given.postgres)
        if found is not None:
            names = POSTGRES_PEERS if given.postgres else tuple(given.targets.split(","))
            targets += peers(found, Path(scratch), names)
        for _ in range(given.rounds):
            for target in targets:
                with running(target, cores) as pid:
                    for query in given.queries.split(","):
                        if query in target.bodies:
                            measure(target, pid, query, Load(1, given.connections, core, first))
                            one = measure(target, pid, query, Load(given.seconds, given.connections, core, first))
                            target.figures.setdefault(query, []).append(one)
        sys.stdout.write(table(targets) + "\n")


if __name__ == "__main__":
    main()
