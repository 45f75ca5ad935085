"""Between values of the house and rows: columns by the fields' names, nested values as JSON."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from honk.base.records import dump, load
from honk.domain.change import Change
from honk.domain.conversation import Leg, TakenUp
from honk.domain.evidence import Examination, Verdict
from honk.domain.limits import Limits, Spent
from honk.domain.task import Person, Repository
from honk.store import Approval, Attempt, Delivery, Message, Run

_JSON: Mapping[str, type] = {
    "limits": Limits,
    "spent": Spent,
    "change": Change,
    "examination": Examination,
    "verdict": Verdict,
    "seconds": dict[str, float],
    "person": Person,
    "leg": Leg,
    "takes_up": TakenUp,
}


async def put(connection: AsyncConnection, table: sa.Table, key: sa.Column[Any], row: Mapping[str, object]) -> None:
    """Replace the row of this key, or insert it; the caller is the only writer."""
    done = await connection.execute(sa.update(table).where(key == row[key.name]).values(row))
    if done.rowcount == 0:
        await connection.execute(sa.insert(table).values(row))


def row_of(value: Approval | Attempt | Delivery | Message | Repository | Run) -> dict[str, object]:
    row = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: dump(_JSON[name], part) if name in _JSON and part is not None else part for name, part in row.items()}


def values_of(row: sa.Row[Any]) -> dict[str, Any]:
    parts = row._asdict()
    return {
        name: load(_JSON[name], part) if name in _JSON and part is not None else part for name, part in parts.items()
    }
