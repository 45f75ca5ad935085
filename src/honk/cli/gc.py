"""honk gc: deletes what the state folder need not keep any longer."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from honk.cli.facts import Line
    from honk.domain.retention import Removal
    from honk.workflows.housekeeping import Plan, Swept


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted, and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line; the last is the sum.")] = False,
) -> None:
    """Delete what has passed its age, and what is over the ceiling; [retention] in honk.toml sets both.

    What a task under way or an open pull request needs is never touched; tasks, evidence and diffs are kept.
    """
    from honk.cli.desk import run_async

    raise typer.Exit(run_async(_keep_house(dry_run=dry_run, as_json=as_json)))


async def _keep_house(*, dry_run: bool, as_json: bool) -> int:
    from honk.cli.desk import own_desk
    from honk.cli.exit_codes import OK, OWN_FAULT
    from honk.cli.progress import print_lines

    def tell(removal: "Removal") -> None:
        if as_json:
            sys.stdout.write(f"{removal_line(removal)}\n")
            sys.stdout.flush()
        else:
            print_lines([removal_words(removal)])

    async with own_desk() as desk:
        plan = await desk.plan_housekeeping()
        if dry_run:
            for removal in plan.removals:
                tell(removal)
            print_lines(planned(plan)) if not as_json else _write(planned_sum(plan))
            return OK
        swept = await desk.keep_house(plan, tell)
    print_lines(summed(swept)) if not as_json else _write(swept_sum(swept))
    return OWN_FAULT if swept.left else OK


def _write(sums: dict[str, object]) -> None:
    import json

    sys.stdout.write(f"{json.dumps(sums)}\n")


def removal_line(removal: "Removal") -> str:
    """One thing, for programs."""
    from honk.cli.machine_lines import record_line

    return record_line(removal)


def removal_words(removal: "Removal") -> "Line":
    """One thing, for people."""
    from honk.cli.facts import Line
    from honk.cli.terminal import one_line
    from honk.workflows.housekeeping import size_words

    item = removal.item
    size = size_words(item.size_bytes) if item.size_bytes else ""
    return Line(text=f"{size:>10}  {item.kind}: {one_line(item.name)} ({removal.reason})")


def planned(plan: "Plan") -> "list[Line]":
    """The sum of a dry run, and what is kept, kind by kind."""
    from honk.cli.facts import Line, Tone
    from honk.domain.amounts import counted
    from honk.workflows.housekeeping import size_words

    told = [Line(text=f"honk gc would delete {counted(len(plan.removals), 'thing')}: {size_words(plan.gives_back)}")]
    for kind, items in _by_kind(plan).items():
        size, needed = sum(item.size_bytes for item in items), sum(bool(item.needed_by) for item in items)
        words = f"  kept: {counted(len(items), kind)}" + (f", {size_words(size)}" if size else "")
        told.append(Line(text=words + (f", {needed} of them needed" if needed else ""), tone=Tone.QUIET))
    return told


def _by_kind(plan: "Plan") -> "dict[str, list[Any]]":
    found: dict[str, list[Any]] = {}
    for item in plan.kept:
        found.setdefault(str(item.kind), []).append(item)
    return found


def summed(swept: "Swept") -> "Iterable[Line]":
    """What came of it."""
    from honk.cli.facts import Line, Tone
    from honk.cli.terminal import one_line
    from honk.domain.amounts import counted
    from honk.workflows.housekeeping import size_words

    deleted = f"deleted {counted(len(swept.removed), 'thing')}: {size_words(swept.gave_back)}"
    told = [Line(text=f"{deleted}; {size_words(swept.free_bytes)} are free now")]
    for removal, why in swept.left:
        told.append(Line(text=f"  left: {one_line(removal.item.name)}: {one_line(why)}", tone=Tone.UNSURE))
    return told


def planned_sum(plan: "Plan") -> dict[str, object]:
    """The last line of `honk gc --dry-run --json`."""
    return {"would_delete": len(plan.removals), "gives_back_bytes": plan.gives_back, "kept": len(plan.kept)}


def swept_sum(swept: "Swept") -> dict[str, object]:
    """The last line of `honk gc --json`."""
    left = [{"name": removal.item.name, "why": why} for removal, why in swept.left]
    return {
        "deleted": len(swept.removed), "gave_back_bytes": swept.gave_back, "left": left, "free_bytes": swept.free_bytes,
    }  # fmt: skip
