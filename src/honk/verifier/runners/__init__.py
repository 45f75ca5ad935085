"""The programs that run inside rooms and tell each test's result; read here, never imported."""

from functools import cache
from pathlib import Path

SHELL = ("/bin/sh", "-c", 'exec 3>&1 1>&2; exec "$0" "$@"')
"""What a test prints goes to the log; the first standard output is the channel, as descriptor 3."""


@cache
def source(name: str) -> str:
    """The text of one of them."""
    return (Path(__file__).parent / name).read_text()
