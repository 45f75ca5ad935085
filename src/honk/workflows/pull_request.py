"""A person's acts on an open pull request. Nothing unverified merges but by a kept sentence."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.base.ids import derived_uuid
from honk.domain.audit import AT_THE_MACHINE, Who
from honk.domain.change import PullRequest
from honk.domain.decide import is_draft
from honk.domain.evidence import Examination, Severity, Verification, verification
from honk.domain.pull_request_text import merge_message
from honk.domain.task import Outcome, OutcomeName, Status
from honk.forge import Exporting
from honk.store import Approval
from honk.workflows.audited import audited
from honk.workflows.follow_up import chain_of
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House
from honk.workflows.identity import is_signed_off, refuse_unsignable
from honk.workflows.record import Record
from honk.workspace import Advance


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """A merge on the forge, and what became of the person's own branch."""

    pull_request: PullRequest
    advance: Advance


async def merge_pull_request(house: House, number: int, *, sentence: str | None) -> MergeResult:
    """Merge exactly what was verified. Done again after a crash, it finishes what is left.

    Raises:
        UsageError: it may not merge: red, unverified without a sentence, closed; says why and what to do.
        ForgeConflict: head or base moved since it was verified.
    """
    refuse_frozen(house.home)
    pull_request = await house.forge.pull_request(number)
    run = await house.runs.latest_run(pull_request.task_id)
    record = await Record.load(house, run.run_id)
    examination = run.examination or Examination()
    if run.change is None or pull_request.state == "closed":
        raise UsageError(f"Pull request {number} is closed or has no change; there is nothing to merge.")
    refuse_unproved(number, examination, sentence)
    await refuse_unsignable(house)
    facts = await house.source.describe(Path(record.task.repository.location), None)
    if pull_request.state == "open":
        await house.approvals.record(
            Approval(
                approval_id=derived_uuid("approval", str(number), run.change.head_sha, facts.asker.email),
                number=number,
                person=facts.asker,
                head_sha=run.change.head_sha,
                sentence=sentence or "",
                at=now(),
            )
        )
    signs_off = await is_signed_off(house, record.task)
    message = merge_message(task=record.task, brief=record.brief, examination=examination, verdict=run.verdict,
                            pull_request=pull_request, approver=facts.asker, sentence=sentence,
                            signed_off_by=house.identity.author_of(record.task) if signs_off else None)  # fmt: skip
    who = Who(name=facts.asker.name, person_id=AT_THE_MACHINE.person_id, door=AT_THE_MACHINE.door)
    ids = {"task": record.task.task_id, "head_sha": run.change.head_sha, "tree_sha": run.change.tree_sha}
    async with audited(
        house.audit, "merge", who=who, subject=f"pull_request:{number}", body=ids, hides=(pull_request.branch,)
    ) as found:
        refuse_frozen(house.home)  # once more: what lies between may take long
        merged = await house.forge.merge(
            pull_request, head_sha=run.change.head_sha, tree_sha=run.change.tree_sha, message=message
        )
        found["merged_sha"] = merged.merged_sha
        advance = await _give_back(house, record, pull_request, merged.merged_sha)
    outcome = Outcome(name=OutcomeName.MERGED, reason=f"Pull request {number} is merged.")
    for task in await chain_of(house, record.task):
        if task is record.task or (task.outcome is not None and task.outcome.name is OutcomeName.OPENED):
            await house.tasks.set_status(task.task_id, Status.FINISHED, outcome)
    await record.journal.merged(number, merged.merged_sha, advance)
    return MergeResult(pull_request=await house.forge.pull_request(number), advance=advance)


def refuse_unproved(number: int, examination: Examination, sentence: str | None) -> None:
    """Red never merges; what was not verified, or a person must see, merges only by a typed sentence.

    Raises:
        UsageError: it may not merge.
    """
    if verification(examination.reports) is Verification.FAILED:
        raise UsageError(f"Pull request {number} is red: it never merges. Ask for another change, or mend it by hand.")
    if any(finding.severity is Severity.VETO for finding in examination.findings):
        raise UsageError(f"Pull request {number} was vetoed by a rule: it never merges.")
    if is_draft(examination) and not (sentence or "").strip():
        waiting = [finding.message for finding in examination.findings if finding.severity is Severity.NEEDS_HUMAN]
        why = "; ".join(waiting) or examination.reason or "no verifier that runs tests applies to this repository"
        raise UsageError(
            f"Pull request {number} is not verified ({why}). Look at it (honk pr diff {number}); if you take the "
            f'responsibility, say so in a sentence that is kept: honk pr merge {number} --sentence "..."'
        )


async def _give_back(house: House, record: Record, pull_request: PullRequest, merged_sha: str) -> Advance:
    """Hand the merge to the person's own repository, where that changes nothing under their hands."""
    if not isinstance(house.forge, Exporting):
        return Advance(has_moved=False, advice=f"Fetch {pull_request.base_branch} from {house.forge.name}.")
    repository = record.task.repository
    with tempfile.TemporaryFile(dir=house.home) as pack:
        await house.forge.pack(repository, merged_sha, [pull_request.base_sha], pack)
        pack.seek(0)
        return await house.source.advance(
            Path(repository.location), pull_request.base_branch, pull_request.base_sha, merged_sha, pack
        )


async def close_pull_request(house: House, number: int, *, who: Who = AT_THE_MACHINE) -> PullRequest:
    """Close without merging; the branch and all evidence stay."""
    refuse_frozen(house.home)
    pull_request = await house.forge.pull_request(number)
    if pull_request.state == "merged":
        raise UsageError(f"Pull request {number} is merged already; it cannot be closed.")
    ids = {"task": pull_request.task_id, "head_sha": pull_request.head_sha}
    async with audited(
        house.audit, "close", who=who, subject=f"pull_request:{number}", body=ids, hides=(pull_request.branch,)
    ):
        return await house.forge.close(pull_request)
