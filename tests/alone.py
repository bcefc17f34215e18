"""One at a time on this machine: of the suite's workers one installs or builds, and the others find it done."""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PLACE = hashlib.sha256(str(Path(__file__).parent).encode()).hexdigest()[:12]
_INSTALL = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefer-offline")


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Waits until no other process of this checkout holds the name."""
    path = Path(tempfile.gettempdir()) / f"tidegate-{os.getuid()}-{_PLACE}-{name}.lock"
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(folder: Path, *packages: str, retries: int = 0) -> bool:
    """Whether the folder's npm packages are there, fetched now if need be. npm writes its own list last."""
    have = [folder / "node_modules" / name for name in (".package-lock.json", *packages)]
    with alone(f"npm-{folder.name}"):
        if all(path.exists() for path in have):
            return True
        try:
            subprocess.run(
                [*_INSTALL, f"--fetch-retries={retries}"], cwd=folder, check=True, capture_output=True, timeout=300
            )
        except (subprocess.SubprocessError, OSError):
            return False
        return True
