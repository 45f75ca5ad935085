"""honk pr: the built-in forge's pull requests."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.app import App
    from honk.cli.facts import Line
    from honk.client import Server
    from honk.domain.change import PullRequest
    from honk.workflows.tapping import MergeResult

app = typer.Typer(help="Pull requests of the built-in forge.", no_args_is_help=True, rich_markup_mode=None)
Number = Annotated[int, typer.Argument(min=1, help="The pull request's number.")]
OWNERS_SHOWN = 10
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all pull requests, newest first."""
    from honk.cli.desk import run_async

    run_async(_list(as_json=as_json))


@app.command(short_help="Show what a pull request holds, and what proves it.")
def show(number: Number, as_json: AsJson = False) -> None:
    """Show what a pull request holds: files, evidence, what was not verified."""
    from honk.cli.desk import run_async

    run_async(_show(number, as_json=as_json))


@app.command()
def diff(number: Number) -> None:
    """Show the diff that a merge would bring; byte for byte when piped."""
    from honk.cli.desk import run_async

    run_async(_diff(number))


@app.command()
def merge(
    number: Number,
    sentence: Annotated[
        str | None, typer.Option(help="Why a change that was not verified may merge; it is kept.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Merge exactly what was verified. Red never merges; unverified only by a sentence that is kept."""
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_merge(number, sentence=sentence, is_settled=yes)))


@app.command()
def close(number: Number) -> None:
    """Close without merging; branch and evidence stay."""
    from honk.cli.desk import run_async

    run_async(_close(number))


async def _list(*, as_json: bool) -> None:
    from honk.cli.desk import reading_desk
    from honk.cli.facts import Line
    from honk.cli.machine_lines import record_line
    from honk.cli.progress import print_lines
    from honk.cli.summary import standing

    async with reading_desk() as desk:
        found = await desk.pull_requests()
        names = [await desk.repository_name(one) for one in found]
        wishes = [await desk.delivery.newest(one.number) if one.state == "open" else None for one in found]
    if as_json:
        sys.stdout.writelines(f"{record_line(one)}\n" for one in found)
    else:
        told = [
            line
            for one, name, wish in zip(found, names, wishes, strict=True)
            for line in (headline(one, name), *(replace(two, text=f"    {two.text}") for two in standing(one, wish)))
        ]
        print_lines(told or [Line(text="There are no pull requests yet.")])


async def _show(number: int, *, as_json: bool) -> None:
    from honk.cli.desk import reading_desk
    from honk.cli.machine_lines import record_line
    from honk.cli.progress import print_lines

    async with reading_desk() as desk:
        pull_request = await desk.pull_request(number)
        if as_json:
            sys.stdout.write(f"{record_line(pull_request)}\n")
        else:
            print_lines(await contents(desk, pull_request))


async def _diff(number: int) -> None:
    from honk.cli.desk import reading_desk
    from honk.cli.pager import show_diff

    async with reading_desk() as desk:
        diff_bytes = await desk.pull_request_diff(number)
    show_diff(diff_bytes)


async def _merge(number: int, *, sentence: str | None, is_settled: bool) -> int:
    from honk.cli.deploy import details, next_steps
    from honk.cli.desk import acting_desk, reading_desk, server_beside
    from honk.cli.exit_codes import CANCELLED, NOTHING_TO_MERGE, of_deployments, of_outcome
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.config import read_settings
    from honk.domain.task import OutcomeName

    server = server_beside(read_settings())
    async with reading_desk() if server is not None else acting_desk() as desk:
        pull_request = await desk.pull_request(number)
        is_wanted, sentence = await _asked(desk, pull_request, sentence, is_settled=is_settled)
        if not is_wanted:
            print_lines([Line(text="Not merged; nothing was changed.")])
            return CANCELLED
        if server is not None:
            is_merged, told = await _merged_there(server, pull_request, sentence)
        else:
            is_merged, told = await _merged_here(desk, number, sentence)
        print_lines(told)
        if not is_merged:
            return NOTHING_TO_MERGE
        deployments, _ = await desk.undoing.of_pull_request(number)
        print_lines([line for one in deployments for line in await details(desk, one)])
        print_lines([line for one in deployments[-1:] for line in await next_steps(desk, one)])
        if deployments and not deployments[-1].is_over:
            print_lines([Line(text=f"The server deploys it. See: honk deploy show {number}")])
        result = await desk.result(pull_request.task_id)
    return of_deployments(deployments) or of_outcome(OutcomeName.MERGED, result.verification)


async def _asked(
    desk: "App", pull_request: "PullRequest", sentence: str | None, *, is_settled: bool
) -> tuple[bool, str | None]:
    """Show what would merge; ask whoever sits there, unless that is settled."""
    from honk.cli.asking import can_ask
    from honk.cli.progress import print_lines

    if pull_request.state != "open":
        return True, sentence
    print_lines(await contents(desk, pull_request))
    return wants_merge(pull_request, sentence) if can_ask() and not is_settled else (True, sentence)


async def _merged_here(desk: "App", number: int, sentence: str | None) -> "tuple[bool, list[Line]]":
    """Whether it is merged, and what is told. Raises UsageError where it may not merge."""
    from honk.cli.facts import Line, Tone
    from honk.workflows.tapping import StillArmed

    try:
        return True, merged_lines(await desk.merge(number, sentence=sentence))
    except StillArmed as waits:
        return False, [Line(text=str(waits), tone=Tone.UNSURE)]


async def _merged_there(
    server: "Server", pull_request: "PullRequest", sentence: str | None
) -> "tuple[bool, list[Line]]":
    """The same by the server that works in this state folder: it merges, we look on."""
    from honk.base.errors import UsageError
    from honk.cli.facts import Line, Tone
    from honk.client.http import open_far_desk

    async with open_far_desk(server) as desk:
        done = await desk.approve(pull_request.task_id, pull_request.head_sha, sentence or "")
    if done.state == "ended":
        raise UsageError(done.words)
    if done.state != "merged":
        return False, [Line(text=done.words, tone=Tone.UNSURE)]
    return True, _merge_told(pull_request, done.merged_sha, has_moved=done.has_moved, advice=done.advice)


async def _close(number: int) -> None:
    from honk.cli.desk import acting_desk
    from honk.cli.progress import print_lines

    async with acting_desk() as desk:
        print_lines([headline(await desk.close_pull_request(number))])


def headline(pull_request: "PullRequest", repository: str = "") -> "Line":
    """A pull request on one line; with its repository where there may be several."""
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import one_line

    draft = ", draft: not verified" if pull_request.is_draft else ""
    tones = {"open": Tone.UNSURE if pull_request.is_draft else Tone.PLAIN, "merged": Tone.GOOD}
    text = f"#{pull_request.number} {pull_request.state}{draft}: {one_line(pull_request.title)}"
    name = f"{one_line(repository, 24)}: " if repository else ""
    place = f" [{name}{one_line(pull_request.branch)} -> {one_line(pull_request.base_branch)}]"
    return Line(text=text + place, tone=tones.get(pull_request.state, Tone.QUIET))


def reviewers(pull_request: "PullRequest") -> "list[Line]":
    """Who owns what it changes; nothing where nobody does."""
    from honk.cli.facts import Line
    from honk.cli.terminal import one_line

    owners = [one_line(owner, 80) for owner in pull_request.reviewers]
    if (more := len(owners) - OWNERS_SHOWN) > 0:
        owners = [*owners[:OWNERS_SHOWN], f"and {more} more"]
    return [Line(text=f"Reviewers {', '.join(owners)}")] if owners else []


async def contents(desk: "App", pull_request: "PullRequest") -> "list[Line]":
    """What would merge: the files, and the evidence for them."""
    from honk.cli import deploy
    from honk.cli.diff_text import stat_lines
    from honk.cli.summary import evidence, standing

    result = await desk.result(pull_request.task_id)
    diff_bytes = await desk.pull_request_diff(pull_request.number)
    wish = standing(pull_request, await desk.delivery.newest(pull_request.number))
    deployments, undos = await desk.undoing.of_pull_request(pull_request.number)
    shipped = [line for one in deployments for line in await deploy.details(desk, one, log_lines=0)]
    shipped += [line for one in undos for line in deploy.undo_lines(one)]
    told = [headline(pull_request), *wish, *reviewers(pull_request), *stat_lines(diff_bytes), *evidence(result)]
    return [*told, *shipped, *[line for one in deployments[-1:] for line in await deploy.next_steps(desk, one)]]


def wants_merge(pull_request: "PullRequest", sentence: str | None) -> tuple[bool, str | None]:
    """Ask whether to merge; what is not verified needs a sentence, which is then the yes."""
    from honk.cli.asking import is_agreed, typed

    if pull_request.is_draft and not sentence:
        sentence = typed("This is not verified. To merge it all the same, say why in a sentence that is kept: ")
        return bool(sentence), sentence or None
    return is_agreed(f"Merge #{pull_request.number} into {pull_request.base_branch}?"), sentence


def merged_lines(merged: "MergeResult") -> "list[Line]":
    """What was merged, and what became of the person's own branch."""
    one, advance = merged.pull_request, merged.advance
    return _merge_told(one, one.merged_sha, has_moved=advance.has_moved, advice=advance.advice)


def _merge_told(pull_request: "PullRequest", merged_sha: str | None, *, has_moved: bool, advice: str) -> "list[Line]":
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import block

    told = [Line(text=f"✓ merged #{pull_request.number} as {(merged_sha or '')[:10]}", tone=Tone.GOOD)]
    if has_moved:
        told.append(Line(text=f"  your branch {pull_request.base_branch} is there now"))
    return told + [Line(text=f"  {line}", tone=Tone.UNSURE) for line in block(advice, max_lines=10) if line]
