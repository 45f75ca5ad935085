"""pnpm, yarn, poetry and pdm as the registries have them: what each locks is built, verified offline, and held to."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from third_party import House, Package, commit
from uv import find_uv_bin

from honk.bootstrap import REGISTRIES
from honk.domain.evidence import Verification, verification

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

MANIFEST = {
    "name": "calc",
    "version": "1.0.0",
    "scripts": {"test": "node --test"},
    "dependencies": {"left-pad": "^1.1.0"},
}
NODE = {
    "calc.js": "const pad = require('left-pad');\nexports.label = (n) => pad(String(n), 3, '0');\n",
    "test/calc.test.js": "const test = require('node:test');\nconst assert = require('node:assert');\n"
    "test('labels', () => assert.strictEqual(require('../calc').label(7), '007'));\n",
    "package.json": json.dumps(MANIFEST),
}
PYTHON = {
    "calc.py": "import iniconfig\n\n\ndef label(n: int) -> str:\n    return f'{n:03}' if iniconfig else ''\n",
    "test_calc.py": "import calc\n\n\ndef test_label() -> None:\n    assert calc.label(7) == '007'\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """One package manager, and how it locks a repository."""

    requirement: str
    program: str
    words: tuple[str, ...]
    lock: str
    files: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)


POETRY = (
    '[tool.poetry]\nname = "calc"\nversion = "1.0.0"\ndescription = ""\nauthors = []\n'
    'packages = [{ include = "calc.py" }]\n'
    '[tool.poetry.dependencies]\npython = "^3.11"\niniconfig = "<2.1"\n'
    '[tool.poetry.group.dev.dependencies]\npytest = "^8"\n'
    '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
)
PDM = (
    '[project]\nname = "calc"\nversion = "1.0.0"\nrequires-python = ">=3.11"\ndependencies = ["iniconfig<2.1"]\n'
    '[dependency-groups]\ntest = ["pytest>=8"]\n[tool.pdm]\ndistribution = false\n'
)
PNPM = Manager(
    requirement="pnpm@12",
    program="pnpm",
    words=("install", "--lockfile-only"),
    lock="pnpm-lock.yaml",
    files=NODE,
)
NODE_MANAGERS = {
    "pnpm": PNPM,
    "pnpm 10": replace(PNPM, requirement="pnpm@10"),
    "yarn 1": Manager(
        requirement="yarn@1",
        program="yarn",
        words=("install", "--non-interactive"),
        lock="yarn.lock",
        files=NODE,
    ),
    "yarn 4": Manager(
        requirement="@yarnpkg/cli-dist@4",
        program="yarn",
        words=("install", "--mode=update-lockfile"),
        lock="yarn.lock",
        files={**NODE, "yarn.lock": ""},
        env={"YARN_ENABLE_TELEMETRY": "0"},
    ),
}
PYTHON_MANAGERS = {
    "poetry": Manager(
        requirement="poetry",
        program="poetry",
        words=("lock", "--no-interaction"),
        lock="poetry.lock",
        files={**PYTHON, "pyproject.toml": POETRY},
    ),
    "pdm": Manager(
        requirement="pdm[locked]",
        program="pdm",
        words=("lock", "--no-cross-platform"),
        lock="pdm.lock",
        files={**PYTHON, "pyproject.toml": PDM},
        env={"PDM_CHECK_UPDATE": "0"},
    ),
}


def run(*argv: str, cwd: Path, env: Mapping[str, str]) -> None:
    home = cwd.parent / "home"
    home.mkdir(exist_ok=True)
    certificates = os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT")
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "npm_config_cafile")
    trusted = dict.fromkeys(names, certificates) if certificates else {}
    whole = {**os.environ, **trusted, "HOME": str(home), **env}
    done = subprocess.run(argv, cwd=cwd, env=whole, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv}: {(done.stderr + done.stdout)[-2000:]}"


async def registries() -> dict[str, str]:
    """Where this machine's packages come from, in the words of each client."""
    npm, python = await REGISTRIES["npm"](), await REGISTRIES["python"]()
    assert npm is not None
    assert python is not None
    plain = npm.rstrip("/")
    return {
        "npm_config_registry": npm,
        "pnpm_config_registry": npm,
        "YARN_REGISTRY": plain,
        "YARN_NPM_REGISTRY_SERVER": plain,
        "PDM_PYPI_URL": python,
        "POETRY_SOURCE": f'[[tool.poetry.source]]\nname = "own"\nurl = "{python}"\npriority = "primary"\n',
    }


def install_node(manager: Manager, prefix: Path, env: Mapping[str, str]) -> Path:
    """By npm, into a prefix of its own, as an operator would."""
    prefix.mkdir(parents=True)
    words = ("install", "-s", "-g", "--no-audit", "--no-fund", "--prefix", str(prefix), manager.requirement)
    run(shutil.which("npm") or "npm", *words, cwd=prefix, env=env)
    return prefix / "bin"


def install_python(manager: Manager, prefix: Path) -> Path:
    uv = find_uv_bin()
    prefix.parent.mkdir(parents=True, exist_ok=True)
    run(uv, "venv", "-q", str(prefix), "--python", sys.executable, cwd=prefix.parent, env={})
    run(uv, "pip", "install", "-q", "--python", str(prefix / "bin/python"), manager.requirement, cwd=prefix, env={})
    return prefix / "bin"


def repository(manager: Manager, programs: Path, tree: Path, env: Mapping[str, str]) -> None:
    """The files, locked by the manager itself and committed."""
    for path, text in manager.files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    if manager.program == "poetry":  # it has no variable for the index
        (tree / "pyproject.toml").write_text(manager.files["pyproject.toml"] + env["POETRY_SOURCE"])
    path = f"{programs}:{os.environ['PATH']}"
    run(str(programs / manager.program), *manager.words, cwd=tree, env={**env, **manager.env, "PATH": path})
    for path, text in manager.files.items():
        if path != manager.lock:
            (tree / path).write_text(text)
    assert (tree / manager.lock).stat().st_size
    for rest in ("node_modules", ".yarn", ".pdm-python", ".venv"):
        shutil.rmtree(tree / rest, ignore_errors=True)
        (tree / rest).unlink(missing_ok=True)
    commit(tree)


async def judged(tree: Path, home: Path, file: str, old: str, bug: str) -> tuple[str, ...]:
    """Green for an honest change, red for a bug, by test id; what the environment is made of, as words."""
    house = House(home)
    try:
        case = await house.prepare(Package("calc", file, old, bug), tree)
        assert case.environment.problems == (), case.environment.problems
        text = case.text(file)
        honest = await case.examine({file: text + "\n"})
        print(f"{case.environment.parts} in {case.environment.seconds:.1f} s: {honest.reports}", flush=True)
        assert verification(honest.reports) is Verification.PASSED
        broken = await case.examine({file: text.replace(old, bug)})
        assert verification(broken.reports) is Verification.FAILED
        assert broken.reports[0].tests is not None
        assert "label" in broken.reports[0].tests.failed[0]
    finally:
        await house.gateway.close()
    [part] = case.environment.parts
    return (*part.tools, part.lock)


@pytest.mark.parametrize(
    "name", ["pnpm", *(pytest.param(one, marks=pytest.mark.wide) for one in NODE_MANAGERS if one != "pnpm")]
)
async def test_what_a_manager_of_node_locked_is_built_and_verified(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = NODE_MANAGERS[name]
    env = await registries()
    programs = await asyncio.to_thread(install_node, manager, tmp_path / "tools" / manager.program, env)
    await asyncio.to_thread(repository, manager, programs, tmp_path / "calc", env)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    told = await judged(tmp_path / "calc", tmp_path / "state", "calc.js", "'0'", "'1'")
    assert told[-1] == manager.lock
    wanted = manager.requirement.rpartition("@")[2]
    assert any(tool.startswith(f"{manager.program} {wanted}.") for tool in told), told


@pytest.mark.parametrize(
    "name", ["poetry", *(pytest.param(one, marks=pytest.mark.wide) for one in PYTHON_MANAGERS if one != "poetry")]
)
async def test_what_a_manager_of_python_locked_is_built_and_verified(name: str, tmp_path: Path) -> None:
    manager = PYTHON_MANAGERS[name]
    programs = await asyncio.to_thread(install_python, manager, tmp_path / "tools" / manager.program)
    await asyncio.to_thread(repository, manager, programs, tmp_path / "calc", await registries())
    told = await judged(tmp_path / "calc", tmp_path / "state", "calc.py", ":03", ":02")
    assert told[-1] == manager.lock
