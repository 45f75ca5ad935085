"""Opens rooms and runs commands in them for one change; runs on the base are remembered."""

import asyncio
import hashlib
import json
from collections.abc import Collection, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from honk.domain.change import Change
from honk.verifier import BaseRuns, Command, Plan, Rooms, results
from honk.verifier.compare import unusable
from honk.verifier.flaky import RAN, failed, files_of
from honk.verifier.guard import Changed, Placed
from honk.verifier.results import USAGE_ERROR, Run
from honk.verifier.room import PutBlob, forget_bytecode, place, run_plain, run_tests
from honk.verifier.rulebook.asked import Asked

RUNNER_VERSION = 3
"""Part of every remembered run's key: raise it when a runner tells more, or tells it otherwise."""


def base_key(plan: Plan, command: Command) -> str:
    """Under which the command's run on the plan's base is remembered."""
    parts = [RUNNER_VERSION, plan.base_sha, plan.environment_key, asdict(command)]
    return "base-run-" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBench:
    """The base of a plan, with its rooms and its memory."""

    plan: Plan
    config: str | None
    """The file of the base's pytest configuration."""
    rooms: Rooms
    base_runs: BaseRuns
    put_blob: PutBlob
    locks: MutableMapping[str, asyncio.Lock]
    """By remembered run: whoever comes second waits for the first one's result."""

    async def on_base(self, command: Command) -> Run:
        """The whole run on the base, from memory where it is known. Only a run that came to its end is remembered."""
        key = base_key(self.plan, command)
        async with self.locks[key]:
            text = await self.base_runs.load(key)
            known = results.load(text) if text is not None else None
            if known is not None:
                return known
            run = await self._seen_again(command, await self.on_base_again(command))
            if not run.timed_out and not run.flooded:
                await self.base_runs.save(key, results.dump(run))
            return run

    async def _seen_again(self, command: Command, run: Run) -> Run:
        """The run, with what it failed by chance alone named: that passes alone, and then in company.

        Else a change that breaks such a test for good would be excused by one bad throw of the base.
        """
        suspects = failed(run)
        if not suspects or command.runner is None or unusable(run):
            return run
        for only in dict.fromkeys((files_of(suspects), ())):
            again = await self._run(command, None, (), only, drop_addopts=run.drop_addopts)
            if not (suspects := suspects & frozenset(again.ids(*RAN))):
                break
        return replace(run, flaky=tuple(sorted(suspects)))

    async def remember_flaky(self, command: Command, flaky: Collection[str]) -> None:
        """Keep with the base's run what else its tests were seen to do: the next change need not wait for it."""
        key = base_key(self.plan, command)
        async with self.locks[key]:
            text = await self.base_runs.load(key)
            known = results.load(text) if text is not None else None
            if known is not None and not set(flaky) <= set(known.flaky):
                kept = replace(known, flaky=tuple(sorted({*known.flaky, *flaky})))
                await self.base_runs.save(key, results.dump(kept))

    async def on_base_again(self, command: Command, placed: Sequence[Placed] = (), only: Sequence[str] = ()) -> Run:
        """A run on the base that nobody remembers: some tests of it, say, or with files laid over."""
        run = await self._run(command, None, placed, only, drop_addopts=False)
        if command.runner == "pytest" and run.exit_code == USAGE_ERROR and not only:
            bare = await self._run(command, None, placed, only, drop_addopts=True)
            return bare if bare.exit_code in (0, 1) else run
        return run

    async def _run(
        self, command: Command, of: Change | None, placed: Sequence[Placed], only: Sequence[str], *, drop_addopts: bool
    ) -> Run:
        async with self.rooms(of) as sandbox:
            await forget_bytecode(sandbox, self._sources(of, placed))
            if (refused := await place(sandbox, placed)) is not None:
                end = refused.stderr.decode("utf-8", "replace").strip()[-300:]
                return Run(exit_code=1, seconds=0.0, cannot_start=f"the check files could not be put in place: {end}")
            if command.runner is None:
                return await run_plain(sandbox, command, self.put_blob)
            return await run_tests(
                sandbox, command, self.put_blob, config=self.config, only=only, drop_addopts=drop_addopts
            )

    def _sources(self, of: Change | None, placed: Sequence[Placed]) -> list[str]:
        return [file.path for file in placed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench(BaseBench):
    """One change under examination."""

    change: Change
    changed: tuple[Changed, ...]
    restored: tuple[Placed, ...]
    """Check files put back to the base's in every room of the change."""
    asked: Asked = field(default_factory=Asked)
    """What the request asks for, as far as words tell."""

    async def on_change(self, command: Command, base: Run, placed: Sequence[Placed], only: Sequence[str] = ()) -> Run:
        """A run on the change, with the base's check files in place."""
        return await self._run(command, self.change, placed, only, drop_addopts=base.drop_addopts)

    def _sources(self, of: Change | None, placed: Sequence[Placed]) -> list[str]:
        changed = [entry.file.path for entry in self.changed] if of is not None else []
        return [*changed, *(file.path for file in placed)]
