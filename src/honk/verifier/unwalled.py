"""The gate where nothing isolates: what it says is help for those who look, and never proof."""

from dataclasses import dataclass, replace

from honk.domain.change import Change
from honk.domain.evidence import Examination, Finding, Report, Severity, Verification
from honk.domain.task import Brief
from honk.sandbox import Sandbox
from honk.verifier import Gate, Plan, Rooms
from honk.workspace import Environment, Tree

NOT_ISOLATED = (
    "NO SANDBOX: agent and checks ran with the rights of whoever runs Honk, on one machine with the gate. "
    "The agent could have written this evidence itself, so nothing that is green here proves anything."
)
_REPORT = Report(
    verifier="isolation",
    command="",
    chosen_by="the setting sandbox = none",
    is_required=True,
    result=Verification.UNVERIFIED,
    summary=NOT_ISOLATED,
    seconds=0.0,
)
_FINDING = Finding(rule="no sandbox", severity=Severity.NEEDS_HUMAN, message=NOT_ISOLATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwalledGate:
    """`Gate` around another one: red stays red, green is unverified at best, and a person must look."""

    gate: Gate

    async def plan(self, base: Tree, environment: Environment) -> Plan:
        return await self.gate.plan(base, environment)

    async def prepare(self, plan: Plan, base: Tree, rooms: Rooms) -> None:
        await self.gate.prepare(plan, base, rooms)

    async def check(self, plan: Plan, sandbox: Sandbox) -> Examination:
        return _unproved(await self.gate.check(plan, sandbox))

    async def examine(
        self, plan: Plan, base: Tree, head: Tree, change: Change, rooms: Rooms, brief: Brief | None = None
    ) -> Examination:
        return _unproved(await self.gate.examine(plan, base, head, change, rooms, brief))


def _unproved(said: Examination) -> Examination:
    """With a required report that nobody can turn green, and a finding that asks for a person."""
    return replace(said, reports=(*said.reports, _REPORT), findings=(*said.findings, _FINDING))
