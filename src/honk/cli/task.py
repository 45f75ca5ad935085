"""honk task: what was asked for, and going on with what was interrupted."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from honk.cli.export import export
from honk.cli.handing import give, take
from honk.cli.preview import tell_of
from honk.cli.steer import OfServer, follow, retry, say, stop

if TYPE_CHECKING:
    from honk.cli.facts import Line
    from honk.domain.task import Task

app = typer.Typer(help="See, steer, resume and delete tasks.", no_args_is_help=True, rich_markup_mode=None)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("list")
def list_(as_json: AsJson = False, server: OfServer = None) -> None:
    """List the newest tasks."""
    from honk.cli.desk import run_async

    run_async(_list(server, as_json=as_json))


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="The task's id, or its beginning.")],
    diff: Annotated[bool, typer.Option("--diff", help="Only the diff, also of a change that was refused.")] = False,
    as_json: AsJson = False,
    server: OfServer = None,
) -> None:
    """Show how a task ended: outcome, evidence, cost."""
    from honk.cli.desk import run_async

    run_async(_show(server, task, diff=diff, as_json=as_json))


app.command(short_help="Show what happens to a task, to its end.")(follow)
app.command(short_help="Say something to the agent; after the end it begins a linked task.")(say)
app.command(short_help="End a task; its work is kept.")(stop)
app.command(short_help="Do an ended task again, as a linked one.")(retry)
app.command(short_help="Stop a task, and take its work into your own checkout.")(take)
app.command(short_help="Give your own commits back, to be verified and published.")(give)
app.command(short_help="Write out everything that is kept of a task, or its trace.")(export)


@app.command()
def resume(
    task: Annotated[str | None, typer.Argument(help="The task's id, or its beginning; the newest by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last is the result.")] = False,
) -> None:
    """Go on with an interrupted task where it was. Exit codes as of `honk run`."""
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_resume(task, as_json=as_json)))


@app.command()
def delete(
    task: Annotated[str, typer.Argument(help="The task's id, or its beginning.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Close its open pull request first.")] = False,
) -> None:
    """Delete a task for good: its words, transcripts, diffs and files. That there was one stays on record."""
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_delete(task, is_settled=yes, close=close)))


async def _list(server: str | None, *, as_json: bool) -> None:
    from honk.cli.desk import task_desk
    from honk.cli.facts import Line
    from honk.cli.machine_lines import record_line
    from honk.cli.near_desk import NearDesk
    from honk.cli.progress import print_lines

    async with task_desk(server) as desk:
        found, is_alone = await desk.tasks(), isinstance(desk, NearDesk) and desk.app.is_alone
    if as_json:
        sys.stdout.writelines(f"{record_line(one)}\n" for one in found)
    else:
        print_lines([headline(one, is_alone=is_alone) for one in found] or [Line(text="There are no tasks yet.")])


async def _show(server: str | None, task_id: str, *, diff: bool, as_json: bool) -> None:
    from honk.cli.deploy import details, next_steps, undo_lines
    from honk.cli.desk import task_desk
    from honk.cli.machine_lines import result_line
    from honk.cli.near_desk import NearDesk
    from honk.cli.pager import show_diff
    from honk.cli.progress import print_lines
    from honk.cli.replay import show_comparison
    from honk.cli.summary import summary

    async with task_desk(server) as desk:
        result = await desk.result(task_id)
        if diff:
            diff_bytes = await desk.diff(result.task_id)
        elif as_json:
            sys.stdout.write(f"{result_line(result)}\n")
        else:
            print_lines(summary(result)[1:])
            if isinstance(desk, NearDesk):
                deployments, undos = await desk.app.undoing.production.deployments.of_task(result.task_id)
                print_lines([line for one in deployments for line in await details(desk.app, one, log_lines=0)])
                print_lines([line for one in undos for line in undo_lines(one)])
                print_lines([line for one in deployments[-1:] for line in await next_steps(desk.app, one)])
                await show_comparison(desk.app, result.task_id, as_json=False)
            else:
                await tell_of(desk, result.task_id)
    if diff:
        show_diff(diff_bytes)


async def _resume(task_id: str | None, *, as_json: bool) -> int:
    from honk.cli.desk import working_desk
    from honk.cli.exit_codes import OK, of_outcome
    from honk.cli.following import follow_to_end
    from honk.cli.progress import choose_view
    from honk.cli.replay import show_comparison
    from honk.config import read_settings

    view = choose_view(as_json=as_json)
    async with working_desk(view, read_settings()) as desk:
        task = await desk.resume(task_id)
        if task is None:
            sys.stderr.write("There is nothing to resume: every task has ended.\n")
            return OK
        result = await follow_to_end(desk, task.task_id, view)
        view.finish(result)
        await show_comparison(desk, task.task_id, as_json=as_json)
    return of_outcome(result.outcome, result.verification)


async def _delete(task_id: str, *, is_settled: bool, close: bool) -> int:
    from honk.base.errors import UsageError
    from honk.cli import asking
    from honk.cli.desk import own_desk
    from honk.cli.exit_codes import CANCELLED, OK
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines

    async with own_desk() as desk:
        task = await desk.task(task_id)
        print_lines([headline(task)])
        if not is_settled and not asking.can_ask():
            raise UsageError("Nobody is here to be asked. Nothing was deleted. To delete it all the same: --yes")
        if not is_settled and not asking.is_agreed("Delete it for good?"):
            print_lines([Line(text="Nothing was deleted.")])
            return CANCELLED
        done = await desk.delete_task(task.task_id, close=close)
    closed = "".join(f", closed #{number}" for number in done.closed)
    told = [Line(text=f"deleted {done.task_id}: its words, {done.runs} run(s), {done.blobs} blob(s){closed}")]
    told += [Line(text=f"its replay {one} holds the same words: honk task delete {one}") for one in done.replays]
    print_lines(told)
    return OK


def headline(task: "Task", *, is_alone: bool = False) -> "Line":
    """A task on one line. Where nobody is at work, what has begun and not ended is interrupted."""
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import one_line
    from honk.domain.task import Status, subject_of

    standing = "interrupted" if is_alone and task.status is not Status.FINISHED else str(task.status)
    ended = str(task.outcome.name) if task.outcome else standing
    ended += f", deployment {task.trouble}" if task.trouble else ""
    text = f"{task.task_id}  {ended:<14}  {one_line(task.repository.name, 24)}: {one_line(subject_of(task.prompt))}"
    text += f" (replay of {task.replay_of})" if task.replay_of else ""
    return Line(text=text, tone=Tone.BAD if task.trouble else Tone.PLAIN if task.outcome else Tone.UNSURE)
