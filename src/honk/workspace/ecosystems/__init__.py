"""What a repository's tests need of each ecosystem: one small module for each, found through the table `ECOSYSTEMS`.

A module is a pure function from files and their contents to a `Provision`: programs of this machine, steps of the
set-up, and the variables of every sandbox. Python's own is `recipe`, for uv resolves all of its parts at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

ROUTE = "{route}"
"""In a value of `Provision.setup_env`: the address of the package route, without a slash at its end."""
STORE = "/opt/env"
"""The folder that a set-up fills, and that every later sandbox sees read-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program of this machine that sandboxes may use."""

    path: str
    version: str = ""
    prefix: str | None = None
    """What has to be shown inside, at its own path; None for one below /usr."""
    shown: tuple[str, ...] = ()
    """Further files that it reads, each shown at its own path: settings below /etc that its own folder links to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of a set-up, run in the work tree (or a folder of it) with the route to packages open."""

    title: str
    """Completed by "could not be ...": "The packages of package-lock.json"."""
    argv: tuple[str, ...]
    folder: str = ""
    is_essential: bool = True
    """Whether a failure is a problem of the environment, or only a line in its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """What one ecosystem brings to an environment."""

    ecosystem: str
    tools: Mapping[str, Tool] = field(default_factory=dict)
    """By name: shown in set-up and in every later sandbox, their folders first in PATH."""
    steps: tuple[Step, ...] = ()
    setup_env: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    """Of every later sandbox, the agent's too."""
    path: tuple[str, ...] = ()
    """Further folders in PATH of every later sandbox."""
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lock: str = ""
    """The lock file that versions come from; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecosystem:
    """One row of the table."""

    name: str
    programs: Mapping[str, tuple[str, ...]]
    """Programs looked for on the operator's PATH, with the words that make them tell their version; () asks nothing."""
    manifests: Callable[[Sequence[str]], tuple[str, ...]]
    """The files whose content decides; empty where the repository has nothing of this ecosystem."""
    plan: Callable[[Sequence[str], Mapping[str, str], Mapping[str, Tool]], Provision | None]
    """(files, texts of the manifests, tools found) -> what to do; None where there is nothing to do."""
