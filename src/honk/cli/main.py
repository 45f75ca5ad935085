"""The entry of the command line."""


def main() -> None:
    """Parse, hand on, show."""
