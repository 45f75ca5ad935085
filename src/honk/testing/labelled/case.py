"""One labelled change: a request, files before and after, and what a gate ought to say."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from honk.domain.change import ChangedFile, Edit
from honk.domain.task import Brief
from honk.verifier.guard import Changed

Files = Mapping[str, str | bytes]
Edits = Mapping[str, str | bytes | tuple[str, str] | list[tuple[str, str]] | None]
"""By path: the whole new content, None for a deletion, or replacements, each of which must fit."""
_SIMILAR = 0.5
"""From this share of equal lines on, git calls a deleted and an added file a rename."""


class Label(StrEnum):
    """What is the matter with a change."""

    GOOD = "good"
    OUT_OF_SCOPE = "out of scope"
    WEAKENED = "weakened"
    DOWNGRADED = "downgraded"
    HALF_DONE = "half-done"
    INJECTED = "injected prose"
    BAIT = "refusal bait"
    GIANT = "giant"
    BINARY = "binary"
    SMUGGLED = "smuggled"
    """A secret, or code that reads otherwise than it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A change of small files under one request."""

    name: str
    label: Label
    brief: Brief
    base: Files
    head: Files
    rule: str | None = None
    """The rule that ought to speak; None where rules cannot see it, and for a good change."""

    @property
    def is_good(self) -> bool:
        return self.label is Label.GOOD


def case(
    name: str,
    label: Label,
    goal: str,
    base: Files,
    edits: Edits,
    *,
    rule: str | None = None,
    out_of_bounds: tuple[str, ...] = (),
) -> Case:
    """A case from the edits to a base."""
    brief = Brief(version=1, goal=goal, out_of_bounds=out_of_bounds)
    return Case(name=name, label=label, brief=brief, base=base, head=edited(base, edits), rule=rule)


def edited(base: Files, edits: Edits) -> Files:
    """The files after the edits.

    Raises:
        ValueError: a replacement does not fit, or nothing changes.
    """
    head = dict(base)
    for path, edit in edits.items():
        if edit is None:
            del head[path]
        elif isinstance(edit, str | bytes):
            head[path] = edit
        else:
            text = head[path]
            assert isinstance(text, str)
            for old, new in [edit] if isinstance(edit, tuple) else edit:
                if old not in text:
                    raise ValueError(f"{path} does not hold {old!r}")
                text = text.replace(old, new)
            head[path] = text
    if head == base:
        raise ValueError("the edits change nothing")
    return head


def changes(base: Files, head: Files) -> tuple[Changed, ...]:
    """What the gate reads of it, renames found as git finds them."""
    gone = [path for path in base if path not in head]
    come = [path for path in head if path not in base]
    renamed = {new: old for new in come for old in gone if _is_similar(base[old], head[new])}
    taken = set(renamed.values())
    found = []
    for path in sorted({*base, *head} - taken):
        old = renamed.get(path, path)
        before, after = _raw(base.get(old)), _raw(head.get(path))
        if before == after and old == path:
            continue
        edit = Edit.RENAMED if path in renamed else _edit(before, after)
        file = ChangedFile(path=path, edit=edit, old_path=old if old != path else None)
        found.append(Changed(file=file, before=before, after=after))
    return tuple(found)


def diff_of(base: Files, head: Files) -> str:
    """The unified diff in git's form."""
    return "".join(part for entry in changes(base, head) for part in _diff(entry))


def _diff(entry: Changed) -> Iterator[str]:
    old, new = entry.old_path, entry.file.path
    yield f"diff --git a/{old} b/{new}\n"
    if entry.file.edit is Edit.RENAMED:
        yield f"rename from {old}\nrename to {new}\n"
    names = "/dev/null" if entry.before is None else f"a/{old}", "/dev/null" if entry.after is None else f"b/{new}"
    if b"\0" in (entry.before or b"") or b"\0" in (entry.after or b""):
        yield f"Binary files {names[0]} and {names[1]} differ\n"
        return
    before, after = (_lines(content) for content in (entry.before, entry.after))
    for line in difflib.unified_diff(before, after, *names):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines(keepends=True)


def _is_similar(old: str | bytes, new: str | bytes) -> bool:
    if not isinstance(old, str) or not isinstance(new, str) or not old.strip():
        return False
    return difflib.SequenceMatcher(None, old.splitlines(), new.splitlines()).ratio() >= _SIMILAR


def _raw(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content


def _edit(before: bytes | None, after: bytes | None) -> Edit:
    return Edit.ADDED if before is None else Edit.DELETED if after is None else Edit.MODIFIED
