"""honk run: a request becomes a verified change."""

import dataclasses
import math
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from honk.base.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from honk.app import RunRequest
    from honk.cli.progress import View
    from honk.config import Settings
    from honk.domain.limits import Limits
    from honk.domain.task import Task

READ_BYTES = 1 << 20
"""What is read at most, and then measured."""


def run(
    prompt: Annotated[
        list[str],
        typer.Argument(metavar="PROMPT", help="What is to be done, in quotes; - reads it from standard input."),
    ],
    repo: Annotated[Path | None, typer.Option(help="The repository; the current one by default.")] = None,
    base: Annotated[str | None, typer.Option(help="The branch to start from; the current one by default.")] = None,
    agent: Annotated[str | None, typer.Option(help='"claude", "acp:PROGRAM ARGS" or "command:PROGRAM ARGS".')] = None,
    model: Annotated[str | None, typer.Option(help="The agent's model.")] = None,
    max_usd: Annotated[float | None, typer.Option(min=0.01, help="Spend no more than this.")] = None,
    max_minutes: Annotated[float | None, typer.Option(min=0.1, help="Take no longer than this.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last is the result.")] = False,
    sandbox: Annotated[str | None, typer.Option(help='"bubblewrap"; "none" isolates nothing.')] = None,
    server: Annotated[str | None, typer.Option(help="Of another machine; --repo is then a name there.")] = None,
) -> None:
    """Carry a request to a verified change and a pull request.

    While a server runs in the state folder the request goes to it. Your checkout, index and uncommitted work are never
    touched. Exit codes: 0 opened, verification passed; 6 opened but unverified; 3 no change, answered, not applicable,
    or a person must decide; 4 vetoed; 5 failed; 130 cancelled; 2 usage; 1 Honk's own fault.
    """
    from honk.cli.asking_far import ask_far, ask_own, refuse_far, refuse_other_sandbox
    from honk.cli.desk import person_path, run_async, server_beside, server_named
    from honk.client import Wish
    from honk.config import read_settings

    text = read_prompt(one_argument(prompt), sys.stdin.buffer)
    if (far := server_named(server)) is not None:
        refuse_far(agent=agent, model=model, sandbox=sandbox)
        wish = Wish(
            repository=str(repo or Path.cwd().name), prompt=text, base=base, max_usd=max_usd, max_minutes=max_minutes
        )
        raise typer.Exit(run_async(ask_far(far, wish, as_json=as_json)))
    settings = read_settings(sandbox=sandbox, agent=agent)
    request = request_of(
        text,
        person_path(repo),
        base,
        settings=settings,
        model=model,
        max_usd=max_usd,
        max_minutes=max_minutes,
    )
    if (near := server_beside(settings)) is not None:
        refuse_other_sandbox(settings, sandbox)
        own: dict[str, str | float | None] = {"path": str(request.repo), "prompt": text, "base": base}
        own |= {"agent": agent, "model": model, "max_usd": max_usd, "max_minutes": max_minutes}
        raise typer.Exit(run_async(ask_own(near, own, as_json=as_json)))
    raise typer.Exit(run_async(_carry_out(settings, request, as_json=as_json)))


async def _carry_out(settings: "Settings", request: "RunRequest", *, as_json: bool) -> int:
    from honk.cli.desk import working_desk
    from honk.cli.exit_codes import of_outcome
    from honk.cli.following import follow_to_end
    from honk.cli.progress import choose_view

    view = choose_view(as_json=as_json)
    async with working_desk(view, settings) as app:
        waiting = await app.interrupted()
        task = await app.submit(request)
        tell_interrupted(waiting, view)
        result = await follow_to_end(app, task.task_id, view)
    view.finish(result)
    return of_outcome(result.outcome, result.verification)


def tell_interrupted(waiting: "Sequence[Task]", view: "View") -> None:
    """Say what else lies there begun: nothing goes on by itself."""
    from honk.cli.facts import Line, Tone
    from honk.domain.amounts import counted

    if waiting:
        text = f"{counted(len(waiting), 'interrupted task')} waiting: honk task resume {waiting[0].task_id}"
        view.tell(Line(text=text, tone=Tone.UNSURE))


def one_argument(words: "Sequence[str]") -> str:
    """The request, which is one argument: of loose words the shell may have made anything already.

    Raises:
        UsageError: they are several; shows how it is written.
    """
    if len(words) == 1:
        return words[0]
    raise UsageError(
        f"The request came as {len(words)} arguments. Nothing was begun. Put it in quotes: "
        f"honk run {shlex.quote(' '.join(words))}"
    )


def read_prompt(prompt: str, stdin: BinaryIO) -> str:
    """The request as the front desk takes it, from the argument or, for "-", from standard input.

    Raises:
        UsageError: it is empty, far too long or not UTF-8.
    """
    from honk.domain.prompt import PROMPT_BYTES, checked_prompt

    raw = stdin.read(READ_BYTES + 1) if prompt == "-" else prompt.encode("utf-8", "surrogateescape")
    if len(raw) > READ_BYTES:
        raise UsageError(
            f"The request is longer than {READ_BYTES:,} bytes; {PROMPT_BYTES:,} is the most. Nothing was begun. Put "
            "long logs into a file of the repository, commit it, and name it in the request."
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"The request is not UTF-8 (byte {error.start}). Nothing was begun.") from error
    return checked_prompt(text)


def request_of(
    prompt: str,
    repo: Path,
    base: str | None,
    *,
    settings: "Settings",
    model: str | None = None,
    max_usd: float | None = None,
    max_minutes: float | None = None,
) -> "RunRequest":
    """The request as the front desk takes it; what was not given comes from the settings."""
    from honk.app import RunRequest

    return RunRequest(
        prompt=prompt,
        repo=repo,
        base=base,
        agent=settings.agent,
        model=model or settings.model.name,
        limits=limits_of(settings, max_usd, max_minutes),
    )


def limits_of(settings: "Settings", max_usd: float | None, max_minutes: float | None) -> "Limits":
    """The installation's limits, with what the person asked for in their place."""
    from honk.bootstrap import limits_of as _ceilings

    for option, given in (("--max-usd", max_usd), ("--max-minutes", max_minutes)):
        if given is not None and not math.isfinite(given):
            raise UsageError(f"{option} must be a number, and {given} is none that could be a limit.")
    limits = _ceilings(settings)
    if max_usd is not None:
        limits = dataclasses.replace(limits, cost_usd=max_usd)
    if max_minutes is not None:
        limits = dataclasses.replace(limits, wall_seconds=max_minutes * 60)
    return limits
