"""Previews: what is kept of one, and the rules by which it ends. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BURST_SECONDS = 120.0
"""Of a core, beyond the share: starting and the first look cost more than standing by."""


class PreviewState(StrEnum):
    """Where a preview stands."""

    STARTING = "starting"
    RUNNING = "running"
    BUILT = "built"
    """What was built is kept, and can be had."""
    ASLEEP = "asleep"
    """It starts again when somebody opens it."""
    FAILED = "failed"
    GONE = "gone"
    """For good: merged, closed, or ended otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A built file or site."""

    name: str
    kind: str
    """"apk", "ipa", "zip", "site"."""
    digest: str
    """SHA-256 of the kept bytes."""
    size_bytes: int
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One page, before the change and with it."""

    path: str
    before: str | None = None
    """Blob of a PNG; None where none could be taken."""
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Of one commit of one task. `label` is the name of its host."""

    label: str
    task_id: str
    number: int
    """Of the pull request."""
    repository_id: str
    head_sha: str
    kind: str
    """"server", "site", "apk", "ipa", "zip"."""
    state: PreviewState
    created_at: datetime
    words: str = ""
    """What happens, or happened, for people."""
    log: str = ""
    """The end of what it wrote."""
    ready_seconds: float | None = None
    troubles: tuple[str, ...] = ()
    """Errors that its page reported: it answers, and is not ready."""
    unlooked: str = ""
    """What was not looked at, and why."""
    pictures: tuple[Picture, ...] = ()
    pictures_of: str = ""
    """What became of the pictures, where there are none."""
    artifact: Artifact | None = None
    opened: int = 0
    """How often people opened it."""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewTerms:
    """What an installation lets previews have."""

    is_on: bool = True
    most: int = 4
    """At once."""
    idle_seconds: float = 1200.0
    life_seconds: float = 8 * 3600.0
    memory_bytes: int = 1 << 30
    disk_bytes: int = 1 << 30
    cpu_share: float = 0.5
    """Of one core, on the average."""
    artifact_bytes: int = 128 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was measured of a running preview."""

    label: str
    age_seconds: float
    idle_seconds: float
    """Since somebody last asked it anything."""
    cpu_seconds: float | None = None


def why_end(standing: Standing, terms: PreviewTerms) -> str | None:
    """Why this preview is to end now, with what was measured; None where it may go on."""
    if standing.idle_seconds > terms.idle_seconds:
        return f"Nobody looked at it for {_minutes(terms.idle_seconds)}; it starts again when somebody does."
    if standing.age_seconds > terms.life_seconds:
        return f"It ran for {_minutes(terms.life_seconds)}, as long as one may; it starts again when somebody opens it."
    used = standing.cpu_seconds
    if used is not None and used > BURST_SECONDS + terms.cpu_share * standing.age_seconds:
        share = used / max(standing.age_seconds, 1.0)
        return (
            f"It used {share:.2f} of a core over {_minutes(standing.age_seconds)}, more than its share of "
            f"{terms.cpu_share:.2f}; it was ended. It starts again when somebody opens it."
        )
    return None


def to_make_room(running: Iterable[Standing], terms: PreviewTerms) -> tuple[str, ...]:
    """Labels of those that end so that one more may start: whoever was looked at least recently goes first."""
    by_idle = sorted(running, key=lambda one: -one.idle_seconds)
    return tuple(one.label for one in by_idle[: max(0, len(by_idle) - terms.most + 1)])


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
