"""Whether one more pull request may be opened, or waits for a person: no spam, and nothing twice. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from honk.base import toml
from honk.domain.amounts import counted

PATH = ".honk.toml"
TABLE = "pull_requests"
_PLACE = f"{PATH} [{TABLE}]"
_KEY = "most_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTerms:
    """Of one repository, at one commit."""

    most_open: int = 20
    """How many of ours may be open at once."""
    holds_repeats: bool = True
    """Whether the same change once more waits at all."""
    repeat_days: float = 14.0
    """How long after it was closed the same change is the same."""
    problem: str = ""
    """What was not understood of the repository's own table."""


def narrowed(installation: QueueTerms, honk_toml: bytes | None) -> QueueTerms:
    """The installation's terms, lowered by the file's table. A repository only takes away."""
    try:
        table = toml.loads((honk_toml or b"").decode()).get(TABLE, {})
    except ValueError:
        return replace(installation, problem=f"{PATH} is no sound TOML")
    if not isinstance(table, dict) or set(table) - {_KEY}:
        return replace(installation, problem=f"{_PLACE} has one key, {_KEY}")
    wanted = table.get(_KEY, installation.most_open)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 0:
        return replace(installation, problem=f"{_PLACE} {_KEY} must be a number from 0 on")
    return replace(installation, most_open=min(installation.most_open, wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A pull request of the same repository that was opened before."""

    number: int
    state: str
    closed_at: datetime | None
    tree_sha: str | None
    """None where its task was deleted."""
    patch: str | None
    """By `patch_of`; None where it cannot be told by its lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The change that a pull request is to be opened for."""

    task_id: str
    tree_sha: str
    patch: str | None
    is_wanted_again: bool = False
    """Whether a person was told that it is there already, and went on."""


def why_held(wanted: Wanted, earlier: Sequence[Earlier], terms: QueueTerms, at: datetime) -> str | None:
    """Why it waits for a person, and what lets it go on; None where it may be opened."""
    if terms.problem:
        return (
            f"{terms.problem}, so nobody knows how many pull requests are wanted there. Mend that on the base branch, "
            f"then begin again from there: honk task retry {wanted.task_id}"
        )
    if not wanted.is_wanted_again:
        for one in sorted(earlier, key=lambda one: one.state != "open"):
            if is_recent(one.state, one.closed_at, terms, at) and _is_same(wanted, one):
                return (
                    f"Pull request #{one.number} ({one.state}) has exactly this change. If it is wanted once more all "
                    f"the same: honk task retry {wanted.task_id}"
                )
    opened = sum(one.state == "open" for one in earlier)
    if opened >= terms.most_open:
        return (
            f"{counted(opened, 'pull request')} of Honk open here, and no more than {terms.most_open} may be "
            f"(pull_requests.most_open). Merge or close some, then: honk task retry {wanted.task_id}"
        )
    return None


def is_recent(state: str, closed_at: datetime | None, terms: QueueTerms, at: datetime) -> bool:
    """Whether its change may not be repeated by another: open, or closed without a merge not long ago."""
    if state == "open":
        return terms.holds_repeats
    since = None if closed_at is None or not terms.holds_repeats else at - closed_at
    return state == "closed" and since is not None and since < timedelta(days=terms.repeat_days)


def _is_same(wanted: Wanted, one: Earlier) -> bool:
    return wanted.tree_sha == one.tree_sha or (wanted.patch is not None and wanted.patch == one.patch)


def patch_of(diff: bytes) -> str | None:
    """The same for two diffs that add and take the same lines of the same files, wherever these stand by now and
    however they are indented. None for one with a file that is not text: its lines say nothing."""
    digest, has_lines = hashlib.sha256(), False
    for line in diff.split(b"\n"):
        if line.startswith((b"Binary files ", b"GIT binary patch")):
            return None
        if line.startswith((b"+", b"-", b"rename ", b"old mode ", b"new mode ", b"deleted file", b"new file")):
            digest.update(b"".join(line.split()) + b"\n")
            has_lines = True
    return digest.hexdigest() if has_lines else None
