"""One round: the agent works in its sandbox, and what it leaves becomes a commit."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from honk.agent import AGENT_CONFIG, Agent, AgentError, Ended, Job, ToolAnswer
from honk.agent.prompt import agent_prompt, resume_prompt
from honk.base.clock import now
from honk.base.digests import new_secret
from honk.base.ids import derived_uuid
from honk.domain.change import Change
from honk.domain.conversation import Question
from honk.domain.decide import Conclusion
from honk.domain.evidence import Examination, Verification, verification
from honk.domain.limits import LimitName
from honk.domain.task import Brief, Saying, Task
from honk.gateway import MODEL_PORT, Grant
from honk.sandbox import Ceilings, DiskFull, Mount, SandboxError, SandboxLost
from honk.store import Run
from honk.verifier import Plan
from honk.workflows.hearing import saying, sayings, speaking_into, use
from honk.workflows.house import House
from honk.workflows.identity import collected_message
from honk.workflows.journal import Journal
from honk.workspace import Environment, ServerFailed, Template, Workspace

RESUMES = 3
"""How often one attempt goes on after its program or its sandbox died under it."""
COLLECT_TRIES = 2
"""A sandbox that dies while the work is taken out says nothing about the work."""
COLLECT_HEADROOM_BYTES = 1 << 30
"""What taking the work out may write beside it: an agent that used its disk up loses nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every attempt of a run stands on."""

    template: Template
    environment: Environment
    plan: Plan
    start: Change | None = None
    """What the work tree begins with: the kept work of the task before."""
    start_environment: Environment | None = None
    """The agent's, where that change asks for another."""
    guidance: str = ""
    """AGENTS.md and CLAUDE.md of the base commit: the repository's advice to agents, never authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One attempt to be made."""

    task: Task
    brief: Brief
    run: Run
    number: int
    feedback: str
    turns_before: int
    """Of the attempts before this one."""
    seconds_left: float
    started_at: datetime = field(default_factory=now)
    first_said: tuple[Saying, ...] = ()
    """What was said to a task before this one that it does again."""
    onward: str = ""
    """What its session is told as it goes on; empty: that it was interrupted."""

    @property
    def name(self) -> str:
        """Of the workspace, the agent's state and the private ref: the same for every attempt of a run."""
        return self.run.run_id

    @property
    def session_id(self) -> str:
        """One session per attempt: a refused attempt's reasoning does not colour the next one."""
        return derived_uuid("session", self.run.run_id, str(self.number))

    @property
    def prompt(self) -> str:
        """What the agent is handed."""
        return agent_prompt(self.brief, attempt=self.number, feedback=self.feedback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """How the agent's part of an attempt ended."""

    turns: int
    conclusion: Conclusion | None = None
    limit: LimitName | None = None
    fault: str | None = None
    question: Question | None = None


async def work(house: House, ground: Ground, assignment: Assignment, journal: Journal) -> Worked:
    """Let the agent work until it ends, or a limit ends it. Done again after a crash, it resumes the session.

    On cancellation the agent is stopped; its files stay.
    """
    try:
        async with asyncio.timeout(assignment.seconds_left):
            ended = await _work_on(house, ground, assignment, journal)
    except TimeoutError:
        ended = Ended(turns=0, limit=LimitName.WALL)
    # By the ledger, which outlives a session, a sandbox and us.
    turns = (await house.ledger.spending(assignment.run.run_id)).turns - assignment.turns_before
    return Worked(
        turns=turns, conclusion=ended.conclusion, limit=ended.limit, fault=ended.fault, question=ended.question
    )


async def _work_on(house: House, ground: Ground, assignment: Assignment, journal: Journal) -> Ended:
    """Session after session, while the program dies under it, or somebody has said something that it did not hear."""
    deaths = 0
    while True:
        ended = await _session_or_why(house, ground, assignment, journal)
        if ended.can_retry and deaths < RESUMES:
            deaths += 1
            await journal.warning(f"{ended.fault} Its files are kept; going on in the same session ({deaths}).")
            assignment = replace(assignment, brief=await _all_said(house, assignment), onward="")
            continue
        if ended.fault or ended.limit or ended.question:
            return ended
        if not (waiting := await house.messages.waiting(journal.task_id)):
            return ended
        await use(house, journal, waiting)
        words = "\n\n".join(saying(one).words for one in waiting)
        assignment = replace(assignment, brief=await _all_said(house, assignment), onward=words)


async def _all_said(house: House, assignment: Assignment) -> Brief:
    """For a program that begins anew: what was said since is part of the prompt."""
    said = await sayings(house, assignment.task.task_id)
    return replace(assignment.brief, said=(*assignment.first_said, *said))


async def _session_or_why(house: House, ground: Ground, assignment: Assignment, journal: Journal) -> Ended:
    agent = house.agent_of(assignment.task.agent)
    try:
        return await _session(house, ground, assignment, journal, agent)
    except DiskFull:
        return Ended(turns=0, limit=LimitName.DISK)
    except (SandboxError, ServerFailed, AgentError) as error:
        return Ended(turns=0, fault=str(error), can_retry=not isinstance(error, AgentError))


async def _session(house: House, ground: Ground, assignment: Assignment, journal: Journal, agent: Agent) -> Ended:
    """Open the workspace, serve the model on its socket, and follow the agent to its end."""
    config_dir = house.home / "agent" / assignment.name
    await asyncio.to_thread(config_dir.mkdir, parents=True, exist_ok=True)
    limits = assignment.run.limits
    turns_left = limits.turns - (await house.ledger.spending(assignment.run.run_id)).turns
    if turns_left <= 0:
        return Ended(turns=0, limit=LimitName.TURNS)
    grant = Grant(
        run_id=assignment.run.run_id,
        purpose="agent",
        token=new_secret(),
        budget_usd=limits.cost_usd,
        turns=turns_left,
    )
    async with (
        open_workspace(house, ground, assignment, agent, config_dir) as workspace,
        house.gateway.serve_model(workspace.sandbox.listeners[MODEL_PORT], grant),
    ):
        session = await agent.start(_job(house, ground, assignment, workspace, grant, config_dir))
        try:
            async with speaking_into(house, journal, session):
                async for event in session.events():
                    await journal.agent(event)
                    if isinstance(event, Ended):
                        return event
        finally:
            await session.cancel()
    return Ended(turns=0, fault="The agent's program went away without a word.", can_retry=True)


def open_workspace(
    house: House,
    ground: Ground,
    assignment: Assignment,
    agent: Agent,
    config_dir: Path,
    *,
    headroom_bytes: int = 0,
    has_servers: bool = True,
) -> AbstractAsyncContextManager[Workspace]:
    """The attempt's workspace with the agent's program and state in it, and the model route as only network."""
    state = Mount(source=config_dir, target=AGENT_CONFIG, is_writable=True)
    return house.workspaces.open(
        ground.template,
        ground.start_environment or ground.environment,
        name=assignment.name,
        start=ground.start,
        ports=(MODEL_PORT, *agent.capabilities.ports),
        mounts=(*agent.mounts(), state),
        ceilings=Ceilings(disk_bytes=assignment.run.limits.disk_bytes + headroom_bytes),
        has_servers=has_servers,
    )


def _job(
    house: House, ground: Ground, assignment: Assignment, workspace: Workspace, grant: Grant, config_dir: Path
) -> Job:
    async def verify() -> ToolAnswer:
        return tool_answer(await house.gate.check(ground.plan, workspace.sandbox))

    limits = assignment.run.limits
    port = workspace.sandbox.listeners[MODEL_PORT].getsockname()[1]
    return Job(
        session_id=assignment.session_id,
        is_resumed=True,
        prompt=assignment.prompt,
        onward=assignment.onward or resume_prompt(assignment.brief.said),
        guidance=ground.guidance,
        sandbox=workspace.sandbox,
        model=assignment.task.model,
        token=grant.token,
        model_url=f"http://127.0.0.1:{port}",
        turns=grant.turns or 1,
        idle_seconds=limits.idle_seconds,
        output_bytes=limits.output_bytes,
        config_dir=config_dir,
        verify=verify,
    )


def tool_answer(examination: Examination) -> ToolAnswer:
    """Short words for the agent: one line when green, the few relevant ones when red."""
    result = verification(examination.reports)
    if result is Verification.FAILED:
        red = [report for report in examination.reports if report.result is Verification.FAILED]
        return ToolAnswer(text="\n\n".join(report.summary for report in red), is_error=True)
    if result is Verification.UNVERIFIED:
        why = examination.reason or "; ".join(report.summary for report in examination.reports)
        return ToolAnswer(text=f"Nothing could be verified: {why or 'no verifier applies here'}", is_error=False)
    return ToolAnswer(text="\n".join(report.summary for report in examination.reports), is_error=False)


async def collect(house: House, ground: Ground, assignment: Assignment) -> Change | None:
    """What the agent left, as one commit of ours. The agent is gone by now: its processes died with its command."""
    agent = house.agent_of(assignment.task.agent)
    config_dir = house.home / "agent" / assignment.name
    message = collected_message(house, assignment.task, assignment.brief)
    for again in range(COLLECT_TRIES):
        try:
            opening = open_workspace(
                house,
                ground,
                assignment,
                agent,
                config_dir,
                headroom_bytes=COLLECT_HEADROOM_BYTES,
                has_servers=False,  # no program but ours runs while the work is taken out
            )
            async with opening as opened:
                return await opened.collect(message)
        except SandboxLost:
            if again + 1 == COLLECT_TRIES:
                raise
    raise AssertionError("unreachable: the last try returns or raises")
