"""Files in, plan out: which verifiers a repository has, each with the file that chose it. Pure.

Decided from the base commit alone. Runners of the ecosystems come first; `make test` or `make check` is taken where
none is known, for it is nearly always the same tests again. Linters count where configured, and decide only where the
base is clean. What is declared and not run here is named.
"""

import re
from collections.abc import Mapping, Sequence

from honk.verifier import Command, Plan, honk_toml, paths
from honk.verifier.ecosystems import Setting as Setting
from honk.verifier.ecosystems import table
from honk.verifier.ecosystems.python import pytest_config as pytest_config

_TARGETS = re.compile(r"^([\w.%/ -]{1,200}):(?!=)", re.MULTILINE)


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """The paths whose content `detect` wants to read: configuration, and a sample of the tests."""
    own = [path for path in files if path in {*paths.MAKEFILES, honk_toml.PATH}]
    return (*own, *table.needed(files))


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Plan:
    """What to run, and what is missing for it."""
    missing = list(setting.problems)
    try:
        own = honk_toml.parse(contents.get(honk_toml.PATH))
    except honk_toml.HonkTomlError as error:
        own = honk_toml.HonkToml()
        missing.append(str(error))
    found = table.found(files, contents, setting)
    tests = [command for one in found for command in one.tests]
    commands = [*tests, *(command for one in found for command in one.linters)]
    missing += [lack for one in found for lack in one.missing if lack not in missing]
    make = _make_test(contents) if not tests else None
    commands += [make] if make is not None else []
    unrun = [check for one in found for check in one.unrun]
    if not tests and make is None and not own.commands and unrun:
        missing.append("the tests are run by what Honk does not run: " + ", ".join(unrun[:3]))
    commands += [_own_command(command) for command in own.commands]
    return Plan(
        commands=tuple(commands),
        missing=tuple(missing),
        unrun=tuple(unrun),
        base_sha=setting.base_sha,
        environment_key=setting.environment_key,
    )


def _make_test(contents: Mapping[str, bytes]) -> Command | None:
    """`make test`, or `make check`: its exit code, and a count of tests that it must print."""
    name = next((name for name in paths.MAKEFILES if name in contents), None)
    text = contents[name].decode("utf-8", "replace") if name is not None else ""
    targets = {word for found in _TARGETS.findall(text) for word in found.split()}
    wanted = next((target for target in ("test", "check") if target in targets), None)
    if name is None or wanted is None:
        return None
    return Command(name=f"make {wanted}", argv=("make", wanted), chosen_by=name, is_required=True)


def _own_command(command: honk_toml.OwnCommand) -> Command:
    return Command(
        name=command.name,
        argv=command.argv,
        chosen_by=honk_toml.PATH,
        is_required=command.is_required,
        timeout_seconds=command.timeout_seconds,
    )
