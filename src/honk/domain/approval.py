"""Whether a change ships on a person's yes: now, by a typed sentence, once somebody else says yes too, or not. Pure.

The yes binds to the commit that was looked at. Tokens, agents and texts give none (product.md, rule 12).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from honk.domain.evidence import Examination, Ruling, Severity, Verdict, Verification, verification
from honk.domain.needs import Need
from honk.domain.people import Act, Door, Member, Visitor, why_not

LONGEST_SENTENCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that a decision depends on beside the yes itself."""

    number: int
    repository_id: str
    state: str
    """Of the pull request."""
    head_sha: str
    """Where it is now."""
    verified_sha: str | None
    """What gate and judge have seen."""
    examination: Examination = field(default_factory=Examination)
    verdict: Verdict | None = None
    needs: tuple[Need, ...] = ()
    """Whose yes it needs beside that of anybody who may approve."""
    alone: tuple[str, ...] = ()
    """What nobody but its commander could look at, since there is nobody else: by a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """A person's word."""

    member: Member
    door: Door
    head_sha: str
    """What they looked at."""
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ship:
    """It merges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSentence:
    """It merges by a typed sentence, which is kept."""

    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """It merges once others have said yes too."""

    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """It does not merge so."""

    reason: str


Decision = Ship | AskSentence | Arm | Refuse


def decide_approval(look: Look, yes: Yes, given: Collection[str] = ()) -> Decision:
    """`given`: ids of people whose yes to this very commit counts already."""
    if (why := why_not(Visitor(member=yes.member, door=yes.door), Act.APPROVE, look.repository_id)) is not None:
        return Refuse(reason=f"{why} Nothing was merged.")
    if (refusal := why_never(look) or _why_moved(look, yes.head_sha)) is not None:
        return Refuse(reason=refusal)
    if impossible := [need.why for need in look.needs if not need.who]:
        return Refuse(
            reason=f"Pull request {look.number} needs the yes of somebody who did not command its task, because "
            f"{'; and because '.join(impossible)}; and nobody else here may approve. Nothing was merged. An "
            "administrator gives somebody that right: honk people grant"
        )
    if (why_sentence := reasons_for_a_sentence(look)) and not yes.sentence.strip():
        return AskSentence(why=why_sentence)
    if len(yes.sentence) > LONGEST_SENTENCE:
        return Refuse(reason=f"A sentence has at most {LONGEST_SENTENCE} characters. Nothing was merged.")
    if open_ones := unmet(look.needs, {*given, yes.member.person_id}):
        return Arm(needs=open_ones)
    return Ship()


def why_never(look: Look) -> str | None:
    """What no yes can change, in words."""
    name = f"Pull request {look.number}"
    if look.state != "open":
        return f"{name} is {look.state}; there is nothing to merge."
    if verification(look.examination.reports) is Verification.FAILED:
        return f"{name} is red: it never merges. Ask for another change, or mend it by hand."
    if any(finding.severity is Severity.VETO for finding in look.examination.findings):
        return f"{name} was vetoed by a rule: it never merges."
    if look.verdict is not None and look.verdict.ruling is Ruling.VETO:
        return f"{name} was vetoed by the judge: it never merges."
    if look.verified_sha != look.head_sha:
        seen = "nothing" if look.verified_sha is None else look.verified_sha[:12]
        return (
            f"{name} is at {look.head_sha[:12]}, and what was verified is {seen}. Nothing was merged. Run the task "
            "again, so that what is there now is verified."
        )
    return None


def _why_moved(look: Look, seen: str) -> str | None:
    if seen == look.head_sha:
        return None
    return (
        f"Pull request {look.number} has moved: you looked at {seen[:12]}, and it is at {look.head_sha[:12]} now. "
        "Nothing was merged. Look at it again."
    )


def reasons_for_a_sentence(look: Look) -> tuple[str, ...]:
    """What was not verified, or a person must see: whoever lets it pass says why."""
    told = [one.message for one in look.examination.findings if one.severity is Severity.NEEDS_HUMAN]
    if verification(look.examination.reports) is Verification.UNVERIFIED:
        told.insert(0, look.examination.reason or "no verifier that runs tests applies to this repository")
    if look.verdict is not None and look.verdict.ruling is Ruling.NEEDS_HUMAN:
        told += [f"the judge: {reason}" for reason in look.verdict.reasons or ("a person must decide",)]
    return tuple(dict.fromkeys((*told, *look.alone)))


def unmet(needs: Sequence[Need], given: Collection[str]) -> tuple[Need, ...]:
    """Those that none of these people meets."""
    return tuple(need for need in needs if not need.who & set(given))


def not_worse(before: Examination, after: Examination) -> str | None:
    """Why what a person said yes to is no longer what merges; None where the gate says no less of it than before."""
    if verification(after.reports) is Verification.FAILED:
        red = [one.verifier for one in after.reports if one.result is Verification.FAILED and one.is_required]
        return f"{', '.join(red)} failed on it"
    known = {(one.rule, one.path, one.message) for one in before.findings}
    for finding in after.findings:
        is_new = (finding.rule, finding.path, finding.message) not in known
        if finding.severity is Severity.VETO or (finding.severity is Severity.NEEDS_HUMAN and is_new):
            return finding.message
    if verification(before.reports) is Verification.PASSED and verification(after.reports) is not Verification.PASSED:
        return after.reason or "it is no longer verified"
    return None
