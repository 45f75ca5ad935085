"""`make bench`: what Honk costs beside doing the same by hand. Paired rounds, medians; nothing here is asserted.

    make bench                                                  everything, some 25 minutes
    make bench ARGS='--only large-flat,history --rounds 15'
    make bench ARGS='--quick'                                   smaller repositories, two rounds: whether it works
    make bench ARGS='--results /tmp/bench.json --missing'       go on where another bench was stopped
    make bench ARGS='--results /tmp/bench.json --write docs/reference/bench.md --only none'

How each row is measured: docs/reference/bench.md.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import figures
from figures import Row
from repositories import Repositories
from rows import GROUPS, Bench, told
from sides import Sides, scripts

from honk.testing.scripted_model import ScriptedModel


def options_of(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Honk beside doing it by hand; medians of paired rounds.")
    parser.add_argument("--only", help=f"groups of rows, by commas: {', '.join(GROUPS)}; none measures nothing")
    parser.add_argument("--rounds", type=int, help="rounds of each row (15, quick 2)")
    parser.add_argument("--quick", action="store_true", help="smaller repositories and two rounds; no figure to keep")
    parser.add_argument("--results", type=Path, help="keep every round here (JSON); rows that are there stay")
    parser.add_argument("--missing", action="store_true", help="measure only what the results do not have yet")
    parser.add_argument("--write", type=Path, help="fill this page's table from the results")
    options = parser.parse_args(argv)
    wanted = list(GROUPS) if options.only is None else [one for one in options.only.split(",") if one != "none"]
    if unknown := [one for one in wanted if one not in GROUPS]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    if (options.missing or options.write) and not options.results:
        parser.error("--missing and --write need --results")
    options.only = wanted
    options.rounds = options.rounds or (2 if options.quick else 15)
    return options


async def measure(options: argparse.Namespace, kept: list[Row]) -> list[Row]:
    """The rows wanted, beside those that were kept; written down after each group."""
    there = {row.name for row in kept}
    python = str(Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info[:2]))
    with tempfile.TemporaryDirectory(prefix="honk-bench-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        async with ScriptedModel(scripts()) as model:
            sides = Sides(place=place, model=model)
            repositories = Repositories(place=place, python=python, is_quick=options.quick)
            bench = Bench(place=place, repositories=repositories, sides=sides, rounds=options.rounds)
            for group in options.only:
                act, names = GROUPS[group]
                if options.missing and there.issuperset(names):
                    continue
                told(f"{group} begins, load {os.getloadavg()[0]:.1f}")
                found = [row async for row in act(bench)]
                kept = _in_order([row for row in kept if row.name not in names] + found)
                for row in found:
                    print(figures.lines(row), flush=True)
                if options.results:
                    options.results.write_text(figures.dump(kept, about(options)))
                await sides.tidy()
    return kept


def _in_order(rows: list[Row]) -> list[Row]:
    order = [name for _, names in GROUPS.values() for name in names]
    return sorted(rows, key=lambda row: order.index(row.name))


def about(options: argparse.Namespace) -> dict[str, object]:
    """Under which circumstances."""
    told_of: dict[str, object] = {
        "on": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load at the end": f"{os.getloadavg()[0]:.1f}",
    }
    return told_of | ({"quick": "smaller repositories; no figure to keep"} if options.quick else {})


def main() -> None:
    """Measure, print, keep, write the page."""
    options = options_of(sys.argv[1:])
    kept: list[Row] = []
    circumstances = about(options)
    if options.results and options.results.exists():
        kept, circumstances = figures.load(options.results.read_text())
    if options.only:
        rows = asyncio.run(measure(options, kept))
        print("\n" + "\n".join(figures.lines(row) for row in rows))
        print(f"load at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        kept, circumstances = rows, about(options)
    if options.write:
        options.write.write_text(figures.filled(options.write.read_text(), kept, circumstances))


if __name__ == "__main__":
    main()
