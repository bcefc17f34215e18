"""The line that a request of the short way leaves is, byte for byte, the one that structlog would have written."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.telemetry import configure_logging, logger, new_metrics
from app.web import access
from app.web.access import Access
from app.web.record import RequestRecord, request_id_of

NAMES = some.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,127}", fullmatch=True)
IDS = some.from_regex(r"org_[0-9a-z]{26}", fullmatch=True)


class _Now:
    """A loop that does not put off what it is told to do."""

    def call_soon(self, work: object) -> None:
        self.work = work


@given(
    request_id=some.text(max_size=70), operation=some.none() | NAMES, organisation=some.none() | IDS,
    status=some.sampled_from((200, 499)), seconds=some.floats(0, 1e6),
)  # fmt: skip
def test_the_line_is_structlogs(
    request_id: str, operation: str | None, organisation: str | None, status: int, seconds: float
) -> None:
    record = RequestRecord(request_id_of((request_id,)), operation, organisation)
    ours, theirs = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access.asyncio, "get_running_loop", _Now)
        metrics = new_metrics()
        left = Access(metrics)
        configure_logging(stream=ours)
        left.leave(record, status, seconds)
        left._write()
    configure_logging(stream=theirs)
    logger(access.NAME).info(
        access.EVENT, method="POST", path="/graphql", status=status, ms=round(seconds * 1000, 2),
        request_id=record.request_id, operation=operation, organisation=organisation,
    )  # fmt: skip

    without_time = [text.getvalue().rpartition(',"time":"') for text in (ours, theirs)]
    assert without_time[0][0] == without_time[1][0]
    assert all(re.fullmatch(r'[0-9-]{10}T[0-9:]{8}([.][0-9]+)?Z"}\n', time) for _, _, time in without_time)
    count = f'tidegate_http_requests_total{{method="POST",route="/graphql",status="{status}"}} 1.0'
    assert count in metrics.render()[0].decode()


def test_an_id_that_looks_like_a_token_is_not_taken() -> None:
    for sent in ("eyJhbGciOi.eyJzdWIi.c2ln", "eyJhbGciOiJIUzI1.x."):
        assert request_id_of((sent,)) != sent
    assert request_id_of(("batch-7.line:3",)) == "batch-7.line:3"
