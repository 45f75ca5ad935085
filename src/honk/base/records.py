"""Turns values of the house into JSON and back, by their declared type."""

import json
from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))


def dump(kind: type[T], value: T) -> str:
    """The value as JSON, ASCII only: so that paths with surrogate escapes survive every database."""
    return json.dumps(_adapter(cast(Hashable, kind)).dump_python(value, mode="json"), separators=(",", ":"))


def load(kind: type[T], text: str) -> T:
    """What `dump` wrote. Fields that are missing get their default.

    Raises:
        ValueError: the text is not JSON, or not of this type.
    """
    return cast(T, _adapter(cast(Hashable, kind)).validate_python(json.loads(text)))
