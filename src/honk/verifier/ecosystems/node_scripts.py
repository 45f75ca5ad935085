"""The scripts of a package.json, taken apart: what builds, what lints, and which runner is started how. Pure."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RUNNERS = ("jest", "vitest", "mocha")
_LINTERS = {"eslint", "standard", "xo", "prettier", "tslint", "biome", "tsd", "attw", "publint", "dtslint", "oxlint",
            "aud", "audit-ci", "evalmd", "markdownlint", "remark", "ls-lint", "cspell", "stylelint",
            "npmPkgJsonLint", "commitlint"}  # fmt: skip
_WRAPPERS = {"npx", "c8", "nyc", "cross-env", "env", "dotenv", "exec", "yarn", "pnpm"}
_RUN = re.compile(r"^(?:npm|pnpm|yarn)\s+(?:run\s+|run-script\s+)?(?:-s\s+|--silent\s+)?(?P<name>[\w:.-]+)$")
_RUN_ALL = re.compile(r"^(?:run-s|npm-run-all)\s+(?P<names>[\w:. -]+)$")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_DROPPED = re.compile(r"^--?(?:watch\w*|coverage\w*|collectCoverage\w*|ci|reporters?|R|json|outputFile|color|colors|"
                      r"c8|silent|verbose|notify|test-reporter\S*|experimental-test-coverage|test-coverage\S*|ui|open|run)"
                      r"(?:=.*|\..*)?$")  # fmt: skip
_WITH_VALUE = {"--reporter", "-R", "--reporters", "--outputFile", "--coverageDirectory", "--coverageReporters",
               "--test-reporter", "--test-reporter-destination", "--reporter-options", "-O"}  # fmt: skip
_FLAG_WITH_VALUE = {"--require", "-r", "--import", "--loader", "--experimental-loader", "--conditions", "-C",
                    "--env-file", "--max-old-space-size"}  # fmt: skip
_JOINTS = re.compile(r"\|\||[;|<>$`]|(?<!&)&(?!&)")
"""What makes a line more than programs one after the other."""
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One runner as a script starts it."""

    runner: str
    words: tuple[str, ...] = ()
    node_flags: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    """`NAME=value`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a test script does, in order."""

    before: tuple[str, ...] = ()
    """Shell lines in front of the first runner."""
    runners: tuple[Invocation, ...] = ()
    others: tuple[str, ...] = ()
    """Shell lines behind it, that are no linters."""


def read_script(scripts: Mapping[str, str], name: str = "test") -> Script:
    """The script with all that it calls by name, `pre` and `post` scripts included."""
    before: list[str] = []
    others: list[str] = []
    runners: list[Invocation] = []
    for line in _lines(scripts, name, 0):
        invocation = invocation_of(line)
        if invocation is not None:
            runners.append(invocation)
        elif not _is_linter(line):
            (others if runners else before).append(line)
    return Script(before=tuple(before), runners=tuple(runners), others=tuple(others))


def _lines(scripts: Mapping[str, str], name: str, depth: int) -> list[str]:
    if depth > _MAX_DEPTH:
        return []
    found = []
    for script in (f"pre{name}", name, f"post{name}"):
        for line in _parts(scripts.get(script, "")):
            called = [run["name"]] if (run := _RUN.match(line)) else []
            called = called or (every["names"].split() if (every := _RUN_ALL.match(line)) else [])
            if called and all(one in scripts for one in called):
                found += [inner for one in called for inner in _lines(scripts, one, depth + 1)]
            else:
                found.append(line)
    return found


def _parts(script: str) -> list[str]:
    """The commands of a line joined by `&&`; a line with any other joint is one."""
    bare = _bare(script)
    if _JOINTS.search(bare):
        return [script.strip()]
    parts, past = [], 0
    for joint in re.finditer("&&", bare):
        parts.append(script[past : joint.start()].strip())
        past = joint.end()
    return [part for part in (*parts, script[past:].strip()) if part]


def _bare(line: str) -> str:
    """With nothing in its quotes, at the same length."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", lambda found: "_" * len(found.group()), line)


def invocation_of(line: str) -> Invocation | None:
    """The runner that the line starts, if it is one of ours and nothing else is in it."""
    if _JOINTS.search(_bare(line)) or "&&" in _bare(line):
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    env, words = _unwrapped(words)
    if not words:
        return None
    program = words[0].rsplit("/", 1)[-1].removesuffix(".js").removeprefix("_")
    if program in RUNNERS:
        return Invocation(runner=program, words=kept(words[1:]), env=env)
    if program != "node":
        return None
    flags, rest = _node_flags(words[1:])
    if "--test" in flags:
        own = tuple(flag for flag in flags if not flag.startswith("--test"))
        return Invocation(runner="node:test", words=tuple(rest), node_flags=_without_dropped(own), env=env)
    inner = rest[0].rsplit("/", 1)[-1].removesuffix(".js").removesuffix(".mjs").removeprefix("_") if rest else ""
    if inner in RUNNERS:
        return Invocation(runner=inner, words=kept(rest[1:]), node_flags=tuple(flags), env=env)
    return None


def _unwrapped(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Variables, and the words of the program behind wrappers and their options."""
    env: list[str] = []
    while words:
        if _ASSIGNMENT.match(words[0]):
            env.append(words.pop(0))
        elif words[0] in _WRAPPERS:
            words = words[1:]
            while words and words[0].startswith("-"):
                words = words[1:]
        else:
            break
    return tuple(env), words


def _node_flags(words: Sequence[str]) -> tuple[list[str], list[str]]:
    flags, rest = [], list(words)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        flags.append(flag)
        if flag in _FLAG_WITH_VALUE and rest:
            flags.append(rest.pop(0))
    if "--test" in flags:  # further flags may stand between the patterns
        flags += [word for word in rest if word.startswith("-")]
        rest = [word for word in rest if not word.startswith("-")]
    return flags, rest


def kept(words: Sequence[str]) -> tuple[str, ...]:
    """Without what concerns reports, coverage and watching: results are told our way."""
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in _WITH_VALUE:
            skip = True
        elif not _DROPPED.match(word) and word not in ("run", "watch"):
            found.append(word)
    return tuple(found)


def _without_dropped(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not _DROPPED.match(word))


def _is_linter(line: str) -> bool:
    try:
        words = _unwrapped(shlex.split(line))[1]
    except ValueError:
        return False
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if words[:2] == ["npm", "audit"]:
        return True
    return program in _LINTERS or (program == "tsc" and "--noEmit" in words)
