"""Python: pytest and unittest by runners of ours, as tox or nox call them; configured linters. Pure."""

import json
import re
from collections.abc import Mapping, Sequence

from honk.verifier import Command, paths
from honk.verifier.ecosystems import Asked, Ecosystem, Found, Runner, Setting, Start, declared
from honk.verifier.results import read_channel
from honk.verifier.runners import SHELL, source
from honk.verifier.sections import check_sections, check_tables, with_base_sections, with_base_tables

DEFAULT_PYTHON = "python3"
LINTER_TIMEOUT_SECONDS = 300.0
_PYTEST_USED = re.compile(r"^\s*(import pytest|from pytest)\b", re.MULTILINE)
_UNITTEST_USED = re.compile(r"^\s*(import unittest|from unittest)\b", re.MULTILINE)
_BARE_TEST = re.compile(r"^(async )?def test|^class Test\w*(\(object\))?:", re.MULTILINE)
_MAX_TESTS_READ = 40
_BOOT = """
def boot():
    import json, sys, types
    sent = json.loads(sys.stdin.buffer.read())
    channel = sys.modules["honk_channel"] = types.ModuleType("honk_channel")
    exec(compile(sent["channel"], "honk_channel", "exec"), channel.__dict__)
    channel.OPTIONS = sent["options"]
    exec(compile(sent["runner"], "honk_runner", "exec"), {"__name__": "honk_runner"})
boot()
"""
"""A function, so that no module's name leads to the nonce; the channel takes its own away when it is opened."""


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """Configuration, and a sample of the tests."""
    names = {*paths.WHOLE_CHECK_FILES, *paths.SHARED_CHECK_FILES, *declared.FILES}
    tests = [path for path in files if paths.is_test_file(path)]
    step = max(1, len(tests) // _MAX_TESTS_READ)
    return (*(path for path in files if path in names), *tests[::step][:_MAX_TESTS_READ])


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """One runner, and the linters."""
    python = setting.python or DEFAULT_PYTHON
    reading = declared.read(contents)
    tests = _tests(files, contents, python)
    if reading.call is not None:
        tests = _as_declared(tests, reading.call, python, is_configured=pytest_config(files, contents) is not None)
    linters, unrun = _linters(files, contents, python)
    return Found(tests=tuple(tests), linters=tuple(linters), unrun=(*reading.unrun, *unrun))


def _as_declared(tests: list[Command], call: declared.Declared, python: str, *, is_configured: bool) -> list[Command]:
    """The tests with the words and variables of tox or nox; a configured pytest stays the runner."""
    if is_configured and call.runner != "pytest":
        return tests
    env = ("env", *call.env) if call.env else ()
    return [_runner(call.runner, (*env, python, "-m", call.runner, *call.words), call.chosen_by)]


def pytest_config(files: Sequence[str], contents: Mapping[str, bytes]) -> tuple[str, str] | None:
    """(file, table) of the base's pytest configuration, in pytest's own order of preference."""
    for name in paths.PYTEST_FILES:
        if name in files:
            return name, ""
    if "pytest" in check_tables(contents.get("pyproject.toml")):
        return "pyproject.toml", "tool.pytest"
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if section in check_sections(contents.get(name)):
            return name, section
    return None


def _tests(files: Sequence[str], contents: Mapping[str, bytes], python: str) -> list[Command]:
    tests = [path for path in files if paths.is_test_file(path)]
    configured = pytest_config(files, contents)
    if configured is not None:
        file, table = configured
        chosen = f"{file} [{table}]" if table else file
        return [_runner("pytest", (python, "-m", "pytest"), chosen)]
    if not tests:
        return []
    texts = [contents[path].decode("utf-8", "replace") for path in tests if path in contents]
    conftest = next((path for path in files if paths.is_conftest(path)), None)
    if conftest is not None or any(_PYTEST_USED.search(text) for text in texts):
        user = conftest or next(p for p in tests if p in contents and _PYTEST_USED.search(_text(contents[p])))
        return [_runner("pytest", (python, "-m", "pytest"), user)]
    if any(_UNITTEST_USED.search(text) for text in texts) and not any(_BARE_TEST.search(text) for text in texts):
        return [_runner("unittest", (python, "-m", "unittest"), tests[0])]
    return [_runner("pytest", (python, "-m", "pytest"), tests[0])]


def _runner(name: str, argv: tuple[str, ...], chosen_by: str) -> Command:
    return Command(name=name, argv=argv, chosen_by=chosen_by, is_required=True, runner=name)


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _linters(files: Sequence[str], contents: Mapping[str, bytes], python: str) -> tuple[list[Command], tuple[str, ...]]:
    """Required in the plan; the gate makes advisory what is red on the base. And what cannot be run here."""
    found = []
    for name, own_files, argv in (
        ("ruff", ("ruff.toml", ".ruff.toml"), (python, "-I", "-m", "ruff", "check", "--no-cache", ".")),
        ("mypy", ("mypy.ini", ".mypy.ini"), (python, "-I", "-m", "mypy", "--cache-dir", "/tmp/mypy-cache")),  # noqa: S108 - inside
    ):
        chosen = next((file for file in own_files if file in files), None)
        table = check_tables(contents.get("pyproject.toml")).get(name)
        if chosen is None and table is not None:
            chosen = f"pyproject.toml [tool.{name}]"
        if chosen is None and name == "mypy" and "mypy" in check_sections(contents.get("setup.cfg")):
            chosen = "setup.cfg [mypy]"
        if chosen is not None:
            words = argv if name == "ruff" or _has_targets(table) else (*argv, ".")
            found.append(
                Command(
                    name=name, argv=words, chosen_by=chosen, is_required=True, timeout_seconds=LINTER_TIMEOUT_SECONDS
                )
            )
    return _with_pyright(found, files, contents, python)


def _with_pyright(
    found: list[Command], files: Sequence[str], contents: Mapping[str, bytes], python: str
) -> tuple[list[Command], tuple[str, ...]]:
    """basedpyright brings its program along; the package `pyright` of PyPI fetches it when it is started."""
    project = contents.get("pyproject.toml", b"")
    tables = check_tables(project)
    chosen = next((f"pyproject.toml [tool.{name}]" for name in ("basedpyright", "pyright") if name in tables), "")
    chosen = "pyrightconfig.json" if "pyrightconfig.json" in files else chosen
    if not chosen:
        return found, ()
    if "basedpyright" in tables or b"basedpyright" in project:
        argv: tuple[str, ...] = (python, "-I", "-m", "basedpyright")
    elif b'"pyright"' in contents.get("package.json", b""):
        argv = ("node_modules/.bin/pyright",)
    else:
        return found, (f"pyright ({chosen}): its program comes from the network when it is started",)
    name = "basedpyright" if argv[-1] == "basedpyright" else "pyright"
    timeout = LINTER_TIMEOUT_SECONDS
    return [*found, Command(name=name, argv=argv, chosen_by=chosen, is_required=True, timeout_seconds=timeout)], ()


def _has_targets(table: object) -> bool:
    return isinstance(table, dict) and any(key in table for key in ("files", "packages", "modules"))


def _start(command: Command, asked: Asked) -> Start:
    """Sent in through standard input of `python -I`, so that no file of the tree can stand in its place."""
    at = next(index for index, word in enumerate(command.argv) if word != "env" and "=" not in word)
    env = dict(word.partition("=")[::2] for word in command.argv[1:at])
    options = {
        "words": list(command.argv[at + 3 :]),
        "nonce": asked.nonce, "config": asked.config, "paths": list(asked.only), "drop_addopts": asked.drop_addopts,
    }  # fmt: skip
    sent = {
        "options": json.dumps(options),
        "channel": source("channel.py"),
        "runner": source(f"{command.runner}_runner.py"),
    }
    return Start(argv=(*SHELL, command.argv[at], "-I", "-c", _BOOT), stdin=json.dumps(sent).encode(), env=env)


def _mend(path: str, before: bytes | None, after: bytes) -> bytes | None:
    return (with_base_tables if path == "pyproject.toml" else with_base_sections)(before, after)


_RUNNER = Runner(start=_start, read=read_channel)
ECOSYSTEM = Ecosystem(
    name="Python",
    needed=needed,
    detect=detect,
    is_test_file=paths.is_test_file,
    is_check_file=lambda path: paths.is_conftest(path) or paths.is_whole_check_file(path),
    is_shared_check_file=lambda path: path in paths.SHARED_CHECK_FILES,
    mend=_mend,
    runners={"pytest": _RUNNER, "unittest": _RUNNER},
    linters=frozenset({"ruff", "mypy", "pyright", "basedpyright"}),
)
