"""Names that cannot stand beside each other everywhere. Pure."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from honk.domain.change import Edit
from honk.domain.evidence import Finding
from honk.verifier.guard import Changed
from honk.verifier.rulebook.said import person


def case_clashes(changed: Sequence[Changed], paths: Collection[str]) -> Iterator[Finding]:
    """New files that macOS and Windows take for another one of the tree: a checkout there loses one.

    `paths` are the base's.
    """
    new = {entry.file.path for entry in changed if entry.file.edit in (Edit.ADDED, Edit.RENAMED)}
    gone = {entry.file.path for entry in changed if entry.file.edit is Edit.DELETED}
    gone |= {entry.file.old_path for entry in changed if entry.file.edit is Edit.RENAMED and entry.file.old_path}
    wanted = {_as_one(path) for path in new}
    alike: dict[str, list[str]] = defaultdict(list)
    for path in sorted({*paths, *new} - (gone - new)) if new else ():
        if (name := _as_one(path)) in wanted:
            alike[name].append(path)
    for path in sorted(new):
        if others := [other for other in alike[_as_one(path)] if other != path]:
            yield person("case clash", f"{path} and {others[0]} are one file on macOS and Windows", path)


def _as_one(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
