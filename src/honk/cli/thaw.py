"""honk thaw: lets a restored state folder act outside again, once its differences were told."""

from typing import Annotated

import typer


def thaw(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Let go although there are differences.")] = False,
) -> None:
    """Compare a restored state with what exists outside, tell the differences, and let outward acts through again.

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
