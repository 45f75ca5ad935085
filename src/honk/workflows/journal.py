"""Writes what happens to a task as events: what every view is made of."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from honk.agent import Ended, Event, Retrying, Said, ToolCalled, ToolReturned
from honk.base.clock import monotonic_seconds
from honk.domain.change import Change, PullRequest
from honk.domain.conversation import Parked, ParkKind
from honk.domain.decide import Decision
from honk.domain.evidence import Examination, Report, Verdict, Verification
from honk.domain.health import EnvironmentHealth, health_line
from honk.domain.provenance import Share
from honk.domain.task import Outcome, Task
from honk.store import Events
from honk.store.conversation import Fact
from honk.workspace import Advance


@dataclass(frozen=True, slots=True)
class Journal:
    """One run's events. Facts carry a key, so that a step done again does not tell them twice."""

    events: Events
    task_id: str
    run_id: str
    leg: int = 1
    """What is told once is told once a leg."""

    @asynccontextmanager
    async def stage(self, name: str, number: int = 0) -> AsyncIterator[None]:
        """Tell that a stage began, and how many seconds it took."""
        await self._fact("stage", {"stage": name, "state": "started", "attempt": number}, f"{name}:{number}:started")
        begun = monotonic_seconds()
        yield
        seconds = round(monotonic_seconds() - begun, 3)
        body = {"stage": name, "state": "finished", "attempt": number, "seconds": seconds}
        await self._fact("stage", body, f"{name}:{number}:finished")

    async def accepted(self, task: Task, sandbox: str) -> None:
        body: dict[str, object] = {"task_id": task.task_id, "prompt": task.prompt, "repository": task.repository.name}
        body |= {"base_branch": task.base_branch, "base_sha": task.base_sha, "notes": list(task.notes)}
        await self._fact("accepted", body | {"sandbox": sandbox, "agent": task.agent, "model": task.model}, "accepted")

    async def waits(self, why: str) -> None:
        """Not begun, for something beside taken slots."""
        await self._fact("waits", {"text": why}, f"waits:{why}")

    async def stands_still(self, why: str) -> None:
        """Under way, and stopped with its work kept, for what concerns everybody."""
        await self._tell("parked", {"kind": str(ParkKind.FAULT), "words": why})

    async def resumed(self) -> None:
        """Work goes on where a process left off that died, or left."""
        await self._tell("resumed", {})

    async def environment(self, health: EnvironmentHealth) -> None:
        await self._fact("environment", {**asdict(health), "line": health_line(health)}, "environment")

    async def attempt(self, number: int, of: int) -> None:
        key = f"{self.run_id}:attempt:{number}"  # told once a run: one that goes on after a question is the same
        await self.events.append(self.task_id, "attempt", {"number": number, "of": of}, key)

    async def heard(self, message_id: str) -> None:
        """The agent was handed a person's words."""
        await self._fact("heard", {"message_id": message_id}, f"heard:{message_id}")

    async def note(self, text: str) -> None:
        await self._fact("note", {"text": text}, f"note:{text}")

    async def warning(self, text: str) -> None:
        await self._fact("warning", {"text": text}, f"warning:{text}")

    async def agent(self, event: Event) -> None:
        """What the agent does, as it does it."""
        match event:
            case Said(text=text):
                await self._tell("said", {"text": text})
            case ToolCalled():
                body = {"tool": event.tool, "call_id": event.call_id, "summary": event.summary}
                await self._tell("tool", {**body, "is_denied": event.is_denied})
            case ToolReturned():
                body = {"call_id": event.call_id, "excerpt": event.excerpt}
                await self._tell("tool_result", {**body, "is_error": event.is_error})
            case Retrying():
                wait = {"attempt": event.attempt, "status": event.status, "delay_seconds": event.delay_seconds}
                await self._tell("retrying", wait)
            case Ended():
                pass

    async def change(self, change: Change, number: int) -> None:
        added = sum(file.added_lines or 0 for file in change.files)
        deleted = sum(file.deleted_lines or 0 for file in change.files)
        body = {"files": len(change.files), "added": added, "deleted": deleted, "diff_blob": change.diff_blob}
        await self._fact("change", body, f"change:{number}")

    async def examination(self, examination: Examination, number: int) -> None:
        for report in examination.reports:
            await self._fact("report", report_body(report), f"report:{number}:{report.verifier}")
        for index, finding in enumerate(examination.findings):
            body = {"rule": finding.rule, "severity": str(finding.severity), "message": finding.message}
            await self._fact(
                "finding", {**body, "path": finding.path, "line": finding.line}, f"finding:{number}:{index}"
            )

    async def verdict(self, verdict: Verdict, number: int) -> None:
        body = {"ruling": str(verdict.ruling), "reasons": list(verdict.reasons), "judge": verdict.judge}
        await self._fact("verdict", {**body, "seconds": verdict.seconds}, f"verdict:{number}")

    async def decision(self, decision: Decision, number: int) -> None:
        await self._fact("decision", {"next": str(decision.next), "feedback": decision.feedback}, f"decision:{number}")

    async def queue(self, held: str, *, is_ready: bool = True) -> None:
        """Whether a pull request may be opened, or why it waits for a person: with the work as it is, if it `is_ready`,
        else from a newer base."""
        body: dict[str, object] = {"reason": held, "is_ready": is_ready}
        await self._fact("held" if held else "let_through", body if held else {}, "queue")

    async def queued(self) -> str | None:
        """What was decided of that before; None where nothing was."""
        told = {event.kind: event.body for event in await self.events.read(self.task_id)}
        return str(told["held"]["reason"]) if "held" in told else "" if "let_through" in told else None

    async def provenance(self, shares: Sequence[Share]) -> None:
        """Who made what of the change that ships."""
        await self._fact("provenance", {"shares": [asdict(share) for share in shares]}, "provenance")

    async def pull_request(self, pull_request: PullRequest) -> None:
        body: dict[str, object] = {"number": pull_request.number, "title": pull_request.title}
        body |= {"branch": pull_request.branch, "url": pull_request.url, "is_draft": pull_request.is_draft}
        await self._fact("pull_request", body, "pull_request")

    async def merged(self, number: int, merged_sha: str, advance: Advance) -> None:
        body: dict[str, object] = {"number": number, "merged_sha": merged_sha}
        await self._fact("merged", body | {"has_moved": advance.has_moved, "advice": advance.advice}, "merged")

    async def outcome(self, outcome: Outcome, verification: Verification) -> None:
        fact = self.fact_of_outcome(outcome, verification)
        await self.events.append(self.task_id, fact.kind, fact.body, fact.key)

    def fact_of_outcome(self, outcome: Outcome, verification: Verification) -> Fact:
        """For whoever writes it together with the outcome itself."""
        body = {"outcome": str(outcome.name), "reason": outcome.reason, "verification": str(verification)}
        return Fact("outcome", body, self._key("outcome"))

    def fact_of_parking(self, parked: Parked) -> Fact:
        """For whoever parks it."""
        body: dict[str, object] = {"kind": str(parked.kind), "words": parked.words}
        body |= {"limit": None if parked.limit is None else str(parked.limit)}
        body |= {"until": None if parked.until is None else parked.until.isoformat()}
        if (question := parked.question) is None:
            return Fact("parked", body, self._key("parked"))
        body |= {"question_id": question.question_id, "text": question.text, "choices": list(question.choices)}
        return Fact("asked", body | {"recommended": question.recommended}, self._key("parked"))

    async def followed_by(self, task_id: str) -> None:
        """A linked task goes on with this one."""
        await self._fact("followed_by", {"task_id": task_id}, "followed_by")

    async def _fact(self, kind: str, body: Mapping[str, object], key: str) -> None:
        await self.events.append(self.task_id, kind, body, self._key(key))

    def _key(self, key: str) -> str:
        return f"{self.run_id}:{key}" if self.leg == 1 else f"{self.run_id}:{self.leg}:{key}"

    async def _tell(self, kind: str, body: Mapping[str, object]) -> None:
        await self.events.append(self.task_id, kind, body)


def report_body(report: Report) -> dict[str, object]:
    """A report as an event tells it."""
    tests = report.tests
    new = [] if tests is None else [
        {"test_id": test.test_id, "fails_on_base": test.fails_on_base, "passes_on_change": test.passes_on_change}
        for test in tests.new
    ]  # fmt: skip
    return {
        "verifier": report.verifier,
        "command": report.command,
        "chosen_by": report.chosen_by,
        "result": str(report.result),
        "is_required": report.is_required,
        "summary": report.summary,
        "seconds": report.seconds,
        "tests_passed": 0 if tests is None else tests.passed,
        "new_tests": new,
        "failed_on_base": 0 if tests is None else len(tests.failed_on_base),
        "flaky": [] if tests is None else list(tests.flaky),
        "flaky_on_base": [] if tests is None else list(tests.flaky_on_base),
    }
