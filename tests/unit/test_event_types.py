"""Cursors are opaque and checked; every event type has a meaning and documented payload fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadUserInput
from app.events.cursor import decode, encode, mark
from app.events.types import EVENTS, EventType, entry_event
from app.filing.entry import EntryStatus

LOG = 4_611_686_018_427_387_903


EVENT = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), max_size=30)


@given(st.integers(0, 2**63 - 1), EVENT)
def test_a_cursor_is_read_back(position: int, event: str) -> None:
    assert decode(encode(position, LOG, event), LOG) == (position, mark(event) if event else b"")


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    try:
        position, marked = decode(text, LOG)
    except BadUserInput:
        return
    assert not marked
    assert encode(position, LOG) == text


@given(st.integers(0, 2**63 - 1), EVENT, st.integers(0, 22), st.sampled_from("AZaz09-_"))
def test_a_changed_cursor_is_refused(position: int, event: str, place: int, sign: str) -> None:
    text = encode(position, LOG, event)
    changed = text[:place] + sign + text[place + 1 :]
    if changed != text:
        with pytest.raises(BadUserInput):
            decode(changed, LOG)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**62 - 1))
def test_another_logs_cursor_is_refused(position: int, other: int) -> None:
    if other != LOG:
        with pytest.raises(BadUserInput):
            decode(encode(position, other), LOG)


def test_earliest_is_a_cursor_where_it_is_allowed() -> None:
    assert decode("earliest", LOG, earliest=True) == (0, b"")
    with pytest.raises(BadUserInput):
        decode("earliest", LOG)


def test_every_type_is_described() -> None:
    assert set(EVENTS) == set(EventType)
    assert {entry_event(status) for status in EntryStatus} == {kind for kind in EventType if kind.startswith("entry.")}
    for kind, spec in EVENTS.items():
        assert kind.name == kind.value.upper().replace(".", "_")
        assert spec.description.endswith(".")
        assert spec.payload
