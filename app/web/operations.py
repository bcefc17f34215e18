"""Reads the saved operations that ship with the schema: GraphQL documents that open with comment lines, of which
`# title: …` and `# variables: {…}` are read and the rest is the description."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import orjson

from app.telemetry import logger

log = logger("tidegate.web")

_SETTING = re.compile(r"(title|variables)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_KIND = re.compile(r"^\s*(query|mutation|subscription)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SavedOperation:
    """`name` is the file's stem, `document` the text after the opening comment, `variables` a sample."""

    name: str
    title: str
    description: str
    document: str
    variables: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """query, mutation or subscription, of the first operation in the document."""
        found = _KIND.search(self.document)
        return found.group(1) if found else "query"


def load_saved_operations(package: str = "schema", folder: str = "operations") -> tuple[SavedOperation, ...]:
    """Every `*.graphql` file of the folder, by name; none where the folder does not exist."""
    root = resources.files(package) / folder
    if not root.is_dir():
        return ()
    files = sorted((entry for entry in root.iterdir() if entry.name.endswith(".graphql")), key=lambda entry: entry.name)
    return tuple(
        parse_saved_operation(entry.name.removesuffix(".graphql"), entry.read_text(encoding="utf-8-sig"))
        for entry in files
    )


def parse_saved_operation(name: str, text: str) -> SavedOperation:
    """Reads one file. Sample variables that are no JSON object are logged and left out."""
    comments: list[str] = []
    lines = text.removeprefix("\ufeff").splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("#")):
        comments.append(lines.pop(0).strip().removeprefix("#").strip())
    title = name.replace("-", " ").replace("_", " ").strip()
    title = title[:1].upper() + title[1:]
    variables: Mapping[str, Any] = {}
    description: list[str] = []
    for comment in comments:
        setting = _SETTING.fullmatch(comment)
        if setting is None:
            description.append(comment)
        elif setting.group(1).lower() == "title":
            title = setting.group(2).strip() or title
        else:
            variables = _variables(name, setting.group(2))
    return SavedOperation(
        name=name,
        title=title,
        description=" ".join(part for part in description if part),
        document="\n".join(line.rstrip() for line in lines).strip() + "\n",
        variables=variables,
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
