"""honk replay: a finished task once more, beside the first."""

import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.app import App
    from honk.workflows.replay import ReplayRequest


def replay(
    task: Annotated[str, typer.Argument(help="The finished task's id, or its beginning.")],
    agent: Annotated[
        str | None, typer.Option(help='"claude", "acp:PROGRAM ARGS" or "command:PROGRAM ARGS"; the first one\'s.')
    ] = None,
    model: Annotated[str | None, typer.Option(help="The agent's model; the first one's by default.")] = None,
    brief_version: Annotated[int | None, typer.Option(min=1, help="The brief to hand over; the newest.")] = None,
    max_usd: Annotated[float | None, typer.Option(min=0.01, help="Spend no more than this.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0.1, help="Take no longer than this.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last compares.")] = False,
) -> None:
    """Run a finished task again from the same base, and show both side by side.

    A replay is a task of its own; it never pushes and never opens a pull request. Exit codes as of `honk run`, where a
    change that would have been published counts as an opened one.
    """
    from honk.base.errors import UsageError
    from honk.cli.desk import run_async
    from honk.workflows.replay import ReplayRequest

    for option, given in (("--max-usd", max_usd), ("--max-minutes", max_minutes)):
        if given is not None and not math.isfinite(given):
            raise UsageError(f"{option} must be a number, and {given} is none that could be a limit.")
    request = ReplayRequest(
        task_id=task,
        agent=agent,
        model=model,
        brief_version=brief_version,
        cost_usd=max_usd,
        wall_seconds=None if max_minutes is None else max_minutes * 60,
    )
    raise typer.Exit(run_async(_replay(request, as_json=as_json)))


async def _replay(request: "ReplayRequest", *, as_json: bool) -> int:
    from honk.cli.desk import working_desk
    from honk.cli.exit_codes import of_outcome
    from honk.cli.following import follow_to_end
    from honk.cli.progress import choose_view
    from honk.config import read_settings

    view = choose_view(as_json=as_json)
    async with working_desk(view, read_settings()) as app:
        task = await app.replay(request)
        result = await follow_to_end(app, task.task_id, view)
        view.finish(result)
        await show_comparison(app, task.task_id, as_json=as_json)
    return of_outcome(result.outcome, result.verification)


async def show_comparison(app: "App", task_id: str, *, as_json: bool) -> None:
    """The replay beside what it repeats; nothing for a task that is no replay."""
    from honk.cli.machine_lines import record_line
    from honk.cli.progress import print_lines
    from honk.cli.side_by_side import side_by_side

    if (comparison := await app.comparison(task_id)) is None:
        return
    if as_json:
        sys.stdout.write(f"{record_line(comparison)}\n")
    else:
        print_lines(side_by_side(comparison))
