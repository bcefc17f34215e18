"""Fan-out of the whole gateway: N sockets that follow entry statuses, while another process changes statuses through
the services. The sound figure on a shared machine is the server's CPU per delivery.

    python -m tests.bench.fanout [--sockets 1000] [--events 60] [--matching all|ten] [--portable] [--stalled N]
        [--documents K] [--flat] [--note BYTES]

`last_ms` is from the commit of a mutation to the last delivery of its event, `mutation_ms` the same from when the
mutation was sent; `asked_to_last_ms` from another process's write, which a gateway on SQLite sees at its next look, 50
ms apart. `grown_mb` is what the
gateway has grown by while events were delivered: with stalled readers, what they cost."""

import argparse
import asyncio
import json
import os
import resource
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.clock import system_clock
from app.principal import SCOPES
from app.security import open_tokens
from app.settings import Settings
from app.store.migrations import upgrade
from app.store.session import Store
from tests.soak.writer import prepare

ROOT = Path(__file__).parents[2]
TOKEN = b'"code":"'
PATIENCE_SECONDS = 30.0
QUERY = """subscription Live($entries: [ID!]) { entryStatusChanged(entries: $entries) {
 cursor occurredAt status previousStatus %scode entry { id } } }"""
RECORD = "mutation ($input: EntryStatusRecordInput!) { entryStatusRecord(input: $input) { userErrors { message } } }"
FLAT = """subscription Live($entries: [ID!]) { entryStatusChanged(entries: $entries) {
 cursor occurredAt status previousStatus %scode } }"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:"))


def masked(message: dict[str, Any]) -> bytes:
    """A client's text frame with the mask 0."""
    data = json.dumps(message).encode()
    head = bytes((0x81, 0x80 | len(data))) if len(data) < 126 else b"\x81\xfe" + len(data).to_bytes(2)
    return head + bytes(4) + data


class Subscribers:
    """Sockets on one epoll; a delivery is one token in what arrives."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._tails: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._sockets)

    def open(self, document: str, variables: dict[str, Any], *, reads: bool = True) -> None:
        opened = socket.socket()
        opened.settimeout(PATIENCE_SECONDS)
        if not reads:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.connect(("127.0.0.1", self._port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.sendall(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        _until(opened, b"\r\n\r\n")
        opened.sendall(masked({"type": "connection_init", "payload": {"authorization": f"Bearer {self._token}"}}))
        _until(opened, b"connection_ack")
        payload = {"query": document, "variables": variables}
        opened.sendall(masked({"type": "subscribe", "id": os.urandom(8).hex(), "payload": payload}))
        opened.setblocking(False)
        self._sockets[opened.fileno()] = opened
        self._tails[opened.fileno()] = b""
        if reads:
            self._poll.register(opened.fileno(), select.EPOLLIN)

    def deliveries(self, wanted: int, seconds: float) -> int:
        """Reads until so many were counted, or the time is over."""
        counted, end = 0, time.monotonic() + seconds
        while counted < wanted and time.monotonic() < end:
            for number, _ in self._poll.poll(0.5, 4096):
                try:
                    data = os.read(number, 65_536)
                except BlockingIOError:
                    continue
                if not data:
                    raise SystemExit("the server closed a socket")
                text = self._tails[number] + data
                counted += text.count(TOKEN)
                self._tails[number] = text[-(len(TOKEN) - 1) :]
        return counted


def _until(opened: socket.socket, token: bytes) -> None:
    seen = b""
    while token not in seen:
        data = opened.recv(65_536)
        if not data:
            raise SystemExit(f"the server closed a socket: {seen[:300]!r}")
        seen += data


def start_server(settings: Settings, port: int, *, portable: bool) -> "subprocess.Popen[bytes]":
    """The gateway as `serve` runs it, on the first core."""
    command = [sys.executable, "-m", "tests.bench.marked", "serve"]
    environment = {
        **os.environ,
        "TIDEGATE_DATABASE_URL": settings.store_url,
        "TIDEGATE_STATE_DIR": str(settings.state_dir),
        "TIDEGATE_SOCKET_PING_SECONDS": "300",
        "TIDEGATE_LOG_LEVEL": "error",
    }
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command, "--port", str(port), *(["--portable"] if portable else [])],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return process
    raise SystemExit("the gateway does not listen")


class Writer:
    """The other process: one event for each line it is sent."""

    def __init__(self, url: str, organisation: str, entries: list[str], note: int) -> None:
        command = [sys.executable, "-m", "tests.soak.writer", url, organisation, ",".join(entries), "1000000"]
        self._process = subprocess.Popen(
            [*command, "--on-demand", "--note", str(note)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def ask(self, events: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n" * events)
        self._process.stdin.flush()

    def acknowledged(self, events: int) -> None:
        assert self._process.stdout is not None
        for _ in range(events):
            self._process.stdout.readline()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


class Client:
    """Who changes statuses by mutations of the gateway itself, over one connection."""

    def __init__(self, port: int, token: str, entries: list[str]) -> None:
        self._entries = entries
        self._count = 0
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )

    def send(self) -> None:
        entry, self._count = self._entries[self._count % len(self._entries)], self._count + 1
        told = {
            "entry": {"id": entry},
            "status": "HELD",
            "occurredAt": system_clock().isoformat(),
            "code": f"m{self._count}",
        }
        body = json.dumps({"query": RECORD, "variables": {"input": {**told, "source": "bench"}}})
        self._socket.sendall(f"{self._head}{len(body)}\r\n\r\n{body}".encode())

    def answered(self) -> None:
        seen = b""
        while b"userErrors" not in seen:
            seen += self._socket.recv(65_536)
        if b'"userErrors":[]' not in seen:
            raise SystemExit(f"refused: {seen[-300:]!r}")


def measure(given: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        settings = Settings(database_url=f"sqlite+aiosqlite:///{path / 'bench.sqlite3'}", state_dir=path / "state")
        settings.state_dir.mkdir()
        principal, entries = asyncio.run(_prepared(settings, given.entries))
        token = open_tokens(settings).mint(
            subject="bench",
            organisation_id=principal.organisation_id,
            scopes=frozenset(SCOPES),
            lifetime=timedelta(hours=2),
            now=system_clock(),
        )
        port = free_port()
        server = start_server(settings, port, portable=given.portable)
        writer = Writer(settings.store_url, principal.organisation_id, entries, given.note)
        try:
            return _run(given, server, port, token, entries, writer)
        finally:
            writer.end()
            server.kill()
            server.wait()


async def _prepared(settings: Settings, entries: int) -> Any:
    store = Store.open(settings.store_url, system_clock)
    await upgrade(store)
    await store.close()
    return await prepare(settings.store_url, entries)


def _run(
    given: argparse.Namespace,
    server: "subprocess.Popen[bytes]",
    port: int,
    token: str,
    entries: list[str],
    writer: Writer,
) -> dict[str, Any]:
    pid = server.pid
    subscribers = Subscribers(port, token)
    text = FLAT if given.flat else QUERY
    text = text.replace("code", "code narrative") if given.note else text
    subscribers.open(text % "", {})
    writer.ask(2)
    subscribers.deliveries(2, 20)
    before, begun = resident(pid), time.monotonic()
    others = given.sockets - 1 if given.matching == "all" else given.entries * 10
    for number in range(others):
        alias = f"a{number % given.documents}: status " if given.documents > 1 else ""
        ten = {"entries": [entries[number // 10 % len(entries)]]}
        variables = ten if given.matching == "ten" else {}
        subscribers.open(text % alias, variables, reads=number >= given.stalled)
    connecting = time.monotonic() - begun
    time.sleep(1.0)
    held = resident(pid)
    matching = 11 if given.matching == "ten" else given.sockets - given.stalled  # the first follows every entry
    for _ in range(2):
        writer.ask(1)
        subscribers.deliveries(matching, 30)
    delays = []
    for _ in range(given.rounds):
        writer.ask(1)
        writer.acknowledged(0)
        started = time.perf_counter()
        subscribers.deliveries(matching, 30)
        delays.append(time.perf_counter() - started)
    sent, committed = _mutations(given.rounds, Client(port, token, entries), subscribers, matching, server)
    used, client, begun = cpu_seconds(pid), time.process_time(), time.monotonic()
    writer.ask(given.events)
    counted = subscribers.deliveries(given.events * matching, 120)
    seconds = time.monotonic() - begun
    used = cpu_seconds(pid) - used
    return {
        "sockets": len(subscribers),
        "events": given.events,
        "deliveries": counted,
        "lost": given.events * matching - counted,
        "server_us_per_delivery": round(used / max(1, counted) * 1e6, 2),
        "server_ms_per_event": round(used / given.events * 1e3, 3),
        "client_us_per_delivery": round((time.process_time() - client) / max(1, counted) * 1e6, 2),
        "deliveries_per_second": round(counted / seconds),
        "kb_per_subscriber": round((held - before) / 1024 / max(1, others), 1),
        "grown_mb": round((resident(pid) - held) / 1048576, 1),
        "last_ms": _part(committed, 50),
        "last_ms_p99": _part(committed, 99),
        "mutation_ms": _part(sent, 50),
        "mutation_ms_p99": _part(sent, 99),
        "asked_to_last_ms": round(statistics.median(delays) * 1000, 1),
        "connect_seconds": round(connecting, 1),
    }


def _part(seconds: list[float], percent: int) -> float:
    return round(sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)] * 1000, 2)


def _mutations(
    rounds: int, client: Client, subscribers: Subscribers, matching: int, server: "subprocess.Popen[bytes]"
) -> tuple[list[float], list[float]]:
    """Seconds to the last delivery of an event: from each mutation, and from its commit."""
    sent, committed = [], []
    assert server.stdout is not None
    for _ in range(rounds):
        server.stdout.read()
        started = time.perf_counter()
        client.send()
        if subscribers.deliveries(matching, 30) < matching:
            raise SystemExit("an event of a mutation does not arrive")
        now = time.perf_counter()
        mark = float(server.stdout.readline())
        sent.append(now - started)
        committed.append(now - mark)
        client.answered()
        time.sleep(0.01)
    return sent, committed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sockets", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--entries", type=int, default=100)
    parser.add_argument("--documents", type=int, default=1)
    parser.add_argument("--stalled", type=int, default=0)
    parser.add_argument("--note", type=int, default=0)
    parser.add_argument("--matching", choices=("all", "ten"), default="all")
    parser.add_argument("--portable", action="store_true")
    parser.add_argument("--flat", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes it started go with it
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(json.dumps(measure(given)))


if __name__ == "__main__":
    main()
