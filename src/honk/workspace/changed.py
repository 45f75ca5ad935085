"""Reads what git says about a change. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from honk.domain.change import ChangedFile, Edit
from honk.domain.commit_text import plain, subject_line, trailer_lines
from honk.workspace import CommitMessage

GITLINK = "160000"
_EDITS = {"A": Edit.ADDED, "D": Edit.DELETED, "R": Edit.RENAMED}


def parse_changed(raw: bytes) -> tuple[ChangedFile, ...]:
    """The changed files, sorted by path, from `git diff-tree -r -z --raw --numstat`."""
    words = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    files: dict[str, ChangedFile] = {}
    for word in words:
        if word.startswith(":"):
            changed = _raw_entry(word, words)
            files[changed.path] = changed
        elif word:
            added, deleted, path = word.split("\t", 2)
            if not path:  # a rename: both names follow
                next(words)
                path = next(words)
            files[path] = replace(files[path], added_lines=_count(added), deleted_lines=_count(deleted))
    return tuple(files[path] for path in sorted(files))


def _raw_entry(word: str, words: Iterator[str]) -> ChangedFile:
    old_mode, new_mode, _, _, status = word[1:].split(" ")
    first = next(words)
    is_renamed = status[0] in "RC"
    return ChangedFile(
        path=next(words) if is_renamed else first,
        edit=_EDITS.get(status[0], Edit.MODIFIED),
        old_path=first if is_renamed else None,
        old_mode=old_mode,
        new_mode=new_mode,
    )


def _count(word: str) -> int | None:
    return None if word == "-" else int(word)


def new_blobs(raw: bytes) -> dict[str, str]:
    """Path by blob of every file that `git diff-tree -r -z --raw --no-renames` shows as new or changed."""
    words = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    blobs: dict[str, str] = {}
    for word in filter(None, words):
        _, new_mode, _, blob, status = word.split(" ")
        path = next(words)
        if status != "D" and new_mode != GITLINK:
            blobs[blob] = path
    return blobs


def message_text(message: CommitMessage) -> str:
    """The commit's text: subject, body, trailers. A trailer is one line whatever its value holds."""
    body = message.body.replace("\0", "").strip()
    parts = (subject_line(message.subject), body, trailer_lines(message.trailers))
    return "\n\n".join(filter(None, parts)) + "\n"


def identity(message: CommitMessage) -> dict[str, str]:
    """The variables by which git learns who and when."""
    date = f"@{int(message.at.timestamp())} +0000"
    return {
        "GIT_AUTHOR_NAME": plain(message.author.name) or "unknown",
        "GIT_AUTHOR_EMAIL": plain(message.author.email) or "unknown@localhost",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": plain(message.committer.name) or "honk",
        "GIT_COMMITTER_EMAIL": plain(message.committer.email) or "honk@localhost",
        "GIT_COMMITTER_DATE": date,
    }


def shown(path: str) -> str:
    """The path for a message: control characters and foreign bytes are escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").encode("unicode_escape").decode()
