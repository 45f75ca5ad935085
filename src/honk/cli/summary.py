"""The end of a task in a few lines: outcome, evidence, what was not verified, cost, what to do next. Pure."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from honk.cli.facts import SIGNS, Line, Tone, finding, flaky, new_test, no_sandbox, verdict
from honk.cli.terminal import block, one_line
from honk.domain.amounts import counted, duration
from honk.domain.evidence import Report, Severity, Verification
from honk.domain.health import health_line
from honk.domain.task import OutcomeName
from honk.insight.made_by import share_words

if TYPE_CHECKING:
    from honk.app import RunResult
    from honk.domain.change import PullRequest
    from honk.domain.shipment import Shipment

REASON_LINES = 20
MENDED_SHOWN = 5
_HAS_CHANGE = frozenset({OutcomeName.OPENED, OutcomeName.MERGED, OutcomeName.REPLAYED})
_BAD = frozenset({OutcomeName.FAILED, OutcomeName.VETOED})


def summary(result: "RunResult") -> list[Line]:
    """The block that ends `honk run`."""
    return [
        Line(text=""),
        *([no_sandbox()] if result.sandbox == "none" else []),
        *_outcome(result),
        *_environment(result),
        *[Line(text=one_line(f"Made {share_words(share)}", 300)) for share in result.provenance],
        *evidence(result),
        *_price(result),
        *_next_steps(result),
    ]


def _outcome(result: "RunResult") -> list[Line]:
    reason = block(result.reason, max_lines=REASON_LINES)
    words = str(result.outcome).replace("_", " ")
    if result.trouble is not None:
        words, tone = f"{words}, deployment {result.trouble}", Tone.BAD
    elif result.outcome in _HAS_CHANGE:
        sign, tone = SIGNS[result.verification]
        words = f"{words}, verification {sign}"
    else:
        tone = Tone.BAD if result.outcome in _BAD else Tone.UNSURE
    head = Line(text=f"Task {result.task_id}: {words}", tone=tone)
    return [head, *(Line(text=f"  {line}") for line in reason if line)]


def _environment(result: "RunResult") -> list[Line]:
    """What the tests stood on."""
    if result.environment is None:
        return []
    tone = Tone.UNSURE if result.environment.missing or result.environment.hints else Tone.PLAIN
    return [Line(text=f"Environment {one_line(health_line(result.environment), 600)}", tone=tone)]


def evidence(result: "RunResult") -> list[Line]:
    """What each verifier and the judge said, and what nobody verified."""
    told = [line for report in result.reports for line in _report(report)]
    for remark in result.findings:
        told += finding(dataclasses.asdict(remark))
    if result.verdict is not None:
        told += verdict(dataclasses.asdict(result.verdict))
    told += _not_verified(result)
    return [Line(text="Evidence"), *(Line(text=f"  {line.text}", tone=line.tone) for line in told)] if told else []


def _report(report: Report) -> list[Line]:
    sign, tone = SIGNS[report.result]
    role = "" if report.is_required else ", advisory"
    head = f"{sign}: {one_line(report.verifier)} ({one_line(report.chosen_by)}{role})"
    summary_lines = block(report.summary, max_lines=1)
    told = [Line(text=f"{head}: {summary_lines[0]}" if report.result is Verification.PASSED else head, tone=tone)]
    if report.tests is not None:
        told += [new_test(dataclasses.asdict(test)) for test in report.tests.new]
        told += _mended(report.tests.mended)
        if before := len(report.tests.failed_on_base):
            told.append(Line(text=f"    {counted(before, 'test')} failed before the change as well", tone=Tone.UNSURE))
        told += flaky(report.tests.flaky, report.tests.flaky_on_base)
    return told


def _mended(test_ids: Sequence[str]) -> list[Line]:
    """Tests that the change turned from red to green: the repository's own word that a fault is gone."""
    told = [f"✓ {one_line(test_id)}: fails on base, passes on change" for test_id in test_ids[:MENDED_SHOWN]]
    if (more := len(test_ids) - MENDED_SHOWN) > 0:
        told.append(f"✓ and {more} more that failed on the base")
    return [Line(text=f"    {words}", tone=Tone.GOOD) for words in told]


def _not_verified(result: "RunResult") -> list[Line]:
    """Said aloud, so that silence is never taken for green."""
    open_ones = [one_line(report.verifier) for report in result.reports if report.result is Verification.UNVERIFIED]
    told = [Line(text=f"not verified: {name}", tone=Tone.UNSURE) for name in open_ones]
    if result.outcome in _HAS_CHANGE:
        if not any(report.ran_tests for report in result.reports):
            told.append(Line(text="not verified: behaviour; no test ran", tone=Tone.UNSURE))
        if result.verdict is None:
            told.append(Line(text="not judged: no judge read the change", tone=Tone.UNSURE))
        if any(remark.severity is Severity.NEEDS_HUMAN for remark in result.findings):
            told.append(Line(text="a person must look before this merges", tone=Tone.UNSURE))
    return told


def standing(pull_request: "PullRequest", shipment: "Shipment | None") -> list[Line]:
    """Where a merge stands that somebody wants; nothing where nobody does."""
    if shipment is None or pull_request.state == "closed" or shipment.head_sha != pull_request.head_sha:
        return []
    name, words = one_line(shipment.person.name, 60), one_line(shipment.words, 400)
    match str(shipment.state):
        case "armed":
            until = f", until {shipment.until:%Y-%m-%d %H:%M} UTC" if shipment.until else ""
            text = f"Armed by {name}: it merges with the yes of {words}{until}"
        case "delivering":
            text = f"Approved by {name}: it is being merged. {words}".rstrip()
        case "merged":
            return [Line(text=f"Approved by {name}")]
        case _:
            text = f"Not merged: {words}"
    return [Line(text=text, tone=Tone.UNSURE)]


def _price(result: "RunResult") -> list[Line]:
    used = f"{counted(result.turns, 'turn')}, {counted(result.attempts, 'attempt')}"
    held = f"; up to ${result.held_usd:.4f} more for calls that broke off" if result.held_usd else ""
    told = [Line(text=f"Cost   ${result.cost_usd:.4f} for {used}{held}")]
    if result.seconds:
        stages = " · ".join(f"{one_line(name)} {duration(value)}" for name, value in result.seconds.items())
        told.append(Line(text=f"Time   {stages}"))
    return told


def _next_steps(result: "RunResult") -> list[Line]:
    told = []
    if result.branch:
        told.append(Line(text=f"Branch {one_line(result.branch)}"))
    pull_request = result.pull_request
    if pull_request is None:
        if result.diff_blob:
            told.append(Line(text=f"Diff   honk task show {result.task_id} --diff"))
        return told
    told += standing(pull_request, result.shipment)
    told.append(Line(text=f"Diff   honk pr diff {pull_request.number}"))
    if pull_request.state == "open":
        sentence = ' --sentence "why it may merge unverified"' if pull_request.is_draft else ""
        told.append(Line(text=f"Merge  honk pr merge {pull_request.number}{sentence}"))
    return told
