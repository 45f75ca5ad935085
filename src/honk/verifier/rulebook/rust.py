"""Rules on what only Rust has: keys of Cargo.toml that decide how a change is checked, and examples that run. Pure."""

import re
from collections.abc import Iterator, Sequence

from honk.domain.evidence import Finding
from honk.verifier import cargo_keys, paths
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked
from honk.verifier.rulebook.said import person

_FENCE = re.compile(rb"^\s*(?://[/!]|\*)?\s*(?:```|~~~)", re.MULTILINE)


def manifest_keys(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Which targets are tested and how they are compiled; what runs while others compile."""
    for entry in changed:
        if paths.name_of(entry.file.path) != "Cargo.toml":
            continue
        for rule, keys_of in (("check configuration", cargo_keys.check_keys), ("build scripts", cargo_keys.build_keys)):
            before, after = keys_of(entry.before), keys_of(entry.after)
            names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
            if names and entry.before is not None and entry.after is not None:
                yield person(rule, f"{entry.file.path} changes {', '.join(names)}", entry.file.path)
        if swapped := cargo_keys.swapped(entry.before, entry.after):
            message = f"{entry.file.path} takes {', '.join(swapped)} from elsewhere"
            yield person("build scripts", message, entry.file.path)


def fewer_examples(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """Examples in the documentation are tests too; the brief may ask for the removal of what they show."""
    for entry in changed:
        if entry.old_path.endswith(".rs") and lost_examples(entry) and not asked.removes((entry.old_path,)):
            yield person("deleted test", f"{entry.old_path} has fewer examples, which are run as tests", entry.old_path)


def lost_examples(entry: Changed) -> int:
    """How many blocks of code the documentation lost."""
    return max(0, len(_FENCE.findall(entry.before or b"")) - len(_FENCE.findall(entry.after or b""))) // 2
