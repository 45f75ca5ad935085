"""What tox and nox say of the tests: with which words and variables they are run. Read, never executed. Pure.

A plain call of pytest or unittest is run in our environment, by a runner of ours. What else they run is named.
"""

import ast
import configparser
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from honk.base import toml

FILES = ("tox.ini", "tox.toml", "noxfile.py")
_MAX_LINE = 2000
_RUNNERS = ("pytest", "py.test", "unittest")
_PREFERRED = ("", "env_run_base", "py", "py3", "test", "tests", "unit", "pytest")
"""Environments of tox, sessions of nox, in this order; then the others as they stand."""
_FACTOR = re.compile(r"^!?[\w.{},!-]+:\s")
_POSITIONAL = re.compile(r"\{posargs(?::((?:[^{}]|\{[^{}]*\})*))?\}")
_VARIABLE = re.compile(r"\{env:\w+:([^{}]*)\}")
_HERE = re.compile(r"\{(?:toxinidir|tox_root)\}/?")
_PYTHON = re.compile(r"^(?:\{env_?python\}|python[\d.]*|coverage)$")
_AFTERWARDS = re.compile(r"^(?:\S*python[\d.}]* -m )?(?:coverage (?:report|erase|combine|xml|html|lcov|json)\b|pip )")
"""What is done with results, or to have the environment: nothing that checks the code."""
_DROPPED = re.compile(
    r"^(?:-x|--exitfirst|--maxfail.*|-n.*|--numprocesses.*|--dist.*|--cov.*|--no-cov.*|--junit.*|--html.*|--lf|--ff|"
    r"--last-failed|--failed-first|-q+|-v+|--verbose|--quiet|--durations.*|--color.*|--rootdir.*|-c|--basetemp.*)$"
)
"""Words that end a run early, spread it, or write beside it: not which tests are run, nor how."""
_WITH_VALUE = frozenset({"-n", "-c", "--maxfail", "--numprocesses", "--dist", "--durations", "--basetemp", "--rootdir"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One plain call."""

    runner: str
    """"pytest" or "unittest"."""
    words: tuple[str, ...] = ()
    """For pytest, as declared: which tests, which options."""
    env: tuple[str, ...] = ()
    """`NAME=value`."""
    chosen_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file declares."""

    call: Declared | None = None
    unrun: tuple[str, ...] = ()
    """Commands of the test environment that are none of ours to run, with their file."""


def read(contents: Mapping[str, bytes]) -> Reading:
    """tox before nox; the first that has a plain call."""
    readings = [_tox(contents.get("tox.ini")), _tox_toml(contents.get("tox.toml"), contents.get("pyproject.toml"))]
    readings.append(_nox(contents.get("noxfile.py")))
    first = next((reading for reading in readings if reading.call is not None), None)
    return first or next((reading for reading in readings if reading.unrun), Reading())


def _chosen(candidates: Sequence[tuple[str, Sequence[str], Sequence[str]]], chosen_by: str) -> Reading:
    """(name, commands, variables) of each environment: the first with a plain call, as a reading."""
    order = {name: place for place, name in enumerate(_PREFERRED)}
    ranked = sorted(candidates, key=lambda one: order.get(one[0], len(order)))
    for name, commands, variables in ranked:
        calls = [call for line in commands if (call := _call(line)) is not None]
        if calls:
            where = chosen_by.format(name=f":{name}" if name and "testenv" in chosen_by else name)
            unrun = _unrun([line for line in commands if _call(line) is None], where)
            runner, words = calls[0]
            return Reading(
                call=Declared(runner=runner, words=words, env=_variables(variables), chosen_by=where), unrun=unrun
            )
    lines = [line for _, commands, _ in ranked[:1] for line in commands]
    return Reading(unrun=_unrun(lines, chosen_by.format(name="")))


def _unrun(lines: Sequence[str], where: str) -> tuple[str, ...]:
    return tuple(f"`{line[:120]}` ({where})" for line in lines if not _AFTERWARDS.match(line.lstrip("-! ")))


def _tox(content: bytes | None) -> Reading:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string((content or b"").decode("utf-8", "replace"))
    except configparser.Error:
        return Reading()
    candidates = []
    for section in parser.sections():
        if section == "testenv" or section.startswith("testenv:"):
            lines = _joined(parser.get(section, "commands", fallback=""))
            own = parser.get(section, "setenv", fallback=parser.get(section, "set_env", fallback=""))
            shared = parser.get("testenv", "setenv", fallback=parser.get("testenv", "set_env", fallback=""))
            variables = [*shared.splitlines(), *(own.splitlines() if section != "testenv" else ())]
            candidates.append((section.partition(":")[2], lines, [line.strip() for line in variables if line.strip()]))
    return _chosen([one for one in candidates if one[1]], "tox.ini [testenv{name}]")


def _tox_toml(content: bytes | None, project: bytes | None) -> Reading:
    """tox's own file, or its table in the project's: lists of words instead of lines."""
    try:
        tox = toml.loads((content or b"").decode("utf-8", "replace"))
        tool = toml.loads((project or b"").decode("utf-8", "replace")).get("tool", {})
    except ValueError:
        return Reading()
    if not tox and isinstance(tool, dict) and isinstance(tool.get("tox"), dict):
        tox = tool["tox"]
    if isinstance(legacy := tox.get("legacy_tox_ini"), str):
        return _tox(legacy.encode("utf-8", "surrogatepass"))
    named = tox.get("env", {})
    tables = {"env_run_base": tox.get("env_run_base", {}), **(named if isinstance(named, dict) else {})}
    candidates = []
    for name, table in tables.items():
        commands = table.get("commands", []) if isinstance(table, dict) else []
        lines = [shlex.join(_words(command)) for command in commands if isinstance(command, list)]
        variables = table.get("set_env", {}) if isinstance(table, dict) else {}
        pairs = [f"{key}={value}" for key, value in variables.items()] if isinstance(variables, dict) else []
        candidates.append((name, lines, pairs))
    return _chosen([one for one in candidates if one[1]], "tox [{name}]")


def _words(command: list[object]) -> Iterator[str]:
    """The plain words; a reference is taken for its default, as tox does where nobody gives anything."""
    for word in command:
        if isinstance(word, str):
            yield word
        elif isinstance(word, dict) and isinstance(default := word.get("default", []), list):
            yield from (one for one in default if isinstance(one, str))


def _nox(content: bytes | None) -> Reading:
    """Calls of `session.run` whose words are written out."""
    try:
        tree = ast.parse(content or b"")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return Reading()
    candidates = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any("session" in ast.dump(mark) for mark in node.decorator_list):
            calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and _is_run(call)]
            commands = [line for call in calls if (line := _line(call))]
            variables = [pair for call in calls for pair in _pairs(call)]
            candidates.append((node.name, commands, variables))
    return _chosen([one for one in candidates if one[1]], "noxfile.py [{name}]")


def _is_run(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "run"


def _line(call: ast.Call) -> str:
    """What is not written out, `*session.posargs` say, is left out."""
    words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    return shlex.join(words)


def _pairs(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg == "env" and isinstance(keyword.value, ast.Dict):
            for key, value in zip(keyword.value.keys, keyword.value.values, strict=True):
                match key, value:
                    case ast.Constant(value=str(name)), ast.Constant(value=str(text)):
                        yield f"{name}={text}"


def _joined(text: str) -> list[str]:
    """Lines of commands, those that go on in the next joined; what is for some environments only is left out."""
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#") and not _FACTOR.match(line)]


def _call(line: str) -> tuple[str, tuple[str, ...]] | None:
    """(runner, words) of a plain call of a runner of ours."""
    if len(line) > _MAX_LINE:
        return None
    text = _HERE.sub("", _VARIABLE.sub(r"\1", _POSITIONAL.sub(lambda found: found[1] or "", line.lstrip("-! "))))
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if words and _PYTHON.match(words[0]):
        words = _after_module(words)
    if not words or any("{" in word or "}" in word for word in words[1:]):
        return None
    if words[0] in ("pytest", "py.test"):
        return "pytest", tuple(_kept(words[1:]))
    return ("unittest", ()) if words[0] == "unittest" else None


def _after_module(words: list[str]) -> list[str]:
    """`python -m coverage run -m pytest x` is `pytest x`."""
    for at in range(1, len(words) - 1):
        if words[at] == "-m" and words[at + 1] in _RUNNERS:
            return words[at + 1 :]
    return []


def _kept(words: Sequence[str]) -> Iterator[str]:
    skipping = False
    for word in words:
        if skipping:
            skipping = False
        elif _DROPPED.match(word):
            skipping = word in _WITH_VALUE
        else:
            yield word


def _variables(lines: Sequence[str]) -> tuple[str, ...]:
    """Those whose value is written out."""
    pairs = [_HERE.sub("/workspace/", line) for line in lines]
    split = [(name.strip(), value.strip()) for name, sign, value in (pair.partition("=") for pair in pairs) if sign]
    return tuple(f"{name}={value}" for name, value in split if re.fullmatch(r"[A-Za-z_]\w*", name) and "{" not in value)
