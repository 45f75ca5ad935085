"""The words on a pull request and on its merge: evidence beside every claim, and what was not verified. Pure."""

from collections.abc import Iterable, Sequence

from honk.domain.amounts import counted
from honk.domain.change import Change, PullRequest
from honk.domain.commit_text import origin, proof, sign_off, signature_of, subject_line, trailer_lines
from honk.domain.evidence import Examination, Finding, NewTest, Report, Verdict, Verification, verification
from honk.domain.health import EnvironmentHealth, health_line
from honk.domain.limits import Spent
from honk.domain.markdown import block, code
from honk.domain.provenance import Share, maker_of, share_trailers
from honk.domain.shipment import Approval
from honk.domain.task import Brief, Person, Task, subject_of

MOST = 25
"""Of any list; the rest is counted. A forge refuses bodies that are too long."""
_CLAIMS = {
    Verification.PASSED: "**Verified:** every required check passed on base plus diff, where no agent reaches.",
    Verification.FAILED: "**Red:** a required check failed. This must not be merged.",
    Verification.UNVERIFIED: "**Not verified:** nothing below proves that this change works.",
}


def pull_request_body(
    *,
    task: Task,
    brief: Brief,
    change: Change,
    examination: Examination,
    verdict: Verdict | None,
    attempts: int,
    spent: Spent,
    reviewers: Sequence[str] = (),
    environment: EnvironmentHealth | None = None,
    shares: Sequence[Share] = (),
) -> str:
    """Markdown in which nothing that a person, a test or a model wrote can link, load, mention or format."""
    sections = (
        f"## What was asked\n\n{_asked(brief)}",
        _evidence(examination),
        _list("What was not verified", _gaps(examination, verdict)),
        _list("Findings", [_finding(finding) for finding in examination.findings]),
        _judged(verdict),
        _provenance(task, brief, change, attempts, spent, reviewers, environment),
        _made_by(shares),
    )
    return "\n\n".join(filter(None, sections)) + "\n"


def preview_section(task: Task, kind: str) -> str:
    """How to look at it before it merges; empty where nothing is shown. No address: that is for those who sign in."""
    if not kind:
        return ""
    what = "A running copy" if kind == "server" else "The built site" if kind == "site" else f"The built {kind} file"
    where = f"opens from the page of task {code(task.task_id)} in Honk, or by `honk preview open {task.task_id}`"
    return f"\n## Preview\n\n{what} of exactly this commit {where}; it is gone after the merge.\n"


def merge_message(
    *,
    task: Task,
    brief: Brief,
    examination: Examination,
    verdict: Verdict | None,
    pull_request: PullRequest,
    approvals: Sequence[Approval],
    shares: Sequence[Share] = (),
    signed_off_by: Person | None = None,
) -> str:
    """Subject and trailers of the merged commit; git's own `interpret-trailers --parse` reads them back."""
    trailers = [
        *origin(task, brief),
        ("Honk-Pull-Request", str(pull_request.number)),
        *proof(examination, verdict),
        *share_trailers(shares),
    ]
    for yes in approvals:
        trailers.append(("Honk-Approved-By", signature_of(yes.person)))
        if yes.sentence.strip():
            trailers.append(("Honk-Approved-Unverified", yes.sentence))
    if signed_off_by is not None:
        trailers += sign_off(signed_off_by)
    return f"{subject_line(subject_of(task.prompt))}\n\n{trailer_lines(trailers)}\n"


def _asked(brief: Brief) -> str:
    """What people asked for, and said since, in order."""
    parts = [*(block(one.words, 4000) for one in brief.before), block(brief.goal, 8000)]
    return "\n\n".join([*parts, *(block(one.words, 4000) for one in brief.said)])


def _evidence(examination: Examination) -> str:
    parts = ["## Evidence", _CLAIMS[verification(examination.reports)]]
    if examination.reports:
        rows = [_row(report) for report in examination.reports[:MOST]]
        head = "| Check | Command | Chosen by | Result | Seconds |\n| --- | --- | --- | --- | ---: |\n"
        parts.append(head + "\n".join(rows))
    new = [test for report in examination.reports if report.tests for test in report.tests.new]
    if new:
        parts.append("New tests, run on the base as well:\n\n" + _bullets([_new_test(test) for test in new]))
    mended = [test_id for report in examination.reports if report.tests for test_id in report.tests.mended]
    if mended:
        verb = "fails on the base and passes now" if len(mended) == 1 else "fail on the base and pass now"
        parts.append(f"{counted(len(mended), 'test')} {verb}:\n\n" + _bullets([code(one) for one in mended]))
    parts += [
        f"{code(report.verifier)} says:\n\n{block(report.summary, 2000)}"
        for report in examination.reports[:10]
        if report.result is not Verification.PASSED
    ]
    return "\n\n".join(parts)


def _row(report: Report) -> str:
    result = f"**{report.result}**" + ("" if report.is_required else " (advisory)")
    if report.tests is not None:
        result += f", {counted(report.tests.passed, 'test')} passed"
    cells = (code(report.verifier, 60), code(report.command), code(report.chosen_by, 80), result)
    return f"| {' | '.join(cells)} | {report.seconds:.1f} |"


def _new_test(test: NewTest) -> str:
    before = "fails on base" if test.fails_on_base else "passes on base already (so it does not show the fault)"
    after = "passes on change" if test.passes_on_change else "fails on change"
    return f"{code(test.test_id)}: {before}, {after}"


def _gaps(examination: Examination, verdict: Verdict | None) -> list[str]:
    """Everything that a reader might take for proved and that is not."""
    gaps = [f"No verdict on the whole: {code(examination.reason, 500)}"] if examination.reason else []
    if not examination.reports:
        gaps.append("No check was found that applies to this repository.")
    elif not any(report.ran_tests for report in examination.reports):
        gaps.append("No check ran a test.")
    for report in examination.reports:
        gaps += _gaps_of(report)
    if verdict is None:
        gaps.append("No judge compared the diff with the request.")
    return gaps


def _gaps_of(report: Report) -> Iterable[str]:
    name = code(report.verifier, 60)
    if report.result is Verification.UNVERIFIED:
        yield f"{name} came to no result."
    if report.result is Verification.FAILED and not report.is_required:
        yield f"{name} failed; it is advisory and decides nothing."
    if (tests := report.tests) is None:
        return
    if tests.skipped:
        yield f"{name}: {counted(tests.skipped, 'test')} skipped."
    if tests.missing:
        yield f"{name}: no result from {_named(tests.missing)}, which the base had."
    if tests.flaky:
        yield f"{name}: flaky, failed and passed with this very change: {_named(tests.flaky)}."
    if tests.flaky_on_base:
        yield f"{name}: flaky before this change as well, and not held against it: {_named(tests.flaky_on_base)}."
    if tests.failed_on_base:
        yield f"{name}: red before this change as well, and not held against it: {_named(tests.failed_on_base)}."


def _finding(finding: Finding) -> str:
    place = "" if finding.path is None else finding.path + ("" if finding.line is None else f":{finding.line}")
    parts = (
        f"**{finding.severity}**",
        code(finding.rule, 60),
        code(place) if place else "",
        code(finding.message, 500),
    )
    return " ".join(filter(None, parts))


def _judged(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    words = f"\n\n{block(chr(10).join(verdict.reasons))}" if verdict.reasons else ""
    return (
        f"## Judge\n\n**{verdict.ruling}** by {code(verdict.judge)}, prompt {code(verdict.prompt_version, 60)}{words}"
    )


def _provenance(
    task: Task,
    brief: Brief,
    change: Change,
    attempts: int,
    spent: Spent,
    reviewers: Sequence[str],
    environment: EnvironmentHealth | None,
) -> str:
    files = counted(len(change.files), "file")
    tokens = f"{spent.input_tokens} in, {spent.output_tokens} out"
    held = f", up to {spent.held_usd:.2f} USD more for calls that broke off" if spent.held_usd else ""
    rows = {
        "Task": code(task.task_id),
        "Brief": f"version {brief.version}",
        "Asked by": code(task.asker.name),
        "Agent": code(task.agent),
        "Model": code(task.model),
        "Work": f"{counted(attempts, 'attempt')}, {counted(spent.turns, 'turn')}, tokens {tokens}",
        "Cost": f"{spent.cost_usd:.2f} USD{held}",
        "Owners": ", ".join(code(owner, 80) for owner in reviewers[:MOST]) or "none named in CODEOWNERS",
        "Environment": code(health_line(environment), 500) if environment else "not told",
        "Change": f"{files} over {code(change.base_sha[:12])}, head {code(change.head_sha[:12])}",
    }
    lines = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"## Provenance\n\n| | |\n| --- | --- |\n{lines}"


def _made_by(shares: Sequence[Share]) -> str:
    """Small: a reader wants to know which lines no person has written."""
    if not shares:
        return ""
    rows = [
        f"| {one.part} | {maker_of(one)}: {code(one.author, 80)} | {one.files} | +{one.added} −{one.deleted} |"
        for one in shares[:MOST]
    ]
    return "| Made | by | Files | Lines |\n| --- | --- | ---: | ---: |\n" + "\n".join(rows)


def _list(title: str, items: Sequence[str]) -> str:
    return f"## {title}\n\n{_bullets(items)}" if items else ""


def _bullets(items: Sequence[str]) -> str:
    rest = [f"and {len(items) - MOST} more"] if len(items) > MOST else []
    return "\n".join(f"- {item}" for item in [*items[:MOST], *rest])


def _named(test_ids: Sequence[str]) -> str:
    shown = ", ".join(code(test_id, 120) for test_id in test_ids[:5])
    return shown + (f" and {len(test_ids) - 5} more" if len(test_ids) > 5 else "")
