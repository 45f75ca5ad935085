"""What stands on the shelves of the state folder: templates, environments, work trees, and what was left half made."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from honk.domain.retention import Item, Kind
from honk.domain.task import Repository
from honk.workspace.mirror import mirror_of

ENVIRONMENTS = "environments"
TEMPLATES = "templates"
WORKSPACES = "workspaces"
_LITTER = {
    Kind.LITTER: (
        "templates/*/.making-*",
        "environments/*.made-*",
        "mirrors/*/quarantine-*",
        "mirrors/*/*.git/objects/pack/tmp_*",
        "mirrors/*/*.git/objects/tmp_objdir-*",
        "forge/*.git/objects/pack/tmp_*",
        "forge/*.git/objects/tmp_objdir-*",
    ),
    Kind.ROOM: ("rooms/*",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What may not go, each with who needs it, in words."""

    runs: Mapping[str, str]
    """By run id: its work tree, and the environment that this stands on."""
    templates: Mapping[str, str]
    """By the template's name below the state folder."""


def template_name(home: Path, repository: Repository, sha: str) -> str:
    """Where the template of a commit stands below the state folder."""
    return f"{TEMPLATES}/{mirror_of(home, repository).directory.name}/{sha}"


def note_use(place: Path) -> None:
    """Remember that the thing is in use now; no error where it is gone."""
    with contextlib.suppress(OSError):
        os.utime(place)


def stock(home: Path, needed: Needed, measure: Callable[[Path], int], began_at: datetime) -> Iterator[Item]:
    """Everything on the shelves. Half made things count as left behind where they are older than `began_at`, the
    moment since when we own the state folder."""
    environments = _environments_of(home, needed.runs)
    for place in home.glob(f"{TEMPLATES}/*/*"):
        if place.is_dir() and not place.name.startswith("."):
            name = str(place.relative_to(home))
            yield item_of(home, place, Kind.TEMPLATE, measure, needed.templates.get(name, ""))
    for place in home.glob(f"{ENVIRONMENTS}/*"):
        if place.is_dir() and ".made-" not in place.name:
            yield item_of(home, place, Kind.ENVIRONMENT, measure, environments.get(place.name, ""))
    for place in home.glob(f"{WORKSPACES}/*"):
        yield item_of(home, place, Kind.WORKSPACE, measure, needed.runs.get(place.name, ""))
    for kind, patterns in _LITTER.items():
        for place in (place for pattern in patterns for place in home.glob(pattern)):
            if (item := item_of(home, place, kind, measure)).used_at < began_at:
                yield item


def item_of(home: Path, place: Path, kind: Kind, measure: Callable[[Path], int], needed_by: str = "") -> Item:
    """The thing at the place; what vanished meanwhile was used just now."""
    return Item(
        kind=kind,
        name=str(place.relative_to(home)),
        used_at=used_at(place) or datetime.now(UTC),
        size_bytes=measure(place),
        needed_by=needed_by,
    )


def used_at(place: Path) -> datetime | None:
    """When it was made or last used; None where it is gone."""
    try:
        return datetime.fromtimestamp(place.lstat().st_mtime, UTC)
    except OSError:
        return None


@contextlib.contextmanager
def alone_with(home: Path, name: str) -> Iterator[bool]:
    """Whether nobody makes or runs the thing while the `with` lasts; nobody can begin to."""
    path = _lock_of(home, name)
    if path is None or not path.parent.exists():
        yield True
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def _lock_of(home: Path, name: str) -> Path | None:
    """The lock of whoever makes or runs such a thing: as `locked` and the sandbox's state take it."""
    shelf, _, rest = name.partition("/")
    place = home / name
    if shelf == TEMPLATES:
        return place.parent / "lock"
    if shelf == ENVIRONMENTS:
        return home / ENVIRONMENTS / f"{rest.partition('.')[0]}.lock"
    if shelf in (WORKSPACES, "rooms"):
        return place / "state" / "lock"
    if shelf == "mirrors":
        return home / shelf / rest.partition("/")[0] / "lock"
    return None


def _environments_of(home: Path, runs: Mapping[str, str]) -> dict[str, str]:
    """Environments that the runs' work trees stand on, by the note that each work tree has of its origin."""
    found = {}
    for run_id, words in runs.items():
        with contextlib.suppress(OSError):
            for line in (home / WORKSPACES / run_id / "origin").read_text().splitlines():
                found[line] = words
    return found
