"""Who may ask for what. Pure: the roles, what each may do, and the words of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

EVERYWHERE = "*"
"""In place of a repository's id: all of them, also those to come."""


class Role(StrEnum):
    """What a person may do in a repository; each may all that the one before it may."""

    READER = "reader"
    REQUESTER = "requester"
    APPROVER = "approver"
    ADMIN = "admin"


class Act(StrEnum):
    """What a person may want."""

    READ = "read"
    REQUEST = "request"
    """Ask for a task."""
    STEER = "steer"
    """Say something to a task, answer it, extend it, stop it."""
    APPROVE = "approve"
    """Merge, deploy, undo: what ships."""
    ADMINISTER = "administer"
    """People, freezing, quotas."""


class Door(StrEnum):
    """Where a person came in."""

    COMMAND_LINE = "cli"
    """On the machine itself, as the owner of the state folder."""
    CONSOLE = "console"
    """Signed in, in a browser."""
    TOKEN = "api"  # noqa: S105 - a door's name
    """A program with a person's token."""


_NEEDS: Mapping[Act, Role] = {
    Act.READ: Role.READER,
    Act.REQUEST: Role.REQUESTER,
    Act.STEER: Role.REQUESTER,
    Act.APPROVE: Role.APPROVER,
    Act.ADMINISTER: Role.ADMIN,
}
_HEIGHT = {role: height for height, role in enumerate(Role)}
_BY_HAND_ONLY = frozenset({Act.APPROVE, Act.ADMINISTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of this installation."""

    person_id: str
    name: str
    email: str
    grants: Mapping[str, Role] = field(default_factory=dict)
    """By repository id, or `EVERYWHERE`."""

    def role_in(self, repository_id: str) -> Role | None:
        """The highest that holds there; None is a guest."""
        held = [role for where, role in self.grants.items() if where in (repository_id, EVERYWHERE)]
        return max(held, key=_HEIGHT.__getitem__, default=None)

    def readable(self) -> frozenset[str] | None:
        """The repositories where they may read; None means all."""
        return None if EVERYWHERE in self.grants else frozenset(self.grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person, and the door they came in by."""

    member: Member
    door: Door


def why_not(visitor: Visitor, act: Act, repository_id: str) -> str | None:
    """The words of a refusal; None where it is allowed. `EVERYWHERE` asks for the whole installation.

    A token never approves or administers: what ships is a person's own yes (product.md, rule 12).
    """
    if visitor.door is Door.TOKEN and act in _BY_HAND_ONLY:
        return f"A token cannot {act}: sign in and do it yourself."
    role, needed = visitor.member.role_in(repository_id), _NEEDS[act]
    if role is not None and _HEIGHT[role] >= _HEIGHT[needed]:
        return None
    standing = f"you are {role} there" if role is not None else "you have no role there"
    return f"To {act} you must be {needed} or more, and {standing}. An administrator can change that."
