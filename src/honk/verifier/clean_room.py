"""The gate: every verifier of the plan in fresh rooms, the base's checks in force, where the agent cannot reach."""

import asyncio
from collections import defaultdict
from collections.abc import MutableMapping
from dataclasses import dataclass, field

from honk.domain.change import Change, Edit
from honk.domain.evidence import Examination, Finding, Report
from honk.domain.task import Brief
from honk.sandbox import Sandbox
from honk.verifier import BaseRuns, Command, Plan, Rooms, detect, honk_toml, reports, results, rules
from honk.verifier.bench import BaseBench, Bench, base_key
from honk.verifier.compare import broken
from honk.verifier.first_look import FirstLook
from honk.verifier.guard import Changed, restored
from honk.verifier.litter import Before, look
from honk.verifier.results import USAGE_ERROR, TestOutcome
from honk.verifier.room import PutBlob, run_plain, run_tests
from honk.verifier.rulebook.asked import asked_of
from honk.verifier.rulebook.names import case_clashes
from honk.verifier.trial import plain_objection, try_plain, try_tests
from honk.workspace import Environment, Tree

NO_TESTS = "no tests were found"


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRoomGate:
    """`Gate` for every repository: detection, rooms, comparison, rules."""

    base_runs: BaseRuns
    put_blob: PutBlob
    locks: MutableMapping[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), repr=False)
    told_early: MutableMapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    """What was last said to an agent before all tests had run, by sandbox."""

    async def plan(self, base: Tree, environment: Environment) -> Plan:
        files = await base.files()
        contents = await base.read_all(detect.needed(files))
        setting = detect.Setting(
            python=environment.python,
            tools=environment.tools,
            problems=environment.problems,
            base_sha=base.sha,
            environment_key=environment.identity,
        )
        return detect.detect(files, contents, setting)

    async def prepare(self, plan: Plan, base: Tree, rooms: Rooms) -> None:
        bench = BaseBench(
            plan=plan,
            config=await _pytest_config(base),
            rooms=rooms,
            base_runs=self.base_runs,
            put_blob=self.put_blob,
            locks=self.locks,
        )
        for command in plan.commands:
            await bench.on_base(command)

    async def check(self, plan: Plan, sandbox: Sandbox) -> Examination:
        before = await look(sandbox)
        said = [await self._look(plan, command, sandbox, before) for command in plan.commands]
        await before.take_litter_away()
        if plan.missing and said:
            said.append(reports.environment(plan.missing))
        if plan.unrun and said:
            said.append(reports.not_run(plan.unrun))
        return Examination(reports=tuple(said), reason=_reason(plan))

    async def _look(self, plan: Plan, command: Command, sandbox: Sandbox, before: Before) -> Report:
        """With the base's run at hand, if it is remembered; nobody waits for it here."""
        if command.runner is None:
            run = await run_plain(sandbox, command, self.put_blob)
            return reports.quick(command, run, plain_objection(run))
        text = await self.base_runs.load(base_key(plan, command))
        base = results.load(text) if text is not None else None
        if base is not None:
            first = FirstLook(put_blob=self.put_blob, told=self.told_early)
            if (red := await first(sandbox, command, base, plan.base_sha, before)) is not None:
                return red
        run = await run_tests(sandbox, command, self.put_blob)
        if run.exit_code == USAGE_ERROR:
            run = await run_tests(sandbox, command, self.put_blob, drop_addopts=True)
        known = (*base.ids(TestOutcome.FAILED), *base.flaky) if base else ()
        return reports.quick(command, run, broken(run), red_on_base=known)

    async def examine(
        self, plan: Plan, base: Tree, head: Tree, change: Change, rooms: Rooms, brief: Brief | None = None
    ) -> Examination:
        changed = await read_changed(base, head, change)
        own = await _own_rules(base)
        findings = [*rules.findings(changed, own, brief), *case_clashes(changed, await base.files())]
        bench = Bench(
            plan=plan,
            change=change,
            changed=changed,
            restored=restored(plan, changed),
            config=await _pytest_config(base),
            rooms=rooms,
            asked=asked_of(brief),
            base_runs=self.base_runs,
            put_blob=self.put_blob,
            locks=self.locks,
        )
        said: list[Report] = []
        for command in plan.commands:
            report, more = await (try_tests if command.runner else try_plain)(bench, command)
            said.append(report)
            findings += more
        if plan.missing and said:
            said.append(reports.environment(plan.missing))
        if plan.unrun and said:
            said.append(reports.not_run(plan.unrun))
        return Examination(reports=tuple(said), findings=rules.sharpened(_unique(findings), own), reason=_reason(plan))


async def read_changed(base: Tree, head: Tree, change: Change) -> tuple[Changed, ...]:
    """The change's files with both their contents."""
    before = await base.read_all(file.old_path or file.path for file in change.files if file.edit is not Edit.ADDED)
    after = await head.read_all(file.path for file in change.files if file.edit is not Edit.DELETED)
    return tuple(
        Changed(
            file=file,
            before=None if file.edit is Edit.ADDED else before.get(file.old_path or file.path),
            after=None if file.edit is Edit.DELETED else after.get(file.path),
        )
        for file in change.files
    )


async def _pytest_config(base: Tree) -> str | None:
    files = await base.files()
    found = detect.pytest_config(files, await base.read_all(detect.needed(files)))
    return found[0] if found is not None else None


async def _own_rules(base: Tree) -> honk_toml.HonkToml:
    """A file that cannot be read is named in the plan, and adds no rule."""
    try:
        return honk_toml.parse(await base.read(honk_toml.PATH))
    except honk_toml.HonkTomlError:
        return honk_toml.HonkToml()


def _reason(plan: Plan) -> str:
    if plan.missing:
        return "missing: " + "; ".join(plan.missing)
    return "" if plan.commands else NO_TESTS


def _unique(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
