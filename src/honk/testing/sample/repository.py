"""Builds the sample repository commit by commit; the same shas on every machine."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from honk.base.git import SAFE_ENVIRONMENT, SAFE_OPTIONS, Git
from honk.base.subprocess import run

FILES = Path(__file__).with_name("files")
OWNER = ("Honk demo", "demo@example.org")
"""Whose repository it is, and so who asks; the history is by others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One commit: the files of a folder laid over the tree before."""

    folder: str
    author: str
    email: str
    at: str
    message: str


MIRA, TOMASZ = ("Mira Lindqvist", "mira@tonearm.example"), ("Tomasz Bielak", "tomasz@tonearm.example")


def _step(folder: str, author: tuple[str, str], at: str, message: str) -> Step:
    return Step(folder=folder, author=author[0], email=author[1], at=at, message=message)


HISTORY = (
    _step("01-playlists", MIRA, "2026-03-02T09:14:00+01:00", "Show the playlists of a library on one page"),
    _step("02-dark", TOMASZ, "2026-03-04T18:40:00+01:00", "Use dark colours where the reader prefers them"),
    _step("03-covers", MIRA, "2026-03-11T11:02:00+01:00", "Give playlists without a picture a cover of their own"),
    _step("04-add", TOMASZ, "2026-03-19T16:27:00+01:00", "Let listeners add a playlist from the page"),
    _step("05-length", MIRA, "2026-04-01T10:05:00+02:00", "Say how long a playlist plays"),
    _step("06-production", TOMASZ, "2026-04-09T14:31:00+02:00", "Release to production, and say whether it is well"),
)


async def create_sample(path: Path) -> None:
    """Make the repository in an empty or absent folder, its newest commit checked out on `main`.

    Raises:
        FileExistsError: something is there already; it was left alone.
        ProgramError: git failed.
    """
    await asyncio.to_thread(_make_empty, path)
    init = ["git", *SAFE_OPTIONS, "init", "-q", "--template=", "--object-format=sha1", "-b", "main", str(path)]
    (await run(init, env=SAFE_ENVIRONMENT)).must("git init")
    git = Git(path / ".git", env={"GIT_WORK_TREE": str(path)})
    await git.line("config", "user.name", OWNER[0])
    await git.line("config", "user.email", OWNER[1])
    for step in HISTORY:
        await asyncio.to_thread(_lay_over, FILES / step.folder, path)
        await git.line("add", "--all", ":/")
        await git.line("commit", "-q", "--no-gpg-sign", "-m", step.message, env=_signature(step))


def _signature(step: Step) -> dict[str, str]:
    person = {"NAME": step.author, "EMAIL": step.email, "DATE": step.at}
    return {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in person.items()}


def _make_empty(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise FileExistsError(f"{path} is not empty")


def _lay_over(folder: Path, path: Path) -> None:
    """Copy contents only, with plain modes: an installed package's modes and dates are not part of the history."""
    for source in sorted(folder.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            target = path / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o644)


async def take_merge(path: Path, sha: str) -> None:
    """Move the sample's checked-out `main` on to a merge, as its owner would on Honk's advice.

    Raises:
        ProgramError: git refused: the checkout was changed meanwhile.
    """
    git = Git(path / ".git", env={"GIT_WORK_TREE": str(path)})
    await git.line("merge", "-q", "--ff-only", sha)
