"""honk version."""

import sys


def version() -> None:
    """Say which Honk this is."""
    from importlib.metadata import version as version_of

    sys.stdout.write(f"honk {version_of('honk')}\n")
