"""The ecosystems whose checks are known. A new one is a module and a row here."""

from collections.abc import Mapping, Sequence

from honk.verifier.ecosystems import Ecosystem, Found, Runner, Setting
from honk.verifier.ecosystems.cargo import ECOSYSTEM as CARGO
from honk.verifier.ecosystems.go import ECOSYSTEM as GO
from honk.verifier.ecosystems.gradle import ECOSYSTEM as GRADLE
from honk.verifier.ecosystems.maven import ECOSYSTEM as MAVEN
from honk.verifier.ecosystems.node import ECOSYSTEM as NODE
from honk.verifier.ecosystems.pre_commit import ECOSYSTEM as PRE_COMMIT
from honk.verifier.ecosystems.python import ECOSYSTEM as PYTHON

ECOSYSTEMS: tuple[Ecosystem, ...] = (PYTHON, NODE, GO, CARGO, MAVEN, GRADLE, PRE_COMMIT)

RUNNERS: Mapping[str, Runner] = {name: runner for one in ECOSYSTEMS for name, runner in one.runners.items()}
LINTERS: frozenset[str] = frozenset(name for one in ECOSYSTEMS for name in one.linters)


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """The paths whose content detection wants to read."""
    return tuple(dict.fromkeys(path for ecosystem in ECOSYSTEMS for path in ecosystem.needed(files)))


def found(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> tuple[Found, ...]:
    """What each ecosystem finds, in the table's order."""
    return tuple(ecosystem.detect(files, contents, setting) for ecosystem in ECOSYSTEMS)


def is_test_file(path: str) -> bool:
    return any(ecosystem.is_test_file(path) for ecosystem in ECOSYSTEMS)


def is_check_file(path: str) -> bool:
    """Whether the file holds nothing but check configuration."""
    return any(ecosystem.is_check_file(path) for ecosystem in ECOSYSTEMS)


def is_shared_check_file(path: str) -> bool:
    """Whether check configuration stands in it beside other things."""
    return any(ecosystem.is_shared_check_file(path) for ecosystem in ECOSYSTEMS)


def mended(path: str, before: bytes | None, after: bytes) -> bytes | None:
    """The change's content of a shared check file with the base's check keys."""
    for ecosystem in ECOSYSTEMS:
        if ecosystem.is_shared_check_file(path):
            return ecosystem.mend(path, before, after)
    return after
