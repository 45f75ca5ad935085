"""honk deploy: what was brought to production."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.app import App
    from honk.cli.facts import Line
    from honk.domain.deployment import Deployment, Undo

app = typer.Typer(help="Deployments of merged changes.", no_args_is_help=True, rich_markup_mode=None)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
LOG_LINES = 40
SHOWN = 50


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the newest deployments."""
    from honk.cli.desk import run_async

    run_async(_list(as_json=as_json))


@app.command()
def show(
    number: Annotated[int, typer.Argument(min=1, help="The pull request's number.")], as_json: AsJson = False
) -> None:
    """Show how the deployment of a merged pull request went, and the end of its log."""
    from honk.cli.desk import run_async

    run_async(_show(number, as_json=as_json))


@app.command()
def again(number: Annotated[int, typer.Argument(min=1, help="The pull request's number.")]) -> None:
    """Deploy a merged pull request once more, where its deployment failed or was interrupted."""
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_again(number)))


async def _again(number: int) -> int:
    from honk.cli.desk import acting_desk
    from honk.cli.exit_codes import OK, of_deployments
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines

    async with acting_desk() as desk:
        outlook = await desk.undoing.outlook(number)
        await desk.undoing.again_here(number, outlook.merged_sha)
        await desk.delivery.deploying.finish_here()
        *_, newest = (await desk.undoing.of_pull_request(number))[0]
        if not newest.is_over:
            print_lines([Line(text=f"The server deploys it. See: honk deploy show {number}")])
            return OK
        print_lines([*await details(desk, newest), *await next_steps(desk, newest)])
    return of_deployments([newest])


async def _list(*, as_json: bool) -> None:
    from honk.cli.desk import reading_desk
    from honk.cli.facts import Line
    from honk.cli.machine_lines import record_line
    from honk.cli.progress import print_lines

    async with reading_desk() as desk:
        found = await desk.undoing.production.deployments.recent(SHOWN)
    if as_json:
        sys.stdout.writelines(f"{record_line(one)}\n" for one in found)
    else:
        print_lines([headline(one) for one in found] or [Line(text="Nothing was deployed by Honk yet.")])


async def _show(number: int, *, as_json: bool) -> None:
    from honk.cli.desk import reading_desk
    from honk.cli.machine_lines import record_line
    from honk.cli.progress import print_lines

    async with reading_desk() as desk:
        deployments, undos = await desk.undoing.of_pull_request(number)
        if as_json:
            sys.stdout.writelines(f"{record_line(one)}\n" for one in (*deployments, *undos))
            return
        print_lines([line for one in deployments for line in await details(desk, one)])
        print_lines([line for one in undos for line in undo_lines(one)])
        print_lines([line for one in deployments[-1:] for line in await next_steps(desk, one)])
        if not deployments:
            from honk.cli.facts import Line

            print_lines([Line(text=f"Honk did not deploy pull request {number}.")])


def headline(one: "Deployment") -> "Line":
    """A deployment on one line."""
    from honk.cli.facts import Line, Tone
    from honk.domain.deployment import DeploymentState as S

    tones = {S.DEPLOYED: Tone.GOOD, S.FAILED: Tone.BAD, S.INTERRUPTED: Tone.BAD, S.ROLLED_BACK: Tone.UNSURE}
    at = one.ended_at or one.begun_at or one.created_at
    text = f"#{one.number} {str(one.state).replace('_', ' ')}: {one.merged_sha[:10]}, {at:%Y-%m-%d %H:%M} UTC"
    return Line(text=text, tone=tones.get(one.state, Tone.PLAIN))


async def details(desk: "App", one: "Deployment", log_lines: int = LOG_LINES) -> "list[Line]":
    """How it went, and the end of its log."""
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import block
    from honk.store import NotFound

    told = [headline(one), *(Line(text=f"  {line}") for line in block(one.reason, max_lines=10) if line)]
    if one.log_blob and log_lines:
        try:
            log = (await desk.diff(one.log_blob)).decode("utf-8", "replace")
        except NotFound:
            log = "(its log is not kept any more)"
        told += [Line(text=f"  | {line}", tone=Tone.QUIET) for line in block(log, max_lines=log_lines)]
    return told


async def next_steps(desk: "App", one: "Deployment") -> "list[Line]":
    """What a person can do about one that came to no good end, and that nobody took back."""
    from honk.cli.facts import Line
    from honk.domain.deployment import TROUBLES

    if one.state not in TROUBLES:
        return []
    outlook = await desk.undoing.outlook(one.number)
    if outlook.undo is not None:
        return []
    told = [Line(text=f"Undo   honk undo {one.number}")]
    return told if outlook.why_not_again else [*told, Line(text=f"Again  honk deploy again {one.number}")]


def undo_lines(one: "Undo") -> "list[Line]":
    """What became of a wish to take it back."""
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import one_line

    head = f"↩ {one_line(one.who.name, 60)} asked to undo #{one.number}: {str(one.state).replace('_', ' ')}"
    rest = [words for words in (one.rollback, one.reason) if words]
    return [Line(text=head, tone=Tone.UNSURE), *(Line(text=f"  {one_line(words, 600)}") for words in rest)]
