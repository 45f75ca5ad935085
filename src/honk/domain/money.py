"""What calls to a model cost."""

from dataclasses import dataclass
from datetime import datetime

TURN = "agent"
"""The purpose of a call that is a turn: a generation of the working agent."""
ANSWERED = 200
BROKEN_OFF = 206
"""The status of a call whose answer broke off, or is still coming: its cost is what is known of it so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call to a model, as it was billed."""

    call_id: str
    run_id: str
    purpose: str
    model: str
    reserved_usd: float
    cost_usd: float | None
    """What the service is known to have counted; None where it has told nothing. Until the answer is whole, the
    reservation counts against the budget."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    status: int = 0
    """Of the answer, as HTTP counts; 0 until there is one."""
    seconds: float = 0.0
    asked_at: datetime | None = None
    """When it was reserved, just before it was made; None for calls that an older Honk wrote down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run has used."""

    cost_usd: float
    """As far as it is known."""
    calls: int
    turns: int
    """Calls of the working agent that were answered, or may have been: those under way or broken included."""
    input_tokens: int
    output_tokens: int
    held_usd: float = 0.0
    """What calls under way or broken off may have cost besides: nobody knows, so the budget counts it."""

    @property
    def committed_usd(self) -> float:
        """What the budget counts."""
        return self.cost_usd + self.held_usd
