"""How a request says which document it means: by text, by id, or by both. Reads the members' form alone."""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from app.errors import BadUserInput

LONGEST_ID = 256
_PLAIN = frozenset({"query", "variables", "operationName"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Asked(NamedTuple):
    """`text` is the document as it was sent; `id` names it: an id of a manifest, or where `hashed` the sha256 of its
    text in hexadecimal. `registers`: the client speaks Apollo's protocol, and sends the text when it is asked to."""

    text: str | None
    id: str | None = None
    hashed: bool = False
    registers: bool = False

    def check(self) -> None:
        """BadUserInput where text and hash contradict: nothing is ever kept under a hash that is not its own."""
        if self.text is not None and self.hashed and sha256(self.text) != self.id:
            raise BadUserInput("The document's sha256 is not the hash that was sent with it.")

    def key(self) -> tuple[str, bool]:
        """What it is looked up by: an id, or (True) a sha256."""
        if self.id is None:
            return sha256(self.text or ""), True
        return self.id, self.hashed


def asked_in(members: Mapping[str, object]) -> Asked:
    """What the members `query`, `documentId` (GraphQL over HTTP, appendix A), `doc_id` (Relay) and
    `extensions.persistedQuery` (Apollo) say; BadUserInput where they say nothing, or not one thing."""
    text = members.get("query")
    if type(text) is str and members.keys() <= _PLAIN:
        return Asked(text)
    if text is not None and not isinstance(text, str):
        raise BadUserInput("`query` must be a string.")
    extensions = members.get("extensions")
    named = {name: members[name] for name in ("documentId", "doc_id") if members.get(name) is not None}
    persisted = extensions.get("persistedQuery") if isinstance(extensions, Mapping) else None
    if persisted is None and not named:
        if text is None:
            raise BadUserInput("`query` is missing: it holds the GraphQL document.")
        return Asked(text)
    if len(named) + (persisted is not None) > 1:
        raise BadUserInput("The document is named more than once.")
    return _persisted(text, persisted) if persisted is not None else _named(text, *named.values())


def sha256(text: str) -> str:
    """Of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_sha256(identifier: str) -> bool:
    """Whether an id has the form of one."""
    return _SHA256.fullmatch(identifier) is not None


def _persisted(text: str | None, value: object) -> Asked:
    if not isinstance(value, Mapping) or value.get("version") != 1 or isinstance(value.get("version"), bool):
        raise BadUserInput("`extensions.persistedQuery` must have version 1.")
    identifier = _identifier(value.get("sha256Hash"), "`extensions.persistedQuery.sha256Hash`")
    return Asked(text, identifier, hashed=is_sha256(identifier), registers=True)


def _named(text: str | None, value: object) -> Asked:
    identifier = _identifier(value, "`documentId`")
    hashed = identifier.startswith("sha256:")
    if hashed and not is_sha256(identifier := identifier.removeprefix("sha256:")):
        raise BadUserInput("`documentId` names no sha256: 64 hexadecimal digits in lower case.")
    return Asked(text, identifier, hashed=hashed)


def _identifier(value: object, what: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        raise BadUserInput(f"{what} must be a string of at most {LONGEST_ID} characters.")
    return value
