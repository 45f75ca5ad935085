"""The steps of one set-up, run in its sandbox."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from honk.base.subprocess import Completed
from honk.gateway import REGISTRY_PORT, RegistryLog
from honk.sandbox import WORKSPACE, Sandbox
from honk.workspace import scripts
from honk.workspace.ecosystems import ROUTE, Provision, Step
from honk.workspace.recipe import Part, Recipe

ENVIRONMENT = "/opt/env"
UV = "/opt/uv/uv"
PYTHON = f"{ENVIRONMENT}/bin/python"
_CACHE = f"{ENVIRONMENT}/.cache"
_CONSTRAINTS = f"{ENVIRONMENT}/.constraints.txt"
STEP_SECONDS = 900.0
_TIDY_SECONDS = 120.0
_MAX_LOG_BYTES = 4 << 20
_INSTALLED = re.compile(rb"^((?:.*?/)?node_modules/).*", re.DOTALL)
_BUILT = b"target/CACHEDIR.TAG"
_UV_ENVIRONMENT = {
    "UV_NO_CONFIG": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_CACHE_DIR": _CACHE,
    "UV_LINK_MODE": "hardlink",
    "UV_COMPILE_BYTECODE": "1",
    "UV_HTTP_TIMEOUT": "120",
    "UV_NO_PROGRESS": "1",
    "VIRTUAL_ENV": ENVIRONMENT,
    "NO_COLOR": "1",
}
# What an editable installation wrote down of the work tree's place, asked of each sandbox anew.
_UNTIE = """
import pathlib, sys
env, tree = sys.argv[1:]
here = '__import__("os").environ["HONK_WORKSPACE"]'
for site in pathlib.Path(env).glob("lib/python*/site-packages"):
    for finder in site.glob("__editable__*.py"):
        finder.write_text(finder.read_text().replace(f"'{tree}", f"{here} + '"))
    for links in site.glob("*.pth"):
        lines = links.read_text().splitlines()
        lines = [f"import sys; sys.path.append({here} + {x[len(tree):]!r})" if x.startswith(tree) else x for x in lines]
        links.write_text("".join(f"{line}\\n" for line in lines))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a set-up left."""

    problems: tuple[str, ...]
    leftovers: bytes
    log: bytes
    has_layer: bool


@dataclass(slots=True, kw_only=True)
class SetUp:
    """One set-up under way."""

    recipe: Recipe
    provisions: tuple[Provision, ...] = ()
    base_sha: str
    head_sha: str | None
    problems: list[str] = field(default_factory=list)
    _log: bytearray = field(default_factory=bytearray)
    _leftovers: bytes = b""

    async def run(self, sandbox: Sandbox) -> None:
        """Every step in order. What fails is in `problems`; only a broken sandbox raises."""
        for note in (*self.recipe.notes, *(note for one in self.provisions for note in one.notes)):
            self._log += f"# {note}\n".encode()
        if self.head_sha is not None:
            argv = scripts.apply(self.base_sha, self.head_sha)
            await self._must(sandbox, argv, "The change's files could not be put in place")
        await self._python(sandbox)
        for provision in self.provisions:
            for step in provision.steps:
                await self._take(sandbox, provision, step)
        for command in self.recipe.commands:
            await self._own(sandbox, command)
        await sandbox.run(["/bin/rm", "-rf", _CACHE, _CONSTRAINTS], timeout_seconds=_TIDY_SECONDS)
        await self._settle(sandbox)

    def note_registry(self, registry: RegistryLog) -> None:
        """Keep what the package route saw."""
        lines = [f"# package route: {registry.requests} requests"]
        lines += [f"# refused: {line}" for line in registry.refused]
        lines += [f"# failed: {line}" for line in registry.failed]
        self._log += "\n".join(lines).encode("utf-8", "replace") + b"\n"

    def built(self, *, has_layer: bool) -> Built:
        """The result, to be kept."""
        log = bytes(self._log[-_MAX_LOG_BYTES:])
        return Built(problems=tuple(self.problems), leftovers=self._leftovers, log=log, has_layer=has_layer)

    async def _python(self, sandbox: Sandbox) -> None:
        """A virtual environment, for the owner's commands too, with everything that Python's manifests ask for."""
        if self.recipe.is_empty or not await self._make_venv(sandbox):
            return
        await self._install(sandbox)
        if self.recipe.installs_project:
            argv = _pip("-e", ".", "--no-deps")
            await self._must(sandbox, argv, "The project itself could not be installed")
            if _moves(sandbox):
                argv = (PYTHON, "-I", "-c", _UNTIE, ENVIRONMENT, WORKSPACE)
                await self._must(sandbox, argv, "The project's place could not be made movable")

    async def _own(self, sandbox: Sandbox, command: str) -> None:
        """A line of the owner's, with the way to packages known to the clients of every ecosystem."""
        env = _python_env(sandbox)
        for provision in self.provisions:
            env |= _setup_env(sandbox, provision)
        done = await self._step(sandbox, ("/bin/sh", "-c", command), env=env)
        if done.exit_code != 0:
            self.problems.append(f"The set-up command `{command}` failed: {_reason(done)}")

    async def _take(self, sandbox: Sandbox, provision: Provision, step: Step) -> None:
        env = _setup_env(sandbox, provision)
        cwd = f"{WORKSPACE}/{step.folder}".rstrip("/")
        done = await self._step(sandbox, step.argv, env=env, cwd=cwd)
        if done.exit_code != 0 and step.is_essential:
            self.problems.append(f"{step.title} could not be had: {_reason(done)}")

    async def _make_venv(self, sandbox: Sandbox) -> bool:
        if self.recipe.python is None:
            return False
        python = self.recipe.python
        movable = ("--relocatable",) if _moves(sandbox) else ()
        argv = (UV, "venv", *movable, "--allow-existing", "--no-project", "--python", python.path, ENVIRONMENT)
        return await self._must(sandbox, argv, f"A virtual environment with Python {python.version} could not be made")

    async def _install(self, sandbox: Sandbox) -> None:
        """All parts in one go with the locked versions, else without them, else one by one."""
        parts = self.recipe.parts
        if not parts:
            return
        together = _merged(parts)
        if self.recipe.constraints:
            text = "\n".join(self.recipe.constraints).encode()
            await sandbox.run(["/usr/bin/tee", _CONSTRAINTS], stdin=text, timeout_seconds=_TIDY_SECONDS)
            if (await self._step(sandbox, _pip(*together, "-c", _CONSTRAINTS))).exit_code == 0:
                return
            self._log += b"# the versions of the lock file could not be had together: trying without them\n"
        if (await self._step(sandbox, _pip(*together))).exit_code == 0:
            return
        for part in parts:
            done = await self._step(sandbox, _pip(*part.arguments))
            if done.exit_code != 0 and part.is_essential:
                self.problems.append(f"{part.title} could not be installed: {_reason(done)}")

    async def _settle(self, sandbox: Sandbox) -> None:
        argv = scripts.settle(self.base_sha, self.head_sha)
        done = await sandbox.run(argv, cwd="/", timeout_seconds=STEP_SECONDS)
        if done.exit_code != 0 or done.truncated:
            self.problems.append(f"What the set-up left in the work tree could not be told: {_reason(done)}")
            return
        self._leftovers = exclude_patterns(done.stdout)

    async def _must(self, sandbox: Sandbox, argv: Sequence[str], failure: str) -> bool:
        done = await self._step(sandbox, argv)
        if done.exit_code != 0:
            self.problems.append(f"{failure}: {_reason(done)}")
        return done.exit_code == 0

    async def _step(
        self, sandbox: Sandbox, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = WORKSPACE
    ) -> Completed:
        """Run one command; its output is in the log. Without `env` it is one of Python's."""
        self._log += f"$ {' '.join(argv[:20])}\n".encode("utf-8", "replace")
        chosen = env if env is not None else _python_env(sandbox)
        done = await sandbox.run(argv, env=chosen, cwd=cwd, timeout_seconds=STEP_SECONDS)
        self._log += done.stdout + done.stderr + f"# exit code {done.exit_code}\n".encode()
        return done


def _route(sandbox: Sandbox) -> str:
    """Where programs inside find the package route, without a slash at the end."""
    return f"http://127.0.0.1:{sandbox.listeners[REGISTRY_PORT].getsockname()[1]}"


def _python_env(sandbox: Sandbox) -> dict[str, str]:
    """The repository's own settings of indexes would lead out of the sandbox; there is one way to packages."""
    index = f"{_route(sandbox)}/python/"
    return {**_UV_ENVIRONMENT, "UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index}


def _setup_env(sandbox: Sandbox, provision: Provision) -> dict[str, str]:
    return {name: value.replace(ROUTE, _route(sandbox)) for name, value in provision.setup_env.items()}


def _moves(sandbox: Sandbox) -> bool:
    """Whether the environment will stand elsewhere in the next sandbox."""
    return sandbox.inside(ENVIRONMENT) != ENVIRONMENT


def exclude_patterns(listing: bytes) -> bytes:
    """Patterns for git's exclude file that match exactly the paths of a NUL-separated listing.

    A `node_modules` is one pattern, whatever it holds: tens of thousands make git slow, and nobody's change lies there.
    So is cargo's `target`, told by the tag that cargo puts there.
    """
    listed = listing.split(b"\0")
    if _BUILT in listed:
        listed = [b"target/", *(path for path in listed if not path.startswith(b"target/"))]
    paths = (_INSTALLED.sub(rb"\1", path) for path in listed if path and b"\n" not in path)
    escaped = (re.sub(rb"([\\*?\[\]])", rb"\\\1", path) for path in dict.fromkeys(paths))
    return b"".join(b"/" + re.sub(rb" $", rb"\\ ", path) + b"\n" for path in escaped)


def _merged(parts: Sequence[Part]) -> tuple[str, ...]:
    """The parts' arguments as one list; a file that several name is named once."""
    merged: list[str] = []
    for part in parts:
        arguments = part.arguments
        if arguments[0] == "-r" and _names_file(merged, arguments[1]):
            arguments = arguments[2:]
        merged += arguments
    return tuple(merged)


def _names_file(arguments: Sequence[str], path: str) -> bool:
    return any(flag == "-r" and value == path for flag, value in itertools.pairwise(arguments))


def _pip(*arguments: str) -> tuple[str, ...]:
    return (UV, "pip", "install", "--python", PYTHON, *arguments)


def _reason(done: Completed) -> str:
    """A few lines of why."""
    if done.timed_out:
        return f"it took longer than {STEP_SECONDS:.0f} s"
    words = done.stderr.decode("utf-8", "replace").strip() or done.text.strip()
    return words[-700:] or f"exit code {done.exit_code}"
