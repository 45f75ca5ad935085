"""A judge that says what it was told to say."""

from dataclasses import dataclass, field

from honk.domain.evidence import Ruling, Verdict
from honk.domain.task import Brief

PASS = (Ruling.PASS, "It does what was asked.")


@dataclass(slots=True)
class ScriptedJudge:
    """Gives its rulings in order; the last one stays. Remembers what it was asked."""

    rulings: tuple[tuple[Ruling, str], ...] = (PASS,)
    asked: list[tuple[Brief, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "scripted"

    async def judge(self, brief: Brief, diff: str, *, run_id: str, budget_usd: float) -> Verdict:
        """The next ruling."""
        ruling, reason = self.rulings[min(len(self.asked), len(self.rulings) - 1)]
        self.asked.append((brief, diff))
        return Verdict(ruling=ruling, reasons=(reason,), judge=self.name, prompt_version="scripted", seconds=0.0)
