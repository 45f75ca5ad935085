"""The key of previews is made once, for its owner alone."""

from pathlib import Path

from honk.bootstrap_preview import KEY_NAME, preview_key


def test_a_key_is_made_at_the_first_need_and_stays(tmp_path: Path) -> None:
    key = preview_key(tmp_path)
    assert len(key) == 32
    assert preview_key(tmp_path) == key
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600


def test_a_broken_key_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).write_bytes(b"short")
    assert len(preview_key(tmp_path)) == 32
