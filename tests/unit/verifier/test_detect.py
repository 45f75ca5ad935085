"""Which verifiers a repository has, from its files alone."""

import pytest

from honk.verifier import Plan
from honk.verifier.detect import Setting, detect, needed

TEST = "def test_it():\n    assert 1 + 1 == 2\n"
UNITTEST = """import unittest


class CalcTest(unittest.TestCase):
    def test_it(self):
        self.assertEqual(2, 1 + 1)
"""


def plan_for(files: dict[str, str], *, problems: tuple[str, ...] = ()) -> Plan:
    paths = tuple(sorted(files))
    contents = {path: files[path].encode() for path in needed(paths)}
    return detect(paths, contents, Setting(python="/env/bin/python", problems=problems))


def chosen(files: dict[str, str]) -> list[tuple[str, str]]:
    return [(command.name, command.chosen_by) for command in plan_for(files).commands]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pytest.ini": "", "tests/test_a.py": TEST}, ("pytest", "pytest.ini")),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, ("pytest", "pyproject.toml [tool.pytest]")),
        ({"pyproject.toml": "[tool.pytest]\nminversion = '9'\n"}, ("pytest", "pyproject.toml [tool.pytest]")),
        ({"tox.ini": "[pytest]\naddopts = -q\n"}, ("pytest", "tox.ini [pytest]")),
        ({"setup.cfg": "[tool:pytest]\naddopts = -q\n"}, ("pytest", "setup.cfg [tool:pytest]")),
        ({"tests/test_a.py": TEST}, ("pytest", "tests/test_a.py")),
        ({"pkg/deep/a_test.py": "import pytest\n" + TEST}, ("pytest", "pkg/deep/a_test.py")),
        ({"conftest.py": "", "tests/test_a.py": UNITTEST}, ("pytest", "conftest.py")),
        ({"tests/test_a.py": UNITTEST}, ("unittest", "tests/test_a.py")),
    ],
)
def test_python_repositories_need_no_configuration(files: dict[str, str], expected: tuple[str, str]) -> None:
    assert chosen(files) == [expected]


def test_the_interpreter_of_the_environment_runs_the_tests() -> None:
    assert plan_for({"tests/test_a.py": TEST}).commands[0].argv == ("/env/bin/python", "-m", "pytest")


def test_make_test_counts_where_no_runner_of_ours_is_known() -> None:
    assert chosen({"Makefile": "all:\n\techo\n\ntest: all\n\t./run\n"}) == [("make test", "Makefile")]
    assert chosen({"Makefile": "test:\n\tpytest\n", "test_a.py": TEST}) == [("pytest", "test_a.py")]
    assert chosen({"Makefile": "test := x\n"}) == []


def test_linters_count_where_they_are_configured() -> None:
    files = {"test_a.py": TEST, "pyproject.toml": "[tool.ruff]\n[tool.mypy]\nfiles = ['src']\n"}
    assert [name for name, _ in chosen(files)] == ["pytest", "ruff", "mypy"]
    assert "." not in plan_for(files).commands[2].argv
    assert "." in plan_for({"mypy.ini": "[mypy]\n"}).commands[0].argv


def test_a_foreign_repository_names_the_toolchain_that_is_missing() -> None:
    plan = plan_for({"package.json": '{"scripts": {"test": "jest"}}', "go.mod": "", "a_test.go": ""})
    assert plan.commands == ()
    assert plan.missing == ("the toolchain of Node.js (package.json)", "the toolchain of Go (go.mod)")
    assert plan_for({"package.json": '{"scripts": {"build": "x"}}'}).missing == (), "nothing to run in it"


def test_a_repository_with_nothing_to_run_has_an_empty_plan() -> None:
    assert plan_for({"README.md": "hello"}) == Plan(commands=())


def test_what_the_environment_could_not_build_is_missing() -> None:
    assert plan_for({"test_a.py": TEST}, problems=("libfoo",)).missing == ("libfoo",)


def test_own_commands_are_added_and_never_take_one_away() -> None:
    toml = '[verify]\ncommands = ["./check.sh fast", {run = ["a", "b"], name = "ab", required = false}]\n'
    commands = plan_for({"test_a.py": TEST, ".honk.toml": toml}).commands
    assert [(c.name, c.is_required) for c in commands] == [("pytest", True), ("./check.sh fast", True), ("ab", False)]


@pytest.mark.parametrize(
    "toml",
    [
        "[verify",
        "verify = 3",
        "[verify]\ncommands = 3",
        "[verify]\ncommands = [3]",
        "[verify]\ncommands = [{run = ''}]",
    ],
)
def test_a_honk_toml_that_cannot_be_read_makes_it_unverified(toml: str) -> None:
    assert ".honk.toml" in plan_for({"test_a.py": TEST, ".honk.toml": toml}).missing[0]
