"""Lowered versions, and lock files that change alone. Pure."""

import re
from collections.abc import Iterator, Sequence

from honk.domain.evidence import Finding
from honk.verifier import paths
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked
from honk.verifier.rulebook.lines import text_of
from honk.verifier.rulebook.manifests import is_lock, is_lower, is_manifest, required
from honk.verifier.rulebook.said import note, person, veto

_HOST = re.compile(r"\b(?:git\+)?(?:https?|ssh|git)://(?:[^@/\s\"]*@)?([\w.-]+)")
_TOPICS = ("downgrade", "revert", "lower", "rollback", "pin", "older", "backport", "compatible", "compatibility")


def lowered_versions(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A pin that goes down is a veto; a lock that does, or a floor below what was there, waits for a person. Asked for,
    each is a note."""
    for entry in changed:
        path = entry.file.path
        if not (is_manifest(path) or is_lock(path)) or entry.before is None or entry.after is None:
            continue
        before, after = required(entry.old_path, entry.before), required(path, entry.after)
        for name, new in after.items():
            old = before.get(name)
            if old is None or not is_lower(new.version, old.version):
                continue
            message = f"{path} lowers {name} from {old.version} to {new.version}"
            if asked.speaks_of(*_TOPICS) or asked.names(name):
                yield note("lowered version", message, path)
            elif is_lock(path) or new.is_floor:
                yield person("lowered version", message, path)
            else:
                yield veto("lowered version", f"{message}, and nobody asked for it", path)


def lock_alone(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A lock file that changes without its manifest can swap what is installed."""
    if any(is_manifest(entry.file.path) for entry in changed):
        return
    for entry in changed:
        if is_lock(entry.file.path):
            message = f"{entry.file.path} changes and no manifest does"
            yield person("lock file alone", message, entry.file.path)


def swapped_sources(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """A lock file whose package keeps its version and changes its origin or its hash."""
    for entry in changed:
        if paths.name_of(entry.file.path) not in (
            "package-lock.json",
            "uv.lock",
            "poetry.lock",
            "go.sum",
            "Cargo.lock",
        ):
            continue
        hosts = _hosts(entry.after) - _hosts(entry.before)
        if hosts and entry.before:
            named = ", ".join(sorted(hosts)[:3])
            message = f"{entry.file.path} takes packages from a host that it did not name before: {named}"
            yield person("lock file source", message, entry.file.path)


def _hosts(content: bytes | None) -> set[str]:
    return set(_HOST.findall(text_of(content)))
