"""How much money may be spent in a month, by whom, and the words for it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

ALERTS = (50, 80, 100)
"""Per cent of a quota at which administrators hear of it, once each."""


class Of(StrEnum):
    """Whose quota it is."""

    INSTALLATION = "installation"
    TEAM = "team"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A ceiling for a calendar month (UTC)."""

    of: Of
    name: str
    """The team's name or the person's address; empty for the installation."""
    limit_usd: float
    emails: frozenset[str] | None = None
    """Whose tasks count; None: everybody's."""

    @property
    def key(self) -> str:
        """One word for it, in keys of events."""
        return f"{self.of}:{self.name}"

    @property
    def words(self) -> str:
        """Whose it is, for people."""
        return "this installation" if self.of is Of.INSTALLATION else f"{self.of} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """What the settings grant for a month."""

    month_usd: float
    person_usd: float
    teams: Mapping[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    """By name: the quota, and the members' addresses in small letters."""

    @property
    def whole(self) -> Quota:
        """Everybody's together."""
        return Quota(of=Of.INSTALLATION, name="", limit_usd=self.month_usd)

    def of(self, email: str) -> Sequence[Quota]:
        """All that a person's task must fit into."""
        email = email.lower()
        person = Quota(of=Of.PERSON, name=email, limit_usd=self.person_usd, emails=frozenset({email}))
        return (person, *(team for team in self._teams() if team.emails and email in team.emails), self.whole)

    def all(self, emails: Sequence[str]) -> Sequence[Quota]:
        """Those of these people, of every team, and everybody's."""
        people = [Quota(of=Of.PERSON, name=one, limit_usd=self.person_usd, emails=frozenset({one})) for one in emails]
        return (*people, *self._teams(), self.whole)

    def _teams(self) -> Sequence[Quota]:
        return [
            Quota(of=Of.TEAM, name=name, limit_usd=limit, emails=members)
            for name, (limit, members) in self.teams.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Where a quota stands."""

    used_usd: float
    """Spent in this month, by every call to a model."""
    reserved_usd: float
    """What runs under way may still spend."""
    limit_usd: float
    forecast_usd: float
    """At the month's end, if it goes on like this."""

    @property
    def left_usd(self) -> float:
        """What a new task may still reserve."""
        return self.limit_usd - self.used_usd - self.reserved_usd


def month_of(moment: datetime) -> datetime:
    """Its first instant, in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(moment: datetime) -> datetime:
    """The first instant of the month after it."""
    return month_of(month_of(moment) + timedelta(days=32))


def budget_of(quota: Quota, used_usd: float, reserved_usd: float, at: datetime) -> Budget:
    """With the forecast: what was used so far, at the same pace to the end. The first day counts as a whole one."""
    begun, ends = month_of(at), next_month(at)
    elapsed = max(timedelta(days=1), at - begun)
    forecast = used_usd * max(1.0, (ends - begun) / elapsed)
    return Budget(
        used_usd=used_usd, reserved_usd=reserved_usd, limit_usd=quota.limit_usd, forecast_usd=round(forecast, 2)
    )


def why_over(quota: Quota, budget: Budget, cap_usd: float, at: datetime) -> str | None:
    """Why a task that may cost so much cannot begin; None where the quota has room for it."""
    if round(cap_usd - budget.left_usd, 9) <= 0:
        return None
    return (
        f"The quota of {quota.words} for this month (${quota.limit_usd:.2f}) has no room for another task: "
        f"${budget.used_usd:.2f} is spent, ${budget.reserved_usd:.2f} is reserved for tasks under way, and this one "
        f"may cost up to ${cap_usd:.2f}. Nothing was begun. Wait until one of them ends (what it did not use comes "
        f"back) or until {next_month(at):%-d %B}, ask for it with a lower cap, or let an administrator raise the quota."
    )


def reached(budget: Budget) -> tuple[int, ...]:
    """The alerts that are due."""
    return tuple(mark for mark in ALERTS if budget.used_usd * 100 >= mark * budget.limit_usd)
