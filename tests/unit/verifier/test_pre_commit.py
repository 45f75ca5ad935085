"""Hooks of pre-commit that a repository brings itself: read, and run by a real shell."""

import subprocess
from pathlib import Path

import pytest

from honk.verifier.ecosystems import Found, Setting
from honk.verifier.ecosystems.pre_commit import CONFIG, detect

HEAD = "repos:\n- repo: local\n  hooks:\n"


def hook(**keys: object) -> str:
    lines = {"id": "mine", "name": "mine", "language": "system", **keys}
    return "  - " + "\n    ".join(f"{key}: {value}" for key, value in lines.items()) + "\n"


def found(text: str, *files: str) -> Found:
    return detect((CONFIG, *files), {CONFIG: text.encode()}, Setting())


def test_remote_hooks_are_named_and_local_ones_are_one_command() -> None:
    remote = "- repo: https://example.org/hooks\n  rev: v1\n  hooks:\n  - id: tidy\n"
    made = found(HEAD + hook(entry="./check.sh") + remote, "check.sh")
    [command] = made.linters
    assert (command.name, command.chosen_by, command.guarded) == ("pre-commit", CONFIG, ("check.sh",))
    assert made.unrun == (f"pre-commit hook tidy of https://example.org/hooks ({CONFIG})",)


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"entry": "x", "language": "docker_image"}, "language docker_image"),
        ({"entry": "x", "types": "[proto]"}, "files of type proto"),
        ({"entry": "x", "files": "'('"}, "its pattern is none"),
        ({"entry": "x", "additional_dependencies": "[y]", "language": "python"}, "language python"),
        ({"entry": "'\"'"}, "No closing quotation"),
    ],
)
def test_a_local_hook_that_needs_more_than_the_room_has_is_named(keys: dict[str, object], why: str) -> None:
    made = found(HEAD + hook(**keys))
    assert made.linters == ()
    [said] = made.unrun
    assert said.startswith(f"pre-commit hook mine ({CONFIG}): ")
    assert why in said


@pytest.mark.parametrize(
    "text", ["", "[", "repos: 1", "repos: [1]", "repos: [{hooks: [1]}]", "a: &a [*a]", "- " * 9000]
)
def test_what_is_no_configuration_has_no_hook(text: str) -> None:
    assert found(text).linters == ()


def test_what_aliases_build_is_never_written_out() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 5)}]\n" for n in range(1, 10))
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + levels + HEAD + hook(entry="*a9", id="*a9", types="[*a9]")
    assert found(bomb).linters == ()
    many = "".join(f"b{n}: *a0\n" for n in range(60))
    assert "full of aliases" in found("a0: &a0 [x]\n" + many).unrun[0]
    stars = HEAD + hook(entry="x", files="'^(" + "|".join(["a/*b"] * 60) + ")$'")
    assert found(stars).unrun == (), "patterns are no aliases"


def test_hooks_for_other_moments_are_none_of_a_commit() -> None:
    assert found(HEAD + hook(entry="x", stages="[pre-push]")) == Found()


def run_hooks(tmp_path: Path, text: str) -> tuple[int, str]:
    [command] = found(text).linters
    done = subprocess.run(command.argv, cwd=tmp_path, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path, text in {"a.py": "x\n", "b c.py": "TODO\n", "d.txt": "TODO\n", "gone.py": ""}.items():
        (tmp_path / path).write_text(text)
    for argv in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *argv], cwd=tmp_path, check=True)
    (tmp_path / "gone.py").unlink()
    (tmp_path / "new.py").write_text("new\n")
    return tmp_path


def test_a_hook_is_given_the_files_that_it_is_for(tree: Path) -> None:
    code, said = run_hooks(tree, HEAD + hook(entry="printf '<%s>'", types="[python]", exclude="^a"))
    assert (code, said) == (0, "<b c.py><new.py>")
    code, said = run_hooks(tree, HEAD + hook(entry="printf '<%s>'", files="'^d'"))
    assert (code, said) == (0, "<d.txt>")
    code, said = run_hooks(tree, HEAD + hook(entry="echo once", pass_filenames="false"))
    assert (code, said) == (0, "once\n")


def test_a_hook_that_fails_or_changes_files_is_red_and_all_are_run(tree: Path) -> None:
    failing = hook(id="todo", entry="grep -L TODO", types="[text]") + hook(
        id="never", entry="'false'", always_run="true"
    )
    code, said = run_hooks(tree, HEAD + failing + hook(id="tidy", entry="sed -i s/x/y/", types="[python]"))
    assert code == 1
    assert "hook never failed (exit code 123)" in said
    assert "hook tidy: files were modified" in said
    assert "hook todo" not in said


def test_a_program_that_is_not_there_is_no_failure_and_no_green(tree: Path) -> None:
    code, said = run_hooks(tree, HEAD + hook(entry="no-such-program-here"))
    assert (code, said) == (127, "hook mine: no-such-program-here is not here\n")
