"""honk stats: how tasks end, with the denominators."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from honk.cli.facts import Line
    from honk.insight.tally import Tally


def stats(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Show how many tasks were asked for, how they ended, and how often a veto was recovered from."""
    from honk.cli.desk import run_async

    run_async(_stats(as_json=as_json))


async def _stats(*, as_json: bool) -> None:
    from honk.cli.desk import reading_desk
    from honk.cli.machine_lines import record_line
    from honk.cli.progress import print_lines

    async with reading_desk() as desk:
        found = await desk.tally()
    if as_json:
        sys.stdout.write(f"{record_line(found)}\n")
    else:
        print_lines(tally_lines(found))


def tally_lines(found: "Tally") -> "list[Line]":
    """A number a line, each beside what it is a part of."""
    from honk.cli.facts import Line
    from honk.insight.figures import Rate

    def part(name: str, hits: int, of: int) -> Line:
        return Line(text=f"  {name:<16}{Rate(hits=hits, of=of)}")

    asked = found.asked
    told = [Line(text=f"Asked {asked}" + ("" if asked else ": there are no tasks yet"))]
    told += [
        part("opened", found.opened, asked),
        part("no change", found.no_change, asked),
        part("answered", found.answered, asked),
        part("not applicable", found.not_applicable, asked),
        part("needs a person", found.needs_human, asked),
        part("vetoed", found.vetoed, asked),
        part("failed", found.failed, asked),
        part("cancelled", found.cancelled, asked),
        part("under way", found.under_way, asked),
    ]
    told += [Line(text=f"Opened {found.opened}"), part("merged", found.merged, found.opened)]
    after = found.recoveries
    told += [Line(text="Published after a veto, of the runs that saw one")]
    for name, rate in (("by a rule", after.by_rules), ("by the judge", after.by_judge), ("either", after.either)):
        told.append(Line(text=f"  {name:<16}{rate}"))
    return [*told, Line(text=f"Replays {found.replays}, counted in nothing above")]
