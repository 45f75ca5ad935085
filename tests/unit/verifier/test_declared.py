"""What tox and nox declare, read and never executed."""

import pytest

from honk.verifier import detect
from honk.verifier.ecosystems.declared import Declared, read


def tox(text: str) -> bytes:
    return ("[tox]\nenvlist = lint, py311\n" + text).encode()


@pytest.mark.parametrize(
    ("line", "runner", "words"),
    [
        ("pytest {posargs}", "pytest", ()),
        ("pytest {posargs:tests/unit} -m 'not network'", "pytest", ("tests/unit", "-m", "not network")),
        ("{envpython} -m pytest --cov=pkg -n 4 -x {toxinidir}/tests", "pytest", ("tests",)),
        ("coverage run -m pytest -m slow", "pytest", ("-m", "slow")),
        ("python -m coverage run --branch -m unittest discover -s tests", "unittest", ()),
        ("- py.test --ds=site.settings {env:WHERE:tests}", "pytest", ("--ds=site.settings", "tests")),
    ],
)
def test_a_plain_call_is_run_by_a_runner_of_ours_with_its_own_words(
    line: str, runner: str, words: tuple[str, ...]
) -> None:
    call = read({"tox.ini": tox(f"[testenv]\ncommands = {line}\n")}).call
    assert call == Declared(runner=runner, words=words, chosen_by="tox.ini [testenv]")


@pytest.mark.parametrize(
    "line", ["pytest {[other]words}", "sphinx-build docs out", "python setup.py test", "pytest 'unclosed", "make check"]
)
def test_what_is_no_plain_call_is_named(line: str) -> None:
    reading = read({"tox.ini": tox(f"[testenv]\ncommands =\n    {line}\n    coverage report\n")})
    assert (reading.call, reading.unrun) == (None, (f"`{line}` (tox.ini [testenv])",))


def test_variables_and_joined_lines_are_read_and_the_environment_of_the_tests_is_preferred() -> None:
    text = (
        "[testenv]\nsetenv =\n    MODE = test\n    HOME = {envtmpdir}\n"
        "[testenv:lint]\ncommands = ruff check\n"
        "[testenv:py311]\nsetenv = WHERE={toxinidir}/data\ncommands =\n"
        "    !lint: echo no\n    pytest \\\n    tests\n    mypy src\n"
    )
    reading = read({"tox.ini": tox(text)})
    assert reading.call == Declared(
        runner="pytest",
        words=("tests",),
        env=("MODE=test", "WHERE=/workspace/data"),
        chosen_by="tox.ini [testenv:py311]",
    )
    assert reading.unrun == ("`mypy src` (tox.ini [testenv:py311])",)


def test_tox_in_toml_is_read_too() -> None:
    project = (
        b"[tool.tox.env_run_base]\nset_env = {A = '1'}\n"
        b"commands = [['pytest', {replace = 'posargs', default = ['tests'], extend = true}]]\n"
    )
    call = read({"pyproject.toml": project}).call
    assert call == Declared(runner="pytest", words=("tests",), env=("A=1",), chosen_by="tox [env_run_base]")
    legacy = b'[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ncommands = pytest tests\n"""\n'
    assert read({"pyproject.toml": legacy}).call == Declared(
        runner="pytest", words=("tests",), chosen_by="tox.ini [testenv]"
    )


NOX = b"""
import nox
raise SystemExit("never executed")

@nox.session
def lint(session):
    session.run("ruff", "check")

@nox.session(python=["3.11"])
def tests(session):
    session.install("-e", ".")
    session.run("pytest", "tests", *session.posargs, env={"MODE": "test"})
    session.run("towncrier", "check")
"""


def test_a_noxfile_is_read_and_never_executed() -> None:
    reading = read({"noxfile.py": NOX})
    assert reading.call == Declared(
        runner="pytest", words=("tests",), env=("MODE=test",), chosen_by="noxfile.py [tests]"
    )
    assert reading.unrun == ("`towncrier check` (noxfile.py [tests])",)


@pytest.mark.parametrize("content", [b"\x00", b"def (", b"[" * 5000, b"[testenv\n", b"[testenv]\ncommands = '\n"])
def test_what_cannot_be_read_declares_nothing(content: bytes) -> None:
    for name in ("tox.ini", "tox.toml", "noxfile.py", "pyproject.toml"):
        assert read({name: content}).call is None


def plan(files: dict[str, str]) -> detect.Plan:
    contents = {path: text.encode() for path, text in files.items()}
    return detect.detect(tuple(files), contents, detect.Setting(python="/opt/env/bin/python"))


def test_the_plan_has_the_declared_call_and_what_is_not_run() -> None:
    made = plan({"tox.ini": "[testenv]\nsetenv = A=1\ncommands =\n  pytest t\n  sphinx-build d o\n", "t/test_a.py": ""})
    [command] = made.commands
    assert command.argv == ("env", "A=1", "/opt/env/bin/python", "-m", "pytest", "t")
    assert (command.runner, command.chosen_by) == ("pytest", "tox.ini [testenv]")
    assert made.unrun == ("`sphinx-build d o` (tox.ini [testenv])",)


def test_tests_that_only_something_else_can_run_are_missing_by_name() -> None:
    made = plan({"tox.ini": "[testenv]\ncommands = python run_all.py\n", "run_all.py": ""})
    assert made.commands == ()
    assert made.missing == ("the tests are run by what Honk does not run: `python run_all.py` (tox.ini [testenv])",)


@pytest.mark.parametrize(
    ("files", "argv", "unrun"),
    [
        ({"pyrightconfig.json": "{}"}, None, "pyright (pyrightconfig.json)"),
        ({"pyproject.toml": "[tool.pyright]\n"}, None, "pyright (pyproject.toml [tool.pyright])"),
        ({"pyproject.toml": "[tool.basedpyright]\n"}, ("/opt/env/bin/python", "-I", "-m", "basedpyright"), ""),
        (
            {"pyrightconfig.json": "{}", "package.json": '{"devDependencies": {"pyright": "1"}}'},
            ("node_modules/.bin/pyright",), "",
        ),
    ],
)  # fmt: skip
def test_pyright_is_run_where_its_program_is_at_hand(
    files: dict[str, str], argv: tuple[str, ...] | None, unrun: str
) -> None:
    made = plan(files)
    assert [command.argv for command in made.commands] == ([argv] if argv else [])
    assert unrun in " ".join(made.unrun)
    assert bool(unrun) == bool(made.unrun)


@pytest.mark.parametrize(
    ("makefile", "name"),
    [
        ("test:\n\ttrue\n", "make test"), ("check test: all\n\ttrue\n", "make test"),
        ("check:\n\ttrue\n", "make check"), ("test := 1\n", None), ("tests:\n\ttrue\n", None), ("# test: no\n", None),
    ],
)  # fmt: skip
def test_a_makefile_is_taken_by_its_test_or_check_target(makefile: str, name: str | None) -> None:
    assert [command.name for command in plan({"Makefile": makefile}).commands] == ([name] if name else [])


def test_a_line_of_nothing_but_beginnings_is_looked_at_once() -> None:
    text = tox("[testenv]\ncommands = pytest " + "{posargs:" * 100_000 + "\n")
    assert read({"tox.ini": text}).call is None
