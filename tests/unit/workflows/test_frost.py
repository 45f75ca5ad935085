"""Freezing everything."""

import os
from pathlib import Path

import pytest

from honk.workflows.frost import FLAG, Frozen, freeze, frost_of, refuse_frozen


def test_two_who_freeze_at_once_freeze_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link, others = os.link, ["Bob"]

    def linked(source: Path, target: Path) -> None:
        if others:
            assert freeze(tmp_path, "me too", others.pop()).who == "Bob"
        link(source, target)

    monkeypatch.setattr(os, "link", linked)
    assert freeze(tmp_path, "a leak", "Ada").who == "Bob"
    assert [path.name for path in tmp_path.iterdir()] == ["frozen"]


@pytest.mark.parametrize(
    ("who", "is_restored", "words"), [("restored", False, "by restored at"), (None, True, "restored from a backup")]
)
def test_a_person_may_be_called_like_a_restore(tmp_path: Path, who: str | None, is_restored: bool, words: str) -> None:
    assert freeze(tmp_path, "a leak", who).is_restored is is_restored
    with pytest.raises(Frozen, match=words):
        refuse_frozen(tmp_path)


def test_a_flag_of_before_is_understood(tmp_path: Path) -> None:
    for who, is_restored in (("restored", True), ("Ada", False)):
        (tmp_path / FLAG).write_text(f'{{"why": "", "since": "2026-01-01T00:00:00+00:00", "who": "{who}"}}')
        assert (frost := frost_of(tmp_path)) is not None
        assert (frost.who, frost.is_restored) == (who, is_restored)
