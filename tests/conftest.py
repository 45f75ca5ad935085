"""What every test may ask for."""

import os

import pytest
from hypothesis import settings

# No database of examples: the checkout is not writable for the uid that root hands the tests to.
# No deadline either: machines are shared, and a slow example is no wrong one.
settings.register_profile("honk", database=None, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("honk")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
