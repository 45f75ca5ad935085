"""Places for tests that start as root."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that only root can enter, as root's home is."""
    directory = Path(tempfile.mkdtemp(prefix="honk-root-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def home() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="honk-home-"))
    yield directory
    shutil.rmtree(directory)
