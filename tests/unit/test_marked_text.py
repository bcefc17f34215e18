"""Marked text becomes the JSON that its values have, whatever characters are in them."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store import json_marked
from app.store.json_marked import BACKSLASH, ITSELF, MARK, Overgrown, Whole, as_json, page_rows, whole_page

# what is awkward: marks, braces beside them, backslashes, controls, the first character of a sign
texts = st.text(
    st.one_of(st.sampled_from('\x7f\x02"\\{}\n\t,:\x01'), st.characters(codec="utf-8", exclude_characters="\0"))
)
rows = st.lists(
    st.fixed_dictionaries({"a": texts, "b": st.one_of(st.none(), st.integers(-(2**60), 2**60)), "c": st.lists(texts)})
)


def said(value: Any) -> str:
    """A value as the statement writes it."""
    match value:
        case str():
            return f"{MARK}{value.replace(MARK, ITSELF)}{MARK}"
        case list():
            return f"[{','.join(map(said, value))}]"
        case dict():
            return f"{{{','.join(f'{said(key)}:{said(one)}' for key, one in value.items())}}}"
    return orjson.dumps(value).decode()


def embedded(document: Any) -> str:
    """A JSON document as the statement writes it."""
    text = orjson.dumps(document).decode().replace(MARK, ITSELF)
    return text.replace("\\", BACKSLASH).replace('"', MARK)


@given(rows)
def test_a_page_is_the_json_of_its_values(found: list[dict[str, Any]]) -> None:
    apart, whole = MARK.join(map(said, found)).encode(), ",".join(map(said, found)).encode()

    page = page_rows((len(found), apart, [one["b"] for one in found], 7), 1)
    listed = whole_page((len(found), whole, 7), 1)

    assert page == [(orjson.dumps(one), one["b"], 7) for one in found]
    if found:
        assert listed == Whole(len(found), (orjson.dumps(found)[1:-1],), (7,))
    else:
        assert listed is None


@given(texts, rows)
def test_a_document_stays_as_it_is_beside_text(text: str, document: list[Any]) -> None:
    marked = f"{{{said('text')}:{said(text)},{said('document')}:{embedded(document)}}}"
    assert as_json(marked.encode()) == orjson.dumps({"text": text, "document": document})


def test_a_whole_page_is_not_walked() -> None:
    page = whole_page((3, b"{},{},{}", False), 1)
    assert page is not None
    assert (len(page), page[0]) == (3, (b"{},{},{}", False))
    with pytest.raises(TypeError):
        list(page)  # type: ignore[call-overload]


def test_a_document_of_many_escapes_is_escaped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a piece for each backslash held up the loop for seconds
    document, calls = ["\\" * 5_000, 'a"b'], []
    escaped = json_marked._escaped
    monkeypatch.setattr(json_marked, "_escaped", lambda text: calls.append(1) or escaped(text))

    assert as_json(embedded(document).encode()) == orjson.dumps(document)
    assert calls == [1]


def test_a_text_of_signs_is_left_to_others() -> None:
    with pytest.raises(Overgrown):
        as_json(embedded("\\" * 20_000).encode())
