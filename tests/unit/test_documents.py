"""Literals out of documents: what is taken, what stays, and that two documents of one form differ in literals alone."""

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, TokenKind
from hypothesis import given
from hypothesis import strategies as st

from app.engine.lane.documents import lift


def test_strings_and_integers_are_taken_in_their_order() -> None:
    lifted = lift('{ a(id: "x", first: 10) { b(after: "") } }')

    assert lifted.literals == ["x", 10, ""]
    assert lifted.shape == "{ a(id: \x00s, first: \x00i) { b(after: \x00s) } }"
    assert lifted.places == {8: 0, 20: 1, 35: 2}


@pytest.mark.parametrize(
    "document",
    [
        '{ a(x: "with \\"escape\\"") }',
        '{ a(x: """block "quoted" text""") }',
        "{ a1 b2(c3: $d4) }",
        "{ a(x: 1.5, y: 1e5, z: -2.0) }",
        '{ a } # a comment with 12 and "text"',
        "{ a(x: 007) }",
        "{ a(x: \x00) }",
    ],
)
def test_what_is_not_plain_stays(document: str) -> None:
    lifted = lift(document)

    assert lifted.literals == []
    assert lifted.shape == document


def test_neighbouring_strings_are_no_block_string() -> None:
    assert lift('{ a(x: ["a""b""c"]) }').shape != lift('{ a(x: [""""""]) }').shape


_PIECES = st.sampled_from(
    ["{", "}", "(", ")", ":", "a", "b1", "$c", '"text"', '""', '"""block"""', "7", "-3", "1.5", "0", "[", "]", " ", ",",
     "# note 5\n", '"es\\"c"', "...", "@skip", "!", "é", '"é"', "\n", "1e3", "-"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_every_literal_taken_is_a_token_of_that_value(document: str) -> None:
    tokens = {}
    lexer = Lexer(Source(document))
    try:
        while (token := lexer.advance()).kind is not TokenKind.EOF:
            tokens[token.start] = token
    except GraphQLSyntaxError:
        return

    lifted = lift(document)

    for place, index in lifted.places.items():
        literal = lifted.literals[index]
        assert tokens[place].kind is (TokenKind.STRING if isinstance(literal, str) else TokenKind.INT)
        assert tokens[place].value == (literal if isinstance(literal, str) else str(literal)) or literal == 0
