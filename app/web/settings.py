"""The bounds of the wire as one frozen view, made by the composition root from the process's settings."""

from dataclasses import dataclass
from typing import Self

from app.settings import ScopeMode, Settings


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Sizes are bytes, times are seconds.

    `allowed_origins` are browser origins besides the gateway's own ("https://app.example"; "*" allows every one), for
    CORS and for socket upgrades alike. `reject_missing_scopes` refuses a whole operation where a scope is missing,
    as `Prefer: reject` does for one request."""

    allowed_origins: tuple[str, ...] = ()
    reject_missing_scopes: bool = False
    max_body_bytes: int = 256 * 1024
    max_json_depth: int = 64
    read_timeout_seconds: float = 30.0
    execution_timeout_seconds: float = 30.0
    cancel_grace_seconds: float = 5.0
    gzip_minimum_bytes: int = 1024
    max_batch: int = 0
    max_root_fields: int = 20
    stored_max_age_seconds: int = 0
    max_sockets: int = 20_000
    max_client_sockets: int = 20_000
    max_socket_operations: int = 100
    max_socket_message_bytes: int = 64 * 1024
    max_socket_id_length: int = 256
    socket_init_timeout_seconds: float = 5.0
    socket_ping_seconds: float = 20.0
    socket_send_timeout_seconds: float = 30.0
    drain_window_seconds: float = 10.0
    readiness_timeout_seconds: float = 2.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The view of the process's settings; what they do not name keeps its default."""
        return cls(
            allowed_origins=settings.allowed_origins,
            reject_missing_scopes=settings.scope_mode is ScopeMode.REJECT,
            max_body_bytes=settings.body_limit_bytes,
            execution_timeout_seconds=settings.operation_timeout_seconds,
            max_batch=settings.max_batch,
            max_root_fields=settings.max_root_fields,
            stored_max_age_seconds=settings.stored_max_age_seconds,
            max_sockets=settings.socket_limit,
            max_client_sockets=settings.socket_client_limit,
            max_socket_operations=settings.socket_operations,
            socket_init_timeout_seconds=settings.socket_init_timeout_seconds,
            socket_ping_seconds=settings.socket_ping_seconds,
            drain_window_seconds=settings.drain_seconds,
        )
