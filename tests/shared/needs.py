"""What a test needs of this machine. Where that is missing, the test says aloud that nothing was tested."""

import shutil
from pathlib import Path

import pytest

SERVERS = {"postgresql": "/usr/lib/postgresql", "redis": "redis-server"}
"""By the name that a repository asks for them: Debian keeps one's programs out of the PATH."""


def needed(program: str) -> str:
    """Where the program is; skips the test where it is not."""
    if (found := shutil.which(program)) is None:
        pytest.skip(f"NOT TESTED: {program} is not on this machine")
    return found


def needed_server(name: str) -> None:
    """Skips the test where the server is not installed."""
    place = SERVERS[name]
    if not Path(place).is_dir() and shutil.which(place) is None:
        pytest.skip(f"NOT TESTED: {name} is not on this machine")
