"""Outward acts as the audit log wants them: written down before they are done, and what came of them behind."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from honk.base.errors import HonkError, UsageError
from honk.domain.audit import DONE, Body, Json, Who
from honk.store.audit import Audit


@asynccontextmanager
async def audited(
    audit: Audit, act: str, *, who: Who, subject: str, body: Body | None = None, hides: Sequence[str] = ()
) -> AsyncIterator[dict[str, Json]]:
    """Announce the act, let it be done, and tell what came of it; what is put into the dictionary (a commit that was
    made) goes into the end. An act that is cut off by a death or a cancellation has no end: nobody knows. What is in
    `hides` (a branch named by the request) stands in no reason: the log outlives the task's words.

    Raises:
        StoreError: it could not be announced, and was not done; or it was done, and its end could not be written.
    """
    entry = await audit.write(act, who=who, subject=subject, body=body)
    found: dict[str, Json] = {}
    try:
        yield found
    except UsageError as error:
        await audit.end(entry, f"refused: {_without(hides, str(error))}", found)
        raise
    except HonkError as error:
        await audit.end(entry, f"failed: {_without(hides, str(error))}", found)
        raise
    except Exception as error:
        await audit.end(entry, f"failed: {type(error).__name__}", found)
        raise
    await audit.end(entry, DONE, found)


def _without(hidden: Sequence[str], text: str) -> str:
    for words in hidden:
        text = text.replace(words, "…") if words else text
    return text
