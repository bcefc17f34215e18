"""The short way never answers for a failure of ours: it leaves it to the ordinary way, which masks it."""

from pathlib import Path

import httpx2
import pytest

from app.asgi import create_app
from app.settings import Settings


async def test_a_database_that_cannot_be_read_is_a_masked_error_not_a_bare_500(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_STATE_DIR", str(tmp_path))

    async def broken(*_: object) -> None:
        raise OSError("disk path /secret/place is gone")

    monkeypatch.setattr("app.security.authenticate.Authenticator.authenticate", broken)
    application = create_app(Settings())
    transport = httpx2.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        answer = await client.post(
            "/graphql", json={"query": "{ viewer { subject } }"}, headers={"authorization": "Bearer x.y.z"}
        )

    assert answer.status_code == 500
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in answer.text
