"""What root's side takes from the person's words."""

import pytest

from honk.workspace.porter import is_merge


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pr", "merge", "7"], True),
        (["pr", "merge", "7", "--sentence", "pr merge"], True),
        (["run", "merge"], False),
        (["run", "pr merge 7"], False),
        (["pr", "close", "7"], False),
        (["run", "--repo", "merge", "fix it"], False),
    ],
)
def test_t29_only_the_command_to_merge_may_move_a_base_branch(words: list[str], expected: bool) -> None:
    assert is_merge(words) is expected
