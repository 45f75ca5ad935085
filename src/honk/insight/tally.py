"""How tasks end, each number with what it is a part of. Pure, over stored tasks and attempts."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from honk.domain.task import OutcomeName, Task
from honk.insight.recoveries import Recoveries, recoveries
from honk.store import Attempt

_PUBLISHED = (OutcomeName.OPENED, OutcomeName.MERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Of all tasks that are kept; replays are counted apart, and in nothing else."""

    asked: int
    under_way: int
    no_change: int
    answered: int
    not_applicable: int
    needs_human: int
    vetoed: int
    failed: int
    cancelled: int
    opened: int
    """Pull requests that were opened, merged ones too. With the lines above it adds up to what was asked."""
    merged: int
    """Of the opened ones."""
    recoveries: Recoveries
    """Runs with a veto, and those of them that were published after all."""
    replays: int


def tally(tasks: Sequence[Task], attempts: Mapping[str, Sequence[Attempt]]) -> Tally:
    """`attempts` by task."""
    asked = [task for task in tasks if task.replay_of is None]
    ended = Counter(task.outcome.name for task in asked if task.outcome is not None)
    runs: dict[str, list[Attempt]] = defaultdict(list)
    for task in asked:
        for attempt in attempts.get(task.task_id, ()):
            runs[attempt.run_id].append(attempt)
    return Tally(
        asked=len(asked),
        under_way=len(asked) - ended.total(),
        no_change=ended[OutcomeName.NO_CHANGE],
        answered=ended[OutcomeName.ANSWERED],
        not_applicable=ended[OutcomeName.NOT_APPLICABLE],
        needs_human=ended[OutcomeName.NEEDS_HUMAN],
        vetoed=ended[OutcomeName.VETOED],
        failed=ended[OutcomeName.FAILED],
        cancelled=ended[OutcomeName.CANCELLED],
        opened=sum(ended[name] for name in _PUBLISHED),
        merged=ended[OutcomeName.MERGED],
        recoveries=recoveries(runs.values()),
        replays=len(tasks) - len(asked),
    )
