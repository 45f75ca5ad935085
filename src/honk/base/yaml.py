"""Reads YAML that a stranger may have written: plain values alone, in bounded time, and with one kind of error."""

import re
from typing import Any

MAX_BYTES = 256 << 10
_MAX_ALIASES = 50
"""Each may stand for a whole tree, one in the other: never write out a value that you do not know to be plain."""
_ALIAS = re.compile(r"(?:^|[\s\[,:{-])\*[\w-]+", re.MULTILINE)


def loads(text: str) -> Any:
    """The document: mappings, lists, texts, numbers, None.

    Raises:
        ValueError: it is not YAML, or is made to be hard to read; with the reason.
    """
    documents = loads_all(text)
    if len(documents) > 1:
        raise ValueError("several documents where one is expected")
    return documents[0] if documents else None


def loads_all(text: str) -> list[Any]:
    """All documents of the stream. Raises ValueError as `loads` does."""
    import yaml  # type: ignore[import-untyped, unused-ignore]  # here, for few runs read any

    if len(text) > MAX_BYTES or len(_ALIAS.findall(text)) > _MAX_ALIASES:
        raise ValueError("too large, or full of aliases")
    try:
        return list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)[:200]) from error
