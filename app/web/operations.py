"""Reads the saved operations that ship with the schema: GraphQL documents that open with comment lines, of which
`# title: …`, `# variables: {…}` and `# order: …` are read and the rest is the description."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import orjson

from app.telemetry import logger

log = logger("tidegate.web")

_SETTING = re.compile(r"(title|variables|order)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_LATER = 100
_KIND = re.compile(r"^\s*(query|mutation|subscription)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SavedOperation:
    """`name` is the file's stem, `document` the text after the opening comment, `variables` a sample. The lower its
    `order`, the earlier it is offered."""

    name: str
    title: str
    description: str
    document: str
    variables: Mapping[str, Any]
    order: int = _LATER

    @property
    def kind(self) -> str:
        """query, mutation or subscription, of the first operation in the document."""
        found = _KIND.search(self.document)
        return found.group(1) if found else "query"


def load_saved_operations(package: str = "schema", folder: str = "operations") -> tuple[SavedOperation, ...]:
    """Every `*.graphql` file of the folder, by order and name; none where the folder does not exist."""
    root = resources.files(package) / folder
    if not root.is_dir():
        return ()
    files = (entry for entry in root.iterdir() if entry.name.endswith(".graphql"))
    found = [
        parse_saved_operation(entry.name.removesuffix(".graphql"), entry.read_text(encoding="utf-8-sig"))
        for entry in files
    ]
    return tuple(sorted(found, key=lambda one: (one.order, one.name)))


def parse_saved_operation(name: str, text: str) -> SavedOperation:
    """Reads one file. Sample variables that are no JSON object are logged and left out."""
    comments: list[str] = []
    lines = text.removeprefix("\ufeff").splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("#")):
        comments.append(lines.pop(0).strip().removeprefix("#").strip())
    title = name.replace("-", " ").replace("_", " ").strip()
    title = title[:1].upper() + title[1:]
    variables: Mapping[str, Any] = {}
    order = _LATER
    description: list[str] = []
    for comment in comments:
        setting = _SETTING.fullmatch(comment)
        if setting is None:
            description.append(comment)
        elif setting.group(1).lower() == "title":
            title = setting.group(2).strip() or title
        elif setting.group(1).lower() == "order":
            order = int(setting.group(2)) if setting.group(2).isdecimal() else _LATER
        else:
            variables = _variables(name, setting.group(2))
    return SavedOperation(
        name=name,
        title=title,
        description=" ".join(part for part in description if part),
        document="\n".join(line.rstrip() for line in lines).strip() + "\n",
        variables=variables,
        order=order,
    )


def _variables(name: str, text: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if isinstance(value, dict):
        return value
    log.warning("operation.variables_unreadable", operation=name)
    return {}
