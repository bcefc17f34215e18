"""What the browser needs before it can play: Chromium, the built front-end, a demo that runs. Raises Missing where one
cannot be had."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.alone import alone, install

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FRONTEND = ROOT / "app" / "web" / "frontend"
ARTIFACTS = HERE / "artifacts"

_COMMAND = [sys.executable, "-c", "import sys; from app.cli import main; sys.exit(main())"]
_BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MADE_OF = ("src", "index.html", "board.html", "vite.config.js", "package-lock.json")
_VISITORS = ("front-end team", "partner", "analyst")


class Missing(Exception):
    """Something of the machine is not there; the message says how to get it."""


@dataclass(frozen=True)
class Gateway:
    """A running demo: where, and the tokens it printed."""

    url: str
    tokens: dict[str, str]


def find_chromium() -> str:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise Missing("Chromium is not installed (apt-get install chromium)")
    return found


def build_front_end() -> Path:
    """The front-end's folder, its packages installed and its build made from the present source."""
    if shutil.which("npm") is None or _node() < 20:
        raise Missing("Node.js 20 or newer is needed to build the console")
    if not install(FRONTEND, "vite", "playwright-core", "axe-core", retries=2):
        raise Missing("the front-end's packages cannot be fetched: npm ci in app/web/frontend")
    built = FRONTEND / "dist" / "index.html"
    newest = max(path.stat().st_mtime for name in _MADE_OF for path in _files(FRONTEND / name))
    with alone("console"):
        if not built.is_file() or built.stat().st_mtime < newest:
            subprocess.run(["npm", "run", "build"], cwd=FRONTEND, check=True, capture_output=True, timeout=300)
    return FRONTEND


@contextlib.contextmanager
def running_demo(folder: Path) -> Iterator[Gateway]:
    """A demo on a free port with its state below the folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("TIDEGATE_")}
    environment = {**kept, "PYTHONPATH": str(ROOT), "TIDEGATE_STATE_DIR": str(folder / "state")}
    with (folder / "printed").open("w+") as printed, (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*_COMMAND, "demo", "--port", str(port)], cwd=ROOT, env=environment, stdout=printed, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/readyz", process)
            printed.seek(0)
            lines = [line.strip() for line in printed]
            yield Gateway(url, {name: lines[lines.index(f"token of the {name}:") + 1] for name in _VISITORS})
        finally:
            process.terminate()
            process.wait(30)


def play(scenario: str, chromium: str, front_end: Path, gateway: Gateway) -> list[str]:
    """The faults that one scenario of scenarios.mjs finds; its screenshots are left in `artifacts`."""
    environment = {
        **os.environ,
        "CONSOLE_URL": gateway.url,
        "CONSOLE_TOKENS": json.dumps(gateway.tokens),
        "CONSOLE_CHROMIUM": chromium,
        "CONSOLE_FRONTEND": str(front_end),
        "CONSOLE_ARTIFACTS": str(ARTIFACTS),
    }
    command = ["node", str(HERE / "run.mjs"), scenario]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        return [done.stderr]
    faults: list[str] = json.loads(done.stdout.splitlines()[-1])["faults"]
    return faults


def _node() -> int:
    with contextlib.suppress(OSError, ValueError):
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=20).stdout
        return int(said.lstrip("v").split(".")[0])
    return 0


def _files(path: Path) -> list[Path]:
    return [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise AssertionError(f"the demo ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")
