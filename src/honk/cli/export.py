"""honk task export: everything that is kept of a task, for programs."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.app import App


def export(
    task: Annotated[str, typer.Argument(help="The task's id, or its beginning.")],
    otlp: Annotated[bool, typer.Option("--otlp", help="One OpenTelemetry trace instead, as OTLP/JSON.")] = False,
) -> None:
    """Write out everything that is kept of a task, one JSON object a line; also while it runs.

    What looks like a secret is struck out.
    """
    from honk.cli.desk import run_async

    run_async(_export(task, otlp=otlp))


async def _export(task_id: str, *, otlp: bool) -> None:
    from honk.base.censor import Censor
    from honk.cli.desk import reading_desk
    from honk.cli.machine_lines import blob_line, kept_lines
    from honk.domain.audit import AT_THE_MACHINE
    from honk.insight.otlp import trace_document

    censor = Censor()
    async with reading_desk() as desk:
        kept = await desk.kept(task_id)
        await desk.audit.tell_reading(AT_THE_MACHINE, kept.task.task_id, "export")
        if otlp:
            sys.stdout.write(f"{censor.clean(trace_document(kept))}\n")
            return
        for line in kept_lines(kept):
            sys.stdout.write(f"{censor.clean(line)}\n")
        for key in kept.blobs:
            sys.stdout.write(f"{censor.clean(blob_line(key, await _text_of(desk, key)))}\n")


async def _text_of(desk: "App", key: str) -> str | None:
    """What is no text in it is shown as escapes."""
    from honk.store import NotFound

    try:
        return (await desk.diff(key)).decode(errors="backslashreplace")
    except NotFound:
        return None
