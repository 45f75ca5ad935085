"""honk freeze: stops everything that goes out, at once; honk thaw lifts it."""

from typing import Annotated

import typer


def freeze(why: Annotated[str, typer.Argument(help="For the record, and for whoever waits.")] = "") -> None:
    """Stop everything at once, also beside a running server: no push, no merge, no call to a model from now on.

    What runs is stopped within 2 s and keeps its work, what is in line waits, and what is asked for is refused. honk
    thaw lets all of it go on.
    """
    from honk.cli.desk import run_async

    run_async(_freeze(why))


async def _freeze(why: str) -> None:
    from dataclasses import replace

    from honk.cli.desk import person_here, reading_desk
    from honk.cli.facts import Line, Tone
    from honk.cli.progress import print_lines
    from honk.cli.terminal import one_line
    from honk.config import read_settings
    from honk.domain.audit import AT_THE_MACHINE
    from honk.workflows.claim import make_private
    from honk.workflows.frost import freeze, words_of

    home, who = read_settings().home, replace(AT_THE_MACHINE, name=person_here())
    make_private(home)
    freeze(home, why, who.name)  # before the database is opened: it may be what is broken
    async with reading_desk() as desk:
        frost = await desk.watch.freeze(why, who)
    words = one_line(words_of(frost), 300)
    print_lines([
        Line(text=f"frozen {words}", tone=Tone.UNSURE),
        Line(text="  nothing is begun, pushed, merged or asked of a model before: honk thaw"),
    ])  # fmt: skip
