"""A server is found while it works, and never by what a dead one left behind."""

from pathlib import Path

from honk.base.lock import OwnerLock
from honk.base.whereabouts import Whereabouts, server_of, told

HERE = Whereabouts(address="http://127.0.0.1:8300", token="t")


def test_a_server_is_found_while_it_works(tmp_path: Path) -> None:
    assert server_of(tmp_path) is None
    with OwnerLock(tmp_path), told(tmp_path, HERE):
        assert server_of(tmp_path) == HERE
        assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("serve.*")} == {
            "serve.address": 0o600, "serve.token": 0o600,
        }  # fmt: skip
    assert server_of(tmp_path) is None


def test_what_a_dead_one_left_behind_leads_nowhere(tmp_path: Path) -> None:
    with OwnerLock(tmp_path):
        pass
    (tmp_path / "serve.address").write_text("http://127.0.0.1:8300\n")
    (tmp_path / "serve.token").write_text("t\n")
    assert server_of(tmp_path) is None
