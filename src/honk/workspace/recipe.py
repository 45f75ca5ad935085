"""Decides what a repository's tests need of Python, from its files alone. Pure: nothing is run, nothing is asked.

The other ecosystems have a module each in `ecosystems`.
"""

import configparser
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from honk.base import toml
from honk.workspace.poetry import poetry_requirements

VERSION = "1"
"""Part of every environment's key: a change of these rules makes new environments."""
TEST_NAMES = ("test", "tests", "testing")
DEV_NAMES = ("dev", "develop", "development")
REQUIREMENTS = re.compile(
    r"(?:(?:requirements|tests?|reqs)/)?(?:requirements?)?[-_.]?"
    r"(?P<kind>tests?|testing|dev|develop|development|base|main|common)?[-_.]?(?:requirements?)?\.(?:txt|in)"
)
MANIFESTS = frozenset(
    {
        "pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini", ".python-version",
        "uv.lock", "poetry.lock", "pylock.toml", "pdm.lock",
    }
)  # fmt: skip
LOCKS = {"uv.lock": "package", "pylock.toml": "packages", "poetry.lock": "package", "pdm.lock": "package"}
"""Lock files, the first that is there counts; each with the key of its list."""
SAMPLED_TESTS = 40
NATIVE_SUFFIXES = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".pxd", ".rs", ".h", ".f90")
_TEST_FILE = re.compile(r"(?:.*/)?(?:test_[^/]*|[^/]*_test)\.py")
_PYTEST_SIGN = re.compile(r"^(?:import pytest\b|from pytest\b|(?:async )?def test_)", re.MULTILINE)
_OTHER_TOOLCHAINS = {
    "Gemfile": "Ruby", "composer.json": "PHP", "mix.exs": "Elixir",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python that this machine has."""

    path: str
    version: str
    prefix: str | None = None
    """What has to be shown inside, at its own path; None for one below /usr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing to install: arguments of `uv pip install`."""

    title: str
    arguments: tuple[str, ...]
    is_essential: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to do, in order: the parts in one go if they agree, then the project itself, then the owner's commands."""

    python: Interpreter | None
    parts: tuple[Part, ...] = ()
    constraints: tuple[str, ...] = ()
    """Versions out of a lock file."""
    lock: str = ""
    """Which one."""
    installs_project: bool = False
    commands: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.parts or self.installs_project or self.commands)


def manifest_paths(files: Sequence[str]) -> tuple[str, ...]:
    """The files whose content decides; a change of one may need another environment."""
    return tuple(path for path in files if path in MANIFESTS or _requirements_kind(path) is not None)


def sampled_tests(files: Sequence[str]) -> tuple[str, ...]:
    """Some of the Python test files: enough to see which runner they are written for."""
    return tuple(islice((path for path in files if path.endswith(".py") and _TEST_FILE.fullmatch(path)), SAMPLED_TESTS))


def plan(
    files: Sequence[str], texts: Mapping[str, str], pythons: Sequence[Interpreter], commands: Sequence[str] = ()
) -> Recipe:
    """The recipe for a tree with these files; `texts` has the manifests, some tests, and `conftest.py` files."""
    project, problems = _toml(texts, "pyproject.toml")
    python, wanted = _choose_python(project, texts, pythons)
    if python is None:
        have = ", ".join(candidate.version for candidate in pythons) or "none"
        problems += (f"This repository asks for Python {wanted}; this machine has {have}.",)
        return Recipe(python=None, problems=problems + _foreign(files))
    parts = [*_project_parts(project, files, texts), *_poetry_parts(project), *_pdm_parts(project)]
    parts += [*_requirement_parts(files, project), *_tox_parts(texts)]
    lock, pins = _locked(texts)
    notes: tuple[str, ...] = ()
    if _needs_pytest(files, texts, project):
        if not _declares_pytest(texts):
            notes = ("The tests need pytest but no manifest declares it: added in its latest version.",)
        parts.append(Part(title="pytest", arguments=("pytest",)))
    return Recipe(
        python=python,
        parts=tuple(parts),
        constraints=pins if parts else (),
        lock=lock if parts else "",
        installs_project=_is_installable(project, files),
        commands=tuple(commands),
        problems=problems + _foreign(files),
        notes=notes,
    )


def _toml(texts: Mapping[str, str], path: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    try:
        return toml.loads(texts.get(path, "")), ()
    except ValueError as error:
        return {}, (f"{path} cannot be read: {error}.",)


def _table(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The table at a dotted place; empty where there is none, or something else."""
    for name in names:
        value = value.get(name, {})
        if not isinstance(value, dict):
            return {}
    return dict(value)


def _choose_python(
    project: Mapping[str, Any], texts: Mapping[str, str], pythons: Sequence[Interpreter]
) -> tuple[Interpreter | None, str]:
    """The first that fits both what is required and what is pinned; else the first that fits what is required."""
    required = _required_python(project, texts)
    fitting = [candidate for candidate in pythons if _fits(candidate.version, required)]
    pinned = re.match(r"\s*(\d+\.\d+)", texts.get(".python-version", ""))
    exact = [c for c in fitting if pinned and c.version.split(".")[:2] == pinned.group(1).split(".")]
    if pinned and not exact and not required:
        return None, pinned.group(1)
    return next(iter(exact or fitting), None), required


def _required_python(project: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    declared = _table(project, "project").get("requires-python")
    if isinstance(declared, str):
        return declared
    return _ini(texts.get("setup.cfg", "")).get("options", "python_requires", fallback="")


def _fits(version: str, required: str) -> bool:
    try:
        return SpecifierSet(required).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def _project_parts(project: Mapping[str, Any], files: Sequence[str], texts: Mapping[str, str]) -> list[Part]:
    """What the project's own metadata declares; uv reads it, and builds it where it is dynamic."""
    has_modern = bool(_table(project, "project") or _table(project, "build-system"))
    named = ("pyproject.toml",) if has_modern else ("setup.py", "setup.cfg")
    manifest = next((name for name in named if name in files), None)
    if manifest is None:
        return _group_parts(project)
    parts = [Part(title=f"dependencies ({manifest})", arguments=("-r", manifest))]
    extras = [*_table(project, "project", "optional-dependencies"), *_old_extras(texts)]
    for name in (extra for extra in dict.fromkeys(extras) if extra.lower() in (*TEST_NAMES, *DEV_NAMES)):
        is_essential = name.lower() in TEST_NAMES
        arguments = ("-r", manifest, "--extra", name)
        parts.append(Part(title=f"extra {name}", arguments=arguments, is_essential=is_essential))
    return parts + _group_parts(project)


def _group_parts(project: Mapping[str, Any]) -> list[Part]:
    return [
        Part(title=f"group {name}", arguments=("--group", name), is_essential=name.lower() in TEST_NAMES)
        for name in _table(project, "dependency-groups")
        if name.lower() in (*TEST_NAMES, *DEV_NAMES)
    ]


def _old_extras(texts: Mapping[str, str]) -> list[str]:
    """Extras that setup.cfg declares, and what looks like one in setup.py."""
    ini = _ini(texts.get("setup.cfg", ""))
    declared = ini.options("options.extras_require") if ini.has_section("options.extras_require") else []
    names = "|".join((*TEST_NAMES, *DEV_NAMES))
    return declared + re.findall(rf"[\"']({names})[\"']\s*:\s*[\[\w]", texts.get("setup.py", ""))


def _poetry_parts(project: Mapping[str, Any]) -> list[Part]:
    found = poetry_requirements(_table(project, "tool", "poetry"), (*TEST_NAMES, *DEV_NAMES))
    wanted = tuple(requirement for requirement in found if _is_requirement(requirement))
    return [Part(title="poetry groups", arguments=wanted)] if wanted else []


def _pdm_parts(project: Mapping[str, Any]) -> list[Part]:
    """PDM's own groups, as it wrote them before there was a standard."""
    groups = _table(project, "tool", "pdm", "dev-dependencies")
    named = [group for name, group in groups.items() if name.lower() in (*TEST_NAMES, *DEV_NAMES)]
    lines = [line for group in named if isinstance(group, list) for line in group if isinstance(line, str)]
    wanted = tuple(line for line in lines if _is_requirement(line))
    return [Part(title="pdm groups", arguments=wanted)] if wanted else []


def _requirements_kind(path: str) -> str | None:
    """ "tests", "dev", "" for the main one; None for any other file."""
    if "require" not in path and "reqs/" not in path:
        return None
    match = REQUIREMENTS.fullmatch(path)
    return None if match is None else (match["kind"] or ("tests" if path.startswith("test") else ""))


def _requirement_parts(files: Sequence[str], project: Mapping[str, Any]) -> list[Part]:
    parts = []
    kinds = {path: kind for path in files if (kind := _requirements_kind(path)) is not None}
    for path, kind in kinds.items():
        is_source = path.endswith(".in") and f"{path[:-3]}.txt" in kinds
        is_main = kind in ("", "base", "main", "common")
        if is_source or (is_main and _table(project, "project").get("dependencies") is not None):
            continue
        parts.append(Part(title=path, arguments=("-r", path), is_essential=kind not in DEV_NAMES))
    return parts


def _tox_parts(texts: Mapping[str, str]) -> list[Part]:
    """Plain requirements of tox's default environment; what depends on tox's own language is left out."""
    lines = _ini(texts.get("tox.ini", "")).get("testenv", "deps", fallback="").splitlines()
    wanted = tuple(line.strip() for line in lines if _is_requirement(line.strip()))
    return [Part(title="tox.ini", arguments=wanted, is_essential=False)] if wanted else []


def _is_requirement(line: str) -> bool:
    """Whether it names a package of an index, and cannot be taken for an option."""
    try:
        return Requirement(line).url is None
    except InvalidRequirement:
        return False


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def _is_installable(project: Mapping[str, Any], files: Sequence[str]) -> bool:
    if _table(project, "tool", "uv").get("package") is False:
        return False
    if _table(project, "tool", "poetry").get("package-mode") is False:
        return False
    is_package = _table(project, "tool", "uv").get("package") or _table(project, "tool", "pdm").get("distribution")
    has_builder = "setup.py" in files or "build-system" in project
    if is_package is False or not (is_package or has_builder or {"uv.lock", "pdm.lock"}.isdisjoint(files)):
        return False  # as uv and pdm see it: an application, whose packages alone are installed
    has_metadata = bool(_table(project, "project") or _table(project, "tool", "poetry"))
    return "setup.py" in files or "build-system" in project or (has_metadata and "pyproject.toml" in files)


def _needs_pytest(files: Sequence[str], texts: Mapping[str, str], project: Mapping[str, Any]) -> bool:
    if "pytest" in _table(project, "tool") or "pytest.ini" in files:
        return True
    if any(path == "conftest.py" or path.endswith("/conftest.py") for path in files):
        return True
    return any(_PYTEST_SIGN.search(texts.get(path, "")) for path in sampled_tests(files))


def _declares_pytest(texts: Mapping[str, str]) -> bool:
    """Whether some manifest names it as a requirement, and not only as a table of settings."""
    manifests = [text for path, text in texts.items() if path in MANIFESTS or _requirements_kind(path) is not None]
    return any(
        re.search(r"(?<![\w.:-])pytest(?=[\s\"'<>=~!\[;,]|$)(?!\s*\])", text, re.MULTILINE) for text in manifests
    )


def _locked(texts: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The lock file that counts, and `name==version` for every package that it has once and from a registry."""
    for path, key in LOCKS.items():
        pins: dict[str, set[str]] = {}
        packages = _toml(texts, path)[0].get(key, [])
        for package in (one for one in packages if isinstance(one, dict)) if isinstance(packages, list) else ():
            name, version, source = package.get("name"), package.get("version"), _table(package, "source")
            is_foreign = bool(source) and "registry" not in source and source.get("type") != "legacy"
            if isinstance(name, str) and isinstance(version, str) and not is_foreign:
                pins.setdefault(name, set()).add(version)
        if pins:
            lines = (f"{name}=={next(iter(found))}" for name, found in sorted(pins.items()) if len(found) == 1)
            return path, tuple(line for line in lines if _is_requirement(line))
    return "", ()


def _foreign(files: Sequence[str]) -> tuple[str, ...]:
    """Toolchains that the tests need and that we do not have; only where there are no Python tests to run."""
    if sampled_tests(files):
        return ()
    return tuple(
        f"{path}: the tests need {toolchain}, which is not supported yet."
        for path, toolchain in _OTHER_TOOLCHAINS.items()
        if path in files
    )
