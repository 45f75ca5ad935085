"""npm, pnpm and yarn: which of them installs a repository's packages, in which words and with which settings. Pure.

Scripts of the project itself are left out everywhere; those of its dependencies are run by a step of their own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from honk.workspace.ecosystems import ROUTE, STORE, Step, Tool

LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock")
SETTINGS = (".npmrc", "pnpm-workspace.yaml", ".yarnrc", ".yarnrc.yml")
REGISTRY = f"{ROUTE}/npm/"
CACHES = tuple(f"{STORE}/.{name}" for name in ("npm-cache", "pnpm-store", "yarn-cache"))
_NPM = {
    "npm_config_registry": REGISTRY,
    # Lock files hold addresses of whatever registry their writer had.
    "npm_config_replace_registry_host": "always",
    "npm_config_userconfig": "/nonexistent/user.npmrc",
    "npm_config_globalconfig": "/nonexistent/global.npmrc",
    "npm_config_cache": CACHES[0],
    "npm_config_dangerously_allow_all_scripts": "true",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_progress": "false",
    "npm_config_loglevel": "warn",
    "COREPACK_ENABLE_NETWORK": "0",
    "CI": "true",
    "NO_COLOR": "1",
}
_PNPM_ALWAYS = {"manage_package_manager_versions": "false", "verify_deps_before_run": "false"}
"""It shall neither fetch another version of itself nor install before it runs a script."""
_PNPM = {
    **_PNPM_ALWAYS,
    "registry": REGISTRY,
    "store_dir": CACHES[1],
    "package_import_method": "copy",
    "dangerously_allow_all_builds": "true",
    "update_notifier": "false",
}
_CLASSIC = {"YARN_REGISTRY": REGISTRY, "YARN_CACHE_FOLDER": CACHES[2], "HONK_REGISTRY": REGISTRY}
_BERRY = {
    "YARN_NPM_REGISTRY_SERVER": f"{ROUTE}/npm",
    "YARN_UNSAFE_HTTP_WHITELIST": "127.0.0.1",
    # The tests are run by `node` itself, which knows no other place for packages.
    "YARN_NODE_LINKER": "node-modules",
    "YARN_ENABLE_GLOBAL_CACHE": "false",
    "YARN_CACHE_FOLDER": CACHES[2],
    "YARN_ENABLE_TELEMETRY": "0",
}
OFFLINE = {"npm_config_offline": "true", "npm_config_update_notifier": "false"}
_REBUILD = Step(title="What the packages build", argv=("npm", "rebuild"), is_essential=False)
# Yarn 1 fetches from the addresses of the lock file alone; they get our host, and keep their hashes.
_OWN_ADDRESSES = """\
sed -E -i "s#^(  resolved \\"?)https?://[^/\\"]+/#\\1$HONK_REGISTRY#" yarn.lock
"""
_YARN_PATH = re.compile(r"^yarnPath:\s*[\"']?(?P<path>[\w./@-]+)[\"']?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installing:
    """How the packages of one repository are had."""

    client: str = ""
    """The program; empty where nothing is to be installed."""
    lock: str = ""
    steps: tuple[Step, ...] = ()
    setup_env: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def installing(
    files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool], *, has_dependencies: bool
) -> Installing:
    """By the client that wrote the lock file; by npm where there is none."""
    lock = next((name for name in LOCKS if name in files), "")
    match lock:
        case "pnpm-lock.yaml":
            made = _pnpm(lock)
        case "yarn.lock":
            made = _yarn(lock, files, texts, tools)
        case "":
            made = _npm(lock, ("install", "--no-package-lock", "--ignore-scripts", "--include=dev"))
            made = made if has_dependencies else Installing(setup_env=_NPM, env=OFFLINE)
        case _:
            made = _npm(lock, ("ci", "--ignore-scripts", "--include=dev"))
    if made.client and made.client not in tools and not made.problem:
        missing = (
            f"{lock or 'package.json'}: the packages are installed by {made.client}, which this machine does not have."
        )
        return Installing(client=made.client, lock=lock, setup_env=_NPM, env=OFFLINE, problem=missing)
    return made


def _npm(lock: str, words: tuple[str, ...]) -> Installing:
    title = f"The packages of {lock or 'package.json'}"
    steps = (Step(title=title, argv=("npm", *words)), _REBUILD)
    return Installing(client="npm", lock=lock, steps=steps, setup_env=_NPM, env=OFFLINE)


def _pnpm(lock: str) -> Installing:
    return Installing(
        client="pnpm",
        lock=lock,
        steps=(
            Step(title=f"The packages of {lock}", argv=("pnpm", "install", "--frozen-lockfile", "--ignore-scripts")),
            Step(title="What the packages build", argv=("pnpm", "rebuild"), is_essential=False),
        ),
        setup_env={**_NPM, **_pnpm_settings(_PNPM)},
        env={**OFFLINE, **_pnpm_settings(_PNPM_ALWAYS)},
    )


def _pnpm_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Under both of the names that its versions read."""
    return {f"{prefix}_config_{name}": value for prefix in ("npm", "pnpm") for name, value in settings.items()}


def _yarn(lock: str, files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> Installing:
    """Yarn 1, or the later ones that write another lock file; the repository may bring its own along."""
    text = texts.get(lock, "")
    own = _YARN_PATH.search(texts.get(".yarnrc.yml", ""))
    if own is not None and own["path"] in files and "__metadata:" in text:
        return _berry(lock, "node", ("node", own["path"]))
    version = tools["yarn"].version if "yarn" in tools else ""
    is_berry = "__metadata:" in text
    if version and is_berry is version.startswith("1."):
        wanted = "Yarn 2 or later" if is_berry else "Yarn 1"
        problem = f"{lock}: it was written by {wanted}, and this machine has Yarn {version}."
        return Installing(client="yarn", lock=lock, setup_env=_NPM, env=OFFLINE, problem=problem)
    if is_berry:
        return _berry(lock, "yarn", ("yarn",))
    words = ("yarn", "install", "--frozen-lockfile", "--non-interactive", "--ignore-scripts")
    steps = (
        Step(title=f"The addresses of {lock}", argv=("/bin/sh", "-c", _OWN_ADDRESSES)),
        Step(title=f"The packages of {lock}", argv=words),
        _REBUILD,
    )
    return Installing(client="yarn", lock=lock, steps=steps, setup_env={**_NPM, **_CLASSIC}, env=OFFLINE)


def _berry(lock: str, client: str, program: tuple[str, ...]) -> Installing:
    words = (*program, "install", "--immutable", "--mode=skip-build")
    steps = (Step(title=f"The packages of {lock}", argv=words), _REBUILD)
    env = {**OFFLINE, "YARN_ENABLE_NETWORK": "0"}
    return Installing(client=client, lock=lock, steps=steps, setup_env={**_NPM, **_BERRY}, env=env)
