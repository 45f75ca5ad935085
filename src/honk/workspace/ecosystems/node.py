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

from honk.workspace.ecosystems import ROUTE, STORE, Ecosystem, Provision, Step, Tool

MANIFEST = "package.json"
_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")
_OTHERS = (*_LOCKS, ".npmrc", "pnpm-workspace.yaml", ".nvmrc", ".node-version")
_REGISTRY = f"{ROUTE}/npm/"
_CACHE = f"{STORE}/.npm-cache"
_SETUP_ENV = {
    "npm_config_registry": _REGISTRY,
    # Lock files hold addresses of whatever registry their writer had.
    "npm_config_replace_registry_host": "always",
    "npm_config_userconfig": "/nonexistent/user.npmrc",
    "npm_config_globalconfig": "/nonexistent/global.npmrc",
    "npm_config_cache": _CACHE,
    "npm_config_dangerously_allow_all_scripts": "true",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_progress": "false",
    "npm_config_loglevel": "warn",
    "YARN_REGISTRY": _REGISTRY,
    "COREPACK_ENABLE_NETWORK": "0",
    "CI": "true",
    "NO_COLOR": "1",
}
_ENV = {"npm_config_offline": "true", "npm_config_update_notifier": "false", "npm_config_cache": "/tmp/npm-cache"}  # noqa: S108
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
    client, words = _client(files, _has_dependencies(project))
    if not words:
        return _provision({"node": node, **_named(tools, "npm")}, (), problems)
    if client not in tools:
        missing = (
            f"{_lock(files) or MANIFEST}: the packages are installed by {client}, which this machine does not have."
        )
        return _provision({"node": node}, (), (*problems, missing))
    steps = [Step(title=f"The packages of {_lock(files) or MANIFEST}", argv=(client, *words))]
    if client == "npm":
        # The project's own scripts were left out above, so those of its dependencies come now.
        steps.append(Step(title="What the packages build", argv=("npm", "rebuild"), is_essential=False))
    return _provision({"node": node, **_named(tools, client)}, tuple(steps), problems)


def has_tests(files: Sequence[str], project: Mapping[str, object]) -> bool:
    """Whether there is something to run: many a repository has a package.json for its tools alone."""
    scripts = project.get("scripts")
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if isinstance(script, str) and "no test specified" not in script:
        return True
    return any(_TEST_FILE.search(path) for path in files)


def _client(files: Sequence[str], has_dependencies: bool) -> tuple[str, tuple[str, ...]]:
    """The program and its words; no words where there is nothing to install."""
    match _lock(files):
        case "pnpm-lock.yaml":
            return "pnpm", ("install", "--frozen-lockfile")
        case "yarn.lock":
            return "yarn", ("install", "--frozen-lockfile", "--non-interactive", "--ignore-scripts")
        case None:
            words = ("install", "--no-package-lock", "--ignore-scripts", "--include=dev")
            return "npm", words if has_dependencies else ()
        case _:
            return "npm", ("ci", "--ignore-scripts", "--include=dev")


def _lock(files: Sequence[str]) -> str | None:
    return next((name for name in _LOCKS if name in files), None)


def _has_dependencies(project: Mapping[str, object]) -> bool:
    return any(project.get(key) for key in ("dependencies", "devDependencies", "optionalDependencies", "workspaces"))


def _provision(tools: Mapping[str, Tool], steps: tuple[Step, ...], problems: tuple[str, ...]) -> Provision:
    tidy = (Step(title="The cache", argv=("/bin/rm", "-rf", _CACHE), is_essential=False),)
    # Else each WebAssembly memory takes ten gigabytes of addresses, more than a sandbox may have.
    frugal = {"NODE_OPTIONS": "--disable-wasm-trap-handler"} if fits(tools["node"].version, _FRUGAL) else {}
    return Provision(
        ecosystem="Node.js",
        tools=tools,
        steps=(*steps, *tidy) if steps else (),
        setup_env={**_SETUP_ENV, **frugal},
        env={**_ENV, **frugal},
        problems=problems,
    )


def _lacking(problem: str) -> Provision:
    return Provision(ecosystem="Node.js", problems=(problem,))


def _named(tools: Mapping[str, Tool], name: str) -> dict[str, Tool]:
    return {name: tools[name]} if name in tools else {}


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
