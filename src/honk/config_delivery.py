"""Settings of what ships: typed like the others, and part of them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from honk.domain.merge_terms import MergeTerms
from honk.domain.queue_filter import QueueTerms


class PullRequestSettings(BaseModel):
    """When one more pull request waits for a person. A repository's `.honk.toml` can only lower it."""

    model_config = ConfigDict(extra="forbid")

    most_open: int = Field(20, ge=0)
    """How many of ours may be open at once in one repository."""
    hold_repeats: bool = True
    """Whether the same change as one that is open, or was closed lately, waits for a person."""
    repeat_days: float = Field(14.0, ge=0, le=3650)
    """So long after it was closed the same change is not proposed again by itself."""

    def terms(self) -> QueueTerms:
        """The same, as decisions take them."""
        return QueueTerms(most_open=self.most_open, holds_repeats=self.hold_repeats, repeat_days=self.repeat_days)


class MergeSettings(BaseModel):
    """What a merge needs beside a yes. A repository's `.honk.toml` can only ask for more."""

    model_config = ConfigDict(extra="forbid")

    second_person: bool = False
    """Whether each merge needs the yes of somebody who did not command the task."""
    owners: bool = False
    """Whether each merge needs the yes of an owner of what it changes."""
    guarded: tuple[str, ...] = ()
    """Globs of paths, in every repository, whose change needs an owner who did not command the task."""
    method: Literal["squash", "merge"] = "squash"
    """One commit over the base; or one with both parents, where the forge can."""
    people: dict[str, tuple[str, ...]] = {}
    """The addresses behind a handle or a team of CODEOWNERS and catalogs: "@org/payments" = ["ada@example.org"]."""
    armed_hours: float = Field(24.0, gt=0, le=24 * 14)
    """How long a merge waits for somebody else's yes."""

    def terms(self) -> MergeTerms:
        """The same, as decisions take them."""
        return MergeTerms(
            second_person=self.second_person,
            owners=self.owners,
            guarded=self.guarded,
            method=self.method,
            people=self.people,
            armed_hours=self.armed_hours,
        )
