"""`as_service.py PROGRAM ARGS...`: runs it as the unprivileged test uid when we are root, else simply runs it."""

import os
import sys
from pathlib import Path

from honk.base.privilege import become

TEST_UID = 64123
CHECKOUT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Execute the program; never returns."""
    argv = sys.argv[1:]
    home = Path(f"/tmp/honk-test-{TEST_UID}")
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {name: os.environ[name] for name in ("CI", "TERM") if name in os.environ}
    if os.geteuid() != 0:
        os.execve(argv[0], argv, {**os.environ, **env})
    home.mkdir(exist_ok=True)
    os.chown(home, TEST_UID, TEST_UID)
    env |= {"HOME": str(home), "HONK_STARTED_BY_ROOT": "1"}
    become(TEST_UID, TEST_UID, read=[CHECKOUT, Path(sys.base_prefix)], write=[home], argv=argv, env=env)


if __name__ == "__main__":
    main()
