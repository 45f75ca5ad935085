"""honk task take, give: a task's work in a person's own checkout, and back."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from honk.cli.steer import AsJson, OfServer, TaskName

if TYPE_CHECKING:
    from honk.client import TaskDesk
    from honk.domain.task import Brief
    from honk.workflows.handing import Taken
    from honk.workspace.person import PersonGit

Checkout = Annotated[Path | None, typer.Option("--into", help="Your checkout; the current one by default.")]
PLACE = "honk"
"""Below the checkout's git folder: beside the work, and never part of it."""


def take(task: TaskName, into: Checkout = None, server: OfServer = None) -> None:
    """Stop the agent, and hand its work over: a branch in your checkout, the brief and the transcript beside it.

    Your index and work tree are not touched. Exit codes: 0 taken, 2 refused.
    """
    from honk.cli.desk import person_path, run_async

    run_async(_take(server, task, person_path(into)))


def give(
    task: TaskName,
    into: Annotated[Path | None, typer.Option("--from", help="Your checkout; the current one by default.")] = None,
    words: Annotated[str, typer.Option(help="What you did; by default your commits' subjects.")] = "",
    as_json: AsJson = False,
    server: OfServer = None,
) -> None:
    """Give the commits of that branch back: they are verified as a new attempt, and the pull request is brought up to
    date. What you have not committed stays with you. Exit codes as of `honk run`.
    """
    from honk.cli.desk import person_path, run_async

    raise typer.Exit(run_async(_give(server, task, person_path(into), words, as_json=as_json)))


async def _take(server: str | None, task_id: str, path: Path) -> None:
    from honk.cli.desk import task_desk
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.workspace.person import find_root

    root = find_root(path)
    async with task_desk(server, works=True) as desk:
        taken = await desk.take((await desk.task(task_id)).task_id)
        await _make_branch(desk, root, taken)
        place = await _write_beside(desk, root, taken)
    print_lines(
        [
            Line(text=f"Task {taken.task_id} is yours, on the branch {taken.branch}:"),
            Line(text=f"  git switch {taken.branch}"),
            Line(text=f"  brief and transcript: {place}"),
            Line(text=f"Give it back, to be verified: honk task give {taken.task_id}"),
        ]
    )


async def _make_branch(desk: "TaskDesk", root: Path, taken: "Taken") -> None:
    """Raises UsageError where the base is not there, or the branch stands elsewhere."""
    from honk.base.errors import UsageError
    from honk.workspace.person import PersonGit
    from honk.workspace.source import LocalSource

    git = PersonGit(root)
    if await git.commit_of(taken.base_sha) is None:
        raise UsageError(
            f"{root} has not the commit {taken.base_sha[:12]} the work stands on. The task is stopped, its work is "
            f"kept. Fetch {taken.base_branch}, or name another checkout by --into, then take it again."
        )
    if await git.commit_of(f"refs/heads/{taken.branch}") is not None and taken.head_sha is not None:
        ref = f"refs/heads/{taken.branch}"
        done = await git("merge-base", "--is-ancestor", taken.head_sha, ref)
        if done.exit_code == 0:
            return  # it is there, perhaps with commits of the person's own already
    source = LocalSource()
    with tempfile.TemporaryFile() as pack:
        if taken.head_sha is not None:
            pack.write(await desk.pack(taken.task_id))
            pack.seek(0)
        await source.import_branch(root, taken.branch, taken.head_sha or taken.base_sha, pack)


async def _write_beside(desk: "TaskDesk", root: Path, taken: "Taken") -> Path:
    """The brief and the transcript, outside the work tree; the folder."""
    import io

    from honk.cli.progress import PlainView
    from honk.workspace.person import PersonGit

    told = io.StringIO()
    view = PlainView(told)
    async for event in desk.follow(taken.task_id):
        view.show(event)
    place = root / await PersonGit(root).text("rev-parse", "--git-path", f"{PLACE}/{taken.task_id}")
    place.mkdir(parents=True, exist_ok=True)
    for name, text in (("brief.md", brief_page(taken.brief)), ("transcript.txt", told.getvalue())):
        (place / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    return place


def brief_page(brief: "Brief") -> str:
    """The brief for a person. Pure."""
    parts = [f"# Brief, version {brief.version}", brief.goal]
    sayings = [f"- {one.words}" for one in (*brief.background, *brief.before, *brief.said)]
    for head, lines in (
        ("Preconditions", [f"- {one}" for one in brief.preconditions]),
        ("Out of bounds", [f"- {one}" for one in brief.out_of_bounds]),
        ("Done when", [f"- {one}" for one in brief.done_when]),
        ("What was said", sayings),
    ):
        if lines:
            parts += [f"## {head}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


async def _give(server: str | None, task_id: str, path: Path, words: str, *, as_json: bool) -> int:
    from honk.base.errors import UsageError
    from honk.cli.desk import task_desk
    from honk.cli.following import to_its_end
    from honk.workspace.person import PersonGit, find_root

    root = find_root(path)
    git = PersonGit(root)
    async with task_desk(server, works=True) as desk:
        taken = await desk.take((await desk.task(task_id)).task_id)
        tip = await git.commit_of(f"refs/heads/{taken.branch}")
        if tip is None:
            raise UsageError(
                f"{root} has no branch {taken.branch}. Nothing was given. honk task take {task_id} makes it."
            )
        if tip in (taken.head_sha, taken.base_sha):
            raise UsageError(f"{taken.branch} has no commit of yours. Nothing was given. Commit first.")
        pack = await _packed(root, tip, taken.base_sha)
        new = await desk.give(taken.task_id, words or await _subjects(git, tip, taken), tip, pack)
        return await to_its_end(desk, new.task_id, as_json=as_json)


async def _packed(root: Path, tip: str, base_sha: str) -> bytes:
    from honk.workspace.source import LocalSource

    with tempfile.TemporaryFile() as pack:
        await LocalSource().export(root, tip, [base_sha], pack)
        pack.seek(0, os.SEEK_SET)
        return pack.read()


async def _subjects(git: "PersonGit", tip: str, taken: "Taken") -> str:
    """What a person's own commits say they do."""
    known = taken.head_sha or taken.base_sha
    told = await git.text("log", "--format=%s", "--max-count=20", tip, f"^{known}")
    first, *more = told.splitlines() or ["Work by hand"]
    return "\n".join([first, *(f"- {line}" for line in more)])[:3500]
