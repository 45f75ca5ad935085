"""How often a refused attempt is followed by an accepted one in the same run. Pure, over stored attempts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from honk.domain.decide import Next
from honk.domain.evidence import Ruling, Severity
from honk.insight.figures import Rate
from honk.store import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoveries:
    """Runs with a veto, and those of them that were published after all."""

    by_rules: Rate
    by_judge: Rate
    either: Rate


def recoveries(runs: Iterable[Sequence[Attempt]]) -> Recoveries:
    """Over the attempts of each run, in any order. A run counts once for each kind of veto that it saw."""
    rules, judge, either = [], [], []
    for attempts in runs:
        ordered = sorted(attempts, key=lambda attempt: attempt.number)
        first_rule = _first(ordered, vetoed_by_rules)
        first_judge = _first(ordered, vetoed_by_judge)
        rules += _ended(ordered, first_rule)
        judge += _ended(ordered, first_judge)
        either += _ended(ordered, min((n for n in (first_rule, first_judge) if n is not None), default=None))
    return Recoveries(by_rules=_rate(rules), by_judge=_rate(judge), either=_rate(either))


def vetoed_by_rules(attempt: Attempt) -> bool:
    findings = attempt.examination.findings if attempt.examination is not None else ()
    return any(finding.severity is Severity.VETO for finding in findings)


def vetoed_by_judge(attempt: Attempt) -> bool:
    return attempt.verdict is not None and attempt.verdict.ruling is Ruling.VETO


def _first(attempts: Sequence[Attempt], is_vetoed: Callable[[Attempt], bool]) -> int | None:
    return next((place for place, attempt in enumerate(attempts) if is_vetoed(attempt)), None)


def _ended(attempts: Sequence[Attempt], vetoed: int | None) -> list[bool]:
    """Whether a later attempt was published; nothing for a run without a veto."""
    if vetoed is None:
        return []
    return [any(attempt.decision == Next.PUBLISH for attempt in attempts[vetoed + 1 :])]


def _rate(outcomes: Sequence[bool]) -> Rate:
    return Rate(hits=sum(outcomes), of=len(outcomes))
