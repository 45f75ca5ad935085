"""A first look at the agent's work: the tests nearest to it alone, so that red comes soon. Green needs all the others.

Only where running all takes long, and never twice with the same words: what fails alone may pass in company.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from honk.domain.evidence import Report
from honk.sandbox import Sandbox
from honk.verifier import Command, affected, reports
from honk.verifier.compare import broken
from honk.verifier.ecosystems import table
from honk.verifier.flaky import failed
from honk.verifier.litter import Before
from honk.verifier.results import Run, TestOutcome
from honk.verifier.room import PutBlob, run_tests

WORTH_SECONDS = 5.0
"""A whole run that is quicker than this is its own first look."""
_SECONDS = 60.0
_CHANGED = ("/usr/bin/git", "-c", "core.fsmonitor=false", "diff", "--name-only", "--no-renames", "-z")
_NAMING = ("/usr/bin/xargs", "-0", "-r", "/bin/grep", "-lwFZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLook:
    """Remembers, by sandbox, what it said last."""

    put_blob: PutBlob
    told: MutableMapping[str, frozenset[str]] = field(default_factory=dict, repr=False)

    async def __call__(
        self, sandbox: Sandbox, command: Command, base: Run, base_sha: str, before: Before
    ) -> Report | None:
        """Red, if a test near to the change is red that the base does not fail; None where all have to run."""
        name = sandbox.spec.name
        said = self.told.pop(name, None)
        if base.seconds < WORTH_SECONDS:
            return None
        if not (near := await _near(sandbox, base, base_sha, await before.new_files())):
            return None
        run = await run_tests(sandbox, command, self.put_blob, only=near, drop_addopts=base.drop_addopts)
        held = failed(run) - {*base.ids(TestOutcome.FAILED), *base.flaky}
        if broken(run) or not held or held == said:
            return None
        self.told[name] = held
        return reports.early(command, run, held)


async def _near(sandbox: Sandbox, base: Run, base_sha: str, new: frozenset[bytes]) -> tuple[str, ...]:
    """Empty where nothing stands near, or nearly everything."""
    done = await sandbox.run((*_CHANGED, base_sha or "HEAD", "--"), timeout_seconds=_SECONDS)
    if done.exit_code != 0 or done.truncated:
        return ()
    changed = {path.decode("utf-8", "surrogateescape") for path in {*done.stdout.split(b"\0"), *new} if path}
    known = {test.test_id.split("::")[0] for test in base.tests if "::" in test.test_id}
    tests = sorted(known | {path for path in changed if table.is_test_file(path)})
    near = affected.nearest(changed, tests, await _naming(sandbox, affected.words_of(changed), tests))
    return near if 2 * len(near) <= len(tests) else ()


async def _naming(sandbox: Sandbox, words: tuple[str, ...], tests: list[str]) -> frozenset[str]:
    """The test files in which one of the words stands."""
    if not words:
        return frozenset()
    patterns = (part for word in words for part in ("-e", word))
    sent = b"\0".join(path.encode("utf-8", "surrogateescape") for path in tests)
    done = await sandbox.run((*_NAMING, *patterns, "--"), stdin=sent, timeout_seconds=_SECONDS)
    return frozenset(path.decode("utf-8", "surrogateescape") for path in done.stdout.split(b"\0") if path)
