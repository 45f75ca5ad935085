"""Whom we let in whom another system recognised. Pure, and closed in doubt."""

from collections.abc import Collection
from dataclasses import dataclass

from honk.domain.people import OWNER, Member, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody, as the system that signed them in knows them."""

    issuer: str
    subject: str
    """Its own id of them, which never changes and is never given to another."""
    email: str | None
    """Only one that the system says it has verified; in lower case."""
    name: str
    groups: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Under which they are known here."""
        return f"{self.issuer} {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admittance:
    """Who may come by that system. Empty means: nobody is asked for it."""

    domains: Collection[str] = ()
    groups: Collection[str] = ()
    default_role: Role | None = None
    """Of who comes for the first time and was not added before; None lets only those in who were added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """Known already."""

    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """Added before by an administrator, and now seen for the first time."""

    member: Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """New, and let in by the rules."""

    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """With the words for them."""

    words: str


def admit(
    identity: Identity, by_subject: Member | None, by_email: Member | None, rules: Admittance
) -> Enter | Bind | Join | Refuse:
    """`by_email` is whoever has this identity's verified address here."""
    if (why := _why_outside(identity, rules)) is not None:
        return Refuse(words=f"{why} Nothing was done. An administrator can change that.")
    if by_subject is not None:
        return Refuse(words=LEFT) if by_subject.left_at is not None else Enter(member=by_subject)
    if identity.email is None:
        return Refuse(
            words="Your sign-in told no verified e-mail address, so nobody knows who you are here. Nothing was done. "
            "Have your address verified there, or ask an administrator of Honk for a link."
        )
    if by_email is not None:
        if by_email.person_id == OWNER.person_id:
            return Refuse(words=NOT_OWNER)
        if by_email.left_at is not None:
            return Refuse(words=LEFT)
        if by_email.subject is not None:
            return Refuse(
                words=f"{identity.email} belongs to another account of that system here. Nothing was done. An "
                "administrator can let you in anew: honk people leave, then honk people add."
            )
        return Bind(member=by_email)
    if rules.default_role is None:
        return Refuse(words=f"Nobody added {identity.email} here yet. Nothing was done. An administrator can: {ADD}")
    return Join(role=rules.default_role)


LEFT = "You have left this Honk. Nothing was done. An administrator can let you in anew."
NOT_OWNER = (
    "The owner of this Honk comes in by a link from the command line, and by nobody's word. Nothing was done. Have "
    "yourself added under an address of your own."
)
ADD = "honk people add EMAIL --name NAME"


def _why_outside(identity: Identity, rules: Admittance) -> str | None:
    if rules.domains:
        domain = (identity.email or "").rpartition("@")[2]
        if domain not in rules.domains:
            return "Your verified e-mail address is not of a domain that is let in here."
    if rules.groups and not set(rules.groups) & set(identity.groups):
        return "You are in no group that is let in here."
    return None
