"""Log lines that carry no secrets, counters that share nothing."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app.settings import LogFormat, LogLevel
from app.telemetry import configure_logging, hide_secrets, logger, new_metrics


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield io.StringIO()
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_with_its_facts(written: io.StringIO) -> None:
    configure_logging(LogLevel.INFO, LogFormat.JSON, written)
    logger("app.web").info("request.answered", route="/graphql", status=200)
    (record,) = lines(written)
    assert record.pop("time") is not None
    assert record == {
        "event": "request.answered",
        "route": "/graphql",
        "status": 200,
        "logger": "app.web",
        "level": "info",
    }


def test_records_of_other_libraries_have_the_same_form(written: io.StringIO) -> None:
    configure_logging(LogLevel.INFO, LogFormat.JSON, written)
    logging.getLogger("uvicorn.error").warning("listening on %s", "port 1\nport 2")
    (record,) = lines(written)
    assert (record["event"], record["logger"], record["level"]) == (
        "listening on port 1\nport 2",
        "uvicorn.error",
        "warning",
    )


def test_less_severe_records_are_left_out(written: io.StringIO) -> None:
    configure_logging(LogLevel.WARNING, LogFormat.JSON, written)
    logger("app").info("started")
    logging.getLogger("other").info("started")
    assert written.getvalue() == ""


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_no_secret_reaches_a_log_line(written: io.StringIO, log_format: LogFormat) -> None:
    configure_logging(LogLevel.DEBUG, log_format, written)
    try:
        raise ValueError("Authorization: Bearer s3cr3t-1")
    except ValueError:
        logger("app").exception(
            "failed",
            authorization="s3cr3t-2",
            headers={"Cookie": "s3cr3t-3", "list": ["postgresql://u:s3cr3t-4@db/x"]},
            pem="-----BEGIN PRIVATE KEY-----\ns3cr3t-5\n-----END PRIVATE KEY-----",
            text="got eyJhbGciOiJFZERTQSJ9.eyJzM2NyM3QtNiI6MX0.c2lnbmF0dXJl there",
            refresh_token="s3cr3t-7",
        )
    logging.getLogger("driver").error("cannot reach %s", "nats://s3cr3t-8@nats")
    text = written.getvalue()
    assert "s3cr3t" not in text
    assert "eyJ" not in text
    assert "ValueError" in text


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_an_exception_is_told_by_type_and_place_in_either_form(
    written: io.StringIO, log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(LogLevel.INFO, log_format, written)
    try:
        raise ValueError("the price is 12345")
    except ValueError as error:
        logger("app").error("resolver_failed", error_id="e-1", exc_info=error)
    logger("app").error("failed", value=Unprintable())
    text = written.getvalue()
    assert "resolver_failed" in text
    assert "ValueError < test_telemetry.py" in text
    assert "12345" not in text + capsys.readouterr().err


class Unprintable:
    """Cannot be written, and tells what it holds in the attempt."""

    def __repr__(self) -> str:
        raise TypeError("12345")


def test_what_is_not_secret_is_kept() -> None:
    facts = {"max_tokens": 4000, "url": "http://127.0.0.1:8000/graphql", "scopes": ("a", "b"), "count": 1}
    assert hide_secrets(facts) == {**facts, "scopes": ["a", "b"]}


def test_two_applications_count_apart() -> None:
    one, other = new_metrics(), new_metrics()
    one.http.count("POST", "/graphql", 200, 0.003)
    one.graphql_operations_total.labels("query", "ok").inc(2)
    one.sockets_open.inc()
    one.subscriptions_open.inc(3)
    one.events_appended_total.inc()
    one.tariff_loads_total.inc()
    text, content_type = one.render()
    assert content_type.startswith("text/plain")
    for line in (
        'tidegate_http_requests_total{method="POST",route="/graphql",status="200"} 1.0',
        'tidegate_http_request_seconds_bucket{le="0.0025",method="POST",route="/graphql"} 0.0',
        'tidegate_http_request_seconds_bucket{le="0.005",method="POST",route="/graphql"} 1.0',
        'tidegate_http_request_seconds_bucket{le="+Inf",method="POST",route="/graphql"} 1.0',
        'tidegate_http_request_seconds_count{method="POST",route="/graphql"} 1.0',
        'tidegate_http_request_seconds_sum{method="POST",route="/graphql"} 0.003',
        'tidegate_graphql_operations_total{kind="query",outcome="ok"} 2.0',
        "tidegate_sockets_open 1.0",
        "tidegate_subscriptions_open 3.0",
        "tidegate_events_appended_total 1.0",
        "tidegate_tariff_loads_total 1.0",
    ):
        assert line in text.decode().splitlines()
    assert b"tidegate_sockets_open 0.0" in other.render()[0]
    assert b'route="/graphql"' not in other.render()[0]
