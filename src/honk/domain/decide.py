"""What to do after an attempt. Pure: no I/O, no clock, nothing to fake."""

from dataclasses import dataclass
from enum import StrEnum

from honk.domain.conversation import EXTENDABLE, Question
from honk.domain.evidence import Examination, Ruling, Severity, Verdict, Verification, verification
from honk.domain.limits import LimitName
from honk.domain.task import Outcome, OutcomeName


class Next(StrEnum):
    """What can follow an attempt."""

    PUBLISH = "publish"
    RETRY = "retry"
    PARK = "park"
    """A person must say how it goes on."""
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the agent itself said about the task, when it wanted no change."""

    outcome: OutcomeName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What one attempt left behind."""

    has_change: bool
    conclusion: Conclusion | None = None
    examination: Examination | None = None
    """None where there was nothing to examine."""
    verdict: Verdict | None = None
    """None where the judge was not asked: switched off, or the change was red already."""
    limit: LimitName | None = None
    """The limit that ended the attempt, if one did."""
    fault: str | None = None
    """What broke: the agent's program, the model's service."""
    question: Question | None = None
    """What the agent wants to know before it goes on."""
    has_words: bool = False
    """Whether a person said something that no agent was handed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens next, and the words for whoever needs them."""

    next: Next
    feedback: str = ""
    """For the agent, when it is sent back."""
    outcome: Outcome | None = None
    """For the person, when the run stops without publishing."""
    is_counted: bool = True
    """Whether the round that follows uses one of the attempts up: one that a person asked for does not."""
    limit: LimitName | None = None
    """What it is parked at; None where the agent asks."""
    words: str = ""
    """For the person, when it is parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the decision depends on beside the attempt itself."""

    attempts: int
    """How many may fail."""
    push_executes: bool
    can_ask: bool = False
    """Whether people are there who may answer."""
    can_extend: bool = False
    """Whether people are there who may grant a limit once more, and have not yet."""


def decide(attempted: Attempted, rules: Rules, *, attempt: int) -> Decision:
    """Publish only a change that no required verifier failed and neither rule nor judge vetoed.

    An unverified change is published as a draft that says so; a red or vetoed one goes back to the agent
    until the attempts are used up. Where a push runs code, what a person must see first is not pushed. What a person
    said meanwhile is done before anything ends.
    """
    if (waits := _waits(attempted, rules)) is not None:
        return waits
    ended = _ended_early(attempted)
    is_broken = attempted.fault is not None or attempted.limit is not None
    if ended is not None and (is_broken or not attempted.has_words):
        return Decision(next=Next.STOP, outcome=ended)
    objection = None if ended is not None else _objection(attempted)
    if objection is None and ended is None and rules.push_executes:
        objection = _waits_for_a_person(attempted)
    is_red = objection is not None and objection.name is not OutcomeName.NEEDS_HUMAN
    if attempted.has_words and not (is_red and attempt < rules.attempts):
        return Decision(next=Next.RETRY, feedback=objection.reason if objection else "", is_counted=False)
    if objection is None:
        return Decision(next=Next.PUBLISH)
    if not is_red:
        return Decision(next=Next.STOP, outcome=objection)
    if attempt < rules.attempts:
        return Decision(next=Next.RETRY, feedback=objection.reason)
    return _attempts_are_over(objection, rules, attempt)


def _waits(attempted: Attempted, rules: Rules) -> Decision | None:
    """Where only a person can say how it goes on."""
    if attempted.fault is not None:
        return None
    if attempted.question is not None and attempted.limit is None:
        words = asked_words(attempted.question)
        if rules.can_ask:
            return Decision(next=Next.PARK, words=words)
        return Decision(next=Next.STOP, outcome=Outcome(name=OutcomeName.NEEDS_HUMAN, reason=words))
    if attempted.limit in EXTENDABLE and rules.can_extend:
        return Decision(next=Next.PARK, limit=attempted.limit, words=f"The {attempted.limit} limit was reached.")
    return None


def _attempts_are_over(objection: Outcome, rules: Rules, attempt: int) -> Decision:
    spent = f"The attempts limit of this run was reached: {attempt} of {rules.attempts}."
    words = f"{objection.reason}\n{spent}"
    if rules.can_extend:
        return Decision(next=Next.PARK, limit=LimitName.ATTEMPTS, feedback=objection.reason, words=words)
    return Decision(next=Next.STOP, outcome=Outcome(name=objection.name, reason=words))


def asked_words(question: Question) -> str:
    """The agent's question for a person, with its choices."""
    choices = "\n".join(f"- {one}{' (recommended)' * (one == question.recommended)}" for one in question.choices)
    return f"The agent asks: {question.text}\n{choices}"


def _ended_early(attempted: Attempted) -> Outcome | None:
    """The outcome of an attempt that left nothing to examine."""
    if attempted.fault is not None:
        return Outcome(name=OutcomeName.FAILED, reason=attempted.fault)
    if attempted.limit is not None:
        kept = "What was done so far is kept with the task." if attempted.has_change else "There was no change yet."
        return Outcome(name=OutcomeName.FAILED, reason=f"The {attempted.limit} limit of this run was reached. {kept}")
    if attempted.conclusion is not None and not attempted.has_change:
        return Outcome(name=attempted.conclusion.outcome, reason=attempted.conclusion.reason)
    if attempted.conclusion is not None and attempted.conclusion.outcome is not OutcomeName.ANSWERED:
        return Outcome(name=OutcomeName.NEEDS_HUMAN, reason=_contradiction(attempted.conclusion))
    if attempted.has_change:
        return None
    return Outcome(name=OutcomeName.NO_CHANGE, reason="The agent finished without changing anything.")


def is_draft(examination: Examination) -> bool:
    """Whether a pull request of this must say that it is not ready: unverified, or a person must look first."""
    if verification(examination.reports) is not Verification.PASSED:
        return True
    return any(finding.severity is Severity.NEEDS_HUMAN for finding in examination.findings)


def why_draft(examination: Examination | None) -> str:
    """What a person is told who finds it a draft."""
    if examination is None or verification(examination.reports) is not Verification.PASSED:
        return "not everything was verified"
    return "verified, and a person must look at what is named before it merges"


def _waits_for_a_person(attempted: Attempted) -> Outcome | None:
    findings = attempted.examination.findings if attempted.examination is not None else ()
    waiting = [finding.message for finding in findings if finding.severity is Severity.NEEDS_HUMAN]
    if not waiting:
        return None
    return Outcome(
        name=OutcomeName.NEEDS_HUMAN, reason="Before this is pushed a person must look:\n" + "\n".join(waiting)
    )


def _contradiction(conclusion: Conclusion) -> str:
    return (
        f"The agent ended with {conclusion.outcome} ({conclusion.reason}) and yet left a change. "
        "Nothing was published; the diff is kept with the task."
    )


def _objection(attempted: Attempted) -> Outcome | None:
    """Why the change may not be published as it is: red first, then rules, then the judge."""
    examination = attempted.examination
    if examination is None:
        return Outcome(name=OutcomeName.NEEDS_HUMAN, reason="The change was not examined.")
    if verification(examination.reports) is Verification.FAILED:
        red = [report for report in examination.reports if report.result is Verification.FAILED and report.is_required]
        return Outcome(
            name=OutcomeName.FAILED,
            reason="\n\n".join(f"{report.verifier} failed:\n{report.summary}" for report in red),
        )
    vetoes = [finding for finding in examination.findings if finding.severity is Severity.VETO]
    if vetoes:
        return Outcome(name=OutcomeName.VETOED, reason="\n".join(finding.message for finding in vetoes))
    if attempted.verdict is not None and attempted.verdict.ruling is Ruling.VETO:
        return Outcome(name=OutcomeName.VETOED, reason="\n".join(attempted.verdict.reasons))
    if attempted.verdict is not None and attempted.verdict.ruling is Ruling.NEEDS_HUMAN:
        return Outcome(name=OutcomeName.NEEDS_HUMAN, reason="\n".join(attempted.verdict.reasons))
    return None
