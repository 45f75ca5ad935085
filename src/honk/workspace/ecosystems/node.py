"""Node.js: the packages of the lock file (else of the manifest), by the client that wrote it. Pure.

Installation scripts of dependencies are run: the set-up sandbox holds no secret and has no way out but the route. Those
of the project itself are not: what they build would be the base's, and stand where a change's own build has to.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from honk.workspace.ecosystems import Ecosystem, Provision, Step, Tool
from honk.workspace.ecosystems.node_clients import CACHES, LOCKS, SETTINGS, Installing, installing

MANIFEST = "package.json"
_OTHERS = (*LOCKS, *SETTINGS, ".nvmrc", ".node-version")
_CACHE = {"npm_config_cache": "/tmp/npm-cache"}  # noqa: S108
"""Of every later sandbox: npm wants to write one."""
_TEST_FILE = re.compile(r"(?<!node_modules/)(?:^|/)[^/]+[.-](?:test|spec)\.[cm]?[jt]sx?$")
_FRUGAL = "^20.15 || ^22.2 || >=23"
"""The versions whose NODE_OPTIONS know `--disable-wasm-trap-handler`."""
_BOUND = re.compile(r"(>=|>|<=|<|\^|~|=)?\s*v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?")


def manifests(files: Sequence[str]) -> tuple[str, ...]:
    """package.json of the root and of its folders, the lock files, and the clients' settings."""
    if MANIFEST not in files:
        return ()
    return tuple(path for path in files if path in _OTHERS or _is_manifest(path))


def plan(files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> Provision | None:
    """One installation at the root, as the lock file has it."""
    if MANIFEST not in files:
        return None
    project = _json(texts.get(MANIFEST, ""))
    if not isinstance(project, dict):
        return _lacking(f"{MANIFEST} cannot be read: it is not sound JSON.")
    if not has_tests(files, project):
        return None
    node = tools.get("node")
    if node is None:
        return _lacking(f"{MANIFEST}: the tests need Node.js (node); this machine has none that can be shown inside.")
    problems = _wanted_version(project, node.version)
    made = installing(files, texts, tools, has_dependencies=_has_dependencies(project))
    problems = (*problems, *([made.problem] if made.problem else []))
    # npm also runs what the packages of others build, and scripts call it.
    shown = {name: tools[name] for name in ("node", "npm", made.client) if name in tools}
    return _provision(shown, made, problems)


def has_tests(files: Sequence[str], project: Mapping[str, object]) -> bool:
    """Whether there is something to run: many a repository has a package.json for its tools alone."""
    scripts = project.get("scripts")
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if isinstance(script, str) and "no test specified" not in script:
        return True
    return any(_TEST_FILE.search(path) for path in files)


def _has_dependencies(project: Mapping[str, object]) -> bool:
    return any(project.get(key) for key in ("dependencies", "devDependencies", "optionalDependencies", "workspaces"))


def _provision(tools: Mapping[str, Tool], made: Installing, problems: tuple[str, ...]) -> Provision:
    tidy = (Step(title="The caches", argv=("/bin/rm", "-rf", *CACHES), is_essential=False),)
    # Else each WebAssembly memory takes ten gigabytes of addresses, more than a sandbox may have.
    frugal = {"NODE_OPTIONS": "--disable-wasm-trap-handler"} if fits(tools["node"].version, _FRUGAL) else {}
    return Provision(
        ecosystem="Node.js",
        tools=tools,
        steps=(*made.steps, *tidy) if made.steps else (),
        setup_env={**made.setup_env, **frugal},
        env={**made.env, **_CACHE, **frugal},
        problems=problems,
        lock=made.lock,
    )


def _lacking(problem: str) -> Provision:
    return Provision(ecosystem="Node.js", problems=(problem,))


def _is_manifest(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[-1] == MANIFEST and not {"node_modules", "fixtures", "test", "tests", "testdata"} & set(parts[:-1])


def _wanted_version(project: Mapping[str, object], version: str) -> tuple[str, ...]:
    """A problem where `engines.node` is understood, and shuts this Node out."""
    engines = project.get("engines")
    wanted = engines.get("node") if isinstance(engines, dict) else None
    if not isinstance(wanted, str) or fits(version, wanted):
        return ()
    return (f"{MANIFEST}: this repository asks for Node.js {wanted}; this machine has {version}.",)


def fits(version: str, wanted: str) -> bool:
    """Whether a version lies in a range as npm writes them; what is not understood fits."""
    try:
        found = Version(version)
        return any(SpecifierSet(_specifiers(part)).contains(found) for part in wanted.split("||"))
    except (InvalidVersion, InvalidSpecifier):
        return True


def _specifiers(part: str) -> str:
    words = []
    for sign, major, minor, patch in _BOUND.findall(part):
        numbers = [major, *(number for number in (minor, patch) if number.isdigit())]
        number = ".".join(numbers)
        if sign == "^" or (not sign and len(numbers) < 3):
            keep = len(numbers) if not sign else 1
            words += [f">={number}", f"=={'.'.join(numbers[:keep])}.*"]
        elif sign == "~":
            words += [f">={number}", f"=={'.'.join(numbers[:2])}.*"]
        else:
            words.append(f"{sign if sign not in ('', '=') else '=='}{number}")
    return ",".join(words)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


ECOSYSTEM = Ecosystem(
    name="Node.js",
    programs={"node": ("--version",), "npm": (), "pnpm": (), "yarn": ()},
    manifests=manifests,
    plan=plan,
)
