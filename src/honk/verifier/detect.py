"""Files in, plan out: which verifiers a repository has, each with the file that chose it. Pure.

Decided from the base commit alone. Python's own runners come first; `make test` is taken where none of them is known,
for it is nearly always the same tests again. Linters count where configured, and decide only where the base is clean.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from honk.verifier import Command, Plan, honk_toml, paths
from honk.verifier.sections import check_sections, check_tables

DEFAULT_PYTHON = "python3"
LINTER_TIMEOUT_SECONDS = 300.0
_PYTEST_USED = re.compile(r"^\s*(import pytest|from pytest)\b", re.MULTILINE)
_UNITTEST_USED = re.compile(r"^\s*(import unittest|from unittest)\b", re.MULTILINE)
_BARE_TEST = re.compile(r"^(async )?def test|^class Test\w*(\(object\))?:", re.MULTILINE)
_TEST_TARGET = re.compile(r"^test\s*:(?!=)", re.MULTILINE)
_FOREIGN = (
    ("package.json", "Node.js"),
    ("go.mod", "Go"),
    ("Cargo.toml", "Rust"),
    ("pom.xml", "Java with Maven"),
    ("build.gradle", "Java with Gradle"),
    ("build.gradle.kts", "Java with Gradle"),
)
_MAX_TESTS_READ = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where the tests run."""

    python: str | None = None
    problems: tuple[str, ...] = ()
    base_sha: str = ""
    environment_key: str = ""


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """The paths whose content `detect` wants to read: configuration, and a sample of the tests."""
    names = {*paths.WHOLE_CHECK_FILES, *paths.SHARED_CHECK_FILES, *paths.MAKEFILES, honk_toml.PATH}
    config = [path for path in files if path in names]
    tests = [path for path in files if paths.is_test_file(path)]
    step = max(1, len(tests) // _MAX_TESTS_READ)
    return (*config, *tests[::step][:_MAX_TESTS_READ])


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Plan:
    """What to run, and what is missing for it."""
    missing = list(setting.problems)
    try:
        own = honk_toml.parse(contents.get(honk_toml.PATH))
    except honk_toml.HonkTomlError as error:
        own = honk_toml.HonkToml()
        missing.append(str(error))
    python = setting.python or DEFAULT_PYTHON
    tests = _python_tests(files, contents, python)
    commands = [*tests, *_linters(files, contents, python)]
    if not tests and (make := _make_test(contents)) is not None:
        commands.append(make)
    commands += [_own_command(command) for command in own.commands]
    if not any(command.runner or command.name == "make test" for command in commands) and not own.commands:
        missing += [f"the toolchain of {name} ({path})" for path, name in _FOREIGN if path in files]
    return Plan(
        commands=tuple(commands),
        missing=tuple(missing),
        base_sha=setting.base_sha,
        environment_key=setting.environment_key,
    )


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


def _python_tests(files: Sequence[str], contents: Mapping[str, bytes], python: str) -> list[Command]:
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


def _linters(files: Sequence[str], contents: Mapping[str, bytes], python: str) -> list[Command]:
    """Required in the plan; the gate makes advisory what is red on the base."""
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
    return found


def _has_targets(table: object) -> bool:
    return isinstance(table, dict) and any(key in table for key in ("files", "packages", "modules"))


def _make_test(contents: Mapping[str, bytes]) -> Command | None:
    for name in paths.MAKEFILES:
        if name in contents and _TEST_TARGET.search(_text(contents[name])):
            return Command(name="make test", argv=("make", "test"), chosen_by=name, is_required=True)
    return None


def _own_command(command: honk_toml.OwnCommand) -> Command:
    return Command(
        name=command.name,
        argv=command.argv,
        chosen_by=honk_toml.PATH,
        is_required=command.is_required,
        timeout_seconds=command.timeout_seconds,
    )
