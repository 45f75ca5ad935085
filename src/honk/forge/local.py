"""The built-in forge: one bare repository per repository below a folder, pull requests as rows of the store.

A merge is one commit over the base branch, written together with `refs/honk/merged/N` in one transaction of refs; so a
crash before the row is set is found and finished by the next call.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from honk.base.clock import now
from honk.base.git import Git, init_bare
from honk.base.ids import derived_uuid
from honk.base.signing import Signer, signed
from honk.base.subprocess import Completed
from honk.domain.change import PullRequest
from honk.domain.task import Repository
from honk.forge import BaseMoved, Capabilities, ForgeConflict, ForgeError, ForgeNotFound, Merged, Proposal
from honk.store import PullRequests

ABSENT = "0" * 40
_IDENTITY = {
    "GIT_AUTHOR_NAME": "%an",
    "GIT_AUTHOR_EMAIL": "%ae",
    "GIT_AUTHOR_DATE": "@%at +0000",
    "GIT_COMMITTER_NAME": "%cn",
    "GIT_COMMITTER_EMAIL": "%ce",
}


class LocalForge:
    """Ports `Forge` and `Exporting`, with nothing but git and rows."""

    name = "the built-in forge"
    capabilities = Capabilities(push_executes=False, merge_methods=("squash", "merge"))

    def __init__(self, folder: Path, rows: PullRequests, signer: Signer | None = None) -> None:
        self._folder = folder
        self._rows = rows
        self._signer = signer

    async def push(self, repository: Repository, mirror: Path, branch: str, sha: str, *, expect: str | None) -> None:
        git = await init_bare(self._path(repository.repository_id))
        await _fetch(git, mirror, sha)
        if await _tip(git, branch) == sha:
            return
        done = await git("update-ref", f"refs/heads/{branch}", sha, expect or ABSENT)
        if done.exit_code == 0 or (found := await _tip(git, branch)) == sha:
            return
        if found == expect:
            raise _broken(git, "update-ref", done)
        raise ForgeConflict(
            f"Branch {branch} on {self.name} is at {_short(found)}, not at {_short(expect)} as expected: "
            f"somebody moved it. Nothing was pushed. Look at it with `git -C {git.git_dir} log {branch}`."
        )

    async def open_pull_request(self, repository: Repository, proposal: Proposal) -> PullRequest:
        git = self._git(repository.repository_id)
        if (found := await _tip(git, proposal.branch)) != proposal.head_sha:
            raise ForgeConflict(
                f"Branch {proposal.branch} is at {_short(found)}, not at {_short(proposal.head_sha)}: push it first."
            )
        await self._follow_base(git, repository, proposal)
        wanted = PullRequest(
            pull_request_id=derived_uuid("pull request", proposal.key),
            number=0,  # the rows give the next one
            repository_id=repository.repository_id,
            task_id=proposal.task_id,
            title=proposal.title,
            body=proposal.body,
            branch=proposal.branch,
            base_branch=proposal.base_branch,
            base_sha=proposal.base_sha,
            head_sha=proposal.head_sha,
            state="open",
            is_draft=proposal.is_draft,
            reviewers=proposal.reviewers,
            url="",  # holds the number
        )
        return _shown(await self._rows.insert(proposal.key, wanted))

    async def update_pull_request(self, pull_request: PullRequest, proposal: Proposal) -> PullRequest:
        row = await self.pull_request(pull_request.number)
        found = await _tip(self._git(row.repository_id), row.branch)
        if found != proposal.head_sha:
            raise ForgeConflict(
                f"Branch {row.branch} is at {_short(found)}, not at {_short(proposal.head_sha)}: push it first."
            )
        updated = replace(
            row,
            task_id=proposal.task_id,
            body=proposal.body,
            head_sha=proposal.head_sha,
            is_draft=proposal.is_draft,
            reviewers=proposal.reviewers,
        )
        if not await self._rows.update(updated, expect_state="open"):
            raise ForgeConflict(f"Pull request {row.number} is not open any more; it was left as it is.")
        return updated

    async def pull_request(self, number: int, repository: Repository | None = None) -> PullRequest:
        row = await self._rows.get(number)
        if row is None or (repository is not None and row.repository_id != repository.repository_id):
            raise ForgeNotFound(f"There is no pull request {number} here. `honk pr list` shows those that there are.")
        return _shown(row)

    async def pull_requests(self, repository: Repository | None = None) -> Sequence[PullRequest]:
        rows = await self._rows.list(None if repository is None else repository.repository_id)
        return [_shown(row) for row in rows]

    async def diff(self, pull_request: PullRequest) -> bytes:
        git = self._git(pull_request.repository_id)
        start = (await _must(git, "merge-base", pull_request.base_sha, pull_request.head_sha)).text.strip()
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--find-renames")
        return (await _must(git, "diff-tree", "-p", *plain, start, pull_request.head_sha)).stdout

    async def tip(self, repository: Repository, branch: str) -> str | None:
        return await _tip(self._git(repository.repository_id), branch)

    async def merge(
        self, pull_request: PullRequest, *, head_sha: str, tree_sha: str, message: str, method: str = "squash"
    ) -> Merged:
        row = await self.pull_request(pull_request.number)
        git = self._git(row.repository_id)
        merged_sha = row.merged_sha or await _resolve(git, _merged_ref(row))
        if merged_sha is None:
            if row.state != "open":
                raise ForgeConflict(f"Pull request {row.number} is {row.state}; it cannot be merged.")
            parents = (head_sha,) if method == "merge" else ()
            merged_sha = await self._merge(git, row, head_sha, tree_sha, message, parents)
        if row.state != "merged":
            await self._rows.update(replace(row, state="merged", merged_sha=merged_sha), expect_state=row.state)
        return Merged(merged_sha=merged_sha, tree_sha=(await _resolve(git, f"{merged_sha}^{{tree}}")) or "")

    async def close(self, pull_request: PullRequest) -> PullRequest:
        row = await self.pull_request(pull_request.number)
        if row.state == "open":
            if await _resolve(self._git(row.repository_id), _merged_ref(row)) is None:
                await self._rows.update(replace(row, state="closed", closed_at=now()), expect_state="open")
            row = await self.pull_request(row.number)
        if row.state != "closed":
            raise ForgeConflict(f"Pull request {row.number} is merged already; it cannot be closed.")
        return row

    async def pack(self, repository: Repository, sha: str, have: Sequence[str], into: BinaryIO) -> None:
        git = self._git(repository.repository_id)
        into.flush()
        known = [other for other in have if await git.has_commit(other)]
        revisions = "".join([f"{sha}\n", *(f"^{other}\n" for other in known)])
        options = ("--revs", "--thin", "--stdout", "--delta-base-offset", "-q")
        done = await git("pack-objects", *options, stdin=revisions.encode(), stdout_fd=into.fileno())
        if done.exit_code != 0:
            raise _broken(git, "pack-objects", done)

    async def follow(self, repository: Repository, mirror: Path, branch: str, sha: str) -> None:
        git = self._git(repository.repository_id)
        tip = await _tip(git, branch)
        if tip is None or tip == sha:
            return
        await _fetch(git, mirror, sha)
        if (await git("merge-base", "--is-ancestor", tip, sha)).exit_code == 0:
            # Lost to somebody who moved it just now: then the merge says so.
            await git("update-ref", f"refs/heads/{branch}", sha, tip)

    async def _merge(
        self, git: Git, row: PullRequest, head_sha: str, tree_sha: str, message: str, parents: Sequence[str]
    ) -> str:
        """Check that nothing moved, then write the commit and move the base, or neither."""
        head, base = await _tip(git, row.branch), await _tip(git, row.base_branch)
        if head != head_sha or row.head_sha != head_sha:
            raise ForgeConflict(
                f"Pull request {row.number} is at {_short(head)}, but {_short(head_sha)} was verified: "
                "the branch moved. Nothing was merged. Run the task again, so that what is there now is verified."
            )
        if base is None:
            raise ForgeConflict(f"Branch {row.base_branch} is gone from {self.name}; nothing was merged.")
        if await _merged_tree(git, base, head_sha) != tree_sha:
            raise _base_moved(row, base)
        merged_sha = await signed(git, await _commit(git, head_sha, tree_sha, (base, *parents), message), self._signer)
        moves = f"update refs/heads/{row.base_branch} {merged_sha} {base}\ncreate {_merged_ref(row)} {merged_sha}\n"
        done = await git("update-ref", "--stdin", stdin=moves.encode())
        if done.exit_code == 0:
            return merged_sha
        if (faster := await _resolve(git, _merged_ref(row))) is not None:
            return faster
        if await _tip(git, row.base_branch) == base:
            raise _broken(git, "update-ref", done)
        raise _base_moved(row, base)

    async def _follow_base(self, git: Git, repository: Repository, proposal: Proposal) -> None:
        """The base branch here follows the person's own, unless that would lose a merge made here."""
        tip = await _tip(git, proposal.base_branch)
        if tip == proposal.base_sha:
            return
        if tip is not None:
            lost = set((await _must(git, "rev-list", tip, f"^{proposal.base_sha}")).text.split())
            if any(row.merged_sha in lost for row in await self._rows.list(repository.repository_id)):
                return  # the merge will say so: it would not give the tree that was verified
        # Lost only to somebody who moved it just now, and then the merge decides as well.
        await git("update-ref", f"refs/heads/{proposal.base_branch}", proposal.base_sha, tip or ABSENT)

    def _path(self, repository_id: str) -> Path:
        return self._folder / f"{repository_id}.git"

    def _git(self, repository_id: str) -> Git:
        path = self._path(repository_id)
        if not (path / "HEAD").exists():
            raise ForgeNotFound(f"{self.name.capitalize()} has no repository at {path}; nothing was pushed to it yet.")
        return Git(path)


def _shown(row: PullRequest) -> PullRequest:
    return replace(row, url=f"honk pr show {row.number}")


def _merged_ref(row: PullRequest) -> str:
    return f"refs/honk/merged/{row.number}"


def _base_moved(row: PullRequest, base: str) -> BaseMoved:
    return BaseMoved(
        f"Merging pull request {row.number} into {row.base_branch} (at {_short(base)}) would not give the tree "
        f"that was verified on {_short(row.base_sha)}: {row.base_branch} moved. Nothing was merged. Bring your own "
        f"{row.base_branch} up to date and run the task again, so that the merged state is verified."
    )


async def _merged_tree(git: Git, base: str, head: str) -> str | None:
    """The tree that base and head merge to; None where they conflict."""
    done = await git("merge-tree", "--write-tree", "--no-messages", base, head)
    if done.exit_code not in (0, 1):
        raise _broken(git, "merge-tree", done)
    return done.text.split()[0] if done.exit_code == 0 else None


async def _commit(git: Git, head: str, tree: str, parents: Sequence[str], message: str) -> str:
    """The commit of the merge: author (whoever asked) and committer are the head's, the time of the merge is now."""
    shown = await _must(git, "show", "-s", "--no-show-signature", f"--format={'%x00'.join(_IDENTITY.values())}", head)
    env = dict(zip(_IDENTITY, shown.text.rstrip("\n").split("\0"), strict=True))
    env["GIT_COMMITTER_DATE"] = f"@{int(now().timestamp())} +0000"
    text = message.encode("utf-8", "surrogateescape")
    over = [word for parent in parents for word in ("-p", parent)]
    done = await git("commit-tree", tree, *over, "-F", "-", stdin=text, env=env)
    if done.exit_code != 0:
        raise _broken(git, "commit-tree", done)
    return done.text.strip()


async def _fetch(git: Git, mirror: Path, sha: str) -> None:
    if not await git.has_commit(sha):
        await _must(git, "fetch", "--quiet", "--update-shallow", "--no-tags", "--no-write-fetch-head", str(mirror), sha)


async def _tip(git: Git, branch: str) -> str | None:
    return await _resolve(git, f"refs/heads/{branch}")


async def _resolve(git: Git, name: str) -> str | None:
    done = await git("rev-parse", "--verify", "--quiet", "--end-of-options", name)
    return done.text.strip() if done.exit_code == 0 else None


async def _must(git: Git, *args: str) -> Completed:
    done = await git(*args)
    if done.exit_code != 0:
        raise _broken(git, args[0], done)
    return done


def _broken(git: Git, command: str, done: Completed) -> ForgeError:
    end = done.stderr.decode("utf-8", "replace").strip()[-2000:]
    return ForgeError(f"git {command} failed in {git.git_dir} (exit code {done.exit_code}): {end or 'no words'}")


def _short(sha: str | None) -> str:
    return "nothing" if sha is None else sha[:12]
