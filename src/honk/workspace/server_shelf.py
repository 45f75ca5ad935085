"""Finds the servers of this machine, and prepares each once for each version, in a sandbox of its own.

What a server begins with is made by its own programs alone: no repository and no change has a part in it. A server that
was prepared was also seen to start.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from honk.base.ids import new_id
from honk.base.subprocess import ProgramError, run
from honk.sandbox import Mount, SandboxBackend, SandboxError, SandboxSpec
from honk.sandbox.state import remove_state
from honk.workspace import Server, ServerFailed
from honk.workspace.declared import PATH
from honk.workspace.ecosystems import Tool
from honk.workspace.locks import key_of, locked
from honk.workspace.servers import Row, first_data
from honk.workspace.servers.table import ALIASES, ROWS
from honk.workspace.serving import start_servers
from honk.workspace.shelves import ENVIRONMENTS, note_use
from honk.workspace.toolchains import locate, version_in

VERSION = "1"
"""Part of every prepared server's key: a change of how they are prepared makes new ones."""
_PREPARE_SECONDS = 120.0
_ASIDE = "made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What can be started, and why the rest cannot."""

    servers: tuple[Server, ...] = ()
    problems: tuple[str, ...] = ()


class ServerShelf:
    """Prepared servers below the home, beside the environments."""

    def __init__(self, home: Path, backend: SandboxBackend, root: Path = Path("/")) -> None:
        """`root` is where a row's folders are looked for."""
        self._home = home
        self._backend = backend
        self._root = root
        self._known: dict[str, Server] = {}
        self._failed: dict[str, str] = {}
        """By key: why a server that is installed could not be prepared; tried again by the next process."""

    async def of(self, names: Iterable[str]) -> Found:
        """Those of the names that can be started, prepared; a problem for each other one. Never raises for them."""
        servers: list[Server] = []
        problems: list[str] = []
        for name in dict.fromkeys(ALIASES.get(name, name) for name in names):
            found = self._known.get(name) or await self._server(name)
            if isinstance(found, Server):
                self._known[name] = found
                servers.append(found)
            else:
                problems.append(found)
        return Found(servers=tuple(servers), problems=tuple(problems))

    async def _server(self, name: str) -> Server | str:
        row = ROWS.get(name)
        if row is None:
            return f"{PATH} [environment] services: Honk cannot start {name[:100]!r}, only {', '.join(ROWS)}."
        if not self._backend.is_isolating:
            return (
                f"The service {name} needs a sandbox with a network of its own; there is none here, so it was not run."
            )
        tool = await asyncio.to_thread(_find, row, self._root, os.environ.get("PATH", os.defpath))
        version = await _version(tool) if tool is not None else None
        if tool is None or version is None:
            return (
                f"The tests need the service {name} ({', '.join(row.programs)}), and this machine does not have it. "
                f"Install it (on Debian: sudo apt-get install {row.package}); no server of the system has to run."
            )
        return await self._prepared(row, tool, version)

    async def _prepared(self, row: Row, tool: Tool, version: str) -> Server | str:
        folder = str(Path(tool.path).parent)
        server = row.make(folder, version)
        key = f"{row.name}-{key_of(VERSION, tool.path, version, repr(server), self._backend.name)}"
        shown = (Mount(source=Path(tool.prefix), target=tool.prefix),) if tool.prefix else ()
        shelf = self._home / ENVIRONMENTS
        async with locked(shelf / f"{key}.lock"):
            place = shelf / key
            if key in self._failed:
                return self._failed[key]
            if not await asyncio.to_thread(place.exists):
                for rest in shelf.glob(f"{key}.{_ASIDE}-*"):
                    await remove_state(rest)
                aside = shelf / f"{key}.{_ASIDE}-{new_id()}"
                try:
                    await self._prepare(row, replace(server, mounts=shown), aside)
                    await asyncio.to_thread(aside.rename, place)
                except (SandboxError, ServerFailed) as error:
                    self._failed[key] = str(error)
                    return str(error)
                finally:
                    await asyncio.shield(remove_state(aside))
            note_use(place)
        return replace(server, mounts=(*shown, _data(place, row)), place=key)

    async def _prepare(self, row: Row, server: Server, aside: Path) -> None:
        """Make its first data, then see it start on a copy."""
        for part in ("data", "state"):
            await asyncio.to_thread((aside / part).mkdir, parents=True)
        spec = SandboxSpec(
            name=aside.name,
            state=aside / "state",
            mounts=(*server.mounts, replace(_data(aside, row), is_writable=True)),
        )
        sandbox = await self._backend.open(spec)
        try:
            if row.prepare is not None:
                argv = row.prepare(str(Path(server.start[0]).parent))
                done = await sandbox.run(argv, cwd="/", timeout_seconds=_PREPARE_SECONDS)
                if done.exit_code != 0:
                    last = done.stderr.decode("utf-8", "replace").strip()[-500:]
                    raise ServerFailed(f"The service {row.name} {server.version} could not be prepared: {last}")
            await start_servers(sandbox, (server,))
        finally:
            await asyncio.shield(sandbox.close())
        await remove_state(aside / "state")


def _data(place: Path, row: Row) -> Mount:
    return Mount(source=place / "data", target=first_data(row.name))


def _find(row: Row, root: Path, search_path: str) -> Tool | None:
    """The first folder that has all of the row's programs: the newest of its own, then what PATH leads to."""
    for pattern in row.folders:
        for folder in sorted(root.glob(pattern), key=_by_number, reverse=True):
            if (tool := _in(folder, row.programs, search_path="")) is not None:
                return tool
    return _in(None, row.programs, search_path)


def _in(folder: Path | None, programs: Sequence[str], search_path: str) -> Tool | None:
    """The first program there, if it can be shown inside and all the others lie beside it."""
    tool = locate(programs[0], str(folder) if folder is not None else search_path)
    if tool is None:
        return None
    beside = str(Path(tool.path).parent)
    return tool if all(shutil.which(name, path=beside) for name in programs) else None


def _by_number(folder: Path) -> float:
    """The version that the folder above `bin` is named after."""
    number = re.search(r"\d+(?:\.\d+)?", folder.parent.name)
    return float(number[0]) if number else 0.0


async def _version(tool: Tool) -> str | None:
    try:
        told = await run((tool.path, "--version"), cwd=Path("/"), timeout_seconds=30)
    except ProgramError:
        return None
    return version_in(told.text) if told.exit_code == 0 else None
