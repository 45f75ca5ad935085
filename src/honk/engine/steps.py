"""The form in which a step's end is recorded: JSON text, for a result as for an error."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from honk.base.errors import HonkError, OutOfSpace
from honk.base.records import dump, load
from honk.engine import StepFailed

T = TypeVar("T")


class Halted(asyncio.CancelledError):
    """The workflow stops where it is, as if its process had died: nothing is recorded, and it can be resumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an act ended, as recorded."""

    result: str | None = None
    """JSON of the result's type; None for None."""
    error: str | None = None
    kind: str = ""
    """Class of the error."""


@dataclass(slots=True)
class Act:
    """One act: run at most once in this process, read back from its record as often as it is replayed."""

    returns: type[object] | None
    run: Callable[[], Awaitable[object]]
    cause: Exception | None = None

    async def record(self) -> str:
        """Do it, and tell how it ended. Cancellation is not an end: it passes through and is not recorded. Neither is a
        full disk: it says nothing about the act."""
        try:
            value = await self.run()
        except OutOfSpace as error:
            raise Halted(str(error)) from error
        except Exception as error:  # noqa: BLE001 - whatever an act raises is its recorded end
            self.cause = error
            return dump(Ended, Ended(error=words_of(error), kind=type(error).__name__))
        if value is None or self.returns is None:
            return dump(Ended, Ended())
        return dump(Ended, Ended(result=dump(self.returns, value)))

    def replay(self, record: str) -> Any:
        """The recorded result.

        Raises:
            StepFailed: the recorded error.
        """
        ended = load(Ended, record)
        if ended.error is not None:
            raise StepFailed(ended.error, ended.kind) from self.cause
        if ended.result is None or self.returns is None:
            return None
        return load(self.returns, ended.result)


def words_of(error: Exception) -> str:
    """A fault that is worded for people speaks for itself; any other is named."""
    if isinstance(error, HonkError):
        return str(error)
    return f"{type(error).__name__}: {error}"
