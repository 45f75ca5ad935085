"""What of the state folder may go, in which order, and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a thing in the state folder is. In this order things go where the disk ceiling is passed."""

    LITTER = "litter"
    """Half made or half deleted: of a process that died."""
    ROOM = "clean room"
    TEMPLATE = "template"
    ENVIRONMENT = "environment"
    DEMO = "demo"
    BACKUP = "database backup"
    FAULT_LOG = "log of a fault"
    LOG = "log"
    WORKSPACE = "workspace"
    AGENT_STATE = "agent state"
    ENGINE_ROW = "engine rows"
    DIFF = "diff"


CACHES = frozenset({Kind.LITTER, Kind.ROOM, Kind.TEMPLATE, Kind.ENVIRONMENT})
"""What is made anew by itself when it is needed again."""
_DAYS: Mapping[Kind, float] = {
    Kind.LITTER: 0,
    Kind.ROOM: 0,
    Kind.TEMPLATE: 14,
    Kind.ENVIRONMENT: 30,
    Kind.DEMO: 14,
    Kind.BACKUP: 90,
    Kind.FAULT_LOG: 30,
    Kind.LOG: 90,
    Kind.WORKSPACE: 7,
    Kind.AGENT_STATE: 30,
    Kind.ENGINE_ROW: 7,
    Kind.DIFF: 30,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that can be deleted as a whole."""

    kind: Kind
    name: str
    """Below the state folder; of engine rows, the workflow's id."""
    used_at: datetime
    """When something last made or used it."""
    size_bytes: int = 0
    """What deleting it gives back, as far as it was measured."""
    needed_by: str = ""
    """Who needs it, in words; empty where nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long things are kept, and how much room they may take together."""

    days: Mapping[Kind, float] = field(default_factory=lambda: _DAYS)
    ceiling_bytes: int = 20 << 30
    grace: timedelta = timedelta(hours=1)
    """What was used this recently stays in any case: somebody in this process may be about to use it."""

    def days_of(self, kind: Kind) -> float:
        """Days without use after which things of the kind go."""
        return self.days.get(kind, _DAYS[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One thing to delete, with the reason in words."""

    item: Item
    reason: str


def plan_removals(items: Sequence[Item], rules: Rules, at: datetime) -> tuple[Removal, ...]:
    """What has passed its age, the longest unused first; then, as long as the rest is over the ceiling, the caches that
    were unused for longest, and after them the other things, kind by kind. Needed and just used things are never in it.
    """
    free = [item for item in items if not item.needed_by and not _is_fresh(item, rules, at)]
    aged = sorted((item for item in free if _is_aged(item, rules, at)), key=_age_order)
    removals = [Removal(item=item, reason=_aged_words(item, rules)) for item in aged]
    over = sum(item.size_bytes for item in items) - sum(item.size_bytes for item in aged) - rules.ceiling_bytes
    rest = [item for item in free if item not in aged and item.size_bytes > 0 and item.kind is not Kind.DIFF]
    for item in sorted(rest, key=_ceiling_order):
        if over <= 0:
            break
        removals.append(Removal(item=item, reason=f"all together take more than {rules.ceiling_bytes / 2**30:.1f} GiB"))
        over -= item.size_bytes
    return tuple(removals)


def _is_fresh(item: Item, rules: Rules, at: datetime) -> bool:
    return item.kind is not Kind.LITTER and at - item.used_at < rules.grace


def _is_aged(item: Item, rules: Rules, at: datetime) -> bool:
    return at - item.used_at >= timedelta(days=rules.days_of(item.kind))


def _age_order(item: Item) -> tuple[datetime, str]:
    return item.used_at, item.name


def _ceiling_order(item: Item) -> tuple[int, datetime, str]:
    place = 0 if item.kind in CACHES else list(Kind).index(item.kind)
    return place, item.used_at, item.name


def _aged_words(item: Item, rules: Rules) -> str:
    if item.kind in {Kind.LITTER, Kind.ROOM} and not rules.days_of(item.kind):
        return "left by a process that died"
    return f"not used for {rules.days_of(item.kind):g} days"
