"""honk audit: the log of outward acts: who had what done, and proof that nobody changed that."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from honk.cli.steer import OfServer

if TYPE_CHECKING:
    from honk.cli.facts import Line
    from honk.client import AuditLog, LogState
    from honk.domain.audit import Row

app = typer.Typer(help="What went out, for whom, and who read what.", no_args_is_help=True, rich_markup_mode=None)
PAGE = 1000


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    subject: Annotated[str, typer.Option(help="Of this alone: task:ID, pull_request:NUMBER, person:ID.")] = "",
    act: Annotated[str, typer.Option(help="This act alone: push, merge, read...")] = "",
    server: OfServer = None,
) -> None:
    """Show the newest entries, the newest last."""
    from honk.cli.desk import run_async

    run_async(_list(server, limit, subject, act))


@app.command("export")
def export(
    after: Annotated[int, typer.Option(min=0, help="Only behind this number: what you have already.")] = 0,
    server: OfServer = None,
) -> None:
    """Write out every entry, one JSON object a line."""
    from honk.cli.desk import run_async

    run_async(_export(server, after))


@app.command("verify")
def verify(
    anchor: Annotated[
        Path | None, typer.Option(help="A file of heads that you kept: the log is held against it, on this machine.")
    ] = None,
    server: OfServer = None,
) -> None:
    """Prove that nobody changed the log. Exit code 5 names the first entry that is not as it was written."""
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_verify(server, anchor)))


@app.command("head")
def head(server: OfServer = None) -> None:
    """Print the newest entry's number and digest, as an anchor keeps it."""
    from honk.cli.desk import run_async

    run_async(_head(server))


@asynccontextmanager
async def _log(server: str | None) -> AsyncIterator["AuditLog"]:
    """At the server that is named; else in the state folder, also while a server works there."""
    from honk.cli.desk import reading_desk, server_named

    if (far := server_named(server)) is not None:
        from honk.client.http import open_far_desk

        async with open_far_desk(far) as desk:
            yield desk
        return
    from honk.cli.near_audit import NearAudit

    async with reading_desk() as near:
        yield NearAudit(near.audit)


async def _rows(log: "AuditLog", after: int = 0) -> AsyncIterator["Row"]:
    while rows := await log.rows(after, PAGE):
        for row in rows:
            yield row
        last = rows[-1].place
        if len(rows) < PAGE or not isinstance(last, int) or last <= after:
            return
        after = last


async def _list(server: str | None, limit: int, subject: str, act: str) -> None:
    from collections import deque

    from honk.cli.facts import Line
    from honk.cli.near_audit import line_of_row
    from honk.cli.progress import print_lines

    async with _log(server) as log:
        newest = (await log.head()).sequence
        found: deque[Line] = deque(maxlen=limit)
        async for row in _rows(log, 0 if subject or act else max(0, newest - limit)):
            if (line := line_of_row(row, subject, act)) is not None:
                found.append(line)
    print_lines(found or [Line(text="Nothing stands in the log.")])


async def _export(server: str | None, after: int) -> None:
    from honk.cli.near_audit import export_line

    async with _log(server) as log:
        async for row in _rows(log, after):
            sys.stdout.write(f"{export_line(row)}\n")


async def _verify(server: str | None, anchor: Path | None) -> int:
    from honk.cli.exit_codes import FAILED, OK
    from honk.cli.progress import print_lines

    async with _log(server) as log:
        state = await log.state() if anchor is None else await _held_against(log, anchor)
    print_lines(_told(state))
    return OK if state.wrong is None else FAILED


async def _held_against(log: "AuditLog", anchor: Path) -> "LogState":
    from honk.base.errors import UsageError
    from honk.cli.desk import person_path
    from honk.cli.near_audit import state_of
    from honk.domain.audit_check import read_anchor, verify_chain

    rows = [row async for row in _rows(log)]
    try:
        with person_path(anchor).open(encoding="ascii", errors="replace") as lines:
            return state_of(verify_chain(rows, read_anchor(lines)))
    except OSError as error:
        raise UsageError(f"{anchor} cannot be read: {error.strerror}. Nothing was verified.") from error


def _told(state: "LogState") -> "list[Line]":
    from honk.cli.facts import Line, Tone

    wrong, head = state.wrong, state.head
    if wrong is None:
        lines = [Line(text=f"whole: {head.sequence} entries, up to {head.digest}", tone=Tone.GOOD)]
    else:
        lines = [
            Line(text=f"NOT WHOLE: {wrong.kind} at entry {wrong.sequence}: {wrong.words}", tone=Tone.BAD),
            Line(text=f"  before it {head.sequence} entries are as they were written; behind it nothing is proved"),
        ]
    lines += [Line(text=f"  {note}", tone=Tone.UNSURE) for note in state.notes]
    if state.unended:
        numbers = ", ".join(map(str, state.unended[:20]))
        words = f"  without an end (under way, or a crash stood between): {numbers}"
        lines.append(Line(text=words, tone=Tone.UNSURE))
    return lines


async def _head(server: str | None) -> None:
    from honk.domain.audit_check import KEPT, anchor_line

    async with _log(server) as log:
        sys.stdout.write(anchor_line(await log.head(), KEPT))
