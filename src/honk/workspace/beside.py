"""What tests need beside the packages of their manifests: servers, programs of this machine, variables.

A repository asks for it in `[environment]` of the base's `.honk.toml`; what cannot be had is a problem that names it.
"""

import asyncio
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from honk.base.subprocess import ProgramError, run
from honk.sandbox import SandboxBackend
from honk.workspace import Environment
from honk.workspace.declared import PATH, Declared
from honk.workspace.server_shelf import Found as Servers
from honk.workspace.server_shelf import ServerShelf
from honk.workspace.servers.table import ALIASES

_INSIDE = "/usr/local/bin:/usr/bin:/bin"
"""Where programs in a sandbox look for what this machine has."""
_DPKG_QUERY = "/usr/bin/dpkg-query"
_HINTING = re.compile(
    r"(?:docker-)?compose(?:\.[\w-]+)?\.ya?ml|\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.devcontainer/[^/]+\.ya?ml"
)
_MAX_HINTING = 20
_IMAGE = re.compile(
    r"^\s*(?:(?:-\s*)?image:|-\s*(?:name:)?)\s*[\"']?(?:[\w.-]+/)*(?P<name>postgres|postgis|redis|valkey)(?=[:@\s\"']|$)",
    re.MULTILINE,
)
_IMAGES = {"postgres": "postgresql", "postgis": "postgresql", "redis": "redis", "valkey": "redis"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What was found of what a repository asks for."""

    declared: Declared
    servers: Servers = field(default_factory=Servers)
    packages: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def added_to(self, environment: Environment) -> Environment:
        """The environment with all this in it. What a repository says of a variable wins over what a server says."""
        servers = self.servers.servers
        told = {name: value for server in servers for name, value in server.env.items()} | dict(self.declared.env)
        return replace(
            environment,
            mounts=(*environment.mounts, *(mount for server in servers for mount in server.mounts)),
            env={**environment.env, **told},
            problems=(*environment.problems, *self.problems, *self.servers.problems),
            servers=servers,
            packages=self.packages,
            hints=self.hints,
            marks=(
                *(f"{server.name} {server.version}" for server in servers),
                *(f"{name}={value}" for name, value in self.declared.env.items()),
            ),
        )


class BesideFinder:
    """Looks on this machine; servers are prepared below the home."""

    def __init__(self, home: Path, backend: SandboxBackend) -> None:
        self._servers = ServerShelf(home, backend)

    async def find(self, asked: Declared, texts: Mapping[str, str]) -> Beside:
        """What of it is here. `texts` has the files that hint at servers."""
        lacking = await _lacking(asked.packages)
        names = " ".join(lacking)
        missing = (
            f"{PATH} [environment] packages: this machine lacks {', '.join(lacking)}. "
            f"Install what the tests need (on Debian: sudo apt-get install {names}).",
        )
        return Beside(
            declared=asked,
            servers=await self._servers.of(asked.services),
            packages=tuple(name for name in asked.packages if name not in lacking),
            problems=(*asked.problems, *(missing if lacking else ())),
            hints=hints(texts, asked.services),
        )


def hinting_files(files: Sequence[str]) -> tuple[str, ...]:
    """Files that may name a server which the tests need."""
    return tuple(path for path in files if _HINTING.fullmatch(path))[:_MAX_HINTING]


def hints(texts: Mapping[str, str], services: Sequence[str]) -> tuple[str, ...]:
    """One for each server that a file names and `services` does not; nothing is started by it. Pure."""
    asked = {ALIASES.get(name, name) for name in services}
    found: dict[str, str] = {}
    for path in hinting_files(tuple(texts)):
        for image in _IMAGE.finditer(texts[path]):
            found.setdefault(_IMAGES[image["name"]], path)
    return tuple(
        f'{path} names {name}: if the tests need it, put services = ["{name}"] under [environment] in {PATH}'
        for name, path in found.items()
        if name not in asked
    )


async def _lacking(packages: Sequence[str]) -> tuple[str, ...]:
    """Those that are no command in a sandbox's PATH and no installed package."""
    wanted = [name for name in packages if await asyncio.to_thread(shutil.which, name, path=_INSIDE) is None]
    if not wanted:
        return ()
    try:
        told = await run((_DPKG_QUERY, "-W", "-f=${Package} ${db:Status-Status}\n", "--", *wanted))
    except ProgramError:
        return tuple(wanted)
    installed = {
        name for name, _, status in (line.partition(" ") for line in told.text.splitlines()) if status == "installed"
    }
    return tuple(name for name in wanted if name not in installed)
