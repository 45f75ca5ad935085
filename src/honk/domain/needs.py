"""Whose yes a change needs beside anybody's who may approve: owners of guarded paths, and second people. Pure.

Whoever commanded the task is nobody's second person: who asked, answered, replied, extended it or gave commits to it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from honk.domain.merge_terms import MergeTerms
from honk.domain.people import EVERYWHERE, OWNER, Act, Door, Member, Role, Visitor, why_not

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Somebody's part in what a task was told."""

    person_id: str | None
    """None is the command line: the owner of the state folder."""
    email: str


ANYBODY = Hand(person_id="*", email="")
"""Of a task that was deleted: whoever commanded it is not known any more."""
_FORGOTTEN = "a task that it goes on with was deleted, so that nobody knows who commanded it: ask for it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A changed path that only an owner lets pass."""

    path: str
    rule: str
    """What it belongs to, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One more yes."""

    why: str
    who: frozenset[str]
    """Ids of the people any of whom may give it."""
    names: tuple[str, ...]
    """Of the same people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """The people that there are, and what they had to do with the task."""

    repository_id: str
    members: tuple[Member, ...]
    """Who is here."""
    hands: tuple[Hand, ...]
    people: Mapping[str, tuple[str, ...]]
    """The addresses behind an owner's handle."""

    @property
    def is_of_one(self) -> bool:
        """Whether there is nobody else, whom one could ask."""
        return len(self.members) <= 1

    def has_commanded(self, member: Member) -> bool:
        """By their id, by their address, or as the owner at the command line."""
        return ANYBODY in self.hands or any(
            hand.email.lower() == member.email.lower() or (hand.person_id or OWNER.person_id) == member.person_id
            for hand in self.hands
        )

    def approvers(self) -> tuple[Member, ...]:
        """Those who may approve there."""
        return tuple(one for one in self.members if _may_approve(one, self.repository_id))

    def administrators(self) -> tuple[Member, ...]:
        """Of the repository, or of everything."""
        return tuple(one for one in self.members if _role(one, self.repository_id) is Role.ADMIN)

    def named(self, owners: Iterable[str]) -> tuple[Member, ...]:
        """The approvers whom owners, as a file names them, stand for: by verified address, never by a display name."""
        emails = {email for owner in owners for email in _addresses(owner, self.people)}
        return tuple(one for one in self.approvers() if one.email.lower() in emails)


def needs_of(
    circle: Circle, terms: MergeTerms, guarded: Sequence[Guarded], owners: Mapping[str, Collection[str]]
) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """The needs; and what would be one if there were anybody else. `owners`: by path, as the base's files name them."""
    asked: dict[frozenset[str], list[Guarded]] = {}
    eligible: dict[frozenset[str], tuple[Member, ...]] = {}
    for one in guarded:
        people = _second(circle, circle.named(owners.get(one.path, ()))) or _second(circle, circle.administrators())
        key = frozenset(member.person_id for member in people)
        asked.setdefault(key, []).append(one)
        eligible[key] = people
    found = [_need(_words_of(paths), eligible[key]) for key, paths in asked.items()]
    if terms.second_person:
        found.append(_need("each merge here needs a second person", _second(circle, circle.approvers())))
    if ANYBODY in circle.hands:
        found = [replace(need, why=f"{need.why}, and {_FORGOTTEN}") for need in found]
    found = _grouped(found)
    lacking = [need.why for need in found if not need.who]
    if circle.is_of_one:
        found = [need for need in found if need.who]
    if terms.owners:
        found += _owners_of_all(circle, owners)
    return tuple(found), tuple(lacking) if circle.is_of_one else ()


def _grouped(needs: Sequence[Need]) -> list[Need]:
    """Those that the same people meet are one."""
    found: dict[frozenset[str], Need] = {}
    for need in needs:
        known = found.get(need.who)
        found[need.who] = need if known is None else replace(known, why=f"{known.why}, and {need.why}")
    return list(found.values())


def _owners_of_all(circle: Circle, owners: Mapping[str, Collection[str]]) -> list[Need]:
    """One for each group of owners, whoever asked for the change. What nobody owns needs none; what is owned by names
    that nobody here stands for needs an administrator."""
    found: dict[frozenset[str], Need] = {}
    for path, named in owners.items():
        people, why = circle.named(named), f"they own {path}"
        if named and not people:
            people, why = circle.administrators(), f"nobody here stands for {', '.join(named)}, who own {path}"
        key = frozenset(member.person_id for member in people)
        if key and key not in found:
            found[key] = _need(why, people)
    return list(found.values())


def _second(circle: Circle, people: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(one for one in people if not circle.has_commanded(one))


def _need(why: str, people: Sequence[Member]) -> Need:
    names = tuple(one.name for one in people)
    return Need(why=why, who=frozenset(one.person_id for one in people), names=names)


def _words_of(paths: Sequence[Guarded]) -> str:
    told = ", ".join(f"{one.path} ({one.rule})" for one in paths[:_SHOWN])
    more = len(paths) - _SHOWN
    return f"it changes {told}" + (f" and {more} more" if more > 0 else "")


def _addresses(owner: str, people: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    handle = _plain(owner)  # GitHub knows them in any letters
    known = [address for name, addresses in people.items() if _plain(name) == handle for address in addresses]
    own = (owner,) if "@" in owner[1:] and not owner.startswith("@") else ()
    return frozenset(one.lower() for one in (*known, *own))


def _plain(handle: str) -> str:
    return handle.removeprefix("@").lower()


def _may_approve(member: Member, repository_id: str) -> bool:
    return why_not(Visitor(member=member, door=Door.CONSOLE), Act.APPROVE, repository_id) is None


def _role(member: Member, repository_id: str) -> Role | None:
    return member.role_in(repository_id or EVERYWHERE)


def asked_of(needs: Iterable[Need]) -> tuple[str, ...]:
    """Ids of everybody whose yes would help, each once."""
    return tuple(dict.fromkeys(sorted(person for need in needs for person in need.who)))


def names_of(needs: Sequence[Need]) -> str:
    """The same people by their names alone."""
    return ", and ".join(dict.fromkeys(_any_of(need.names) for need in needs))


def words_of(needs: Sequence[Need]) -> str:
    """What is waited for, for people."""
    return "; ".join(f"{_any_of(need.names)}, because {need.why}" for need in needs)


def _any_of(names: Sequence[str]) -> str:
    shown = list(names[:_SHOWN])
    more = len(names) - _SHOWN
    if more > 0:
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
