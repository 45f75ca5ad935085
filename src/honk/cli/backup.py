"""honk backup: the state folder in one file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from honk.base.errors import UsageError

STANDARD = "-"


def backup(
    file: Annotated[str, typer.Argument(help="Where to write the archive; - is standard output.")],
) -> None:
    """Save everything that cannot be made again: database, blobs, repositories. No key and no setting is in it."""
    from honk.cli.desk import run_async

    run_async(_backup(file))


async def _backup(file: str) -> None:
    from honk.cli.desk import own_desk
    from honk.workflows.housekeeping import size_words

    async with own_desk() as desk:
        with _writing(file) as into:
            contents = await desk.backup(into)
    where = "standard output" if file == STANDARD else file
    sys.stderr.write(f"saved {contents.files} files, {size_words(contents.size_bytes)}, to {where}\n")


@contextmanager
def _writing(file: str) -> Iterator[BinaryIO]:
    """The file, in its place only when it is whole, and only its owner's to read."""
    import os

    from honk.cli.desk import person_path

    if file == STANDARD:
        if sys.stdout.isatty():
            raise UsageError("An archive is nothing for a terminal. Name a file, or send it on: honk backup - > FILE")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = person_path(Path(file))
    half = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as into:
            yield into
            into.flush()
            os.fsync(into.fileno())
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}. As root, use: honk backup - > FILE") from error
