"""The plain page: the saved operations, each with its sample variables and a command to copy. Browsers get it at
/graphql where the console is not built, and at /console/plain always. No script, no foreign resource, everything
escaped; the page decides nothing and needs no token."""

import base64
import hashlib
import re
import shlex
from collections.abc import Callable, Sequence
from html import escape
from importlib import resources

import orjson
from starlette.requests import Request
from starlette.responses import Response as HttpResponse

from app.web.negotiation import GRAPHQL
from app.web.operations import SavedOperation

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")

STYLE = resources.files("app.web").joinpath("console.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


BUILD = "cd app/web/frontend && npm ci --omit=dev && npm run build   # then start the gateway again"


def console_page(operations: Sequence[SavedOperation], *, built: bool = False) -> Callable[[Request], HttpResponse]:
    """The endpoint that answers with the page; where the console is not `built` it says how to build it."""

    def page(request: Request) -> HttpResponse:
        host = request.headers.get("host", "")
        authority = host if _HOST.fullmatch(host) else "127.0.0.1:8000"
        body = render(operations, f"{request.scope['scheme']}://{authority}/graphql", built=built)
        headers = {"Content-Security-Policy": POLICY, "Vary": "Accept"}
        return HttpResponse(body, headers=headers, media_type="text/html")

    return page


def operations_list(operations: Sequence[SavedOperation]) -> Callable[[Request], HttpResponse]:
    """The endpoint that gives the console its tabs, as JSON."""
    body = orjson.dumps(
        [
            {
                "name": operation.name,
                "title": operation.title,
                "description": operation.description,
                "kind": operation.kind,
                "document": operation.document,
                "variables": operation.variables,
            }
            for operation in operations
        ]
    )

    def listing(_: Request) -> HttpResponse:
        return HttpResponse(body, headers={"Cache-Control": "no-cache"}, media_type="application/json")

    return listing


def render(operations: Sequence[SavedOperation], url: str, *, built: bool = False) -> str:
    """The page as HTML; `url` is where the operations are sent."""
    contents = "\n".join(
        f'<li><a href="#{_anchor(operation)}">{escape(operation.title)}</a> <small>{operation.kind}</small></li>'
        for operation in operations
    )
    sections = "\n".join(_section(operation, url) for operation in operations)
    listing = f'<nav aria-label="Saved operations"><ol>\n{contents}\n</ol></nav>' if operations else ""
    how = "" if built else _HOW_TO_BUILD
    empty = "" if operations else "<p>No operations are saved with this schema.</p>"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidegate</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#operations">Skip to the operations</a>
<header>
<h1>Tidegate</h1>
<p>One graph over products, shipments, classifications, customs entries and duty.
This is its endpoint: <code>{escape(url)}</code></p>
<p>Every command below reads the token from the environment:</p>
{_code("export TIDEGATE_TOKEN='…'   # tidegate token --organisation NAME --scopes '…'", "How to set the token")}
<p>The schema as text, as far as the token reaches: <a href="/schema.graphql">/schema.graphql</a></p>
{how}{listing}
</header>
<main id="operations">
{sections}{empty}
</main>
</body>
</html>
"""


def command(operation: SavedOperation, url: str) -> str:
    """What a shell needs to run the operation: curl, or gql-cli (of the Python package gql) for a subscription."""
    if operation.kind == "subscription":
        socket = "ws" + url.removeprefix("http")
        variables = "".join(
            f" \\\n    {shlex.quote(f'{name}:{orjson.dumps(value).decode()}')}"
            for name, value in operation.variables.items()
        )
        flag = f" \\\n  --variables{variables}" if variables else ""
        return (
            f"echo {shlex.quote(operation.document.strip())} |\n"
            f'gql-cli {shlex.quote(socket)} \\\n  --headers "Authorization:Bearer $TIDEGATE_TOKEN"{flag}'
        )
    body = orjson.dumps({"query": operation.document, "variables": operation.variables}).decode()
    return (
        f"curl -sS {shlex.quote(url)} \\\n"
        '  -H "Authorization: Bearer $TIDEGATE_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -H 'Accept: {GRAPHQL}' \\\n"
        f"  --data-raw {shlex.quote(body)}"
    )


def _section(operation: SavedOperation, url: str) -> str:
    variables = ""
    if operation.variables:
        text = orjson.dumps(operation.variables, option=orjson.OPT_INDENT_2).decode()
        variables = f"<h3>Sample variables</h3>\n{_code(text, f'Sample variables of {operation.title}')}\n"
    anchor = _anchor(operation)
    return f"""<article aria-labelledby="{anchor}">
<h2 id="{anchor}">{escape(operation.title)} <small>{operation.kind}</small></h2>
<p>{escape(operation.description)}</p>
<h3>Document</h3>
{_code(operation.document, f"Document of {operation.title}")}
{variables}<h3>Command</h3>
{_code(command(operation, url), f"Command for {operation.title}")}
</article>
"""


def _code(text: str, label: str) -> str:
    """A block that scrolls, can be reached by keyboard, and is selected as a whole by one click."""
    return f'<pre tabindex="0" role="region" aria-label="{escape(label)}"><code>{escape(text.strip())}</code></pre>'


_HOW_TO_BUILD = f"""<h2>The console</h2>
<p>This is the plain page. The console with editor, tables, charts and the live board is built with Node.js 20 or newer,
by <code>make setup</code> or by hand:</p>
{_code(BUILD, "How to build the console")}
"""


def _anchor(operation: SavedOperation) -> str:
    return "op-" + re.sub(r"[^A-Za-z0-9_-]", "-", operation.name)
