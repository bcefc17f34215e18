"""Literals taken out of a document's text, so that documents that differ in an id alone share a plan. Only plain ones
are taken: strings without escapes, integers. It knows the tokens of GraphQL, not what they mean."""

import re
from dataclasses import dataclass

_TOKENS = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*"""'  # a block string stays
    r'|"([^"\\\x00-\x08\x0a-\x1f]*)"(?!")'  # a plain string is taken
    r'|"(?:[^"\\\n\r]|\\.)*"?'  # any other string stays
    r"|\#[^\n\r]*"  # a comment stays
    r"|[_A-Za-z][_0-9A-Za-z]*"  # a name stays, with the digits in it
    r"|[-+.\d][-+.\w]*",  # a number: taken where it is an integer
)
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
_TEXT, _NUMBER = "\x00s", "\x00i"


@dataclass(frozen=True, slots=True)
class Lifted:
    """`shape` is the text with marks in place of literals; `places` are where they stood, by offset."""

    shape: str
    literals: list[str | int]
    places: dict[int, int]


def lift(document: str) -> Lifted:
    """The document without its plain literals."""
    literals: list[str | int] = []
    places: dict[int, int] = {}
    if "\x00" in document:
        return Lifted(document, literals, places)
    pieces: list[str] = []
    done = 0
    for found in _TOKENS.finditer(document):
        text = found[1]
        if text is not None:
            literal: str | int = text
            mark = _TEXT
        else:
            token = found[0]
            if token[0] in '"#' or not (token[0].isdigit() or token[0] == "-") or not _INTEGER.fullmatch(token):
                continue
            literal, mark = int(token), _NUMBER
        start = found.start()
        pieces += (document[done:start], mark)
        done = found.end()
        places[start] = len(literals)
        literals.append(literal)
    pieces.append(document[done:])
    return Lifted("".join(pieces), literals, places)
