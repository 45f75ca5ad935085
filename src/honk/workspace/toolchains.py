"""Finds the operator's toolchains, and what of them may be shown in a sandbox: one version's own prefix, read-only.

Never a home, the root of a version manager, or a folder that holds tokens beside programs.
"""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from honk.base import toml
from honk.base.subprocess import ProgramError, run
from honk.workspace.ecosystems import Tool

_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)")
_SHIM = "corepack"
_NEAR = 3
"""Folders above an npm package's program in which its package.json may lie."""
_SECRET = re.compile(r"passw|secret|\.key$|keystore|jmxremote|^settings.*\.xml$")
_TOKENS = re.compile(rb"<(?:password|passphrase|privateKey)>")
_SYSTEM = Path("/usr")
_HOMES = (Path("~root").expanduser(), Path("/home"), Path("/Users"))
_DEEP_ENOUGH = 3
"""Below a home a version's prefix lies at least so deep: `.nvm/versions/node/v20`, `.pyenv/versions/3.12`."""


class Toolchains:
    """What this machine has, found out once for each program."""

    def __init__(self) -> None:
        self._known: dict[str, Tool | None] = {}

    async def find(self, programs: Mapping[str, tuple[str, ...]]) -> dict[str, Tool]:
        """Those of the programs that can be shown inside, by name."""
        for name, words in programs.items():
            if name not in self._known:
                self._known[name] = await _find(name, words)
        return {name: tool for name in programs if (tool := self._known[name]) is not None}


async def _find(name: str, words: tuple[str, ...]) -> Tool | None:
    tool = await asyncio.to_thread(locate, name, os.environ.get("PATH", os.defpath))
    if tool is None or not words:
        return await asyncio.to_thread(_packaged, tool) if tool is not None else None
    folder = str(Path(tool.path).parent)
    try:
        env = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nonexistent", "GOTOOLCHAIN": "local"}
        told = await run((tool.path, *words), cwd=Path("/"), env=env, timeout_seconds=30)
    except ProgramError:
        return None
    version = version_in(told.text) or version_in(told.stderr.decode("utf-8", "replace"))
    if told.exit_code != 0 or version is None:
        return None
    is_packaged = tool.prefix is None and not tool.path.startswith("/usr/local/")
    shown = await asyncio.to_thread(settings_of, Path(tool.path)) if is_packaged else ()
    return replace(tool, version=version, shown=shown)


def settings_of(program: Path, etc: Path = Path("/etc")) -> tuple[str, ...]:
    """The plain files below /etc that the program's own folder links to, one by one: never a folder, never a secret.

    Debian lays settings of Java and Maven there, and neither starts without.
    """
    own = program.resolve().parent.parent
    if own == _SYSTEM or program.resolve().parent.name != "bin":
        return ()
    links = (Path(folder, name) for folder, _, names in os.walk(own) for name in names)
    targets = {link.resolve() for link in links if link.is_symlink() and link.is_file()}
    shown = (target for target in targets if target.is_relative_to(etc) and not target.is_relative_to(etc / "ssl"))
    return tuple(sorted(str(target) for target in shown if _SECRET.search(target.name) is None))


def _packaged(tool: Tool) -> Tool | None:
    """With the version of the npm package that it is a part of; None for a shim that would first fetch the program."""
    for folder in Path(tool.path).resolve().parents[:_NEAR]:
        try:
            told = json.loads((folder / "package.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(told, dict) and told.get("name") == _SHIM:
            return None
        version = version_in(str(told.get("version"))) if isinstance(told, dict) else None
        return replace(tool, version=version or "")
    return tool


def version_in(text: str) -> str | None:
    """The first version number in what a program tells of itself."""
    found = _VERSION.search(text)
    return found[1] if found else None


def locate(name: str, search_path: str) -> Tool | None:
    """The first program of that name whose prefix may be shown; managers' shims are passed over.

    For one of rustup's stands the program of the toolchain that rustup would start.
    """
    for folder in search_path.split(os.pathsep):
        found = shutil.which(name, path=folder) if folder.startswith("/") else None
        program = _behind_rustup(Path(found)) if found is not None else None
        tool = _shown(program) if program is not None else None
        if tool is not None:
            return tool
    return None


def prefixes(search_path: str, names: Iterable[str]) -> tuple[Path, ...]:
    """What would be shown of toolchains that lie outside of /usr, for whoever has to open the way to them."""
    found = (locate(name, search_path) for name in names)
    return tuple(dict.fromkeys(Path(tool.prefix) for tool in found if tool is not None and tool.prefix is not None))


def _behind_rustup(program: Path) -> Path | None:
    """The program itself, or the toolchain's where it is a shim of rustup; None for one of no toolchain."""
    real = program.resolve()
    if real.name != "rustup":
        return program
    beside = real.parents[2]
    named = os.environ.get("RUSTUP_HOME")
    homes = [Path(named)] if named else [beside / ".rustup", beside / "rustup"]
    for home in homes:
        chosen = os.environ.get("RUSTUP_TOOLCHAIN") or _default_toolchain(home / "settings.toml")
        shelf = home / "toolchains"
        for toolchain in (shelf / chosen, *sorted(shelf.glob(f"{chosen}-*"))) if chosen else ():
            if (inner := toolchain / "bin" / program.name).exists():
                return inner
    return None


def _default_toolchain(settings: Path) -> str:
    try:
        chosen = toml.loads(settings.read_text()).get("default_toolchain")
    except (OSError, ValueError):
        return ""
    return chosen if isinstance(chosen, str) and re.fullmatch(r"[\w.-]+", chosen) else ""


def _shown(program: Path) -> Tool | None:
    try:
        beside, real = program.parent.resolve() / program.name, program.resolve(strict=True)
    except OSError:
        return None
    # The link itself is what is called, as long as what it leads to lies in the same prefix.
    path = beside if real.is_relative_to(beside.parent.parent) else real
    prefix = path.parent.parent
    if prefix.is_relative_to(_SYSTEM):
        return Tool(path=str(path))
    home = Path(os.environ.get("HOME") or "/nonexistent")
    if path.parent.name != "bin" or not is_own_prefix(prefix, home) or _holds_tokens(prefix):
        return None
    return Tool(path=str(path), prefix=str(prefix))


def _holds_tokens(prefix: Path) -> bool:
    """Whether Maven's settings beside its programs have passwords in them."""
    try:
        return _TOKENS.search((prefix / "conf" / "settings.xml").read_bytes()) is not None
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def is_own_prefix(prefix: Path, home: Path) -> bool:
    """Whether the folder is one version's own, and neither a home nor on the way to one."""
    if home.is_relative_to(prefix) or len(prefix.parts) < _DEEP_ENOUGH:
        return False
    for root in (home, *_HOMES):
        if prefix.is_relative_to(root):
            below = prefix.relative_to(root).parts
            return len(below) >= _DEEP_ENOUGH + (root.name in ("home", "Users"))
    return True
