from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.documents import Asked
from app.errors import BadUserInput
from app.web.body import GraphQLRequest, parse_body, parse_query_string

DEPTH = 64


def test_a_whole_request_is_read() -> None:
    body = b'{"query":"{a}","operationName":"A","variables":{"x":[1]},"extensions":{"e":1},"unknown":2}'

    assert parse_body(body, DEPTH) == GraphQLRequest(Asked("{a}"), "A", {"x": [1]}, {"e": 1})


def test_null_members_are_absent() -> None:
    body = b'{"query":"{a}","operationName":null,"variables":null,"extensions":null}'

    assert parse_body(body, DEPTH) == GraphQLRequest(Asked("{a}"), None, None, None)


def test_a_repeated_member_counts_as_its_last_value() -> None:
    assert parse_body(b'{"query":"{a}","query":"{b}"}', DEPTH).asked.text == "{b}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is empty: send a JSON object with a `query`."),
        (b" \n", "The body is empty: send a JSON object with a `query`."),
        (b"{", "The body is not valid JSON in UTF-8."),
        (b'{"query":"\xff"}', "The body is not valid JSON in UTF-8."),
        (b'{"query":"\\ud800"}', "The body is not valid JSON in UTF-8."),
        (b'{"query":NaN}', "The body is not valid JSON in UTF-8."),
        (b'{"variables":{"a":1e999}}', "The body is not valid JSON in UTF-8."),
        (b"\xef\xbb\xbf{}", "The body is not valid JSON in UTF-8."),
        (b"null", "The body must be a JSON object."),
        (b'"query"', "The body must be a JSON object."),
        (b'[{"query":"{a}"}]', "Batches are not accepted: send one operation in each request."),
        (b"{}", "`query` is missing: it holds the GraphQL document."),
        (b'{"query":1}', "`query` must be a string."),
        (b'{"query":"{a}","operationName":["A"]}', "`operationName` must be a string."),
        (b'{"query":"{a}","variables":[]}', "`variables` must be an object."),
        (b'{"query":"{a}","variables":"{}"}', "`variables` must be an object."),
        (b'{"query":"{a}","extensions":0}', "`extensions` must be an object."),
    ],
)
def test_a_body_that_is_no_request_says_what_is_wrong(body: bytes, message: str) -> None:
    with pytest.raises(BadUserInput) as raised:
        parse_body(body, DEPTH)

    assert raised.value.message == message


@pytest.mark.parametrize("levels", [65, 1_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_nested_bomb_is_refused(levels: int, opening: str, closing: str) -> None:
    body = b'{"query":"{a}","variables":{"v":%s}}' % (opening * levels + "1" + closing * levels).encode()

    with pytest.raises(BadUserInput):
        parse_body(body, DEPTH)


def test_nesting_up_to_the_bound_is_read() -> None:
    fits = b'{"query":"{a}","variables":{"v":%s}}' % (b"[" * 62 + b"]" * 62)
    over = b'{"query":"{a}","variables":{"v":%s}}' % (b"[" * 63 + b"]" * 63)

    assert parse_body(fits, DEPTH).asked.text == "{a}"
    with pytest.raises(BadUserInput, match="64 levels"):
        parse_body(over, DEPTH)


def test_wide_variables_are_not_deep() -> None:
    wide = b'{"query":"{a}","variables":{"v":[%s]}}' % b",".join([b"[]"] * 500)

    assert len(parse_body(wide, DEPTH).variables["v"]) == 500  # type: ignore[index]


def test_a_query_string_is_read() -> None:
    raw = b"query=query+A(%24x%3AInt)%7Ba%7D&operationName=A&variables=%7B%22x%22%3A1%7D&extensions=%7B%7D&other=1"

    assert parse_query_string(raw, DEPTH) == GraphQLRequest(Asked("query A($x:Int){a}"), "A", {"x": 1}, {})


def test_empty_members_of_a_query_string_are_absent() -> None:
    parsed = parse_query_string(b"query={a}&operationName=&variables=&extensions=", DEPTH)

    assert parsed == GraphQLRequest(Asked("{a}"), None, None, None)


def test_variables_null_in_a_query_string_are_absent() -> None:
    assert parse_query_string(b"query={a}&variables=null", DEPTH).variables is None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "`query` is missing: it holds the GraphQL document."),
        (b"query=%ff", "The URL's query is not UTF-8 form encoding."),
        (b"query=\xff", "The URL's query is not UTF-8 form encoding."),
        (b"&".join([b"a=1"] * 65), "The URL's query is not UTF-8 form encoding."),
        (b"query={a}&query={b}", "`query` is given more than once."),
        (b"query={a}&variables=[1]", "`variables` must be an object."),
        (b"query={a}&variables={", "`variables` is not valid JSON in UTF-8."),
        (b"query={a}&extensions=1", "`extensions` must be an object."),
    ],
)
def test_a_query_string_that_is_no_request_says_what_is_wrong(raw: bytes, message: str) -> None:
    with pytest.raises(BadUserInput) as raised:
        parse_query_string(raw, DEPTH)

    assert raised.value.message == message


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused_never_crash(raw: bytes) -> None:
    for parse in (parse_body, parse_query_string):
        with suppress(BadUserInput):
            assert isinstance(parse(raw, DEPTH).document, str)
