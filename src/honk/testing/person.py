"""A person's repository, made with the real git, for tests: theirs to change, and to compare afterwards."""

import asyncio
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from honk.base.subprocess import run

_WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
_ENV = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent"}


@dataclass(frozen=True, slots=True)
class PersonRepository:
    """A checkout with one commit, as its owner sees it."""

    root: Path

    @classmethod
    async def make(cls, root: Path, files: Mapping[str, str] | None = None) -> "PersonRepository":
        """A repository at the path, its files committed on `main`."""
        await asyncio.to_thread(root.mkdir, parents=True)
        made = cls(root)
        await made.git("init", "-q")
        await made.git("config", "user.name", "Ada")
        await made.git("config", "user.email", "ada@example.org")
        await made.commit(files or {"README.md": "# Sample\n", "src/app.py": "print('hello')\n"})
        return made

    async def git(self, *args: str) -> str:
        """What git prints; the owner's own git, with hooks, filters and all."""
        done = await run(["git", *_WHO, "-C", str(self.root), *args], env=_ENV)
        return done.must(f"git {args[0]}").text.strip()

    async def commit(self, files: Mapping[str, str], message: str = "Begin") -> str:
        """Write the files and commit everything; the commit's name."""
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        await self.git("add", "-A")
        await self.git("commit", "-q", "-m", message)
        return await self.git("rev-parse", "HEAD")

    def fingerprint(self) -> dict[str, tuple[int, int, str]]:
        """Every file, the index and the reflogs too, with mode, time and content; without objects, refs and `honk/`."""
        seen = {}
        for directory, names, files in os.walk(self.root):
            if Path(directory).name == ".git":
                names[:] = [name for name in names if name not in ("objects", "refs")]
            names[:] = [name for name in names if name != "honk"]
            for name in files:
                path = Path(directory) / name
                about = path.lstat()
                content = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
                seen[str(path)] = (about.st_mode, about.st_mtime_ns, hashlib.sha256(content).hexdigest())
        return seen
