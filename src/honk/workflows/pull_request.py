"""A person's other acts on an open pull request; `delivery.py` merges it."""

from dataclasses import replace

from honk.base.errors import UsageError
from honk.domain.audit import AT_THE_MACHINE, Who
from honk.domain.change import PullRequest
from honk.domain.shipment import ShipmentState
from honk.store.conversation import Fact
from honk.store.shipping import Along
from honk.workflows.audited import audited
from honk.workflows.frost import refuse_frozen
from honk.workflows.house import House


async def close_pull_request(house: House, number: int, *, who: Who = AT_THE_MACHINE) -> PullRequest:
    """Close without merging; the branch and all evidence stay."""
    refuse_frozen(house.home)
    pull_request = await house.forge.pull_request(number)
    if pull_request.state == "merged":
        raise UsageError(f"Pull request {number} is merged already; it cannot be closed.")
    ids = {"task": pull_request.task_id, "head_sha": pull_request.head_sha}
    async with audited(
        house.audit, "close", who=who, subject=f"pull_request:{number}", body=ids, hides=(pull_request.branch,)
    ):
        closed = await house.forge.close(pull_request)
    standing = await house.shipments.newest(number)
    if standing is not None and standing.state is ShipmentState.ARMED:
        why = "the pull request is closed"
        body = {"number": number, "reason": why, "head_sha": standing.head_sha}
        fact = Fact("disarmed", body, f"disarmed:{standing.shipment_id}")
        ended = replace(standing, state=ShipmentState.ENDED, words=why, until=None)
        await house.shipments.turn(standing, ended, Along(facts=(fact,)))
    return closed
