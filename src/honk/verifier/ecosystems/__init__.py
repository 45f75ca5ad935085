"""How each ecosystem's checks are found and run: one small module for each, found through the table `ECOSYSTEMS`.

A module decides, purely, which verifiers a base has; and it says of each of its runners how one is started in a room
and how what it told is read. The comparison of two runs, and the rules, are the same for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from honk.verifier import Command
from honk.verifier.results import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where the tests run."""

    python: str | None = None
    tools: Mapping[str, str] = field(default_factory=dict)
    """Programs that rooms have, by name. What lacks is named in `problems`, or the repository does not need it."""
    problems: tuple[str, ...] = ()
    base_sha: str = ""
    environment_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The verifiers of one ecosystem, and what would be needed and is not there."""

    tests: tuple[Command, ...] = ()
    linters: tuple[Command, ...] = ()
    missing: tuple[str, ...] = ()
    unrun: tuple[str, ...] = ()
    """Checks that the repository declares and that are not run here, each with its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One run of a runner."""

    nonce: str
    """Stands before each line that is evidence; nobody in the room is told it but the runner."""
    config: str | None = None
    only: tuple[str, ...] = ()
    """Narrows the run to these test files; empty for all."""
    drop_addopts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A program to run in the room. Its first standard output is the channel."""

    argv: tuple[str, ...]
    stdin: bytes = b""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A test runner whose results can be read by test id."""

    start: Callable[[Command, Asked], Start]
    read: Callable[[bytes, str], Told]
    """(channel, nonce) -> what was told. `Told.end` is None unless the runner came to its own end."""
    has_flock: bool = True
    """Whether tests that must fail are set loose at the end: without them a base's run is believed as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecosystem:
    """One row of the table."""

    name: str
    needed: Callable[[Sequence[str]], tuple[str, ...]]
    """The paths whose content `detect` wants to read."""
    detect: Callable[[Sequence[str], Mapping[str, bytes], Setting], Found]
    is_test_file: Callable[[str], bool]
    is_check_file: Callable[[str], bool]
    """Whether the file holds nothing but check configuration: it is put back whole."""
    is_shared_check_file: Callable[[str], bool]
    """Whether it holds check configuration among other things: put back by key, by `mend`."""
    mend: Callable[[str, bytes | None, bytes], bytes | None]
    """(path, base's content, change's content) -> the change's with the base's keys, or the base's as it is."""
    runners: Mapping[str, Runner] = field(default_factory=dict)
    """By the name that `Command.runner` has."""
    linters: frozenset[str] = frozenset()
    """Names of commands that decide only where the base is clean."""
