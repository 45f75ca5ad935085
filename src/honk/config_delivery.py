"""Settings of what ships: typed like the others, and part of them."""

from pydantic import BaseModel, ConfigDict, Field

from honk.domain.merge_terms import MergeTerms


class MergeSettings(BaseModel):
    """What a merge needs beside a yes. A repository's `.honk.toml` can only ask for more."""

    model_config = ConfigDict(extra="forbid")

    second_person: bool = False
    """Whether each merge needs the yes of somebody who did not command the task."""
    owners: bool = False
    """Whether each merge needs the yes of an owner of what it changes."""
    guarded: tuple[str, ...] = ()
    """Globs of paths, in every repository, whose change needs an owner who did not command the task."""
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
            people=self.people,
            armed_hours=self.armed_hours,
        )
