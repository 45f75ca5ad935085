"""Which changed paths only an owner lets pass."""

import pytest

from honk.verifier.owned import commanded_paths


def deploys(command: str) -> bytes:
    return f"[deploy]\ncommand = '''{command}'''\n".encode()


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("python3 release.py --key=ops/key", {"release.py", "ops/key"}),
        ("./Ops/Ship.sh && true", {"ops/ship.sh"}),
        ("sh -c 'exec ./ship'", {"ship"}),
        ("python3 -m shop.release --all", {"shop/release.py", "shop/release/__main__.py"}),
        ("sh -c 'python3 -m shop'", {"shop.py", "shop/__main__.py"}),
    ],
)
def test_what_a_deployment_runs_is_an_owner_s_in_whatever_letters(command: str, named: set[str]) -> None:
    assert named <= commanded_paths(deploys(command))


def test_a_module_that_is_run_is_not_the_whole_package() -> None:
    assert "shop" not in commanded_paths(deploys("python3 -m shop"))


def test_what_a_preview_runs_is_what_may_be_changed() -> None:
    assert commanded_paths(b'[preview]\ncommand = "python3 server.py"\n') == frozenset()


def test_a_file_that_cannot_be_read_names_nothing() -> None:
    assert commanded_paths(b"[deploy") == commanded_paths(None) == frozenset()
