"""Reads brief and diff, nothing else, and says pass, veto, or that a person must look."""

from typing import Protocol

from honk.domain.evidence import Verdict
from honk.domain.task import Brief


class Judge(Protocol):
    """An opinion that can only make things stricter."""

    @property
    def name(self) -> str: ...

    async def judge(self, brief: Brief, diff: str, *, run_id: str, budget_usd: float) -> Verdict:
        """The verdict. Time-out, refusal, truncation and nonsense are `needs_human`, never a pass, never an exception.

        On cancellation the call under way is broken off.
        """
        ...
