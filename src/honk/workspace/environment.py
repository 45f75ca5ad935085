"""Builds what a repository's tests need, once, in a set-up sandbox whose only door is the package route.

The environment stands at one fixed path in every sandbox, so that scripts and caches in it stay valid. It is made aside
and renamed into place; a failed one is used once, tells why, and is tried again by the next process.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from uv import find_uv_bin

from honk.base.clock import monotonic_seconds
from honk.base.ids import new_id
from honk.base.subprocess import ProgramError, run
from honk.domain.change import Change
from honk.gateway import REGISTRY_PORT, Gateway
from honk.sandbox import Ceilings, Mount, SandboxBackend, SandboxError, SandboxSpec
from honk.sandbox.state import remove_state
from honk.workspace import Environment, Template, scripts
from honk.workspace.collect import PutBlob
from honk.workspace.handover import change_mount
from honk.workspace.locks import key_of, locked
from honk.workspace.mirror import MirrorTree, mirror_of
from honk.workspace.recipe import (
    NATIVE_SUFFIXES,
    VERSION,
    Interpreter,
    Recipe,
    manifest_paths,
    plan,
    sampled_tests,
    setup_commands,
)
from honk.workspace.setup import ENVIRONMENT, UV, Built, SetUp

_MAX_MANIFEST_BYTES = 4 << 20
_MAX_SETUP_BYTES = 24 << 30
"""Of an environment and, while it is made, of the downloads beside it."""
_REPORT = "report.json"
_LEFTOVERS = "leftovers"


class EnvironmentBuilder:
    """Makes and finds environments below the home."""

    def __init__(
        self,
        home: Path,
        backend: SandboxBackend,
        gateway: Gateway,
        put_blob: PutBlob,
        commands: Mapping[str, Sequence[str]],
    ) -> None:
        self._home = home
        self._backend = backend
        self._gateway = gateway
        self._put_blob = put_blob
        self._commands = commands
        self._failed: dict[str, Environment] = {}

    async def environment(self, template: Template, change: Change | None) -> Environment:
        """What `Workspaces.environment` promises."""
        mirror = mirror_of(self._home, template.repository)
        if change is not None and not _touches_manifests(change):
            change = None
        tree = MirrorTree(mirror.work, change.head_sha if change else template.base_sha)
        files = await tree.files()
        texts = await _texts(tree, files)
        pythons = await _interpreters()
        recipe = plan(files, texts, pythons, await self._commands_for(template))
        if recipe.python is None or recipe.is_empty:
            return _plain(recipe)
        native = any(path.endswith(NATIVE_SUFFIXES) for path in files)
        # A change's own code runs in its set-up and may do anything to the environment: no other tree is given it.
        # Code of a base is trusted, so bases share theirs; compiled sources make every commit its own.
        own = change.tree_sha if change else template.base_sha if recipe.installs_project and native else ""
        key = _key(template, own, files, texts, recipe, self._backend.name)
        async with locked(self._home / "environments" / f"{key}.lock"):
            return await self._find(key, recipe) or await self._build(key, recipe, template, change)

    async def _commands_for(self, template: Template) -> tuple[str, ...]:
        """The installation's commands, then those of the base commit; a change's own have no say yet."""
        base = MirrorTree(mirror_of(self._home, template.repository).work, template.base_sha)
        own = (await base.read(".honk.toml") or b"").decode("utf-8", "replace")
        return (*self._commands.get(template.repository.location, ()), *setup_commands(own))

    async def _find(self, key: str, recipe: Recipe) -> Environment | None:
        place = self._home / "environments" / key
        if await asyncio.to_thread((place / _REPORT).exists):
            return await asyncio.to_thread(_load, place, key, recipe, True)
        failed = self._failed.get(key)
        return None if failed is None else replace(failed, is_cached=True)

    async def _build(self, key: str, recipe: Recipe, template: Template, change: Change | None) -> Environment:
        shelf = self._home / "environments"
        for rest in shelf.glob(f"{key}.*-*"):  # half made, or failed in an earlier process
            await remove_state(rest)
        aside = shelf / f"{key}.made-{new_id()}"
        await asyncio.to_thread((aside / "env").mkdir, parents=True)
        started = monotonic_seconds()
        built = await self._set_up(recipe, template, change, aside)
        log = await self._put_blob(f"environments/{aside.name}.log", built.log)
        report = {
            "seconds": round(monotonic_seconds() - started, 3),
            "problems": built.problems,
            "log": log,
            "has_layer": built.has_layer,
        }
        (aside / _REPORT).write_text(json.dumps(report))
        (aside / _LEFTOVERS).write_bytes(built.leftovers)
        if not built.problems:
            place = await asyncio.to_thread(aside.rename, shelf / key)
            return await asyncio.to_thread(_load, place, key, recipe, False)
        failed = await asyncio.to_thread(_load, aside, aside.name, recipe, False)
        self._failed[key] = failed
        return failed

    async def _set_up(self, recipe: Recipe, template: Template, change: Change | None, aside: Path) -> Built:
        mounts = [
            Mount(source=template.git_dir, target=scripts.BASE_GIT),
            Mount(source=aside / "env", target=ENVIRONMENT, is_writable=True),
            Mount(source=Path(find_uv_bin()), target=UV),
            *_python_mounts(recipe),
        ]
        if change is not None:
            mounts.append(await change_mount(mirror_of(self._home, template.repository), change, aside))
        spec = SandboxSpec(
            name=f"setup-{aside.name}",
            layers=(template.checkout,),
            state=aside / "state",
            mounts=tuple(mounts),
            path=(f"{ENVIRONMENT}/bin",),
            ports=(REGISTRY_PORT,),
            ceilings=Ceilings(disk_bytes=_MAX_SETUP_BYTES),
        )
        work = SetUp(recipe=recipe, base_sha=template.base_sha, head_sha=change.head_sha if change else None)
        upper = None
        try:
            await asyncio.to_thread(spec.state.mkdir)
            sandbox = await self._backend.open(spec)
            upper = sandbox.upper
            try:
                async with self._gateway.serve_registry(sandbox.listeners[REGISTRY_PORT]) as registry:
                    await work.run(sandbox)
                work.note_registry(registry)
            finally:
                await asyncio.shield(sandbox.close())
        except SandboxError as error:
            work.problems.append(f"The set-up sandbox broke: {error}")
        has_layer = await _keep_layer(upper, aside / "layer")
        await remove_state(spec.state)
        return work.built(has_layer=has_layer)


def leftovers_of(home: Path, environment: Environment) -> bytes:
    """Exclude patterns for what the set-up left in the work tree; empty where there was none."""
    path = home / "environments" / environment.key / _LEFTOVERS
    return path.read_bytes() if environment.key and path.exists() else b""


def recipe_key(environment: Environment) -> str:
    """What stays the same when a failed environment is tried again."""
    return environment.key.partition(".")[0]


def _touches_manifests(change: Change) -> bool:
    paths = [path for changed in change.files for path in (changed.path, changed.old_path) if path]
    return bool(manifest_paths(paths))


async def _texts(tree: MirrorTree, files: Sequence[str]) -> dict[str, str]:
    """The files that the recipe reads."""
    texts = {}
    for path in (*manifest_paths(files), *sampled_tests(files)):
        content = await tree.read(path, _MAX_MANIFEST_BYTES)
        texts[path] = (content or b"").decode("utf-8", "replace")
    return texts


async def _interpreters() -> tuple[Interpreter, ...]:
    """The Python that runs us, then the machine's own."""
    ours = await asyncio.to_thread(_own_interpreter)
    if ours is not None and ours.prefix is None:
        return (ours,)
    try:
        asked = await run(["/usr/bin/python3", "-I", "-c", "import platform; print(platform.python_version())"])
    except ProgramError:
        return () if ours is None else (ours,)
    others = () if asked.exit_code else (Interpreter(path="/usr/bin/python3", version=asked.text.strip()),)
    return others if ours is None else (ours, *others)


def _own_interpreter() -> Interpreter | None:
    prefix = Path(sys.base_prefix).resolve()
    path = prefix / "bin" / "python{}.{}".format(*sys.version_info[:2])
    if not path.exists():
        return None
    version = ".".join(map(str, sys.version_info[:3]))
    return Interpreter(path=str(path), version=version, prefix=None if prefix == Path("/usr") else str(prefix))


def _python_mounts(recipe: Recipe) -> tuple[Mount, ...]:
    if recipe.python is None or recipe.python.prefix is None:
        return ()
    return (Mount(source=Path(recipe.python.prefix), target=recipe.python.prefix),)


def _plain(recipe: Recipe) -> Environment:
    """No environment: the interpreter alone, if there is one that fits."""
    python = recipe.python
    return Environment(
        key="",
        mounts=_python_mounts(recipe),
        path=(str(Path(python.path).parent),) if python and python.prefix else (),
        python=python.path if python else None,
        problems=recipe.problems,
        is_cached=True,
    )


def _key(
    template: Template, own: str, files: Sequence[str], texts: Mapping[str, str], recipe: Recipe, backend: str
) -> str:
    """What two environments must share to be one. `own` is a tree's or commit's that shares it with no other."""
    manifests = [part for path in manifest_paths(files) for part in (path, texts[path])]
    return key_of(template.repository.location, VERSION, backend, repr(recipe), own, *manifests)


def _load(place: Path, key: str, recipe: Recipe, is_cached: bool) -> Environment:
    report = json.loads((place / _REPORT).read_text())
    python = f"{ENVIRONMENT}/bin/python"
    return Environment(
        key=key,
        layers=(place / "layer",) if report["has_layer"] else (),
        mounts=(Mount(source=place / "env", target=ENVIRONMENT), *_python_mounts(recipe)),
        path=(f"{ENVIRONMENT}/bin",),
        env={"VIRTUAL_ENV": ENVIRONMENT},
        python=python if (place / "env" / "bin" / "python").is_symlink() else None,
        problems=(*recipe.problems, *report["problems"]),
        seconds=report["seconds"],
        is_cached=is_cached,
        log_blob=report["log"],
    )


async def _keep_layer(upper: Path | None, layer: Path) -> bool:
    """Keep what the set-up wrote into the work tree, without its repository; whether there is anything."""
    if upper is None:
        return False
    await asyncio.to_thread(upper.rename, layer)
    # Also a whiteout, where the set-up deleted the repository: the template's own shows through again.
    await remove_state(layer / ".git")
    return bool(await asyncio.to_thread(os.listdir, layer))
