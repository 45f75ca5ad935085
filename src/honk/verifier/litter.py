"""Takes away what a look at the agent's work left in its work tree: reports, samples, logs that the tests wrote.

The agent did not make them, so they are no part of its change. What the repository ignores stays: caches are of use.
"""

from honk.sandbox import Sandbox

_SECONDS = 60.0
_UNTRACKED = ("/usr/bin/git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--others", "--exclude-standard")
_TAKE_AWAY = ("/usr/bin/xargs", "-0", "-r", "/bin/rm", "-f", "--")


async def untracked(sandbox: Sandbox) -> frozenset[bytes] | None:
    """New files of the work tree; None where git cannot tell."""
    done = await sandbox.run(_UNTRACKED, timeout_seconds=_SECONDS)
    if done.exit_code != 0 or done.truncated:
        return None
    return frozenset(filter(None, done.stdout.split(b"\0")))


async def take_away(sandbox: Sandbox, before: frozenset[bytes] | None) -> None:
    """Remove the files that have come since; none where it is not known what was there before."""
    after = await untracked(sandbox) if before is not None else None
    if before is None or after is None or not (litter := after - before):
        return
    await sandbox.run(_TAKE_AWAY, stdin=b"\0".join(sorted(litter)), timeout_seconds=_SECONDS)
