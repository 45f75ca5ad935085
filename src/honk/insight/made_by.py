"""Who made what of the change that shipped, as it was told. Pure."""

import json
from collections.abc import Sequence

from honk.base.records import load
from honk.domain.provenance import Share, maker_of
from honk.store import TaskEvent


def shares_told(events: Sequence[TaskEvent]) -> tuple[Share, ...]:
    """By kind of file; nothing where none shipped."""
    told = next((event.body for event in reversed(events) if event.kind == "provenance"), None)
    return () if told is None else load(tuple[Share, ...], json.dumps(told["shares"]))


def share_words(share: Share) -> str:
    """In a few words: "code +10 −3 by machine (claude, sonnet)"."""
    return f"{share.part} +{share.added} −{share.deleted} by {maker_of(share)} ({share.author})"
