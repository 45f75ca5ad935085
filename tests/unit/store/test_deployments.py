"""Whose turn it is, in the database."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from honk.domain.deployment import DeploymentState
from honk.store import tables as t
from honk.store.sql import open_store
from honk.testing.production_rules import Enlisted, a_deployment

pytestmark = pytest.mark.anyio


async def test_the_only_writer_reads_nothing_of_what_has_ended(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    deployments, enlisted = store.deployments, Enlisted()
    for number in (1, 2):
        await deployments.add(a_deployment(number), (), enlisted.one(f"d{number}"))
    first = await deployments.deployment("d1")
    await deployments.turn(first, replace(first, state=DeploymentState.DEPLOYED))
    async with store._database.write() as connection:
        await connection.execute(sa.update(t.deployment).where(t.deployment.c.place == 1).values(body="is not read"))
    second = await deployments.deployment("d2")
    running = replace(second, state=DeploymentState.RUNNING)
    assert await deployments.begin(second, running)
    assert await deployments.turn(running, replace(running, state=DeploymentState.FAILED), wake=enlisted.wake)
    await store.close()
