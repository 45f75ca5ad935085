"""Every figure stands beside what it is a part of."""

from dataclasses import replace
from datetime import UTC, datetime

from honk.cli.stats import tally_lines
from honk.domain.evidence import Ruling, Verdict
from honk.domain.task import Outcome, OutcomeName, Status, Task
from honk.insight.tally import tally
from honk.store import Attempt
from honk.testing.store_rules import a_task

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
VETO = Verdict(ruling=Ruling.VETO, reasons=("too wide",), judge="model", prompt_version="1", seconds=1)


def ended(task_id: str, name: OutcomeName) -> Task:
    return replace(a_task(task_id), status=Status.FINISHED, outcome=Outcome(name=name, reason=""))


def attempt(run_id: str, number: int, decision: str, verdict: Verdict | None = None) -> Attempt:
    return Attempt(
        attempt_id=f"{run_id}-{number}", run_id=run_id, number=number, session_id="s", prompt="p", started_at=NOON,
        decision=decision, verdict=verdict,
    )  # fmt: skip


def test_every_task_is_counted_in_exactly_one_line() -> None:
    names = [name for name in OutcomeName if name is not OutcomeName.REPLAYED]
    tasks = [ended(f"t{number}", name) for number, name in enumerate(names)]
    found = tally([*tasks, a_task("running")], {})
    parts = (
        found.under_way, found.no_change, found.answered, found.not_applicable, found.needs_human, found.vetoed,
        found.failed, found.cancelled, found.opened,
    )  # fmt: skip
    assert found.asked == sum(parts) == len(names) + 1
    assert (found.opened, found.merged, found.under_way) == (2, 1, 1)


def test_a_replay_is_counted_apart_and_so_are_its_vetoes() -> None:
    again = replace(ended("t2", OutcomeName.REPLAYED), replay_of="t1")
    vetoed = [attempt("t2-1", 1, "retry", VETO), attempt("t2-1", 2, "publish")]
    found = tally([ended("t1", OutcomeName.OPENED), again], {"t2": vetoed})
    assert (found.asked, found.opened, found.replays) == (1, 1, 1)
    assert found.recoveries.either.of == 0


def test_a_run_that_was_vetoed_and_then_published_has_recovered() -> None:
    attempts = {
        "t1": [attempt("t1-1", 1, "retry", VETO), attempt("t1-1", 2, "publish")],
        "t2": [attempt("t2-1", 1, "retry", VETO), attempt("t2-1", 2, "stop", VETO)],
        "t3": [attempt("t3-1", 1, "publish")],
    }
    tasks = [ended("t1", OutcomeName.MERGED), ended("t2", OutcomeName.VETOED), ended("t3", OutcomeName.OPENED)]
    found = tally(tasks, attempts)
    assert (found.recoveries.by_judge.hits, found.recoveries.by_judge.of) == (1, 2)
    told = [line.text for line in tally_lines(found)]
    assert any(line.startswith("  merged          1/2 (50.0%") for line in told)
    assert any(line.startswith("  by the judge    1/2 (50.0%") for line in told)
    assert any(line.startswith("  vetoed          1/3 (33.3%") for line in told)


def test_nothing_of_nothing_is_no_rate() -> None:
    told = [line.text for line in tally_lines(tally([], {}))]
    assert told[0] == "Asked 0: there are no tasks yet"
    assert "  opened          –" in told
