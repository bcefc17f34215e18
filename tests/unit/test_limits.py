"""Buckets of cost: what is drawn, what comes back with time, and what is told of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.security.limits import Buckets, Standing

ANNA, BERT = ("org_1", "anna"), ("org_1", "bert")


class Watch:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_drawn_comes_back_with_time_and_no_further_than_the_limit() -> None:
    watch = Watch()
    buckets = Buckets(100, 10, watch)

    assert buckets.take(ANNA, 80) == 0
    assert buckets.standing(ANNA) == Standing(100, 10, 20, 8.0)
    watch.now += 3
    assert buckets.standing(ANNA).available == 50
    watch.now += 60
    assert buckets.standing(ANNA) == Standing(100, 10, 100, 0.0)


def test_too_much_is_refused_with_the_wait_and_nothing_is_drawn() -> None:
    watch = Watch()
    buckets = Buckets(100, 10, watch)
    buckets.take(ANNA, 90)

    assert buckets.take(ANNA, 45) == pytest.approx(3.5)
    assert buckets.standing(ANNA).available == 10
    watch.now += 3.5
    assert buckets.take(ANNA, 45) == 0


def test_clients_of_one_organisation_have_a_bucket_each() -> None:
    buckets = Buckets(100, 10, Watch())
    buckets.take(ANNA, 100)

    assert buckets.standing(BERT).available == 100


def test_what_was_not_used_is_given_back_and_what_was_used_beyond_is_drawn() -> None:
    buckets = Buckets(100, 10, Watch())
    buckets.take(ANNA, 50)
    buckets.give(ANNA, 45)
    assert buckets.standing(ANNA).available == 95

    buckets.give(ANNA, -200)
    assert buckets.standing(ANNA) == Standing(100, 10, 0, 20.5)
    assert buckets.take(ANNA, 1) == pytest.approx(10.6)


def test_the_clients_that_have_everything_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.security.limits._MOST_CLIENTS", 3)
    watch = Watch()
    buckets = Buckets(100, 10, watch)
    for name in ("a", "b", "c"):
        buckets.take(("org", name), 100)
    watch.now += 20
    buckets.take(("org", "d"), 100)
    assert list(buckets._held) == [("org", "d")]

    for name in ("e", "f", "g"):
        buckets.take(("org", name), 100)
    assert len(buckets._held) == 3
    assert buckets.standing(("org", "g")).available == 0


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120), st.floats(0, 30))))
def test_no_client_is_let_have_more_than_the_limit_and_what_came_back(steps: list[tuple[int, int, float]]) -> None:
    watch = Watch()
    buckets = Buckets(100, 10, watch)
    began, spent = watch.now, 0
    for cost, used, pause in steps:
        if buckets.take(ANNA, cost) == 0:
            used = min(used, cost)
            buckets.give(ANNA, cost - used)
            spent += used
        watch.now += pause
        assert spent <= 100 + 10 * (watch.now - began) + 1e-6
        assert 0 <= buckets.standing(ANNA).available <= 100
