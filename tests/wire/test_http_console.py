import asyncio
import base64
import hashlib
import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import httpx2
import pytest

from app.web.console import command, render
from app.web.operations import SavedOperation, load_saved_operations, parse_saved_operation
from tests.wire.conftest import SAVED, Serve

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
URL = "http://127.0.0.1:8000/graphql"
NASTY = SavedOperation(
    "nasty",
    "<script>alert(1)</script>",
    'a & b\'s "c"',
    "query N($v: JSON) {\n  echo(value: $v) # it's `here` $HOME\n}\n",
    {"v": "'; rm -rf / #\n$(boom) </code><b>"},
)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes.extend(name for name, _ in attrs)
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_a_browser_gets_the_page(client: httpx2.AsyncClient) -> None:
    response = await client.get("/graphql", headers=BROWSER)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "Say hello" in response.text
    assert "http://gateway.test/graphql" in response.text


async def test_a_browser_with_a_query_gets_its_answer(client: httpx2.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "{ hello }"}, headers=BROWSER)

    assert response.json() == {"data": {"hello": "hello world"}}


async def test_a_client_without_a_query_gets_an_error(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/graphql", headers={"Accept": "*/*"})).status_code == 400


async def test_the_root_leads_to_the_page(client: httpx2.AsyncClient) -> None:
    response = await client.get("/")

    assert (response.status_code, response.headers["location"]) == (307, "/graphql")


async def test_a_head_of_the_page_has_no_query_to_run(client: httpx2.AsyncClient) -> None:
    assert (await client.head("/graphql", headers=BROWSER)).status_code == 200


async def test_the_policy_allows_the_page_its_style_and_nothing_else(client: httpx2.AsyncClient) -> None:
    response = await client.get("/graphql", headers=BROWSER)

    style = re.search(r"<style>(.*?)</style>", response.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert response.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize("host", ["evil'\"<x>", "a b", "$(boom)", ""])
async def test_a_host_that_is_none_is_not_repeated(client: httpx2.AsyncClient, host: str) -> None:
    response = await client.get("/graphql", headers={**BROWSER, "Host": host})

    assert URL in response.text
    assert "boom" not in response.text


def test_the_page_is_well_formed_and_holds_no_script_or_handler() -> None:
    page = render([*SAVED, NASTY], URL)
    tags = _Tags()

    tags.feed(page)

    assert tags.open == []
    assert "script" not in tags.seen
    assert not [name for name in tags.attributes if name.startswith("on") or name in ("style", "src")]
    assert '<html lang="en">' in page
    assert tags.seen.count("h1") == 1
    assert tags.seen.count("main") == 1


def test_the_page_says_so_where_nothing_is_saved() -> None:
    assert "No operations are saved" in render([], URL)


def test_everything_of_an_operation_is_escaped() -> None:
    page = render([NASTY], URL)

    assert "<script" not in page
    assert "</code><b>" not in page
    assert html.escape(command(NASTY, URL)) in page


async def test_a_curl_of_the_page_runs_in_a_shell(serve: Serve) -> None:
    if shutil.which("curl") is None or shutil.which("sh") is None:
        pytest.skip("curl and sh are needed to run the page's command")
    async with serve() as gateway:
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            command(NASTY, gateway.url),
            stdout=asyncio.subprocess.PIPE,
            env={"TIDEGATE_TOKEN": "good", "PATH": "/usr/bin:/bin"},
        )
        out, _ = await asyncio.wait_for(process.communicate(), 10)

    assert json.loads(out) == {"data": {"echo": "'; rm -rf / #\n$(boom) </code><b>"}}


def test_a_subscription_gets_a_socket_client() -> None:
    text = command(SavedOperation("s", "S", "", "subscription ($n: Int!) { count(to: $n) }\n", {"n": 3}), URL)

    assert text == (
        "echo 'subscription ($n: Int!) { count(to: $n) }' |\n"
        "gql-cli ws://127.0.0.1:8000/graphql \\\n"
        '  --headers "Authorization:Bearer $TIDEGATE_TOKEN" \\\n'
        "  --variables \\\n"
        "    n:3"
    )


def test_a_saved_operation_is_read() -> None:
    text = (
        "# title: Entries this week\n"
        "# Every entry filed in the last seven days,\n"
        "# newest first.\n"
        "#\n"
        '# variables: {"first": 20}\n'
        "\n"
        "query Entries($first: Int!) {  \n"
        "  # a comment of the document\n"
        "  entries(first: $first) { nodes { id } }\n"
        "}\n"
    )

    assert parse_saved_operation("entries-week", text) == SavedOperation(
        name="entries-week",
        title="Entries this week",
        description="Every entry filed in the last seven days, newest first.",
        document=(
            "query Entries($first: Int!) {\n"
            "  # a comment of the document\n"
            "  entries(first: $first) { nodes { id } }\n"
            "}\n"
        ),
        variables={"first": 20},
    )


def test_a_reader_forgives_what_does_no_harm() -> None:
    saved = parse_saved_operation(
        "duty_estimate", '\ufeff\r\n#Variables:{"a":\r\n# About duty.\r\nsubscription { a }\r\n'
    )

    assert saved == SavedOperation("duty_estimate", "Duty estimate", "About duty.", "subscription { a }\n", {})
    assert saved.kind == "subscription"


@pytest.mark.parametrize(
    ("document", "kind"),
    [("{ a }", "query"), ("query A { a }", "query"), ("fragment F on A { b }\nmutation B { b }", "mutation")],
)
def test_the_kind_is_that_of_the_first_operation(document: str, kind: str) -> None:
    assert parse_saved_operation("x", document).kind == kind


def test_operations_are_loaded_from_a_package_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "saved_for_a_test" / "operations"
    folder.mkdir(parents=True)
    (tmp_path / "saved_for_a_test" / "__init__.py").write_text("")
    (folder / "b.graphql").write_text("# Second\n{ b }")
    (folder / "a.graphql").write_text("# First\n{ a }")
    (folder / "notes.txt").write_text("no operation")
    monkeypatch.syspath_prepend(str(tmp_path))

    saved = load_saved_operations("saved_for_a_test")

    assert [(one.name, one.description) for one in saved] == [("a", "First"), ("b", "Second")]
    assert load_saved_operations("saved_for_a_test", "nowhere") == ()
