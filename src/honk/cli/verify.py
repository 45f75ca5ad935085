"""honk verify: the gate alone."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.cli.facts import Line
    from honk.config import Settings
    from honk.verifier import Plan
    from honk.workflows.verify import VerifyResult


def verify(
    repo: Annotated[Path | None, typer.Argument(help="The checkout; the current one by default.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be run, and why.")] = False,
    worktree: Annotated[bool, typer.Option("--worktree", help="The files as they are, not the commit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Run the verifiers of a checkout in a clean room. Exit codes: 0 passed, 5 failed, 3 unverified."""
    from honk.cli.desk import person_path, run_async
    from honk.config import read_settings

    act = _examine(read_settings(), person_path(repo), worktree=worktree, plan_only=plan, as_json=as_json)
    raise typer.Exit(run_async(act))


async def _examine(settings: "Settings", path: Path, *, worktree: bool, plan_only: bool, as_json: bool) -> int:
    from honk.cli.desk import open_desk
    from honk.cli.exit_codes import OK, of_verify
    from honk.cli.machine_lines import verify_line
    from honk.cli.progress import print_lines

    async with open_desk(settings) as app:
        result = await app.verify(path, worktree=worktree, plan_only=plan_only, tell=_tell)
    if as_json:
        sys.stdout.write(f"{verify_line(result)}\n")
    else:
        print_lines(plan_lines(result.plan) if plan_only else result_lines(result))
    return OK if plan_only else of_verify(result.verification)


def _tell(stage: str) -> None:
    """A stage that may take a while, beside the result: on the error output, and only where a person watches."""
    from honk.cli.terminal import one_line

    if sys.stderr.isatty():
        sys.stderr.write(f"{one_line(stage)} ...\n")


def plan_lines(plan: "Plan") -> "list[Line]":
    """What would be run, each command with the file that chose it."""
    import shlex

    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import one_line

    told = []
    for command in plan.commands:
        role = "required" if command.is_required else "advisory"
        how = one_line(shlex.join(command.argv))
        told.append(Line(text=f"{command.name} ({role}, chosen by {one_line(command.chosen_by)}): {how}"))
    told += [Line(text=f"missing: {one_line(what)}", tone=Tone.UNSURE) for what in plan.missing]
    told += [Line(text=f"not run: {one_line(what)}", tone=Tone.UNSURE) for what in plan.unrun]
    return told or [Line(text="nothing applies: a change here would be unverified", tone=Tone.UNSURE)]


def result_lines(result: "VerifyResult") -> "list[Line]":
    """What each verifier said, and the one word that counts."""
    import dataclasses

    from honk.cli.facts import SIGNS, Line, Tone, finding, report
    from honk.cli.terminal import one_line
    from honk.domain.health import health_line
    from honk.workflows.journal import report_body

    told = [Line(text=f"environment: {one_line(health_line(result.environment), 600)}")]
    problems = (*result.plan.missing, *result.environment_problems)
    told += [Line(text=f"missing: {one_line(what)}", tone=Tone.UNSURE) for what in dict.fromkeys(problems)]
    examination = result.examination
    if examination is not None:
        for one in examination.reports:
            told += report(report_body(one))
        for remark in examination.findings:
            told += finding(dataclasses.asdict(remark))
    sign, tone = SIGNS[result.verification]
    reason = f": {one_line(examination.reason)}" if examination is not None and examination.reason else ""
    return [*told, Line(text=f"verification {sign}{reason}", tone=tone)]
