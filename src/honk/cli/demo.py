"""honk demo: the whole way on a small repository, with no model key."""

import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from honk.base.errors import UsageError
from honk.cli.desk import refuse_root

if TYPE_CHECKING:
    from honk.app import App, RunResult
    from honk.cli.facts import Line
    from honk.config import Settings
    from honk.domain.change import PullRequest
    from honk.team import Team

SCRIPTED = "no model key: a scripted model speaks; everything else is real"
LIVE = "the real model speaks, with your key; this costs a few cents"


def demo(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Merge without asking.")] = False,
    live: Annotated[bool, typer.Option("--live", help="The real model; needs ANTHROPIC_API_KEY.")] = False,
    keep: Annotated[Path | None, typer.Option(help="Make the sample repository at this path.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Ask nobody, and end when it is merged.")] = False,
) -> None:
    """Carry a bug report to a verified, merged change, on a sample repository, in a server with its console.

    On a terminal the console stays open until Ctrl-C.
    """
    from honk.cli import asking
    from honk.cli.desk import person_path, run_async
    from honk.config import read_settings

    settings = read_settings()
    if live and not may_have_key(settings.home):
        raise UsageError("--live needs a model key in ANTHROPIC_API_KEY. Without --live a scripted model speaks.")
    path = person_path(keep) if keep is not None else None
    raise typer.Exit(
        run_async(
            _demonstrate(settings, path, is_live=live, is_agreed=yes or once, is_attended=asking.can_ask() and not once)
        )
    )


def may_have_key(home: Path) -> bool:
    """Whether a key is in the environment, in the state folder, or handed over by root's side (which is not read)."""
    from honk.workflows.key import KEY_FILE, KEY_VARIABLE
    from honk.workspace.porter_source import is_key_handed

    return bool(os.environ.get(KEY_VARIABLE)) or is_key_handed(os.environ) or (home / KEY_FILE).exists()


async def _demonstrate(
    settings: "Settings", path: Path | None, *, is_live: bool, is_agreed: bool, is_attended: bool
) -> int:
    from honk.cli.demo_play import Play, stay_open
    from honk.cli.exit_codes import of_outcome
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.cli.serve import serving, way_in
    from honk.domain.people import Door, Visitor
    from honk.testing.sample.script import FOLLOW_UP, PROMPT

    print_lines([Line(text=LIVE if is_live else SCRIPTED)])
    sample = path or fresh_folder(settings.home)
    async with _team(settings, is_live=is_live) as team, serving(_listening(settings), team, settings) as served:
        await _make_sample(sample)
        print_lines([Line(text=f"sample repository: {sample}"), Line(text=f"console: {served.origin}")])
        if is_attended:
            print_lines([Line(text=(await way_in(team.app, served.origin)).rstrip())])
        play = Play(
            team=team,
            who=Visitor(member=await team.app.people.owner(), door=Door.CONSOLE),
            is_attended=is_attended,
        )
        print_lines([Line(text=f"request: {PROMPT.splitlines()[0]}")])
        result = await play.ask(sample, PROMPT)
        if result.pull_request is not None:
            print_lines([Line(text=""), Line(text=f"a reply in the thread: {FOLLOW_UP}")])
            result = await play.reply(result.task_id, FOLLOW_UP)
        if result.pull_request is not None:
            await _merge(team.app, sample, result, result.pull_request, is_agreed=is_agreed)
            result = await team.app.result(result.task_id)
        if is_attended:
            await stay_open(served.origin)
    print_lines([Line(text=""), Line(text=f"The demo ended: {result.outcome}.")])
    print_lines(whereabouts(sample, settings.home, result))
    return of_outcome(result.outcome, result.verification)


def _listening(settings: "Settings") -> socket.socket:
    """On the port of the settings; where something else has it, on any that is free."""
    from honk.cli.serve import listen

    try:
        return listen("127.0.0.1", settings.serve.port)
    except UsageError:
        return listen("127.0.0.1", 0)


async def _make_sample(path: Path) -> Path:
    from honk.testing.sample.repository import create_sample

    try:
        await create_sample(path)
    except OSError as error:
        raise UsageError(f"The sample cannot be made at {path}: {error}. Name an empty or a new folder.") from error
    return path


def fresh_folder(home: Path) -> Path:
    """A place for one demo, below the state folder."""
    from honk.base.ids import new_id

    return home / "demo" / new_id(6) / "tonearm"


@asynccontextmanager
async def _team(settings: "Settings", *, is_live: bool) -> "AsyncIterator[Team]":
    """The same desk as any server's; only the model's service differs."""
    refuse_root()
    from honk.bootstrap import open_team

    if is_live:
        async with open_team(settings) as team:
            yield team
        return
    from honk.gateway import Upstream
    from honk.testing.sample.script import AGENT, JUDGE
    from honk.testing.scripted_model import ScriptedModel

    async with ScriptedModel({"default": AGENT, "judge": JUDGE}) as model:
        upstream = Upstream(base_url=model.url, headers={"x-api-key": "scripted"})
        async with open_team(settings, upstream=upstream) as team:
            yield team


async def _merge(
    app: "App", sample: Path, result: "RunResult", pull_request: "PullRequest", *, is_agreed: bool
) -> None:
    """Show the diff, ask where somebody sits there, and merge. What is not verified stays open."""
    from honk.cli import asking
    from honk.cli.facts import Line, Tone
    from honk.cli.pager import show_diff
    from honk.cli.pr import merged_lines
    from honk.cli.progress import print_lines
    from honk.domain.evidence import Verification

    print_lines([Line(text=""), Line(text="The diff")])
    show_diff(await app.pull_request_diff(pull_request.number), is_paged=False)
    if pull_request.is_draft or result.verification is not Verification.PASSED:
        print_lines([Line(text="It is not verified, so the demo leaves it open.", tone=Tone.UNSURE)])
        return
    question = f"Merge #{pull_request.number} into {pull_request.base_branch}?"
    if asking.can_ask() and not is_agreed and not asking.is_agreed(question):
        print_lines([Line(text=f"Not merged. Later: honk pr merge {pull_request.number}")])
        return
    merged = await app.merge(pull_request.number)
    print_lines(merged_lines(merged))
    if not merged.advance.has_moved and merged.pull_request.merged_sha:
        await _follow_advice(sample, merged.pull_request.merged_sha)


async def _follow_advice(sample: Path, sha: str) -> None:
    """Honk never touches a checkout; this one is the demo's own, so the demo does what its owner would."""
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.testing.sample.repository import take_merge

    await take_merge(sample, sha)
    print_lines([Line(text=f"  the demo, whose checkout it is, did just that: main is at {sha[:10]}")])


def whereabouts(sample: Path, home: Path, result: "RunResult") -> "list[Line]":
    """Where everything is that the demo leaves behind. Nothing runs any more."""
    from honk.cli.facts import Line
    from honk.workspace.porter_source import PORTER_FD

    honk = own_name()
    # Root's git does not trust a repository of the service's user unless it is told to.
    trust = f"-c safe.directory={sample} " if PORTER_FD in os.environ else ""
    told = [
        Line(text=""),
        Line(text="Nothing is left running. Look around:"),
        Line(text=f"  the repository    git {trust}-C {sample} log --oneline --graph --all"),
        Line(text=f"  its page          cd {sample} && python3 -m tonearm"),
        Line(text=f"  the task          {honk} task show {result.task_id}"),
    ]
    if result.pull_request is not None:
        told.append(Line(text=f"  the pull request  {honk} pr show {result.pull_request.number}"))
    return [*told, Line(text=f"  Honk's state      {home}"), Line(text=f'  your turn         {honk} run "..."')]


def own_name() -> str:
    """How this program is called from a shell: by its name where that finds it, else by its path."""
    path = Path(sys.argv[0]).absolute()
    found = shutil.which("honk")
    return "honk" if found and Path(found).resolve() == path.resolve() else str(path)
