"""`tidegate serve`: the gateway under uvicorn, in one process or several. On SIGTERM it drains (see `app.web.server`);
a process that cannot end by itself is ended."""

import fcntl
import gc
import os
import socket
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from app.cli.installation import load
from app.errors import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from app.settings import Settings

FLAG = "_TIDEGATE_SIMULATE_PORT"  # from this process to its workers; no setting, so not under their prefix

_held: list[IO[str]] = []


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
    workers: Annotated[int, typer.Option(help="Processes that answer requests.", min=1, max=128)] = 1,
    simulate_port: Annotated[
        bool, typer.Option("--simulate-port", help="Move sample entries along every few seconds.")
    ] = False,
    portable: Annotated[
        bool, typer.Option("--portable", help="Send everything through ASGI, as other servers do: slower.")
    ] = False,
) -> None:
    """Start the gateway.  Example: tidegate serve --host 0.0.0.0 --port 8000 --workers 4"""
    run_server(load(host=host, port=port), workers=workers, simulate_port=simulate_port, portable=portable)


def run_server(settings: "Settings", *, workers: int = 1, simulate_port: bool = False, portable: bool = False) -> None:
    """Serves until a signal ends it. Workers read the same environment, so what the command line gave is put there."""
    from app.cli.workers import run_workers
    from app.telemetry import configure_logging
    from app.web.server import server_config
    from app.web.settings import WebSettings

    os.environ.update(
        TIDEGATE_HOST=settings.host,
        TIDEGATE_PORT=str(settings.port),
        TIDEGATE_LOG_FORMAT=settings.log_format,
        **{FLAG: str(int(simulate_port))},
    )
    configure_logging(settings.log_level, settings.log_format)
    config = server_config(
        "app.cli.serve:application",
        settings.host,
        settings.port,
        WebSettings.of(settings),
        portable=portable,
        factory=True,
        workers=workers,
        lifespan="on",
    )
    if not run_workers(config):
        raise Refused("the gateway did not start; the log above says why")


def listening_fault(host: str, port: int) -> str | None:
    """Why nothing can listen there, or None where it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            return f"{host}:{port} cannot be listened on ({fault.strerror})"
    return None


def application() -> "ASGIApp":
    """The application of one worker process, from the environment. Of several workers one simulates the port."""
    from app.asgi import create_app
    from app.settings import load_settings
    from app.telemetry import configure_logging

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    simulate_port = os.environ.get(FLAG) == "1" and _is_first(settings.state_dir / "simulated-port.lock")
    made = create_app(settings, simulate_port=simulate_port)
    gc.collect()
    gc.freeze()  # what lasts as long as the process is never looked at again, which would hold up requests
    return made


def _is_first(path: Path) -> bool:
    """Whether no other living process holds this lock; the system gives it back when the holder ends."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _held.append(file)
    return True
