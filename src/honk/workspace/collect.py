"""Takes a work tree out of a sandbox as one commit that we made ourselves.

What comes out is a tree and a pack, both the agent's word. The pack is checked in a quarantine that the mirror does not
see, and only then moved in. Git never runs on the host in a tree that the agent could write.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from honk.base.git import FEW_PATHS, SAFE_ENVIRONMENT, SAFE_OPTIONS, Git
from honk.base.subprocess import Completed, ProgramError, run
from honk.domain.change import Change
from honk.sandbox import Sandbox, Written
from honk.workspace import CommitMessage, WorkspaceError, scripts
from honk.workspace.changed import GITLINK, new_blobs, parse_changed, shown
from honk.workspace.committing import commit_tree, private_ref
from honk.workspace.locks import locked
from honk.workspace.mirror import Mirror

PutBlob = Callable[[str, bytes], Awaitable[str]]
"""Keeps the bytes under the key; returns the key to ask for."""
QUARANTINE = "quarantine-"
"""How the names of the directories begin in which packs are checked."""
COLLECT_SECONDS = 300.0
MAX_PACK_BYTES = 512 << 20
MAX_FILE_BYTES = 100 << 20
MAX_DIFF_BYTES = 64 << 20
MAX_FILES = 100_000
_MEMORY_BYTES = 4 << 30
_SHA_LINE = 41
_RULE_FILES = frozenset({b".gitignore", b".gitattributes", b".git"})
"""A repository inside is one of them: git goes by its folder, not by its files."""
_HALF_WRITTEN = b"*.tmp.[0-9]*." + b"[0-9a-f]" * 12 + b"\n"
"""Claude Code writes a file as NAME.tmp.PID.RANDOM and renames it: killed between the two, it leaves half a file."""
_LITTER = b"__pycache__/\n*.py[co]\n*.egg-info/\n.hypothesis/\n.coverage\n" + _HALF_WRITTEN
"""What running tests, and a killed agent, leave behind, also where the repository's own rules forgot it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects one attempt's work tree."""

    mirror: Mirror
    base_sha: str
    name: str
    state: Path
    leftovers: bytes
    """Exclude patterns for what the set-up left in the tree."""
    put_blob: PutBlob

    async def collect(self, sandbox: Sandbox, message: CommitMessage) -> Change | None:
        """What `Workspace.collect` promises.

        Raises:
            WorkspaceError: the tree cannot become a sound commit.
        """
        base_tree = await self.mirror.work.line("rev-parse", f"{self.base_sha}^{{tree}}")
        with tempfile.TemporaryDirectory(dir=self.mirror.directory, prefix=QUARANTINE) as aside:
            pack = Path(aside) / "pack"
            tree = await self._take(sandbox, pack)
            if tree == base_tree:
                return None
            with pack.open("rb") as file:
                await self._admit(file.fileno(), Path(aside), tree, base_tree)
        head = await self._commit(tree, message)
        return await self._describe(head, tree)

    async def adopt(self, sha: str, pack: BinaryIO) -> Change | None:
        """What `Workspaces.adopt` promises.

        Raises:
            WorkspaceError: the pack is not sound.
        """
        base_tree = await self.mirror.work.line("rev-parse", f"{self.base_sha}^{{tree}}")
        with tempfile.TemporaryDirectory(dir=self.mirror.directory, prefix=QUARANTINE) as aside:
            await self._admit(pack.fileno(), Path(aside), sha, base_tree)
        tree = await self.mirror.work.line("rev-parse", f"{sha}^{{tree}}")
        return None if tree == base_tree else await self._describe(sha, tree)

    async def merged(self, head_sha: str, message: CommitMessage) -> Change | None:
        """What `Workspaces.merged` promises, of commits that are both there."""
        done = await self.mirror.work("merge-tree", "--write-tree", "--no-messages", self.base_sha, head_sha)
        if done.exit_code == 1:
            return None
        tree = self._must(done).text.split()[0]
        return await self._describe(await self._commit(tree, message), tree)

    async def _take(self, sandbox: Sandbox, into: Path) -> str:
        """Write the pack that the sandbox prints to a file; the tree's name comes before it."""
        argv = scripts.collect(self.base_sha, _all_that_can_differ(await sandbox.written()))
        process = await sandbox.spawn(argv, cwd="/")
        head, size = b"", 0
        try:
            async with asyncio.timeout(COLLECT_SECONDS):
                await process.write(_LITTER + self.leftovers)
                await process.close_stdin()
                with into.open("wb") as file:
                    async for chunk in process.output():
                        missing = _SHA_LINE - len(head)
                        head += chunk[:missing]
                        size += file.write(chunk[missing:] if missing > 0 else chunk)
                        if size > MAX_PACK_BYTES:
                            raise self._refused(f"it holds more than {MAX_PACK_BYTES >> 20} MiB of new content")
                exit_code = await process.wait()
        except TimeoutError as error:
            raise self._refused(f"reading it took longer than {COLLECT_SECONDS:.0f} s") from error
        finally:
            await process.kill()
        tree = head.decode("ascii", "replace").strip()
        if exit_code != 0 or len(tree) != _SHA_LINE - 1 or not tree.isalnum():
            raise self._refused(process.stderr_tail().strip()[-1500:] or f"git ended with {exit_code}")
        return tree

    async def _admit(self, pack: int, aside: Path, tree: str, base_tree: str) -> None:
        """Check the pack apart from the mirror, then move it in."""
        objects = aside / "objects"
        await asyncio.to_thread((objects / "pack").mkdir, parents=True)
        apart = Git(
            self.mirror.work.git_dir,
            env={
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": f"{self.mirror.work.git_dir}/objects",
            },
        )
        self._must(await _index_pack(apart, pack))
        # Without `--not BASE` this would walk the whole history; the base itself is complete.
        self._must(await apart("rev-list", "--objects", "--quiet", tree, f"^{self.base_sha}"))
        await self._check(apart, tree, base_tree)
        async with locked(self.mirror.directory / "lock"):
            await asyncio.to_thread(_move_packs, objects / "pack", self.mirror.work.git_dir / "objects" / "pack")

    async def _check(self, git: Git, tree: str, base_tree: str) -> None:
        """Sizes and kinds of what is new.

        Raises:
            WorkspaceError: naming the path.
        """
        done = self._must(await git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", base_tree, tree))
        files = parse_changed(done.stdout)
        if len(files) > MAX_FILES:
            raise self._refused(f"it changes {len(files)} files, more than {MAX_FILES}")
        for changed in files:
            parts = changed.path.lower().split("/")
            if ".git" in parts or "" in parts or ".." in parts:
                raise self._refused(f"{shown(changed.path)} is no path for a repository")
            if changed.new_mode == GITLINK:
                raise self._refused(
                    f"{shown(changed.path)} is a repository inside the repository (submodules cannot be changed)"
                )
        blobs = new_blobs(done.stdout)
        asked = "".join(f"{blob}\n" for blob in blobs).encode()
        sizes = self._must(await git("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked))
        for line in sizes.text.splitlines():
            blob, _, size = line.partition(" ")
            if not size.isdigit() or int(size) > MAX_FILE_BYTES:
                raise self._refused(f"{shown(blobs[blob])} is larger than {MAX_FILE_BYTES >> 20} MiB")

    async def _commit(self, tree: str, message: CommitMessage) -> str:
        git = self.mirror.work
        head = await commit_tree(git, tree, self.base_sha, message)
        (await git("update-ref", private_ref(self.name), head)).must("git update-ref")
        return head

    async def _describe(self, head: str, tree: str) -> Change:
        git = self.mirror.work
        plumbing = ("diff-tree", "-r", "-M", "-l2000", "--no-ext-diff", "--no-textconv")
        named = (await git(*plumbing, "-z", "--raw", "--numstat", "--no-abbrev", self.base_sha, head)).must("git diff")
        options = ("-p", "--full-index", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")
        diff = await git(*plumbing, *options, self.base_sha, head, max_output_bytes=MAX_DIFF_BYTES)
        if diff.truncated:
            raise self._refused(f"its diff is larger than {MAX_DIFF_BYTES >> 20} MiB")
        text = diff.must("git diff").stdout
        return Change(
            base_sha=self.base_sha,
            head_sha=head,
            tree_sha=tree,
            files=parse_changed(named.stdout),
            diff_blob=await self.put_blob(f"diffs/{head}.diff", text),
            diff_bytes=len(text),
        )

    def _must(self, done: Completed) -> Completed:
        if done.exit_code != 0 or done.timed_out or done.truncated:
            words = done.stderr.decode("utf-8", "replace").strip()[-1500:]
            raise self._refused(f"git does not accept it: {words or 'no words'}")
        return done

    def _refused(self, why: str) -> WorkspaceError:
        return WorkspaceError(f"The work of {self.name} cannot become a commit: {why}. The files stay in {self.state}.")


def _all_that_can_differ(written: Written | None) -> frozenset[bytes] | None:
    """The paths, where they are known, few, and do not change how git reads all others."""
    if written is None or not written.is_whole:
        return None
    paths = written.made | written.other
    if len(paths) > FEW_PATHS or any(not _RULE_FILES.isdisjoint(path.split(b"/")) for path in paths):
        return None
    return paths


async def _index_pack(git: Git, pack: int) -> Completed:
    """Index a pack that a stranger made: in bounded memory and time, and with every check that git has."""
    try:
        return await run(
            [
                "prlimit", f"--as={_MEMORY_BYTES}", "--core=0", "git", *SAFE_OPTIONS, "-c", "core.bigFileThreshold=16m",
                f"--git-dir={git.git_dir}", "index-pack", "--stdin", "--fix-thin", "--strict", "--threads=1",
            ],
            cwd=git.git_dir,
            env={**SAFE_ENVIRONMENT, **git.env},
            stdin_fd=pack,
            timeout_seconds=COLLECT_SECONDS,
        )  # fmt: skip
    except ProgramError as error:
        raise WorkspaceError(f"{error}. prlimit (util-linux) and git are needed on this machine.") from error


def _move_packs(source: Path, target: Path) -> None:
    """Move packs into a repository; the index comes last, for with it git sees the pack."""
    target.mkdir(parents=True, exist_ok=True)
    for suffix in (".pack", ".rev", ".idx"):
        for file in source.glob(f"*{suffix}"):
            file.rename(target / file.name)
