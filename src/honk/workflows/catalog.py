"""What the offered repositories say of themselves: read from the base, remembered, and read again when that moves."""

import asyncio
from collections.abc import Sequence

from honk.base import yaml
from honk.base.records import dump, load
from honk.domain.catalog import PLACES, Catalog, Offered, components_of
from honk.domain.task import Repository
from honk.workflows.house import House
from honk.workspace import Tree

_KEY = "catalog:"


async def read_catalog(house: House, repository: Repository, base: Tree) -> Catalog:
    """At the base's commit; a file that cannot be read says nothing. Remembered for the repository."""
    known = await remembered(house, repository)
    if known.sha == base.sha:
        return known
    catalog = Catalog(sha=base.sha, components=components_of(await _documents(base)))
    await house.memo.save(_KEY + repository.repository_id, dump(Catalog, catalog))
    return catalog


async def remembered(house: House, repository: Repository) -> Catalog:
    """What it said when it was looked at last."""
    text = await house.memo.load(_KEY + repository.repository_id)
    return Catalog(sha="") if text is None else load(Catalog, text)


async def offered(house: House) -> Sequence[Offered]:
    """Those that a team may ask for, by name, with what they said last."""
    found = await house.repositories.offered()
    return [Offered(repository=one, catalog=await remembered(house, one)) for one in found]


async def _documents(base: Tree) -> list[object]:
    for place in PLACES:
        if (content := await base.read(place, yaml.MAX_BYTES)) is not None:
            try:
                return await asyncio.to_thread(yaml.loads_all, content.decode("utf-8", "replace"))
            except ValueError:
                return []
    return []
