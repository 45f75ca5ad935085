"""`jumping.py FLAG SECONDS HONK-WORDS...`: honk, and the clock is set by so much once the file FLAG is there."""

import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from honk.base import clock

_now, _time = clock.now, time.time


def _jump(flag: Path, seconds: float) -> None:
    """Before anything else of the house is imported: each room keeps its own name for the clock."""

    def now() -> datetime:
        return _now() + timedelta(seconds=seconds if flag.exists() else 0)

    clock.now = now
    time.time = lambda: _time() + (seconds if flag.exists() else 0)  # of those who do not ask our clock


if __name__ == "__main__":
    _jump(Path(sys.argv.pop(1)), float(sys.argv.pop(1)))
    from honk.cli.main import main

    sys.exit(main())
