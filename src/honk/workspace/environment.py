"""Builds what a repository's tests need, once, in a set-up sandbox whose only door is the package route.

The environment stands at one fixed path in every sandbox, so that scripts and caches in it stay valid. It is made aside
and renamed into place; a failed one is used once, tells why, and is tried again by the next process.
"""

import asyncio
import json
import os
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uv import find_uv_bin

from honk.base.clock import monotonic_seconds
from honk.base.ids import new_id
from honk.base.subprocess import ProgramError, run
from honk.domain.change import Change
from honk.domain.health import Part
from honk.gateway import REGISTRY_PORT, Gateway
from honk.sandbox import Ceilings, Mount, SandboxBackend, SandboxError, SandboxSpec
from honk.sandbox.state import remove_state
from honk.workspace import Environment, Template, scripts
from honk.workspace.beside import BesideFinder, hinting_files
from honk.workspace.collect import PutBlob
from honk.workspace.declared import Declared, declared
from honk.workspace.ecosystems import Provision, table
from honk.workspace.handover import change_mount
from honk.workspace.locks import key_of, locked
from honk.workspace.mirror import mirror_of
from honk.workspace.mirror_tree import MirrorTree, MirrorTrees
from honk.workspace.recipe import (
    NATIVE_SUFFIXES,
    VERSION,
    Interpreter,
    Recipe,
    manifest_paths,
    plan,
    sampled_tests,
)
from honk.workspace.setup import ENVIRONMENT, UV, Built, SetUp
from honk.workspace.shelves import note_use
from honk.workspace.toolchains import Toolchains

_MAX_MANIFEST_BYTES = 4 << 20
_KEPT_READINGS = 6
_MAX_SETUP_BYTES = 24 << 30
"""Of an environment and, while it is made, of the downloads beside it."""
_REPORT = "report.json"
_LEFTOVERS = "leftovers"
_STANDARD_PATH = {"/usr/local/bin", "/usr/bin", "/bin"}
"""Of every sandbox, at the end of its PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one tree wants of every ecosystem."""

    recipe: Recipe
    """Python's, with the owner's commands."""
    provisions: tuple[Provision, ...] = ()
    packages: tuple[str, ...] = ()
    """Of this machine: a set-up without one of them may have come out otherwise."""

    @property
    def is_empty(self) -> bool:
        has_python = self.recipe.python is not None and not self.recipe.is_empty
        return not has_python and not any(one.steps for one in self.provisions)

    @property
    def problems(self) -> tuple[str, ...]:
        return (*self.recipe.problems, *(problem for one in self.provisions for problem in one.problems))

    @property
    def env(self) -> dict[str, str]:
        return {name: value for one in self.provisions for name, value in one.env.items()}

    @property
    def tools(self) -> dict[str, str]:
        return {name: tool.path for one in self.provisions for name, tool in one.tools.items()}

    @property
    def path(self) -> tuple[str, ...]:
        """Folders of programs, but those that every sandbox looks in."""
        own = [folder for one in self.provisions for folder in one.path]
        folders = (str(Path(path).parent) for path in self.tools.values())
        return tuple(dict.fromkeys(folder for folder in (*own, *folders) if folder not in _STANDARD_PATH))

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What of this machine is shown inside, each at its own path."""
        python = self.recipe.python
        prefixes = [python.prefix if python else None]
        tools = [tool for one in self.provisions for tool in one.tools.values()]
        prefixes += [shown for tool in tools for shown in (tool.prefix, *tool.shown)]
        return tuple(Mount(source=Path(one), target=one) for one in dict.fromkeys(prefixes) if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a commit's files say that an environment needs."""

    declared: Declared
    """By the base commit."""
    texts: Mapping[str, str]
    manifests: tuple[str, ...]
    recipe: Recipe
    provisions: tuple[Provision, ...]
    is_native: bool
    """Whether there are sources to compile."""
    has_python: bool


class EnvironmentBuilder:
    """Makes and finds environments below the home."""

    def __init__(
        self,
        home: Path,
        trees: MirrorTrees,
        backend: SandboxBackend,
        gateway: Gateway,
        put_blob: PutBlob,
        commands: Mapping[str, Sequence[str]],
    ) -> None:
        self._home = home
        self._trees = trees
        self._backend = backend
        self._gateway = gateway
        self._put_blob = put_blob
        self._commands = commands
        self._failed: dict[str, Environment] = {}
        self._toolchains = Toolchains()
        self._pythons: tuple[Interpreter, ...] | None = None
        self._readings: OrderedDict[tuple[str, str, str], _Reading] = OrderedDict()
        self._beside = BesideFinder(home, backend)

    async def environment(self, template: Template, change: Change | None) -> Environment:
        """What `Workspaces.environment` promises."""
        if change is not None and not await self._touches_manifests(template, change):
            change = None
        reading = await self._reading(template, change.head_sha if change else template.base_sha)
        beside = await self._beside.find(reading.declared, reading.texts)
        needs = Needs(recipe=reading.recipe, provisions=reading.provisions, packages=beside.packages)
        made = await self._made(needs, reading, template, change)
        return beside.added_to(replace(made, parts=parts_of(needs, has_python=reading.has_python)))

    async def _touches_manifests(self, template: Template, change: Change) -> bool:
        files = await self._trees.tree(template.repository, template.base_sha).files()
        paths = {path for changed in change.files for path in (changed.path, changed.old_path) if path}
        return not paths.isdisjoint(_manifests(sorted({*files, *paths})))

    async def _reading(self, template: Template, sha: str) -> _Reading:
        """What the commit's files say, read once: neither a commit nor this machine's toolchains change meanwhile."""
        key = (template.repository.location, template.base_sha, sha)
        if key not in self._readings:
            self._readings[key] = await self._read(template, sha)
        reading = self._readings[key]
        self._readings.move_to_end(key)
        while len(self._readings) > _KEPT_READINGS:
            self._readings.popitem(last=False)
        return reading

    async def _read(self, template: Template, sha: str) -> _Reading:
        tree = self._trees.tree(template.repository, sha)
        files = await tree.files()
        texts = await _texts(tree, files)
        asked = await self._declared(template)
        commands = (*self._commands.get(template.repository.location, ()), *asked.setup)
        tools = await self._toolchains.find(table.programs_for(files))
        return _Reading(
            declared=asked,
            texts=texts,
            manifests=_manifests(files),
            recipe=plan(files, texts, await self._interpreters(), commands),
            provisions=table.provisions(files, texts, tools),
            is_native=any(path.endswith(NATIVE_SUFFIXES) for path in files),
            has_python=any(path.endswith(".py") for path in files),
        )

    async def _made(self, needs: Needs, reading: _Reading, template: Template, change: Change | None) -> Environment:
        """What the needs come to: found, or built now."""
        if needs.is_empty:
            return _plain(needs)
        # A change's own code runs in its set-up and may do anything to the environment: no other tree is given it.
        # Code of a base is trusted, so bases share theirs; compiled sources make every commit its own.
        is_own = needs.recipe.installs_project and reading.is_native
        own = change.tree_sha if change else template.base_sha if is_own else ""
        key = _key(template, own, reading, needs, self._backend.name)
        async with locked(self._home / "environments" / f"{key}.lock"):
            return await self._find(key, needs) or await self._build(key, needs, template, change)

    async def _interpreters(self) -> tuple[Interpreter, ...]:
        if self._pythons is None:
            self._pythons = await _interpreters()
        return self._pythons

    async def _declared(self, template: Template) -> Declared:
        """What the base commit asks for; a change's own words have no say yet."""
        base = self._trees.tree(template.repository, template.base_sha)
        return declared((await base.read(".honk.toml") or b"").decode("utf-8", "replace"))

    async def _find(self, key: str, needs: Needs) -> Environment | None:
        place = self._home / "environments" / key
        if await asyncio.to_thread((place / _REPORT).exists):
            note_use(place)
            return await asyncio.to_thread(_load, place, key, needs, True)
        failed = self._failed.get(key)
        return None if failed is None else replace(failed, is_cached=True)

    async def _build(self, key: str, needs: Needs, template: Template, change: Change | None) -> Environment:
        shelf = self._home / "environments"
        for rest in shelf.glob(f"{key}.*-*"):  # half made, or failed in an earlier process
            await remove_state(rest)
        aside = shelf / f"{key}.made-{new_id()}"
        await asyncio.to_thread((aside / "env").mkdir, parents=True)
        started = monotonic_seconds()
        built = await self._set_up(needs, template, change, aside)
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
            return await asyncio.to_thread(_load, place, key, needs, False)
        failed = await asyncio.to_thread(_load, aside, aside.name, needs, False)
        self._failed[key] = failed
        return failed

    async def _set_up(self, needs: Needs, template: Template, change: Change | None, aside: Path) -> Built:
        mounts = [
            Mount(source=template.git_dir, target=scripts.BASE_GIT),
            Mount(source=aside / "env", target=ENVIRONMENT, is_writable=True),
            Mount(source=Path(find_uv_bin()), target=UV),
            *needs.mounts,
        ]
        if change is not None:
            mounts.append(await change_mount(mirror_of(self._home, template.repository), change, aside))
        spec = SandboxSpec(
            name=f"setup-{aside.name}",
            layers=(template.checkout,),
            state=aside / "state",
            mounts=tuple(mounts),
            path=(f"{ENVIRONMENT}/bin", *needs.path),
            ports=(REGISTRY_PORT,),
            ceilings=Ceilings(disk_bytes=_MAX_SETUP_BYTES),
        )
        work = SetUp(
            recipe=needs.recipe,
            provisions=needs.provisions,
            base_sha=template.base_sha,
            head_sha=change.head_sha if change else None,
        )
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


def parts_of(needs: Needs, *, has_python: bool) -> tuple[Part, ...]:
    """What the environment is made of, for people."""
    recipe, parts = needs.recipe, []
    if recipe.python is not None and (not recipe.is_empty or has_python):
        parts.append(Part(ecosystem="Python", tools=(recipe.python.version,), lock=recipe.lock))
    for one in needs.provisions:
        tools = (f"{name} {tool.version}".rstrip() for name, tool in one.tools.items())
        parts.append(Part(ecosystem=one.ecosystem, tools=tuple(tools), lock=one.lock))
    return tuple(parts)


def _manifests(files: Sequence[str]) -> tuple[str, ...]:
    return (*manifest_paths(files), *table.manifest_paths(files))


async def _texts(tree: MirrorTree, files: Sequence[str]) -> dict[str, str]:
    """The files that the recipe reads."""
    wanted = (*_manifests(files), *sampled_tests(files), *hinting_files(files))
    contents = await tree.read_all(wanted, _MAX_MANIFEST_BYTES)
    return {path: contents.get(path, b"").decode("utf-8", "replace") for path in wanted}


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


def _plain(needs: Needs) -> Environment:
    """Nothing was built: the programs of this machine alone, where they fit."""
    python = needs.recipe.python
    own = (str(Path(python.path).parent),) if python and python.prefix else ()
    return Environment(
        key="",
        mounts=needs.mounts,
        path=(*own, *needs.path),
        env=needs.env,
        python=python.path if python else None,
        tools=needs.tools,
        problems=needs.problems,
        is_cached=True,
    )


def _key(template: Template, own: str, reading: _Reading, needs: Needs, backend: str) -> str:
    """What two environments must share to be one. `own` is a tree's or commit's that shares it with no other."""
    manifests = [part for path in reading.manifests for part in (path, reading.texts[path])]
    return key_of(template.repository.location, VERSION, backend, repr(needs), own, *manifests)


def _load(place: Path, key: str, needs: Needs, is_cached: bool) -> Environment:
    report = json.loads((place / _REPORT).read_text())
    recipe, has_venv = needs.recipe, (place / "env" / "bin" / "python").is_symlink()
    bare = recipe.python.path if recipe.python and recipe.is_empty else None
    return Environment(
        key=key,
        layers=(place / "layer",) if report["has_layer"] else (),
        mounts=(Mount(source=place / "env", target=ENVIRONMENT), *needs.mounts),
        path=(f"{ENVIRONMENT}/bin", *needs.path),
        env={"VIRTUAL_ENV": ENVIRONMENT, **needs.env},
        python=f"{ENVIRONMENT}/bin/python" if has_venv else bare,
        tools=needs.tools,
        problems=(*needs.problems, *report["problems"]),
        seconds=report["seconds"],
        is_cached=is_cached,
        log_blob=report["log"],
    )


async def _keep_layer(upper: Path | None, layer: Path) -> bool:
    """Keep what the set-up wrote into the work tree, without its repository; whether there is anything."""
    if upper is None:
        return False
    await asyncio.to_thread(upper.chmod, 0o755)  # who may not write a directory may not move it either
    await asyncio.to_thread(upper.rename, layer)
    # Also a whiteout, where the set-up deleted the repository: the template's own shows through again.
    await remove_state(layer / ".git")
    return bool(await asyncio.to_thread(os.listdir, layer))
