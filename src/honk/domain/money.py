"""What calls to a model cost."""

from dataclasses import dataclass

TURN = "agent"
"""The purpose of a call that is a turn: a generation of the working agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call to a model, as it was billed."""

    call_id: str
    run_id: str
    purpose: str
    model: str
    reserved_usd: float
    cost_usd: float | None
    """None while the call is under way, and the reservation counts; a broken stream keeps its reservation."""
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    status: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run has used, reservations of calls under way or broken included."""

    cost_usd: float
    calls: int
    turns: int
    """Calls of the working agent that were answered, or may have been: those under way or broken included."""
    input_tokens: int
    output_tokens: int
