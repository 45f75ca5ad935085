"""Who may ask for what. Pure: the roles, what each may do, and the words of a refusal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from honk.base.errors import UsageError

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
    """Say something to a task, answer it, stop it."""
    GRANT = "grant more"
    """Let a run have more of a limit than it was given."""
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
    Act.GRANT: Role.REQUESTER,
    Act.APPROVE: Role.APPROVER,
    Act.ADMINISTER: Role.ADMIN,
}
_HEIGHT = {role: height for height, role in enumerate(Role)}
_BY_HAND_ONLY = frozenset({Act.GRANT, Act.APPROVE, Act.ADMINISTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of this installation."""

    person_id: str
    name: str
    email: str
    grants: Mapping[str, Role] = field(default_factory=dict)
    """By repository id, or `EVERYWHERE`."""
    subject: str | None = None
    """Who they are to the system that signs them in: its issuer and its own id of them, which never change."""
    left_at: datetime | None = None
    """None for who is here."""

    def role_in(self, repository_id: str) -> Role | None:
        """The highest that holds there; None is a guest."""
        if self.left_at is not None:
            return None
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


OWNER = Member(person_id="owner", name="Owner", email="owner@localhost", grants={EVERYWHERE: Role.ADMIN})
"""Whoever owns the state folder and started the server."""
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""What HTML takes for an address, in lower case."""
LONGEST_NAME = 100


def checked_email(text: str) -> str:
    """The address as it is kept: in lower case.

    Raises:
        UsageError: it is none.
    """
    email = text.strip().lower()
    if not _EMAIL.fullmatch(email) or ".." in email:
        raise UsageError(f"{text!r} is no e-mail address. Nothing was done. Write it as name@example.org.")
    return email


def checked_name(text: str) -> str:
    """The name as it is kept. It becomes an author of commits, so it holds nothing that git takes for more.

    Raises:
        UsageError: it is none.
    """
    name = " ".join("".join(char if char.isprintable() and char not in "<>" else " " for char in text).split())
    if not name or len(name) > LONGEST_NAME:
        raise UsageError(f"A name has 1 to {LONGEST_NAME} characters. Nothing was done.")
    return name


class Refused(UsageError):
    """This person may not do this; nothing was done."""


def must(visitor: Visitor, act: Act, repository_id: str) -> None:
    """Raises:
    Refused: they may not.
    """
    if (why := why_not(visitor, act, repository_id)) is not None:
        raise Refused(f"{why} Nothing was done.")


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
