"""A task's page as values: everything that it shows, decided. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from honk.domain.change import PullRequest
from honk.domain.conversation import EXTENDABLE, Parked, ParkKind, gist
from honk.domain.shipment import Shipment, ShipmentState
from honk.domain.task import Status, Task, subject_of
from honk.insight.delivery import Delivery, delivery_of
from honk.insight.diff_view import DiffView, diff_view
from honk.insight.made_by import share_words, shares_told
from honk.insight.plan import Step, plan_of
from honk.insight.preview_view import PreviewView, preview_view
from honk.insight.primary import Primary, Waits, primary_of
from honk.insight.proof import Proof, proof_of
from honk.insight.sheet import Sheet
from honk.insight.story import Entry, called, story_of
from honk.insight.tone import Badge, badge_of
from honk.store import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """An attempt and what was found."""

    attempt: Attempt
    proof: Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """What its templates may ask for."""

    sheet: Sheet
    may_steer: bool
    """Whether it is for somebody who may say something to the task."""
    subject: str
    badge: Badge
    primary: Primary
    is_over: bool
    plan: tuple[Step, ...]
    story: tuple[Entry, ...]
    proof: Proof
    """Of the run's change."""
    rounds: tuple[Round, ...]
    diff: DiffView
    preview: PreviewView | None
    pull_request: PullRequest | None
    delivery: Delivery
    seconds: tuple[tuple[str, float], ...]
    """By stage, the total last; empty while it runs."""
    made_by: tuple[str, ...]
    """What of the change machines made, and what people did."""
    now: str
    """One sentence: what happens right now, or how it ended."""


def task_view(sheet: Sheet, *, may_steer: bool, place_in_line: int | None = None) -> TaskView:
    """For somebody who may, or may not, steer it."""
    task, parked = sheet.task, sheet.parked
    is_over = task.status is Status.FINISHED
    pull_request = sheet.pull_requests[-1] if sheet.pull_requests else None
    delivery = delivery_of(pull_request, sheet.deployments, sheet.undos, sheet.events)
    badge = badge_of(task, pull_request)
    waits, words = _waits(parked)
    question = parked.question.question_id if parked is not None and parked.question is not None else None
    examination = sheet.run.examination
    plan = plan_of(sheet.events, is_over=is_over)
    return TaskView(
        sheet=sheet,
        may_steer=may_steer,
        subject=subject_of(task.prompt),
        badge=badge,
        primary=primary_of(
            task,
            may_steer=may_steer,
            waits=waits,
            words=words,
            pull_request=pull_request,
            is_down=task.trouble is not None and delivery.can_undo,
            shipment=wish_of(sheet, pull_request),
        ),
        is_over=is_over,
        plan=plan,
        story=story_of(
            task.prompt, task.asker.name, task.created_at, sheet.events, sheet.messages, open_question=question
        ),
        proof=proof_of(examination, sheet.run.verdict),
        rounds=tuple(
            Round(attempt=one, proof=proof_of(one.examination, one.verdict)) for one in reversed(sheet.attempts)
        ),
        diff=diff_view(sheet.diff or b"", examination.findings if examination is not None else ()),
        preview=preview_view(sheet.preview),
        pull_request=pull_request,
        delivery=delivery,
        seconds=tuple((sheet.run.seconds or {}).items()),
        made_by=tuple(share_words(one) for one in shares_told(sheet.events)),
        now=_with_production(_now(sheet, badge, plan, place_in_line), task, delivery),
    )


def _with_production(now: str, task: Task, delivery: Delivery) -> str:
    """What is not well is said first, and what is well, last."""
    return now + delivery.now if task.trouble is None else f"{delivery.alarm} {now}"


def wish_of(sheet: Sheet, pull_request: PullRequest | None) -> Shipment | None:
    """The wish to merge what is there now; None where nobody has one, or it is done or over."""
    one = sheet.shipment
    if one is None or pull_request is None or pull_request.state != "open":
        return None
    return one if one.is_live and one.head_sha == pull_request.head_sha else None


def _waits(parked: Parked | None) -> tuple[Waits | None, str]:
    """Why it waits, as far as a tap can help: a limit that no tap grants again is told, not offered."""
    if parked is None:
        return None, ""
    if parked.kind is ParkKind.QUESTION:
        return Waits.QUESTION, ""
    if parked.kind is ParkKind.LIMIT and parked.limit in EXTENDABLE:
        return Waits.LIMIT, ""
    return Waits.FAULT, parked.words


def _now(sheet: Sheet, badge: Badge, plan: Sequence[Step], place: int | None) -> str:
    task = sheet.task
    if (wish := wish_of(sheet, sheet.pull_requests[-1] if sheet.pull_requests else None)) is not None:
        is_armed = wish.state is ShipmentState.ARMED
        return f"The merge waits for the yes of {wish.words}." if is_armed else "It is being merged."
    if task.outcome is not None:
        return next((line for line in task.outcome.reason.splitlines() if line.strip()), badge.word)
    if sheet.parked is not None:
        question = sheet.parked.question
        return gist(sheet.parked.words) if question is None else f"The agent asks: {question.text}"
    if task.status is Status.QUEUED:
        return f"It is number {place} in line." if place else "It is about to begin."
    stage = next((step.name for step in plan if step.since is not None), None)
    attempt = f", attempt {sheet.run.attempts} of {sheet.run.limits.attempts}" if sheet.run.attempts > 1 else ""
    if stage is None:
        return "It is about to begin."
    return f"{stage}{attempt}{_doing(sheet) if stage == 'Work' else ''}"


def _doing(sheet: Sheet) -> str:
    """The newest use of a tool."""
    tool = next((event.body for event in reversed(sheet.events) if event.kind == "tool"), None)
    return "" if tool is None else f": {called(tool)}"
