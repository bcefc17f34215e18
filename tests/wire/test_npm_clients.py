"""The published clients of others against the whole gateway: each reads, follows, records and is refused. Needs node;
the packages are fetched once into tests/wire/clients."""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import scenes
from tests.alone import install
from tests.wire.test_gateway import Gateway, gateway  # noqa: F401

FOLDER = Path(__file__).parent / "clients"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder of the clients, installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are needed for the clients")
    if not install(FOLDER):
        pytest.skip("the clients are not installed and cannot be fetched: run `npm ci` in tests/wire/clients")
    return FOLDER


async def run_node(script: Path, folder: Path, **environment: str) -> Any:
    """What a script prints, as JSON; its errors fail the test."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(script),
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


def run_tool(clients: Path, *arguments: str, cwd: Path | None = None, **environment: str) -> None:
    tool, *rest = arguments
    found = subprocess.run(
        [str(clients / "node_modules" / ".bin" / tool), *rest],
        cwd=cwd or clients,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("client", ["apollo", "apollo MULTIPART", "urql", "graphql-ws", "graphql-sse"])
async def test_a_client_reads_follows_records_and_is_refused(clients: Path, gateway: Gateway, client: str) -> None:  # noqa: F811
    script, _, way = client.partition(" ")
    # given a draft entry
    entry = await scenes.an_entry(gateway.store, gateway.principal)
    # when the client reads it, follows it and records that it was submitted
    said = await run_node(
        clients / f"{script}.mjs",
        clients,
        TIDEGATE_URL=gateway.running.url,
        TIDEGATE_TOKEN=gateway.token(),
        **({way: "1"} if way else {}),
    )
    # then it got all of that, and the code of what the schema does not have
    assert (said["entry"]["id"], said["entry"]["status"]) == (entry, "DRAFT")
    assert said["recorded"]["userErrors"] == []
    assert (said["recorded"]["entry"]["id"], said["recorded"]["entry"]["status"]) == (entry, "SUBMITTED")
    assert (said["event"]["status"], said["event"]["previousStatus"]) == ("SUBMITTED", "DRAFT")
    assert said["event"]["entry"]["id"] == entry
    assert said["event"]["cursor"]
    assert said["refusal"] == "GRAPHQL_VALIDATION_FAILED"


async def test_relay_compiles_pages_a_connection_and_refetches_by_node(
    clients: Path,
    gateway: Gateway,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = application(clients, tmp_path)
    shutil.copytree(clients / "relay", folder / "src")
    shutil.copy(ROOT / "schema" / "schema.graphql", folder / "schema.graphql")
    options = {"src": "./src", "schema": "./schema.graphql", "language": "javascript", "eagerEsModules": True}
    (folder / "relay.config.json").write_text(json.dumps(options))
    run_tool(clients, "relay-compiler", cwd=folder)
    entry = await scenes.an_entry(gateway.store, gateway.principal)

    said = await run_node(
        folder / "src" / "run.mjs", folder, TIDEGATE_URL=gateway.running.url, TIDEGATE_TOKEN=gateway.token()
    )

    assert said["id"] == entry
    assert said["entry"]["__typename"] == "Entry"
    assert said["entry"]["status"] == "DRAFT"
    assert said["pageInfo"]["hasNextPage"] is False
    assert said["pageInfo"]["endCursor"] == said["cursor"]
    assert said["again"] == entry


def test_codegens_typed_documents_of_the_saved_operations_compile_strictly(clients: Path, tmp_path: Path) -> None:
    folder = application(clients, tmp_path)
    for name in ("typed.ts", "tsconfig.json"):
        shutil.copy(clients / name, folder / name)
    run_tool(clients, "graphql-codegen", "--config", "codegen.config.mjs", OUT=str(folder / "generated"))
    run_tool(clients, "tsc", "--project", str(folder))


def test_graphql_inspector_finds_every_saved_operation_valid(clients: Path) -> None:
    operations, schema = str(ROOT / "schema" / "operations" / "*.graphql"), str(ROOT / "schema" / "schema.graphql")
    run_tool(clients, "graphql-inspector", "validate", operations, schema)


def test_graphql_eslint_finds_no_fault_in_the_schema_and_the_saved_operations(clients: Path) -> None:
    schema, operations = "schema/schema.graphql", "schema/operations/*.graphql"
    config = str(clients / "eslint.config.mjs")
    run_tool(clients, "eslint", "--config", config, "--max-warnings", "0", schema, operations, cwd=ROOT)


def application(clients: Path, folder: Path) -> Path:
    """A folder of an application of its own that has the clients installed."""
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(clients / "node_modules")
    return folder
