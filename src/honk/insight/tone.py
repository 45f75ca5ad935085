"""How something is meant that is shown to people. Colour is added to it, never instead of words. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from honk.domain.change import PullRequest
from honk.domain.evidence import Ruling, Verification
from honk.domain.task import OutcomeName, Status, Task


class Tone(StrEnum):
    """Green is for what was verified, and for nothing else."""

    PLAIN = "plain"
    LIVE = "live"
    GOOD = "good"
    UNSURE = "unsure"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A sign, a word and a tone: each says it alone."""

    sign: str
    word: str
    tone: Tone


OF_VERIFICATION = {
    Verification.PASSED: Badge(sign="✓", word="passed", tone=Tone.GOOD),
    Verification.FAILED: Badge(sign="✗", word="failed", tone=Tone.BAD),
    Verification.UNVERIFIED: Badge(sign="?", word="unverified", tone=Tone.UNSURE),
}
OF_RULING = {
    # Read and found good is not verified: no green.
    Ruling.PASS: Badge(sign="✓", word="passed", tone=Tone.PLAIN),
    Ruling.VETO: Badge(sign="✗", word="vetoed", tone=Tone.BAD),
    Ruling.NEEDS_HUMAN: Badge(sign="?", word="a person must decide", tone=Tone.UNSURE),
}
_OF_STATUS = {
    Status.QUEUED: Badge(sign="◌", word="queued", tone=Tone.PLAIN),
    Status.RUNNING: Badge(sign="▸", word="running", tone=Tone.LIVE),
    Status.WAITING: Badge(sign="?", word="waits", tone=Tone.UNSURE),
}
_OF_OUTCOME = {
    OutcomeName.NO_CHANGE: Badge(sign="–", word="no change needed", tone=Tone.PLAIN),
    OutcomeName.ANSWERED: Badge(sign="–", word="answered", tone=Tone.PLAIN),
    OutcomeName.NOT_APPLICABLE: Badge(sign="–", word="does not apply here", tone=Tone.PLAIN),
    OutcomeName.NEEDS_HUMAN: Badge(sign="?", word="a person must decide", tone=Tone.UNSURE),
    OutcomeName.VETOED: Badge(sign="✗", word="vetoed", tone=Tone.BAD),
    OutcomeName.FAILED: Badge(sign="✗", word="failed", tone=Tone.BAD),
    OutcomeName.CANCELLED: Badge(sign="■", word="stopped", tone=Tone.PLAIN),
    OutcomeName.REPLAYED: Badge(sign="–", word="replayed", tone=Tone.PLAIN),
}


def badge_of(task: Task, pull_request: PullRequest | None) -> Badge:
    """Where the task is, or how it ended. What is not verified, or not known to be, is never green."""
    if task.outcome is None:
        return _OF_STATUS.get(task.status, Badge(sign="?", word="ended without an outcome", tone=Tone.UNSURE))
    name = task.outcome.name
    if task.trouble is not None:
        return Badge(sign="✗", word=f"{name}, deployment {task.trouble}", tone=Tone.BAD)
    if name not in (OutcomeName.OPENED, OutcomeName.MERGED):
        return _OF_OUTCOME[name]
    if pull_request is None:  # a task that follows took it on
        gone_on = "merged with a reply" if name is OutcomeName.MERGED else "goes on with a reply"
        return Badge(sign="↪", word=gone_on, tone=Tone.PLAIN)
    word = str(name) if pull_request.state != "closed" else "closed unmerged"
    if pull_request.is_draft:
        return Badge(sign="?", word=f"{word}, not all verified", tone=Tone.UNSURE)
    return Badge(sign="✓", word=f"{word}, verified", tone=Tone.GOOD)
