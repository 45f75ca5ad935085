"""Git in a person's own repository: nothing of that repository's configuration runs, nothing is fetched."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from honk.base.git import SAFE_ENVIRONMENT, SAFE_OPTIONS
from honk.base.privilege import is_reachable
from honk.base.subprocess import Completed, ProgramError, run
from honk.workspace import SourceError

# A partial clone would otherwise ask its remote, by a command that the repository's configuration names.
_NO_REMOTE = ("-c", "protocol.file.allow=never")


@dataclass(frozen=True)
class PersonGit:
    """Git at the top of a checkout, or in a bare repository.

    As root, git runs with the rights of the repository's owner: a repository can then do to us only what its owner
    could anyway, and what we add to it belongs to the owner.
    """

    root: Path

    async def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        stdin_fd: int | None = None,
        stdout_fd: int | None = None,
        env: dict[str, str] | None = None,
        timeout_seconds: float = 1800.0,
    ) -> Completed:
        """Run `git ARGS`; a failure is in the exit code.

        Raises:
            SourceError: there is no git.
        """
        owner, trust = self._rights
        try:
            return await run(
                ["git", *SAFE_OPTIONS, *_NO_REMOTE, *trust, *args],
                cwd=self.root,
                env={**SAFE_ENVIRONMENT, **(env or {})},
                stdin=stdin,
                stdin_fd=stdin_fd,
                stdout_fd=stdout_fd,
                owner=owner,
                timeout_seconds=timeout_seconds,
                max_output_bytes=256 << 20,
            )
        except ProgramError as error:
            raise SourceError(f"{error}. Git is needed on this machine; nothing was begun.") from error

    async def text(self, *args: str, stdin: bytes = b"") -> str:
        """What `git ARGS` prints, without white space at its ends.

        Raises:
            SourceError: git failed; with git's own words.
        """
        return self.must(await self(*args, stdin=stdin), f"git {args[0]}").text.strip()

    def must(self, done: Completed, what: str) -> Completed:
        """The same, if git succeeded.

        Raises:
            SourceError: otherwise; with git's own words.
        """
        if done.exit_code == 0 and not done.truncated:
            return done
        words = done.stderr.decode("utf-8", "replace").strip()[-1500:] or f"exit code {done.exit_code}"
        raise SourceError(f"{what} failed in {self.root}: {words}. Nothing in the repository was changed.")

    async def commit_of(self, revision: str) -> str | None:
        """The full name of the commit that the revision means; None where it means none."""
        if not revision or revision.startswith("-") or "\0" in revision:
            return None
        done = await self("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return done.text.strip() if done.exit_code == 0 else None

    async def without_filters(self) -> tuple[str, ...]:
        """Options that keep every clean filter that this repository's configuration names from running."""
        done = await self("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$")
        options: list[str] = []
        for name in filter(None, done.text.split("\0")):
            options += ["-c", f"{name}=" if not name.endswith(".required") else f"{name}=false"]
        return tuple(options)

    def lend(self, directory: Path) -> None:
        """Give a directory of ours to whoever git runs as."""
        owner, _ = self._rights
        if owner is not None:
            for path in (directory, *directory.rglob("*")):
                os.chown(path, *owner, follow_symlinks=False)

    @cached_property
    def _rights(self) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
        if os.geteuid() != 0:
            return None, ()
        owner = self.root.stat()
        if owner.st_uid == 0:
            return None, ()
        if is_reachable(self.root, owner.st_uid, owner.st_gid):
            return (owner.st_uid, owner.st_gid), ()
        # Its owner cannot get here, so root has to: for this one directory, with all that could run switched off.
        return None, ("-c", f"safe.directory={self.root}")


def find_root(path: Path) -> Path:
    """The top of the checkout that the path lies in, or the bare repository.

    Raises:
        SourceError: there is none.
    """
    start = path.resolve()
    for candidate in (start, *start.parents):
        try:
            if (candidate / ".git").exists():
                return candidate
            if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir() and (candidate / "refs").is_dir():
                return candidate.parent if candidate.name == ".git" else candidate
        except PermissionError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror}. Nothing was begun.") from error
    what = "is not in a git repository" if start.exists() else "does not exist"
    raise SourceError(
        f"{path} {what}. Name a checkout with --repo, or make one with `git init` and a first commit. "
        "Nothing was begun."
    )
