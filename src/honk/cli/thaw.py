"""honk thaw: lifts a freezing; after a restore, once what differs outside was told."""

from typing import Annotated

import typer


def thaw(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Let go although there are differences.")] = False,
) -> None:
    """Lift a freezing: everything goes on by itself, also in a running server.

    A restored state is compared with what exists outside first, and the differences are told.

    Exit code 3 where there are differences and nobody agreed to go on.
    """
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_thaw(is_agreed=yes)))


async def _thaw(*, is_agreed: bool) -> int:
    from honk.cli import asking
    from honk.cli.desk import own_desk
    from honk.cli.exit_codes import NOTHING_TO_MERGE, OK
    from honk.cli.facts import Line, Tone
    from honk.cli.progress import print_lines
    from honk.cli.terminal import one_line
    from honk.config import read_settings
    from honk.workflows.frost import frost_of

    if (frost := frost_of(read_settings().home)) is not None and not frost.is_restored:
        return await _lift()
    async with own_desk() as desk:
        if not desk.is_frozen:
            print_lines([Line(text="Nothing is frozen here.")])
            return OK
        found = await desk.differences()
        print_lines(Line(text=one_line(sentence, 500), tone=Tone.UNSURE) for sentence in found)
        if found and not is_agreed and not (asking.can_ask() and asking.is_agreed("Go on all the same?")):
            print_lines([Line(text="Still frozen. When you have looked: honk thaw --yes")])
            return NOTHING_TO_MERGE
        await desk.thaw()
    print_lines([Line(text="thawed: work goes on" if found else "thawed: everything outside is as it is here")])
    return OK


async def _lift() -> int:
    """Of a freezing that somebody ordered: beside whoever works."""
    from dataclasses import replace

    from honk.cli.desk import person_here, reading_desk
    from honk.cli.exit_codes import OK
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.cli.terminal import one_line
    from honk.domain.audit import AT_THE_MACHINE
    from honk.workflows.frost import words_of

    async with reading_desk() as desk:
        frost = await desk.watch.thaw(replace(AT_THE_MACHINE, name=person_here()))
    words = "nothing is frozen any more" if frost is None else f"it was frozen {one_line(words_of(frost), 300)}"
    print_lines([Line(text=f"thawed: everything goes on ({words})")])
    return OK
