"""The gateway's command, telling on standard output what the clock shows whenever an event of its own is committed:
from there to the last delivery is what fan-out takes.

    python -m tests.bench.marked serve --port 8000"""

import sys
import time

from app.cli import main
from app.events.bus import Bus

_wake = Bus.wake


def _marked(bus: Bus) -> None:
    sys.stdout.write(f"{time.perf_counter()}\n")
    sys.stdout.flush()
    _wake(bus)


if __name__ == "__main__":
    Bus.wake = _marked  # type: ignore[method-assign]
    sys.exit(main())
