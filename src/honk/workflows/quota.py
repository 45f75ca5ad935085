"""The month's money: what a task may cost is set aside before it begins, in the transaction that accepts it."""

from dataclasses import dataclass

from honk.base.clock import now
from honk.base.errors import UsageError
from honk.domain.quota import Allowances, Budget, Quota, budget_of, month_of, reached, why_over
from honk.domain.standing import INSTALLATION
from honk.store import Enlist, Events, Quotas


class OverQuota(UsageError):
    """A quota has no room for the task; nothing was begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Holds every task within the quotas."""

    quotas: Quotas
    events: Events
    allowances: Allowances

    def within(self, email: str, cap_usd: float, enlist: Enlist) -> Enlist:
        """`enlist`, but only where each quota has room for the task's cap: two at once cannot pass together, for both
        look inside the transaction that writes their run down.

        The callable raises OverQuota: and nothing of its transaction is kept.
        """
        at = now()

        def join(connection: object) -> None:
            for quota in self.allowances.of(email):
                seen = self.quotas.look(connection, quota.emails, month_of(at))
                # The run is in the transaction already, with its cap.
                others = max(0.0, seen.reserved_usd - cap_usd)
                if (why := why_over(quota, budget_of(quota, seen.used_usd, others, at), cap_usd, at)) is not None:
                    raise OverQuota(why)
            enlist(connection)

        return join

    async def budget(self, quota: Quota) -> Budget:
        """Where it stands now."""
        at = now()
        seen = await self.quotas.used(quota.emails, month_of(at))
        return budget_of(quota, seen.used_usd, seen.reserved_usd, at)

    async def tell_alerts(self) -> None:
        """Tell administrators, once a month for each, that half, four fifths or all of a quota is spent."""
        month = month_of(now())
        for quota in self.allowances.all(await self.quotas.spenders(month)):
            budget = await self.budget(quota)
            for mark in reached(budget):
                text = (
                    f"The quota of {quota.words} for {month:%B %Y} is used to {mark} %: ${budget.used_usd:.2f} of "
                    f"${budget.limit_usd:.2f} is spent; the month will probably end at ${budget.forecast_usd:.2f}."
                )
                body = {"quota": quota.key, "per_cent": mark, "text": text}
                await self.events.append(INSTALLATION, "quota", body, f"quota:{quota.key}:{month:%Y-%m}:{mark}")
