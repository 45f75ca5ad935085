"""Takes away what a look at the agent's work left in its work tree: reports, samples, logs that the tests wrote.

The agent did not make them, so they are no part of its change. What the repository ignores stays: caches are of use.
"""

from collections.abc import Collection
from dataclasses import dataclass

from honk.base.git import FEW_PATHS
from honk.sandbox import Sandbox, Written

_SECONDS = 60.0
_UNTRACKED = (
    *("/usr/bin/git", "--literal-pathspecs", "-c", "core.fsmonitor=false"),
    *("ls-files", "-z", "--others", "--exclude-standard", "--"),
)
_TAKE_AWAY = ("/usr/bin/xargs", "-0", "-r", "/bin/rm", "-f", "--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A work tree before something of ours ran in it."""

    sandbox: Sandbox
    written: Written | None
    known: frozenset[bytes] | None
    """Its new files, by git; None where git cannot tell, or need not because the sandbox can."""

    async def new_files(self) -> frozenset[bytes]:
        """What git calls new of what was there before; empty where nobody can tell."""
        if self.written is None:
            return self.known or frozenset()
        return await _untracked(self.sandbox, self.written.made) or frozenset()

    async def take_litter_away(self) -> None:
        """Remove the new files that have come since; none where it is not known what was there before."""
        if litter := await self._litter():
            await self.sandbox.run(_TAKE_AWAY, stdin=b"\0".join(sorted(litter)), timeout_seconds=_SECONDS)

    async def _litter(self) -> frozenset[bytes]:
        if self.written is not None and (now := await self.sandbox.written()) is not None:
            return await _untracked(self.sandbox, now.made - self.written.made) or frozenset()
        after = await _listed(self.sandbox) if self.known is not None else None
        return frozenset() if after is None or self.known is None else after - self.known


async def look(sandbox: Sandbox) -> Before:
    """Remember what is there."""
    written = await sandbox.written()
    return Before(sandbox=sandbox, written=written, known=await _listed(sandbox) if written is None else None)


async def _untracked(sandbox: Sandbox, paths: Collection[bytes]) -> frozenset[bytes] | None:
    """Those of the paths that git calls new; None where it cannot tell."""
    if not paths:
        return frozenset()
    few = sorted(paths) if len(paths) <= FEW_PATHS else ()
    found = await _listed(sandbox, few)
    return None if found is None else found & frozenset(paths)


async def _listed(sandbox: Sandbox, among: Collection[bytes] = ()) -> frozenset[bytes] | None:
    """New files of the work tree; None where git cannot tell."""
    names = (path.decode("utf-8", "surrogateescape") for path in among)
    done = await sandbox.run((*_UNTRACKED, *names), timeout_seconds=_SECONDS)
    if done.exit_code != 0 or done.truncated:
        return None
    return frozenset(filter(None, done.stdout.split(b"\0")))
