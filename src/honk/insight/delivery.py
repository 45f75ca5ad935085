"""What became of a merged change in production, as its task's page shows it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from honk.domain.change import PullRequest
from honk.domain.deployment import Deployment, DeploymentState, Undo, UndoState
from honk.insight.tone import Badge, Tone
from honk.store import TaskEvent

S, U = DeploymentState, UndoState
_OF_DEPLOYMENT = {
    S.WAITING: Badge(sign="◌", word="waits for its turn", tone=Tone.PLAIN),
    S.RUNNING: Badge(sign="▸", word="deploying", tone=Tone.LIVE),
    S.CHECKING: Badge(sign="▸", word="health is asked", tone=Tone.LIVE),
    S.DEPLOYED: Badge(sign="✓", word="deployed", tone=Tone.GOOD),
    S.FAILED: Badge(sign="✗", word="deployment failed", tone=Tone.BAD),
    S.INTERRUPTED: Badge(sign="✗", word="deployment interrupted", tone=Tone.BAD),
    S.ROLLED_BACK: Badge(sign="↩", word="rolled back", tone=Tone.PLAIN),
    S.SUPERSEDED: Badge(sign="–", word="not deployed", tone=Tone.PLAIN),
}
_OF_UNDO = {
    U.WAITING: Badge(sign="◌", word="undo waits", tone=Tone.PLAIN),
    U.ROLLING_BACK: Badge(sign="▸", word="rolling back", tone=Tone.LIVE),
    U.REVERTING: Badge(sign="▸", word="making the reverse change", tone=Tone.LIVE),
    U.DONE: Badge(sign="↩", word="undone", tone=Tone.PLAIN),
    U.NEEDS_HUMAN: Badge(sign="?", word="the code is not undone: a person must", tone=Tone.UNSURE),
}
_ALARMS = {S.FAILED: "Its deployment failed", S.INTERRUPTED: "Its deployment was interrupted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The panel's values."""

    deployment: Deployment | None = None
    badge: Badge | None = None
    undo: Undo | None = None
    undo_badge: Badge | None = None
    not_visible: str = ""
    """Why Honk does not deploy it."""
    can_undo: bool = False
    """Whether there is something to undo, and nobody asked for that yet."""

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to say."""
        return self.deployment is not None or self.undo is not None or self.can_undo or bool(self.not_visible)

    @property
    def now(self) -> str:
        """Behind the sentence of the merge, the newest of production."""
        badge = self.undo_badge or self.badge
        return f" {badge.word.capitalize()}." if badge is not None else ""

    @property
    def alarm(self) -> str:
        """Before anything else, where it came to no good end: how, and what an undo did about it; empty else."""
        one = self.deployment
        if one is None or one.state not in _ALARMS:
            return ""
        undone = "" if self.undo is None else f" {self.undo.rollback}" if self.undo.rollback else self.now
        return f"{_ALARMS[one.state]}: {one.reason}{undone}"


def badge_of(deployment: Deployment) -> Badge:
    """Where it is."""
    return _OF_DEPLOYMENT[deployment.state]


def delivery_of(
    pull_request: PullRequest | None,
    deployments: Sequence[Deployment],
    undos: Sequence[Undo],
    events: Sequence[TaskEvent],
) -> Delivery:
    """Of the task's newest pull request; of one that is not merged there is nothing to say."""
    if pull_request is None or pull_request.merged_sha is None:
        return Delivery()
    sha = pull_request.merged_sha
    mine = [one for one in deployments if one.merged_sha == sha]
    run = [one for one in mine if one.state is not S.SUPERSEDED]
    deployment = next(reversed(run or mine), None)
    undo = next((one for one in reversed(undos) if one.merged_sha == sha), None)
    told = [one.body for one in events if one.kind == "deployment" and one.body.get("state") == "not_visible"]
    return Delivery(
        deployment=deployment,
        badge=None if deployment is None else _OF_DEPLOYMENT[deployment.state],
        undo=undo,
        undo_badge=None if undo is None else _OF_UNDO[undo.state],
        not_visible=str(told[-1].get("words", "")) if told and deployment is None else "",
        can_undo=undo is None,
    )
