"""What calls to models cost, reserved before they are made. Has the shape of the gateway's `Ledger`."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from honk.domain.money import ANSWERED, BROKEN_OFF, TURN, ModelCall, Spending
from honk.store import NotFound
from honk.store import tables as t
from honk.store.database import Database

_CALL = t.model_call.c
_IS_HELD = sa.and_(_CALL.status == BROKEN_OFF, _CALL.reserved_usd > _CALL.cost_usd)
COMMITTED = sa.func.coalesce(
    sa.func.sum(sa.case((_IS_HELD, _CALL.reserved_usd), else_=sa.func.coalesce(_CALL.cost_usd, _CALL.reserved_usd))),
    0.0,
)
_KNOWN = sa.func.coalesce(sa.func.sum(_CALL.cost_usd), 0.0)
_TURNS = sa.func.count().filter(
    _CALL.purpose == TURN, sa.or_(_CALL.status.in_((ANSWERED, BROKEN_OFF)), _CALL.cost_usd.is_(None))
)
_DECIMALS = 9
"""Sums of binary fractions are compared to a billionth of a dollar: 0.1 + 0.2 fits in 0.3."""


class SqlLedger:
    """Reserves and settles; the sum of a run can never pass its budget, not from two processes either."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(self, call: ModelCall, budget_usd: float) -> bool:
        """False, and nothing written, where the run's sum would pass the budget."""
        async with self._database.write() as connection:
            spent = await connection.scalar(sa.select(COMMITTED).where(t.model_call.c.run_id == call.run_id))
            if round((spent or 0.0) + call.reserved_usd, _DECIMALS) > budget_usd:
                return False
            await connection.execute(sa.insert(t.model_call).values(asdict(call)))
            return True

    async def settle(self, call: ModelCall) -> None:
        """Replace the reservation. Raises NotFound where nothing was reserved."""
        async with self._database.write() as connection:
            done = await connection.execute(
                sa.update(t.model_call).where(t.model_call.c.call_id == call.call_id).values(asdict(call))
            )
        if done.rowcount == 0:
            raise NotFound(f"The model call {call.call_id} was never reserved.")

    async def spending(self, run_id: str) -> Spending:
        """What is known, and what is held besides."""
        query = sa.select(
            _KNOWN,
            COMMITTED,
            sa.func.count(),
            _TURNS,
            sa.func.coalesce(sa.func.sum(_CALL.input_tokens), 0),
            sa.func.coalesce(sa.func.sum(_CALL.output_tokens), 0),
        ).where(_CALL.run_id == run_id)
        async with self._database.read() as connection:
            cost, committed, calls, turns, input_tokens, output_tokens = (await connection.execute(query)).one()
        return Spending(
            cost_usd=round(cost, _DECIMALS),
            held_usd=round(committed - cost, _DECIMALS),
            calls=calls,
            turns=turns,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        )

    async def calls_of(self, run_id: str) -> Sequence[ModelCall]:
        """As they were last written; those without a moment are older than those with one."""
        query = sa.select(t.model_call).where(_CALL.run_id == run_id).order_by(_CALL.asked_at, _CALL.call_id)
        async with self._database.read() as connection:
            return [ModelCall(**row._asdict()) for row in await connection.execute(query)]
