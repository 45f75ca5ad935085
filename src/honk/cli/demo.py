"""honk demo: the whole way on a small repository, with no model key."""

import asyncio
import json
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
from honk.base.ids import new_id
from honk.cli.desk import refuse_root

if TYPE_CHECKING:
    from honk.app import RunResult
    from honk.cli.demo_play import Play
    from honk.cli.facts import Line
    from honk.config import Settings
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
            _demonstrate(
                settings,
                path,
                is_live=live,
                is_agreed=yes or once or not asking.can_ask(),
                is_attended=asking.can_ask() and not once,
            )
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

    refuse_root()
    print_lines([Line(text=LIVE if is_live else SCRIPTED)])
    folder = settings.home / "demo" / new_id(6)
    sample = await _make_sample(path or folder / "tonearm")
    async with (
        _producing(settings, folder / "production", sample) as granted,
        _team(granted, is_live=is_live) as team,
        serving(_listening(granted), team, granted) as served,
    ):
        print_lines([Line(text=f"sample repository: {sample}"), Line(text=f"console: {served.origin}")])
        if is_attended:
            print_lines([Line(text=(await way_in(team.app, served.origin)).rstrip())])
        who = Visitor(member=await team.app.people.owner(), door=Door.CONSOLE)
        play = Play(team=team, who=who, is_attended=is_attended)
        result, ended = await _story(play, sample, served.origin, is_agreed=is_agreed)
        if is_attended:
            await stay_open(served.origin)
    print_lines([Line(text=""), Line(text=f"The demo ended: {ended}.")])
    print_lines(whereabouts(sample, settings.home, result))
    return of_outcome(result.outcome, result.verification)


async def _story(play: "Play", sample: Path, origin: str, *, is_agreed: bool) -> "tuple[RunResult, str]":
    """What the last task came to, and how it all ended, in a word."""
    from honk.cli.demo_ships import Ships
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.testing.sample.script import BADGES, FOLLOW_UP, PROMPT

    ships = Ships(play=play, sample=sample, is_agreed=is_agreed)
    result = await play.ask(sample, PROMPT)
    if result.pull_request is None:
        return result, str(result.outcome)
    print_lines([Line(text=""), Line(text=f"a reply in the thread: {FOLLOW_UP}")])
    result = await play.reply(result.task_id, FOLLOW_UP)
    await ships.show(result, origin)
    state = await ships.merge(result)
    if state != "deployed":
        return await play.result(result.task_id), state or "opened"
    print_lines([Line(text=""), Line(text=f"another request: {BADGES.splitlines()[0]}")])
    result = await play.ask(sample, BADGES)
    if await ships.merge(result) != "failed":
        return await play.result(result.task_id), "merged"
    if (reverse := await ships.undo(result)) is None:
        return await play.result(result.task_id), "merged, and not well in production"
    return reverse, "undone"


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
    return await asyncio.to_thread(path.resolve)


@asynccontextmanager
async def _producing(settings: "Settings", folder: Path, sample: Path) -> "AsyncIterator[Settings]":
    """The sample's production runs, and the settings grant its deployments the way there."""
    from honk.bootstrap import SANDBOXES
    from honk.config_deploy import DeploySettings, RepositoryDeploySettings
    from honk.sandbox.none import NoneBackend
    from honk.testing.sample.production import Production

    backend = SANDBOXES[settings.sandbox]()
    if backend.name == NoneBackend.name:  # nothing is deployed from there: its secrets would lie open
        yield settings
        return
    shipped = json.loads((sample / "tonearm" / "library.json").read_text())
    async with Production(folder, backend, shipped) as production:
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(production.key)
        grant = RepositoryDeploySettings(
            secrets={"TONEARM_KEY": f"file:{key}"}, hosts=(production.url.removeprefix("http://"),),
            url=production.url, location=str(sample),
        )  # fmt: skip
        granted = DeploySettings(repositories={**settings.deploy.repositories, sample.name: grant})
        yield settings.model_copy(update={"deploy": granted})


@asynccontextmanager
async def _team(settings: "Settings", *, is_live: bool) -> "AsyncIterator[Team]":
    """The same desk as any server's; only the model's service differs."""
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
