"""honk preview: look at a change before it ships; a server has it run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from honk.cli.steer import OfServer

if TYPE_CHECKING:
    from honk.client import Shown
    from honk.client.http import HttpDesk

app = typer.Typer(help="Look at a change before it ships.", no_args_is_help=True, rich_markup_mode=None)
OfTask = Annotated[str, typer.Argument(help="The task's id, or its beginning.")]


@app.command("open")
def open_(task: OfTask, server: OfServer = None) -> None:
    """Start a task's preview, and print the link that opens it."""
    from honk.cli.desk import run_async

    run_async(_act(server, task, "POST"))


@app.command("show")
def show(task: OfTask, server: OfServer = None) -> None:
    """Show where a task's preview stands, and the end of its log."""
    from honk.cli.desk import run_async

    run_async(_act(server, task, "GET"))


@app.command("stop")
def stop(task: OfTask, server: OfServer = None) -> None:
    """End a task's preview; it starts again when somebody opens it."""
    from honk.cli.desk import run_async

    run_async(_act(server, task, "DELETE"))


@app.command("list")
def list_(server: OfServer = None) -> None:
    """List the previews that run now."""
    from honk.cli.desk import run_async

    run_async(_list(server))


@asynccontextmanager
async def _at_server(option: str | None) -> AsyncIterator["HttpDesk"]:
    """The server that is named, else the one of this state folder. Raises UsageError where there is none."""
    from honk.base.errors import UsageError
    from honk.cli.desk import server_beside, server_named
    from honk.client.http import open_far_desk
    from honk.config import read_settings

    far = server_named(option) or server_beside(read_settings())
    if far is None:
        raise UsageError("No server works in this state folder; previews run at one: honk serve.")
    async with open_far_desk(far) as desk:
        yield desk


async def _act(option: str | None, task: str, method: str) -> None:
    async with _at_server(option) as desk:
        _print(await desk.preview(task, method))


async def _list(option: str | None) -> None:
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines

    async with _at_server(option) as desk:
        found = await desk.previews()
    if not found:
        print_lines([Line(text="No preview runs.")])
    for one in found:
        used = "" if one.cpu_seconds is None else f", {one.cpu_seconds:.0f} s of a core used"
        print_lines([Line(text=f"{one.task_id}  {one.state}  {one.link}"),
                     Line(text=f"  not looked at for {one.idle_seconds:.0f} s{used}")])  # fmt: skip


async def tell_of(desk: object, task: str) -> None:
    """A line about a task's preview, where the desk is a server's and the task has one."""
    from honk.base.errors import UsageError
    from honk.client.http import HttpDesk

    if isinstance(desk, HttpDesk):
        with suppress(UsageError):
            _print(await desk.preview(task))


def _print(one: "Shown") -> None:
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.domain.plain import clean

    lines = [Line(text=f"{one.task_id}  {one.state}  {one.link}"), Line(text=f"  {clean(one.words)}")]
    lines += [Line(text=f"  ! {clean(trouble)}") for trouble in one.troubles]
    if one.unlooked:
        lines.append(Line(text=f"  not looked at: {clean(one.unlooked)}"))
    if one.state == "failed":
        lines += [Line(text=f"    {clean(line)}") for line in one.log.splitlines()[-20:]]
    print_lines(lines)
