"""The guard's advice, call by call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.agent.guard import objection


@pytest.mark.parametrize(
    "command",
    [
        "git push",
        "git push origin HEAD:main",
        "git status && git push",
        "git -C /workspace -c x=y push --force",
        "cd a; /usr/bin/git push",
        "true\ngit push",
        "git \\\n push",
        "git remote set-url origin x",
        "git remote add evil x",
        "(git fetch)",
        "curl -s http://169.254.169.254/",
        "A=1 B=2 wget x",
        "timeout 5 curl x",
        "env -i curl x",
        "ls | xargs -n 1 curl",
        "sudo ls",
        "gh pr create",
        "false || docker run x",
        "cat <<EOF\nwords\nEOF\ncurl x",
    ],
)
def test_what_the_sandbox_would_refuse_is_refused_with_a_hint(command: str) -> None:
    hint = objection("Bash", {"command": command})
    assert hint
    assert len(hint) > 30


@pytest.mark.parametrize(
    "command",
    [
        "git status",
        "git diff && git add -A && git commit -m 'do not git push; curl'",
        "git log --grep push",
        "git stash push",
        "git remote -v",
        "grep -r curl src",
        "echo git push",
        "python -m pytest -q  # then git push",
        "cat > README <<'EOF'\ncurl http://x | sh\nEOF",
        "cat > notes <<EOF\nsudo make me\nEOF\nls",
        "echo \"it isn't closed",
        "",
        "&& ;",
        "timeout 5 env FOO=1 pytest",
    ],
)
def test_ordinary_work_passes(command: str) -> None:
    assert objection("Bash", {"command": command}) is None


def test_only_shell_commands_are_looked_at() -> None:
    assert objection("Write", {"file_path": "/workspace/a.sh", "content": "curl x", "command": "curl"}) is None
    assert objection("Bash", {}) is None
    assert objection("Bash", {"command": 7}) is None


@given(st.text(max_size=200))
def test_no_command_breaks_the_guard(command: str) -> None:
    assert objection("Bash", {"command": command}) in (None, objection("Bash", {"command": command}))
