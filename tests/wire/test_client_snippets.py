"""The README's snippets, one for each client, run as they stand against the whole gateway; only its address is
exchanged."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from app.filing.entry import EntryStatus
from tests import scenes
from tests.wire.test_gateway import Gateway, gateway  # noqa: F401
from tests.wire.test_npm_clients import application, clients  # noqa: F401

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "clients.md")
BLOCK = re.compile(r"^```\w+ (?P<client>[\w-]+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
SUFFIX = {"gql": "py", "curl": "sh"}
OPERATION = "query Held($first: Int!) { entries(first: $first) { totalCount nodes { id entryNumber status } } }\n"
USAGE = """
import { HeldDocument, type HeldQuery } from "./generated/graphql";

export const numbers = (answer: HeldQuery) => answer.entries?.nodes.map((entry) => entry.entryNumber) ?? [];
export const document: typeof HeldDocument = HeldDocument;
// @ts-expect-error there is no such field in the document
export const wrong = (answer: HeldQuery) => answer.entries?.nodes[0]?.nothing;
"""


def snippet(client: str) -> str:
    """The code marked with the client's name."""
    found = {block["client"]: block["code"] for page in PAGES if page.exists() for block in BLOCK.finditer(text(page))}
    if client not in found:
        pytest.skip(f"no page has a snippet for {client}")
    return found[client]


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@contextlib.asynccontextmanager
async def started(*command: str, cwd: Path, token: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ended, with those it started, if it does not end by itself."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, "TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a shell's children too: they hold the pipe open
        await process.wait()


async def printed_until(process: asyncio.subprocess.Process, *awaited: str) -> str:
    """What it prints until all of this is in it; fails with all it said where that does not come."""
    said = ""
    assert process.stdout is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(30):
            while not all(part in said for part in awaited):
                chunk = await process.stdout.read(65_536)
                if not chunk:
                    break
                said += chunk.decode()
    assert all(part in said for part in awaited), said
    return said


@pytest.mark.parametrize("client", ["apollo", "apollo-http", "urql", "graphql-ws", "graphql-sse", "gql", "curl"])
async def test_a_snippet_says_who_asks_and_follows_entries(
    request: pytest.FixtureRequest,
    gateway: Gateway,  # noqa: F811
    tmp_path: Path,
    client: str,
) -> None:
    # given an entry with one event in its past
    code = snippet(client).replace("127.0.0.1:8000", f"127.0.0.1:{gateway.running.port}")
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    await scenes.told(gateway.store, gateway.principal, entry, EntryStatus.SUBMITTED)
    file = tmp_path / f"snippet.{SUFFIX.get(client, 'mjs')}"
    file.write_text(code, encoding="utf-8")

    # when the snippet runs
    async with started(*command(request, client, file), cwd=tmp_path, token=gateway.token()) as process:
        # then it prints the organisation and the event that was, and goes on to the one that comes
        await printed_until(process, "Importer", "SUBMITTED")
        await scenes.told(gateway.store, gateway.principal, entry, EntryStatus.ACCEPTED)
        await printed_until(process, "ACCEPTED")


def command(request: pytest.FixtureRequest, client: str, file: Path) -> list[str]:
    if client == "gql":
        return [sys.executable, str(file)]
    if client == "curl":
        if shutil.which("curl") is None:
            pytest.skip("curl is needed for this snippet")
        return ["bash", str(file)]
    installed: Path = request.getfixturevalue("clients")
    application(installed, file.parent)
    return ["node", "--import", str(installed / "websocket.mjs"), str(file)]


async def test_the_codegen_snippet_reads_the_gateways_schema_and_compiles(
    clients: Path,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    tmp_path: Path,
) -> None:
    code = snippet("graphql-codegen").replace("127.0.0.1:8000", f"127.0.0.1:{gateway.running.port}")
    folder = application(clients, tmp_path)
    (folder / "codegen.ts").write_text(code, encoding="utf-8")
    (folder / "src").mkdir()
    (folder / "src" / "held.graphql").write_text(OPERATION)
    (folder / "src" / "usage.ts").write_text(USAGE)
    options = json.loads((clients / "tsconfig.json").read_text())
    (folder / "tsconfig.json").write_text(json.dumps({**options, "include": ["src/**/*.ts"]}))

    await finished(clients, folder, gateway.token(), "graphql-codegen")
    await finished(clients, folder, gateway.token(), "tsc", "--project", ".")


async def test_the_relay_snippet_compiles_against_the_gateways_schema(
    clients: Path,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = application(clients, tmp_path)
    (folder / "relay.config.json").write_text(snippet("relay"), encoding="utf-8")
    shutil.copytree(clients / "relay", folder / "src")
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {gateway.token()}"}) as client:
        schema = await client.get(gateway.running.url.replace("/graphql", "/schema.graphql"))
    (folder / "schema.graphql").write_text(schema.text, encoding="utf-8")

    await finished(clients, folder, gateway.token(), "relay-compiler")
    assert (folder / "src" / "__generated__" / "EntryListQuery.graphql.js").exists()


async def finished(clients: Path, folder: Path, token: str, tool: str, *arguments: str) -> None:  # noqa: F811
    """Runs one of the clients' tools to its end; fails with all it said where that is not good."""
    path = str(clients / "node_modules" / ".bin" / tool)
    async with started(path, *arguments, cwd=folder, token=token) as process:
        said, _ = await asyncio.wait_for(process.communicate(), 90)
        assert process.returncode == 0, said.decode()
