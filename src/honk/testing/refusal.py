"""How a rule says that something must be refused, without a test framework."""

from collections.abc import Awaitable
from typing import TypeVar

E = TypeVar("E", bound=Exception)


async def refusal(kind: type[E], act: Awaitable[object]) -> E:
    """The error that the act is refused with.

    Raises:
        AssertionError: it was not refused.
    """
    try:
        await act
    except kind as error:
        return error
    raise AssertionError(f"nothing was refused with {kind.__name__}")
