"""The only way out: holds the real key, gives each run a token of its own, meters and reserves money."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from honk.base.errors import HonkError
from honk.domain.money import ModelCall as ModelCall
from honk.domain.money import Spending as Spending

MODEL_PORT = 8081
"""Loopback port of the model route in every sandbox."""
REGISTRY_PORT = 8082
"""Loopback port of the package route; open in set-up sandboxes only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the bearer of one token may do."""

    run_id: str
    purpose: str
    """"agent", "judge", "intake": shown in the ledger, with ", aside" for a call that is no turn."""
    token: str = field(repr=False)
    budget_usd: float
    turns: int | None = None
    """Answered model generations allowed; None where somebody else counts."""


class Ledger(Protocol):
    """Where calls are written down before they are made. The store is one."""

    async def reserve(self, call: ModelCall, budget_usd: float) -> bool:
        """Write the reservation down, in one transaction with the check that the run's sum stays within the budget.

        False, and nothing written, if it would not.
        """
        ...

    async def settle(self, call: ModelCall) -> None:
        """Replace the reservation by what the call cost."""
        ...

    async def spending(self, run_id: str) -> Spending: ...

    async def calls_of(self, run_id: str) -> Sequence[ModelCall]:
        """Every call of the run as it was last written, in the order of reservation."""
        ...


class Gateway(Protocol):
    """Serves runs on sockets that the sandbox handed out."""

    def serve_model(self, listener: socket.socket, grant: Grant) -> AbstractAsyncContextManager[None]:
        """Serve the model API on the socket until the context ends; calls under way then are broken off."""
        ...

    def serve_registry(self, listener: socket.socket) -> AbstractAsyncContextManager["RegistryLog"]:
        """Serve package registries, read-only, on the socket until the context ends. Only for set-up sandboxes."""
        ...

    async def close(self) -> None: ...


class Gatekeeper(Protocol):
    """Whom the gateway asks before a call to a model, and tells what came of it."""

    def objection(self) -> str | None:
        """Why no call may go out now; None where it may."""
        ...

    def answered(self, status: int, model: str, run_id: str) -> None:
        """The status of the far side's answer to this run; 0 where there was none."""
        ...


@dataclass(slots=True)
class RegistryLog:
    """What went over a package route."""

    requests: int = 0
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where model calls go. The key is read by whoever makes this, and lives nowhere else."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    """Sent with every call: the key, and what an own gateway wants."""


class GatewayError(HonkError):
    """The gateway itself broke."""
