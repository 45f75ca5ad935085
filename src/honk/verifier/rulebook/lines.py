"""The lines of a change. Pure."""

from collections.abc import Iterator

from honk.verifier.guard import Changed


def text_of(content: bytes | None) -> str:
    """The content as text, whatever it is."""
    return (content or b"").decode("utf-8", "replace")


def is_binary(content: bytes | None) -> bool:
    """As git tells it."""
    return b"\0" in (content or b"")[:8000]


def added(entry: Changed) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that were not there before, wherever they stand now."""
    if entry.after is None or is_binary(entry.after):
        return
    known = set(text_of(entry.before).splitlines())
    for number, line in enumerate(text_of(entry.after).splitlines(), 1):
        if line not in known:
            yield number, line


def removed(entry: Changed) -> Iterator[str]:
    """Lines that are there no more."""
    if entry.before is None or is_binary(entry.before):
        return
    known = set(text_of(entry.after).splitlines())
    yield from (line for line in text_of(entry.before).splitlines() if line not in known)
