"""A replay and the task that it repeats, in two columns. Pure."""

from honk.cli.facts import Line, Tone
from honk.cli.terminal import one_line
from honk.domain.amounts import counted, duration
from honk.insight.side_by_side import ComparedFile, Comparison, Figures

WIDTH = 30
"""Of a column."""
FILES_SHOWN = 50


def side_by_side(comparison: Comparison) -> list[Line]:
    """Row by row, then file by file; what differs stands out."""
    first, replay = comparison.first, comparison.replay
    told = [Line(text=""), _row("", "first", "replay")]
    if first is None:
        told.append(Line(text="  the first task was deleted; only the replay is kept", tone=Tone.UNSURE))
    left = {} if first is None else _rows(first)
    told += [_row(name, left.get(name, "-"), value) for name, value in _rows(replay).items()]
    if comparison.files:
        told.append(Line(text="Files"))
    told += [_file(file) for file in comparison.files[:FILES_SHOWN]]
    if (more := len(comparison.files) - FILES_SHOWN) > 0:
        told.append(Line(text=f"  and {more} more"))
    return told


def _row(name: str, first: str, replay: str) -> Line:
    is_apart = name not in ("", "task") and first != replay
    text = f"  {name:<14}{one_line(first, WIDTH):<{WIDTH + 2}}{one_line(replay, WIDTH)}".rstrip()
    return Line(text=text, tone=Tone.UNSURE if is_apart else Tone.PLAIN)


def _rows(side: Figures) -> dict[str, str]:
    failed = f", {side.tests_failed} failed" if side.tests_failed else ""
    return {
        "task": side.task_id,
        "agent": side.agent,
        "model": side.model,
        "brief": f"v{side.brief_version}",
        "outcome": "not ended yet" if side.outcome is None else str(side.outcome).replace("_", " "),
        "verification": str(side.verification),
        "verdict": "not judged" if side.ruling is None else str(side.ruling).replace("_", " "),
        "attempts": f"{side.attempts}, {counted(side.turns, 'turn')}",
        "tests": f"{side.tests_passed} passed{failed}",
        "change": f"{counted(side.files, 'file')}, +{side.added_lines} −{side.deleted_lines}",
        "tokens": f"{side.input_tokens:,} in, {side.output_tokens:,} out",
        "cost": f"${side.cost_usd:.4f}",
        "time": duration(side.seconds),
    }


def _file(file: ComparedFile) -> Line:
    first = _lines(file.first_added, file.first_deleted)
    replay = _lines(file.replay_added, file.replay_deleted)
    path = one_line(file.path)
    if not file.in_replay:
        return Line(text=f"  only first   {path} {first}", tone=Tone.UNSURE)
    if not file.in_first:
        return Line(text=f"  only replay  {path} {replay}", tone=Tone.UNSURE)
    if file.is_same:
        return Line(text=f"  the same     {path} {first}", tone=Tone.GOOD)
    word = "both         " if file.is_same is None else "differs      "
    return Line(text=f"  {word}{path} {first} | {replay}", tone=Tone.UNSURE)


def _lines(added: int | None, deleted: int | None) -> str:
    return "binary" if added is None or deleted is None else f"+{added} −{deleted}"
