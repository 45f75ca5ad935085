"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No database of examples: the checkout is not writable for the uid that root hands the tests to.
# No deadline either: machines are shared, and a slow example is no wrong one.
settings.register_profile("honk", database=None, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("honk")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--red-to", type=Path, default=None, help="write the names of what was red there, a line each")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """For whoever runs those alone once more: `pytest @FILE` reads them."""
    if (place := config.getoption("--red-to")) is not None:
        red = {report.nodeid: None for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, ())}
        place.write_text("".join(f"{name}\n" for name in red))
