"""What the environment of a run is made of, and the one line that tells it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One ecosystem of an environment."""

    ecosystem: str
    tools: tuple[str, ...] = ()
    """With their versions: "node 22.1"."""
    lock: str = ""
    """The lock file that the versions come from; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentHealth:
    """What the tests of a run stand on, and what is missing."""

    parts: tuple[Part, ...] = ()
    services: tuple[str, ...] = ()
    """Servers started beside the tests, with their versions."""
    packages: tuple[str, ...] = ()
    """Asked for by the repository, and on this machine."""
    missing: tuple[str, ...] = ()
    """Each makes the run unverified, by name."""
    hints: tuple[str, ...] = ()
    is_reused: bool = False
    seconds: float = 0.0
    """That it took to build it, whenever that was."""


def health_line(health: EnvironmentHealth) -> str:
    """`Node.js (node 22.1, npm 10.9; package-lock.json) · services: redis 7.0 · reused, built in 12.3 s`"""
    told = [_part(part) for part in health.parts]
    told += [f"services: {', '.join(health.services)}"] if health.services else []
    told += [f"packages: {', '.join(health.packages)}"] if health.packages else []
    told.append(_origin(health))
    told += [f"MISSING: {_first(health.missing)}"] if health.missing else []
    told += [f"hint: {_first(health.hints)}"] if health.hints else []
    return " · ".join(told)


def _part(part: Part) -> str:
    words = [", ".join(part.tools)] if part.tools else []
    return f"{part.ecosystem} ({'; '.join([*words, part.lock or 'no lock file'])})"


def _origin(health: EnvironmentHealth) -> str:
    if not health.seconds:
        return "nothing to install"
    return f"{'reused, built' if health.is_reused else 'built'} in {health.seconds:.1f} s"


def _first(told: Sequence[str]) -> str:
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return told[0].strip().split("\n")[0] + more
