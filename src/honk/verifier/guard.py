"""Which files of a change are put back to the base's before it is verified. Pure.

Added, changed or removed check configuration is no evidence: what each ecosystem calls that, by file or by key, the
Makefile where `make` is the runner, `.honk.toml`, and every script that a plan's command names.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from honk.domain.change import ChangedFile, Edit
from honk.verifier import Plan, honk_toml, paths
from honk.verifier.ecosystems import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One path of a change, with what it held before and after."""

    file: ChangedFile
    before: bytes | None
    """None where there was nothing, or nothing that is read: a link, a submodule, a huge file."""
    after: bytes | None

    @property
    def old_path(self) -> str:
        return self.file.old_path or self.file.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file put into a room over its tree; None takes it away."""

    path: str
    content: bytes | None
    is_executable: bool = False


def restored(plan: Plan, changed: Sequence[Changed]) -> tuple[Placed, ...]:
    """The files to put back, empty for a change that leaves the checks alone."""
    placed: list[Placed] = []
    for entry in changed:
        if entry.file.path != entry.old_path and _is_guarded(plan, entry.old_path):
            placed.append(_back(entry))
        if _is_guarded(plan, entry.file.path):
            renamed = entry.file.path != entry.old_path
            placed.append(Placed(path=entry.file.path, content=None) if renamed else _back(entry))
        elif table.is_shared_check_file(entry.file.path):
            placed += _by_key(entry)
    return tuple(placed)


def base_tests(changed: Sequence[Changed]) -> tuple[Placed, ...]:
    """The test files that the change edits, as they were."""
    return tuple(
        _back(entry)
        for entry in changed
        if entry.file.edit is Edit.MODIFIED and table.is_test_file(entry.file.path) and entry.before is not None
    )


def head_tests(plan: Plan, changed: Sequence[Changed]) -> tuple[Placed, ...]:
    """The tests that the change adds or edits, and what it lays beside them, as they are now. No configuration."""
    return tuple(
        Placed(path=entry.file.path, content=entry.after)
        for entry in changed
        if entry.file.edit is not Edit.DELETED
        and entry.after is not None
        and (table.is_test_file(entry.file.path) or paths.is_beside_tests(entry.file.path))
        and not _is_guarded(plan, entry.file.path)
    )


def _is_guarded(plan: Plan, path: str) -> bool:
    if table.is_check_file(path) or path == honk_toml.PATH:
        return True
    if any(path in command.guarded for command in plan.commands):
        return True
    words = {word.removeprefix("./") for command in plan.commands if command.runner is None for word in command.argv}
    runs_make = any(command.argv[0] == "make" for command in plan.commands)
    return path in words or (runs_make and (path in paths.MAKEFILES or path.endswith(".mk")))


def _back(entry: Changed) -> Placed:
    return Placed(path=entry.old_path, content=entry.before, is_executable=entry.file.old_mode == "100755")


def _by_key(entry: Changed) -> list[Placed]:
    before = entry.before if entry.file.path == entry.old_path else None
    if entry.after is None:
        return [_back(entry)] if before is not None else []
    content = table.mended(entry.file.path, before, entry.after)
    return [] if content == entry.after else [Placed(path=entry.file.path, content=content)]
