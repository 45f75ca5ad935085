"""Node.js: jest, vitest, mocha and node:test by runners of ours, any other script as it is; tsc and eslint. Pure.

The base's own `test` script says which runner, with which words, and what has to be built before.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from honk.verifier import Command
from honk.verifier.ecosystems import Asked, Ecosystem, Found, Runner, Setting, Start
from honk.verifier.ecosystems.node_scripts import Invocation, Script, read_script
from honk.verifier.paths import name_of
from honk.verifier.results import read_channel
from honk.verifier.runners import SHELL, source

MANIFEST = "package.json"
CHECK_KEYS = ("scripts", "jest", "mocha", "vitest", "ava", "tap", "nyc", "c8", "eslintConfig", "xo", "standard")
"""Keys of package.json that say how a change is checked."""
LINTER_TIMEOUT_SECONDS = 600.0
_CONFIG = re.compile(
    r"(?:jest|vitest|vite|ava|karma|playwright|eslint)\.(?:[\w-]+\.)?config\.(?:[cm]?[jt]s|json)|"
    r"vitest\.workspace\.\w+|\.mocharc(?:\.\w+)?|\.eslintrc(?:\.\w+)?|\.eslintignore|\.taprc|\.nycrc(?:\.\w+)?|"
    r"\.c8rc(?:\.json)?|biome\.jsonc?|tsconfig(?:\.[\w-]+)?\.json"
)
_TEST_FILE = re.compile(
    r"(?:^|/)(?:[^/]+[._-](?:test|spec)|test|test-[^/]+)\.[cm]?[jt]sx?$|"
    r"(?:^|/)(?:__tests__|tests?|spec)/.*\.[cm]?[jt]sx?$"
)
_LOADED = re.compile(
    r"(?:setup\w*|globalSetup|globalTeardown|\w*[eE]nvironment|\w*[rR]unner|require|import|file|reporters?)"
    r"[\"']?\s*[:=]\s*"
    r"(\[[^\]]*\]|[\"'][^\"'\n]+[\"']|[^\s,}\]]+)"
)
_STRINGS = re.compile(r"[\"']([^\"'\n]+)[\"']|([\w./-]+)")
_NODE_TEST = re.compile(r"[\"']node:test[\"']")
_BUILDS = ("build", "prepare", "compile", "prepack")
_MAX_TESTS_READ = 20


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """The manifest, the configurations, and a sample of the tests."""
    if MANIFEST not in files:
        return ()
    tests = [path for path in files if is_test_file(path)][:_MAX_TESTS_READ]
    return (MANIFEST, *(path for path in files if is_check_file(path) and "/" not in path), *tests)


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """The runners of the test script; the whole script where none of them is ours."""
    project = _project(contents.get(MANIFEST))
    node = setting.tools.get("node")
    if project is None or not _is_wanted(project, files):
        return Found()
    if node is None:
        return Found(missing=() if setting.problems else (f"the toolchain of Node.js ({MANIFEST})",))
    script, chosen = _script(project, files, contents)
    if not script.runners:
        return Found(tests=_plain(script, chosen), linters=_linters(project, files))
    before = (*_build(project, files, script), *script.before)
    guarded = _guarded(project, files, contents, script)
    tests = [
        _command(node, one, chosen, guarded=guarded, before=before, number=number)
        for number, one in enumerate(script.runners, 1)
    ]
    others = [
        replace(tests[0], name=line[:60], argv=("/bin/sh", "-c", _with_binaries(line)), runner=None)
        for line in script.others
    ]
    return Found(tests=(*tests, *others), linters=_linters(project, files))


def is_test_file(path: str) -> bool:
    """A file that one of the runners collects, or that lies where they look."""
    return "node_modules/" not in path and not path.endswith(".d.ts") and _TEST_FILE.search(path) is not None


def is_check_file(path: str) -> bool:
    return "node_modules/" not in path and _CONFIG.fullmatch(name_of(path)) is not None


def is_shared_check_file(path: str) -> bool:
    return name_of(path) == MANIFEST and "node_modules/" not in path


def mend(path: str, before: bytes | None, after: bytes) -> bytes | None:
    """The change's manifest with the base's check keys."""
    old, new = _project(before), _project(after)
    if new is None:
        return before
    wanted = {key: old[key] for key in CHECK_KEYS if old is not None and key in old}
    if wanted == {key: new[key] for key in CHECK_KEYS if key in new}:
        return after
    mended = {**{key: value for key, value in new.items() if key not in CHECK_KEYS}, **wanted}
    return json.dumps(mended, indent=2, ensure_ascii=False).encode() + b"\n"


def start(command: Command, asked: Asked) -> Start:
    """Sent in through standard input of `node -`, so that no file of the tree can stand in its place."""
    at = next(index for index, word in enumerate(command.argv) if "=" not in word and word != "env")
    env = dict(word.partition("=")[::2] for word in command.argv[1:at])
    name = command.runner or ""
    split = command.argv.index(name, at)
    options = {"nonce": asked.nonce, "words": command.argv[split + 1 :], "only": list(asked.only)}
    script = (
        f"process._eval = undefined;\n(() => {{\nconst OPTIONS = {json.dumps(options)};\n"
        f"{source('node_channel.cjs')}\n{source(_SOURCES[name])}\n}})();\n"
    )
    return Start(argv=(*SHELL, *command.argv[at:split], "-"), stdin=script.encode(), env={**env, "NO_COLOR": "1"})


_SOURCES = {
    "jest": "jest_runner.cjs",
    "vitest": "vitest_runner.cjs",
    "mocha": "mocha_runner.cjs",
    "node:test": "node_test_runner.cjs",
}


def _project(content: bytes | None) -> dict[str, object] | None:
    try:
        found = json.loads(content) if content is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _table(project: Mapping[str, object], key: str) -> dict[str, str]:
    table = project.get(key)
    return {name: value for name, value in table.items() if isinstance(value, str)} if isinstance(table, dict) else {}


def _is_wanted(project: Mapping[str, object], files: Sequence[str]) -> bool:
    script = _table(project, "scripts").get("test", "")
    return bool(script and "no test specified" not in script) or any(
        re.search(r"[.-](?:test|spec)\.", path) and is_test_file(path) for path in files
    )


def _dependencies(project: Mapping[str, object]) -> set[str]:
    return {*_table(project, "dependencies"), *_table(project, "devDependencies")}


def _script(project: Mapping[str, object], files: Sequence[str], contents: Mapping[str, bytes]) -> tuple[Script, str]:
    """The test script; without one, the runner that is installed or that the tests import."""
    scripts = _table(project, "scripts")
    if "no test specified" not in scripts.get("test", "no test specified"):
        return read_script(scripts), f"{MANIFEST} [scripts.test]"
    for name in ("vitest", "jest", "mocha"):
        if name in _dependencies(project):
            return Script(runners=(Invocation(runner=name),)), f"{MANIFEST} [devDependencies.{name}]"
    for path in files:
        if is_test_file(path) and _NODE_TEST.search(contents.get(path, b"").decode("utf-8", "replace")):
            return Script(runners=(Invocation(runner="node:test"),)), path
    return Script(), MANIFEST


def _command(
    node: str, one: Invocation, chosen: str, *, guarded: tuple[str, ...], before: tuple[str, ...], number: int
) -> Command:
    env = ("env", *one.env) if one.env else ()
    return Command(
        name=one.runner if number == 1 else f"{one.runner} {number}",
        argv=(*env, node, *one.node_flags, one.runner, *one.words),
        chosen_by=chosen,
        is_required=True,
        runner=one.runner,
        prepare=tuple(_with_binaries(line) for line in before),
        guarded=guarded,
    )


def _with_binaries(line: str) -> str:
    """As npm runs a script: with the packages' own programs at hand."""
    return f'PATH="$PWD/node_modules/.bin:$PATH"; export PATH; {line}'


def _plain(script: Script, chosen: str) -> tuple[Command, ...]:
    """The script's own lines, linters left out: its runner is none of ours, so exit code and counts must do."""
    if not script.before:
        return ()
    line = _with_binaries(" && ".join(script.before))
    return (Command(name="npm test", argv=("/bin/sh", "-c", line), chosen_by=chosen, is_required=True),)


def _build(project: Mapping[str, object], files: Sequence[str], script: Script) -> tuple[str, ...]:
    """The project's own build, where what it offers is not among its files and the script does not make it."""
    offered = [value for key in ("main", "module") if isinstance(value := project.get(key), str)]
    scripts = _table(project, "scripts")
    name = next((name for name in _BUILDS if name in scripts), None)
    is_built = any(str(PurePosixPath(path)) not in files and f"{path}.js" not in files for path in offered)
    folder = any(path.startswith(f"{PurePosixPath(offer)}/") for offer in offered for path in files)
    if name is None or not offered or not is_built or folder or script.before:
        return ()
    return tuple(read_script(scripts, name).before)


def _guarded(
    project: Mapping[str, object], files: Sequence[str], contents: Mapping[str, bytes], script: Script
) -> tuple[str, ...]:
    """What the configurations load before the tests: set-ups, environments, required modules."""
    texts = [json.dumps({key: project.get(key) for key in ("jest", "mocha", "vitest")})]
    texts += [content.decode("utf-8", "replace") for path, content in contents.items() if is_check_file(path)]
    named = {name for text in texts for found in _LOADED.finditer(text) for name in _names(found[1])}
    named |= {word for one in script.runners for word in (*one.words, *one.node_flags)}
    known = set(files)
    spelled = {str(PurePosixPath(name.removeprefix("<rootDir>/").removeprefix("--require="))) for name in named}
    endings = ("", ".js", ".cjs", ".mjs", ".ts", "/index.js", "/index.ts")
    paths = {name + ending for name in spelled for ending in endings if name + ending in known}
    return tuple(sorted(path for path in paths if not _is_plain_test(path)))


def _is_plain_test(path: str) -> bool:
    return re.search(r"[._-](?:test|spec)\.\w+$", path) is not None


def _names(value: str) -> Iterable[str]:
    return (first or second for first, second in _STRINGS.findall(value))


def _linters(project: Mapping[str, object], files: Sequence[str]) -> tuple[Command, ...]:
    """Where they are configured and installed."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    if "tsconfig.json" in files and "typescript" in _dependencies(project):
        found.append(("tsc", "tsconfig.json", ("node_modules/.bin/tsc", "--noEmit", "--incremental", "false")))
    config = next((path for path in files if re.fullmatch(r"eslint\.config\.\w+|\.eslintrc(?:\.\w+)?", path)), None)
    config = config or (f"{MANIFEST} [eslintConfig]" if "eslintConfig" in project else None)
    if config is not None and "eslint" in _dependencies(project):
        found.append(("eslint", config, ("node_modules/.bin/eslint", ".")))
    return tuple(
        Command(name=name, argv=argv, chosen_by=chosen, is_required=True, timeout_seconds=LINTER_TIMEOUT_SECONDS)
        for name, chosen, argv in found
    )


ECOSYSTEM = Ecosystem(
    name="Node.js",
    needed=needed,
    detect=detect,
    is_test_file=is_test_file,
    is_check_file=is_check_file,
    is_shared_check_file=is_shared_check_file,
    mend=mend,
    runners={name: Runner(start=start, read=read_channel, has_flock=name == "mocha") for name in _SOURCES},
    linters=frozenset({"tsc", "eslint"}),
)
