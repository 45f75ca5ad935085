"""Freezing everything."""

import os
from pathlib import Path

import pytest

from honk.workflows.frost import freeze


def test_two_who_freeze_at_once_freeze_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, others = os.link, ["Bob"]

    def linked(source: Path, target: Path) -> None:
        if others:
            assert freeze(tmp_path, "me too", others.pop()).who == "Bob"
        link(source, target)

    monkeypatch.setattr(os, "link", linked)
    assert freeze(tmp_path, "a leak", "Ada").who == "Bob"
    assert [path.name for path in tmp_path.iterdir()] == ["frozen"]
