"""A forge in memory, and the rows that the built-in one needs, for tests of whoever uses them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from honk.base.clock import now
from honk.base.git import Git
from honk.domain.change import PullRequest
from honk.domain.task import Repository
from honk.forge import BaseMoved, Capabilities, ForgeConflict, ForgeNotFound, Merged, Proposal


class MemoryPullRequests:
    """The store's port `PullRequests`."""

    def __init__(self) -> None:
        self._by_key: dict[str, PullRequest] = {}

    async def insert(self, key: str, pull_request: PullRequest) -> PullRequest:
        return self._by_key.setdefault(key, replace(pull_request, number=len(self._by_key) + 1))

    async def get(self, number: int) -> PullRequest | None:
        return next((row for row in self._by_key.values() if row.number == number), None)

    async def list(self, repository_id: str | None = None) -> Sequence[PullRequest]:
        rows = self._by_key.values()
        return [row for row in rows if repository_id in (None, row.repository_id)]

    async def open_numbers(self) -> frozenset[int]:
        return frozenset(row.number for row in self._by_key.values() if row.state == "open")

    async def update(self, pull_request: PullRequest, *, expect_state: str) -> bool:
        for key, row in self._by_key.items():
            if row.number == pull_request.number and row.state == expect_state:
                self._by_key[key] = pull_request
                return True
        return False


class FakeForge:
    """Keeps branches as names and shas; reads trees and diffs from the mirror. Every act is written to `acts`."""

    name = "a fake forge"

    def __init__(self, *, push_executes: bool = False) -> None:
        self.capabilities = Capabilities(push_executes=push_executes)
        self.branches: dict[tuple[str, str], str] = {}
        self.acts: list[str] = []
        self._mirrors: dict[str, Git] = {}
        self._rows = MemoryPullRequests()

    async def push(self, repository: Repository, mirror: Path, branch: str, sha: str, *, expect: str | None) -> None:
        self._mirrors[repository.repository_id] = Git(mirror)
        place = (repository.repository_id, branch)
        if self.branches.get(place) not in (expect, sha):
            raise ForgeConflict(f"{branch} is at {self.branches.get(place)}, not at {expect}")
        self.branches[place] = sha
        self.acts.append(f"push {branch}")

    async def open_pull_request(self, repository: Repository, proposal: Proposal) -> PullRequest:
        if self.branches.get((repository.repository_id, proposal.branch)) != proposal.head_sha:
            raise ForgeConflict(f"{proposal.branch} was not pushed")
        self.branches.setdefault((repository.repository_id, proposal.base_branch), proposal.base_sha)
        self.acts.append(f"open {proposal.branch}")
        return await self._rows.insert(
            proposal.key,
            PullRequest(
                pull_request_id=proposal.key,
                number=0,
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
                url=f"fake://pulls/{proposal.key}",
            ),
        )

    async def update_pull_request(self, pull_request: PullRequest, proposal: Proposal) -> PullRequest:
        row = await self.pull_request(pull_request.number)
        if self.branches.get((row.repository_id, row.branch)) != proposal.head_sha:
            raise ForgeConflict(f"{row.branch} was not pushed")
        updated = replace(
            row, task_id=proposal.task_id, body=proposal.body, head_sha=proposal.head_sha, is_draft=proposal.is_draft
        )
        if not await self._rows.update(updated, expect_state="open"):
            raise ForgeConflict(f"pull request {row.number} is {row.state}")
        self.acts.append(f"update {row.branch}")
        return updated

    async def pull_request(self, number: int, repository: Repository | None = None) -> PullRequest:
        row = await self._rows.get(number)
        if row is None or (repository is not None and repository.repository_id != row.repository_id):
            raise ForgeNotFound(f"no pull request {number}")
        return row

    async def pull_requests(self, repository: Repository | None = None) -> Sequence[PullRequest]:
        return await self._rows.list(None if repository is None else repository.repository_id)

    async def tip(self, repository: Repository, branch: str) -> str | None:
        return self.branches.get((repository.repository_id, branch))

    async def diff(self, pull_request: PullRequest) -> bytes:
        mirror = self._mirrors[pull_request.repository_id]
        done = await mirror("diff-tree", "-p", pull_request.base_sha, pull_request.head_sha)
        return done.must("git diff-tree").stdout

    async def merge(
        self, pull_request: PullRequest, *, head_sha: str, tree_sha: str, message: str, method: str = "squash"
    ) -> Merged:
        assert method in self.capabilities.merge_methods
        row = await self.pull_request(pull_request.number)
        if row.state == "merged":
            return Merged(merged_sha=row.merged_sha or "", tree_sha=tree_sha)
        base = (row.repository_id, row.base_branch)
        tree = await self._mirrors[row.repository_id].line("rev-parse", f"{row.head_sha}^{{tree}}")
        is_as_verified = head_sha == row.head_sha and self.branches[base] == row.base_sha and tree == tree_sha
        if self.branches[base] != row.base_sha and row.state == "open":
            raise BaseMoved(f"pull request {row.number} would merge to another tree")
        if row.state != "open" or not is_as_verified:
            raise ForgeConflict(f"pull request {row.number} is not what was verified")
        merged_sha = hashlib.sha1(f"{row.head_sha} {message}".encode(), usedforsecurity=False).hexdigest()
        self.branches[base] = merged_sha
        self.acts.append(f"merge {row.branch}")
        await self._rows.update(replace(row, state="merged", merged_sha=merged_sha), expect_state="open")
        return Merged(merged_sha=merged_sha, tree_sha=tree)

    async def close(self, pull_request: PullRequest) -> PullRequest:
        row = await self.pull_request(pull_request.number)
        if row.state == "merged":
            raise ForgeConflict(f"pull request {row.number} is merged")
        self.acts.append(f"close {row.branch}")
        await self._rows.update(replace(row, state="closed", closed_at=now()), expect_state="open")
        return await self.pull_request(row.number)
