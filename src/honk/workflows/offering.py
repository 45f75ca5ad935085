"""Which repositories a team may ask for: offered by the owner, and withdrawn."""

from pathlib import Path

from honk.base.clock import now
from honk.domain.audit import AT_THE_MACHINE
from honk.domain.task import Repository
from honk.workflows.audited import audited
from honk.workflows.catalog import read_catalog
from honk.workflows.house import House


async def offer_repository(house: House, path: Path) -> Repository:
    """From now on a team may ask for this one. Its mirror is made, and what it says of itself is read.

    Raises:
        UsageError: there is no repository that can be worked on; nothing was changed.
    """
    facts = await house.source.describe(path, None)
    repository = Repository(repository_id=facts.repository_id, name=facts.name, location=str(facts.root))
    await house.workspaces.template(repository, facts.base_sha)
    await read_catalog(house, repository, house.workspaces.tree(repository, facts.base_sha))
    async with audited(house.audit, "offer repository", who=AT_THE_MACHINE, subject=_subject(repository)):
        await house.repositories.offer(repository, now())
    return repository


async def withdraw_repository(house: House, repository: Repository) -> bool:
    """Offer it no more; its tasks stay."""
    async with audited(house.audit, "withdraw repository", who=AT_THE_MACHINE, subject=_subject(repository)):
        return await house.repositories.withdraw(repository.repository_id)


def _subject(repository: Repository) -> str:
    return f"repository:{repository.repository_id}"
