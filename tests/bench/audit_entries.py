"""What an entry of the audit log costs: announced, committed and kept, each on the disk before it goes on."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

from figures import Measure, Row

from honk.domain.audit import HONK
from honk.store.sql import open_store

ENTRIES = 50
"""Of one round: its figure is their mean."""


async def entries(place: Path, rounds: int) -> AsyncIterator[Row]:
    """A round's entries one after the other, behind all of the rounds before."""
    row = Row(name="audit-entry", title="one entry of the audit log", measure=Measure.SECONDS, bound=0.05)
    store = await open_store(place / "audit")
    try:
        for _ in range(max(rounds, 15)):
            begun = time.perf_counter()
            for number in range(ENTRIES):
                await store.audit.write("push", who=HONK, subject=f"task:{number}", body={"head_sha": "a" * 40})
            row.ours.append((time.perf_counter() - begun) / ENTRIES)
    finally:
        await store.close()
    yield row
