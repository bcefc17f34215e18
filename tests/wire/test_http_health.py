import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette

from app.settings import ScopeMode, Settings
from app.web.settings import WebSettings
from tests.wire.conftest import http_client


async def fine() -> str | None:
    return None


async def behind() -> str | None:
    return "3 migrations behind"


async def broken() -> str | None:
    raise RuntimeError("password=hunter2")


async def stuck() -> str | None:
    await asyncio.sleep(30)
    return None


async def test_health_is_open_and_asks_nobody(make_app: Callable[..., Starlette]) -> None:
    async with http_client(make_app(checks={"database": broken})) as client:
        response = await client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


async def test_ready_lists_each_check(make_app: Callable[..., Starlette]) -> None:
    async with http_client(make_app(checks={"database": fine, "tariff": fine})) as client:
        response = await client.get("/readyz")

    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ready"
    assert {name: check["ok"] for name, check in body["checks"].items()} == {"database": True, "tariff": True}


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        (behind, "3 migrations behind"),
        (broken, "the check itself failed; see the log"),
        (stuck, "no answer within 0.05 s"),
    ],
)
async def test_one_check_that_fails_makes_it_503_and_says_which(
    make_app: Callable[..., Starlette], check: object, reason: str
) -> None:
    application = make_app(checks={"good": fine, "bad": check}, readiness_timeout_seconds=0.05)
    async with http_client(application) as client:
        response = await client.get("/readyz")

    assert response.status_code == 503
    body = response.json()
    assert body["status"] == "not ready"
    assert body["checks"]["good"]["ok"] is True
    assert body["checks"]["bad"]["ok"] is False
    assert body["checks"]["bad"]["reason"] == reason


def test_the_view_takes_what_the_operator_set(tmp_path: Path) -> None:
    settings = Settings(
        state_dir=tmp_path,
        allowed_origins=("https://app.example",),
        scope_mode=ScopeMode.REJECT,
        body_limit_bytes=2_048,
        operation_timeout_seconds=7,
        socket_operations=8,
        socket_limit=9,
        socket_init_timeout_seconds=1,
        socket_ping_seconds=2,
        drain_seconds=3,
    )

    assert WebSettings.of(settings) == WebSettings(
        allowed_origins=("https://app.example",),
        reject_missing_scopes=True,
        max_body_bytes=2_048,
        execution_timeout_seconds=7,
        max_socket_operations=8,
        max_sockets=9,
        socket_init_timeout_seconds=1,
        socket_ping_seconds=2,
        drain_window_seconds=3,
    )


async def test_a_draining_process_is_not_ready(make_app: Callable[..., Starlette]) -> None:
    application = make_app(checks={"database": fine})
    await application.state.drain.run()

    async with http_client(application) as client:
        ready = await client.get("/readyz")
        alive = await client.get("/healthz")

    assert (ready.status_code, ready.json()["status"]) == (503, "draining")
    assert alive.status_code == 200
