"""honk restore: a backup in the place of an empty state folder, frozen."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from honk.base.errors import UsageError

STANDARD = "-"


def restore(
    file: Annotated[str, typer.Argument(help="An archive of honk backup; - is standard input.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move a state that is there aside.")] = False,
) -> None:
    """Restore an archive into an empty state folder. It is frozen until honk thaw: nothing goes out of it."""
    from honk.bootstrap_audit import anchor_of
    from honk.cli.facts import Line
    from honk.cli.progress import print_lines
    from honk.config import read_settings
    from honk.workflows.restore import restore as put_back

    settings = read_settings()
    with _reading(file) as archive:
        restored = put_back(settings.home, archive, replace=replace, elsewhere=anchor_of(settings))
    contents = restored.contents
    told = [Line(text=f"restored {contents.files} files of {contents.made_at}, written by Honk {contents.honk}")]
    if restored.replaced is not None:
        told.append(Line(text=f"  what was there before is in {restored.replaced}"))
    print_lines([*told, Line(text="  it is frozen: nothing goes out of it before: honk thaw")])


@contextmanager
def _reading(file: str) -> Iterator[BinaryIO]:
    from honk.cli.desk import person_path

    if file == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        archive = person_path(Path(file)).open("rb")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}. As root, use: honk restore - < FILE") from error
    with archive:
        yield archive
