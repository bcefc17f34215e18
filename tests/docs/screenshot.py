"""Makes the README's picture of the console from a running demo:  python -m tests.docs.screenshot"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.wire.browser import stage

PICTURE = Path(__file__).parent / "console.png"
LARGEST = 200_000
SCENARIO = "a_picture_for_the_readme"


def main() -> int:
    chromium, front_end = stage.find_chromium(), stage.build_front_end()
    with tempfile.TemporaryDirectory() as folder, stage.running_demo(Path(folder)) as gateway:
        faults = stage.play(SCENARIO, chromium, front_end, gateway)
    taken = stage.ARTIFACTS / f"{SCENARIO}-console.png"
    if not faults and taken.stat().st_size > LARGEST:
        faults = [f"the picture has {taken.stat().st_size} bytes, more than {LARGEST}"]
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    shutil.copy(taken, PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
