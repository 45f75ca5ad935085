"""The rooms as a workflow is handed them: ports only, named in `bootstrap`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from honk.agent import Agent
from honk.base.signing import Signer
from honk.domain.commit_text import Identity
from honk.domain.queue_filter import QueueTerms
from honk.forge import Forge
from honk.gateway import Gateway, Ledger
from honk.judge import Judge
from honk.store import Approvals, Blobs, Board, Events, Memo, PullRequests, Quotas, Repositories, Runs, Tasks
from honk.store.audit import Audit
from honk.store.conversation import Messages, Parking
from honk.store.production import Deployments
from honk.store.shipping import Shipments
from honk.store.showing import Previews
from honk.verifier import Gate
from honk.workspace import Source, Workspaces


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything a story needs. One per process."""

    home: Path
    """The state folder."""
    sandbox: str
    """The backend's name, for people."""
    tasks: Tasks
    runs: Runs
    events: Events
    board: Board
    pull_requests: PullRequests
    deployments: Deployments
    approvals: Approvals
    messages: Messages
    parking: Parking
    previews: Previews
    shipments: Shipments
    repositories: Repositories
    memo: Memo
    quotas: Quotas
    blobs: Blobs
    audit: Audit
    source: Source
    workspaces: Workspaces
    gateway: Gateway
    ledger: Ledger
    gate: Gate
    judge: Judge | None
    """None where the installation switched the judge off."""
    forge: Forge
    agent_of: Callable[[str], Agent]
    """From a task's `agent` words to the adapter. Raises UsageError for words it does not know."""
    identity: Identity
    queue_terms: QueueTerms = field(default_factory=QueueTerms)
    """When one more pull request waits for a person."""
    proposing: dict[str, asyncio.Lock] = field(default_factory=dict)
    """By repository: two that propose there at once look at each other's."""
    signer: Signer | None = None
    """None where commits are not signed."""
    pauses: dict[str, float] = field(default_factory=dict)
    """By run: the seconds that it stood still in this process, since something held everything."""
    halt_free_bytes: int = 64 << 20
    """Below it a run halts, while there is still room to write that down."""
    park_until: Callable[[datetime], datetime] | None = None
    """Until when what is parked then waits for a person. None where nobody is there to be asked: a command alone."""
