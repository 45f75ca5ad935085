"""The git program, with everything that could run code or ask a question switched off.

Only for repositories that we own or that the person who called us owns: never for a tree an agent could write.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from honk.base.subprocess import Completed, run

FEW_PATHS = 256
"""So many may be named to it: it compares each with each path that it tracks, so a look at all is quicker for more."""
SAFE_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "HOME": "/nonexistent",
}
SAFE_OPTIONS = (
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "transfer.fsckObjects=true",
    "-c", "protocol.allow=never",
    "-c", "protocol.file.allow=always",
    "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",
    "-c", "advice.detachedHead=false",
    "-c", "submodule.recurse=false",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Git:
    """Git in one repository. `git_dir` is the repository itself: a bare one, or a `.git`."""

    git_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)

    async def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        stdin_fd: int | None = None,
        env: Mapping[str, str] | None = None,
        stdout_fd: int | None = None,
        pass_fds: Sequence[int] = (),
        timeout_seconds: float = 600.0,
        max_output_bytes: int = 256 << 20,
    ) -> Completed:
        """Run `git ARGS`; a failure is in the exit code, use `.must()` where it would be a fault."""
        return await run(
            ["git", *SAFE_OPTIONS, f"--git-dir={self.git_dir}", *args],
            cwd=self.git_dir,
            env={**SAFE_ENVIRONMENT, **self.env, **(env or {})},
            stdin=stdin,
            stdin_fd=stdin_fd,
            stdout_fd=stdout_fd,
            pass_fds=pass_fds,
            timeout_seconds=timeout_seconds,
            max_output_bytes=max_output_bytes,
        )

    async def line(self, *args: str, env: Mapping[str, str] | None = None) -> str:
        """The one line that `git ARGS` prints.

        Raises:
            ProgramError: git failed.
        """
        return (await self(*args, env=env)).must(f"git {args[0]}").text.strip()

    async def has_commit(self, sha: str) -> bool:
        """Whether the commit and all it needs are here."""
        if (await self("cat-file", "-e", f"{sha}^{{commit}}")).exit_code != 0:
            return False
        return (await self("rev-list", "--objects", "--quiet", "--max-count=1", sha)).exit_code == 0


async def init_bare(path: Path) -> Git:
    """A bare repository at the path, made if it is not there; templates and hooks left out."""
    if not (path / "HEAD").exists():
        await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
        done = await run(
            ["git", *SAFE_OPTIONS, "init", "-q", "--bare", "--template=", "-b", "main", str(path)],
            env=SAFE_ENVIRONMENT,
        )
        done.must("git init")
    return Git(path)
