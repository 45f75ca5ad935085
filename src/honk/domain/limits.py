"""The limits of a run, enforced outside the agent."""

from dataclasses import dataclass
from enum import StrEnum


class LimitName(StrEnum):
    """Each limit by the name that the person reads."""

    ATTEMPTS = "attempts"
    TURNS = "turns"
    WALL = "wall"
    IDLE = "idle"
    MONEY = "money"
    OUTPUT = "output"
    DISK = "disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Ceilings of one run; the repository may only lower them."""

    attempts: int = 3
    turns: int = 60
    """Model generations over all attempts."""
    wall_seconds: float = 1800.0
    idle_seconds: float = 400.0
    """Longest silence of the agent; must exceed the longest single tool call."""
    cost_usd: float = 5.0
    output_bytes: int = 64 << 20
    """Of the agent's own stream, and of one command."""
    disk_bytes: int = 4 << 30
    """What one attempt may write into its workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a run used so far."""

    turns: int = 0
    cost_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    held_usd: float = 0.0
    """What calls that broke off may have cost besides."""
