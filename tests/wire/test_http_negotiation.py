import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.negotiation import GRAPHQL, HTML, JSON, is_utf8_json, preferred, prefers_reject

OFFERS = (JSON, GRAPHQL)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("APPLICATION/JSON", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.6", GRAPHQL),
        (f"{GRAPHQL};q=0.2, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON};Q=0.1, {GRAPHQL};q=0.05", JSON),
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
        ("text/event-stream", None),
        (f"{JSON};q=0", None),
        ("*/*;q=0", None),
        (f"{JSON};charset=utf-16", None),
        (f"{JSON};q=nan", None),
        ("text/html;q=1.5", None),
        (",,,", None),
        (";q=1", None),
    ],
)
def test_the_client_gets_what_it_likes_best_by_q_then_by_its_order(accept: str | None, chosen: str | None) -> None:
    assert preferred([] if accept is None else [accept], OFFERS) == chosen


def test_several_accept_lines_count_as_one_list() -> None:
    assert preferred(["text/plain", GRAPHQL], OFFERS) == GRAPHQL


def test_a_browser_prefers_html_and_a_fetch_does_not() -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    assert preferred([browser], (JSON, GRAPHQL, HTML)) == HTML
    assert preferred(["*/*"], (JSON, GRAPHQL, HTML)) == JSON


@pytest.mark.parametrize(
    ("content_types", "good"),
    [
        (["application/json"], True),
        (["application/json; charset=UTF-8"], True),
        (['application/json;charset="utf-8"'], True),
        (["Application/JSON ; Charset = utf8"], True),
        (["application/json; charset=latin-1"], False),
        (["text/plain"], False),
        (["application/x-www-form-urlencoded"], False),
        (["multipart/form-data; boundary=x"], False),
        (["application/json", "application/json"], False),
        ([""], False),
        ([], False),
    ],
)
def test_only_json_in_utf_8_is_read(content_types: list[str], good: bool) -> None:
    assert is_utf8_json(content_types) is good


@pytest.mark.parametrize(
    ("prefer", "rejects"),
    [
        (["reject"], True),
        (["respond-async, Reject"], True),
        (["wait=10", "reject;x=y"], True),
        (["rejected"], False),
        ([], False),
    ],
)
def test_prefer_reject_is_found_among_other_preferences(prefer: list[str], rejects: bool) -> None:
    assert prefers_reject(prefer) is rejects


@given(st.lists(st.text(max_size=60), max_size=4))
def test_no_accept_header_breaks_negotiation(accept: list[str]) -> None:
    assert preferred(accept, OFFERS) in (*OFFERS, None)
    is_utf8_json(accept)
    prefers_reject(accept)
