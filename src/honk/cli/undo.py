"""honk undo: takes a merged change back, production first, then the code."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.app import App


def undo(
    number: Annotated[int, typer.Argument(min=1, help="The merged pull request's number.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a merged pull request back: production by the repository's own rollback, then the code by a reverse change.

    The reverse change is a task of its own: verified, judged, and merged by a yes of its own.
    """
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_undo(number, is_settled=yes)))


async def _undo(number: int, *, is_settled: bool) -> int:
    from honk.base.whereabouts import server_of
    from honk.cli.asking import can_ask, is_agreed
    from honk.cli.desk import acting_desk, reading_desk, working_desk
    from honk.cli.exit_codes import CANCELLED, OK
    from honk.cli.facts import Line
    from honk.cli.progress import choose_view, print_lines
    from honk.config import read_settings

    async with reading_desk() as desk:
        outlook = await desk.undoing.outlook(number)
    print_lines([Line(text=outlook.words)])
    if can_ask() and not is_settled and not is_agreed(f"Undo #{number} ({outlook.merged_sha[:12]})?"):
        print_lines([Line(text="Not undone; nothing was changed.")])
        return CANCELLED
    settings = read_settings()
    if server_of(settings.home) is not None:
        async with acting_desk() as desk:
            await desk.undoing.ask_here(number, outlook.merged_sha)
        print_lines([Line(text=f"The server undoes it. See: honk deploy show {number}")])
        return OK
    view = choose_view(as_json=False)
    async with working_desk(view, settings) as desk:
        asked = await desk.undoing.ask_here(number, outlook.merged_sha)
        return await _finish(desk, asked.undo_id)


async def _finish(desk: "App", undo_id: str) -> int:
    """Where no server does it: to the end of the reverse change's task."""
    from honk.cli.deploy import undo_lines
    from honk.cli.exit_codes import NOTHING_TO_MERGE, of_outcome
    from honk.cli.following import follow_to_end
    from honk.cli.progress import choose_view, print_lines

    await desk.delivery.deploying.finish_here()
    done = await desk.undoing.production.deployments.undo(undo_id)
    print_lines(undo_lines(done))
    if done.revert_task_id is None:
        return NOTHING_TO_MERGE
    view = choose_view(as_json=False)
    result = await follow_to_end(desk, done.revert_task_id, view)
    view.finish(result)
    return of_outcome(result.outcome, result.verification)
