"""The ecosystems that an environment can be made of. A new one is a module and a row here."""

from collections.abc import Mapping, Sequence

from honk.workspace.ecosystems import Ecosystem, Provision, Tool
from honk.workspace.ecosystems.cargo import ECOSYSTEM as CARGO
from honk.workspace.ecosystems.go import ECOSYSTEM as GO
from honk.workspace.ecosystems.gradle import ECOSYSTEM as GRADLE
from honk.workspace.ecosystems.maven import ECOSYSTEM as MAVEN
from honk.workspace.ecosystems.node import ECOSYSTEM as NODE

ECOSYSTEMS: tuple[Ecosystem, ...] = (NODE, GO, CARGO, MAVEN, GRADLE)


def manifest_paths(files: Sequence[str]) -> tuple[str, ...]:
    """The files whose content decides, of all ecosystems."""
    return tuple(dict.fromkeys(path for ecosystem in ECOSYSTEMS for path in ecosystem.manifests(files)))


def programs_for(files: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The programs that these files could need, with the words that make each tell its version."""
    return {name: words for one in ECOSYSTEMS if one.manifests(files) for name, words in one.programs.items()}


def programs() -> tuple[str, ...]:
    """Every program that some ecosystem looks for."""
    return tuple(dict.fromkeys(name for ecosystem in ECOSYSTEMS for name in ecosystem.programs))


def provisions(files: Sequence[str], texts: Mapping[str, str], tools: Mapping[str, Tool]) -> tuple[Provision, ...]:
    """What each ecosystem brings along, in the table's order."""
    found = (ecosystem.plan(files, texts, tools) for ecosystem in ECOSYSTEMS)
    return tuple(provision for provision in found if provision is not None)
