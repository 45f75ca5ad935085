"""Fixtures of the stories; `desk.py` has the rest."""

import os
from pathlib import Path

import pytest
from desk import CALC, make_repository


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state folder a module: what is warm stays warm."""
    assert os.geteuid() != 0, "stories run as an ordinary user: make test, or tools/as_service.py"
    return tmp_path_factory.mktemp("home") / "honk"


@pytest.fixture
def calc(tmp_path: Path) -> Path:
    """A fresh repository with an open bug."""
    return make_repository(tmp_path / "calc", CALC)
