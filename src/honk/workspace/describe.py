"""Looks at a person's repository: where it stands, what is not committed, what the person must know."""

import os
import pwd
import socket
from pathlib import Path

from honk.base.at_once import at_once
from honk.base.subprocess import ProgramError, run
from honk.domain.task import Person
from honk.workspace import RepositoryFacts, SourceError
from honk.workspace.locks import key_of
from honk.workspace.person import PersonGit, find_root

NAMED_PATHS = 200
"""So many paths of uncommitted work are named; the rest is counted."""
NOTED_PATHS = 5
SHA1_DIGITS = 40


async def describe(path: Path, base: str | None) -> RepositoryFacts:
    """What `Source.describe` promises.

    Raises:
        SourceError: not a repository, no commit, unknown base; nothing was begun.
    """
    root = find_root(path)
    git = PersonGit(root)
    kind = await git.text(
        "rev-parse", "--is-bare-repository", "--is-shallow-repository", "--path-format=absolute", "--git-common-dir"
    )
    is_bare, is_shallow, git_dir = kind.split("\n", 2)
    branch, sha, notes = await _base(git, base)
    if len(sha) != SHA1_DIGITS:
        raise SourceError(f"{root} names its objects by SHA-256, which Honk cannot use yet. Nothing was begun.")
    async with at_once() as group:  # the work tree is looked at beside the objects
        looking = group.create_task(_uncommitted(git)) if is_bare == "false" else None
        reading = group.create_task(_peculiarities(git, sha, is_shallow=is_shallow == "true"))
        asking = group.create_task(_asker(git))
    uncommitted, more = looking.result() if looking is not None else ((), ())
    return RepositoryFacts(
        repository_id=_identity(Path(git_dir)),
        root=root,
        name=root.name.removesuffix(".git"),
        base_branch=branch,
        base_sha=sha,
        uncommitted=uncommitted,
        asker=asking.result(),
        notes=notes + more + reading.result(),
    )


def _identity(git_dir: Path) -> str:
    return key_of(str(git_dir.resolve()))


async def _base(git: PersonGit, base: str | None) -> tuple[str, str, tuple[str, ...]]:
    """Branch, commit, and notes."""
    if base is None:
        head = await git("symbolic-ref", "--quiet", "--short", "HEAD")
        sha = await git.commit_of("HEAD")
        if sha is None:
            raise SourceError(f"{git.root} has no commit yet. Make a first one, then ask again. Nothing was begun.")
        if head.exit_code == 0:
            return head.text.strip(), sha, ()
        note = f"HEAD is detached: the work starts from {sha[:12]}, which is no branch, and can only become a new one."
        return sha[:12], sha, (note,)
    if (sha := await git.commit_of(f"refs/heads/{base}")) is not None:
        return base, sha, ()
    if (sha := await git.commit_of(base)) is not None:
        return base, sha, (f"{base} is no local branch: the work starts from its commit {sha[:12]}.",)
    branches = (await git.text("for-each-ref", "--count=10", "--format=%(refname:short)", "refs/heads")).split("\n")
    known = ", ".join(filter(None, branches)) or "none"
    raise SourceError(f"{git.root} knows no branch or commit {base!r}. Its branches: {known}. Nothing was begun.")


async def _uncommitted(git: PersonGit) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths, changed ones before new ones, and a note that counts them all and names some."""
    done = await git(
        *await git.without_filters(),
        "status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal", "--ignore-submodules=dirty",
    )  # fmt: skip
    entries = [entry for entry in git.must(done, "git status").text.split("\0") if entry]
    tracked = [entry[3:] for entry in entries if not entry.startswith("??")]
    paths = tracked + [entry[3:] for entry in entries if entry.startswith("??")]
    if not paths:
        return (), ()
    some = ", ".join(paths[:NOTED_PATHS]) + (", ..." if len(paths) > NOTED_PATHS else "")
    note = (
        f"Uncommitted work is left out: {len(tracked)} changed, {len(paths) - len(tracked)} untracked "
        f"(a directory counts once): {some}"
    )
    return tuple(paths[:NAMED_PATHS]), (note,)


async def _peculiarities(git: PersonGit, sha: str, *, is_shallow: bool) -> tuple[str, ...]:
    notes: list[str] = []
    if is_shallow:
        notes.append("The repository is a shallow clone: history before its boundary is not there for the agent.")
    partial = await git("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
    if partial.exit_code == 0:
        await _refuse_missing_objects(git, sha)
        notes.append("The repository is a partial clone; all that this commit needs is there.")
    listing = git.must(await git("ls-tree", "-r", "-z", sha), "git ls-tree").stdout
    submodules = sum(entry.startswith(b"160000 ") for entry in listing.split(b"\0"))
    if submodules:
        notes.append(f"{submodules} submodule(s) stay empty: their files are not there for the agent or the tests.")
    attributes = await git("cat-file", "blob", f"{sha}:.gitattributes")
    if b"filter=lfs" in attributes.stdout:
        notes.append("Files in Git LFS stay pointers: tests that read them will see the pointer's text.")
    return tuple(notes)


async def _refuse_missing_objects(git: PersonGit, sha: str) -> None:
    done = await git("rev-list", "--objects", "--missing=print", sha)
    missing = sum(line.startswith("?") for line in git.must(done, "git rev-list").text.split("\n"))
    if missing:
        raise SourceError(
            f"{git.root} is a partial clone and {missing} objects of {sha[:12]} are not there. "
            "Fetch them with `git fetch --refetch --no-filter`, then ask again; nothing was begun."
        )


async def _asker(git: PersonGit) -> Person:
    """Who commits here by git's own configuration; else the account's name at this machine."""
    name, email = await _configured(git, "user.name"), await _configured(git, "user.email")
    try:
        account = pwd.getpwuid(os.getuid())
        login, full = account.pw_name, account.pw_gecos.split(",")[0].strip()
    except KeyError:
        login, full = f"uid{os.getuid()}", ""
    return Person(name=name or full or login, email=email or f"{login}@{socket.gethostname() or 'localhost'}")


async def _configured(git: PersonGit, key: str) -> str:
    """The repository's own value, else the calling person's."""
    local = await git("config", "--local", "--includes", "--get", key)
    if value := local.text.strip():
        return value
    home = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME") if name in os.environ}
    home.setdefault("HOME", "/nonexistent")
    try:
        own = await run(["git", "config", "--global", "--includes", "--get", key], cwd=Path("/"), env=home)
    except ProgramError:
        return ""
    return own.text.strip()
