"""Files in, plan out: which verifiers a repository has, each with the file that chose it. Pure.

Decided from the base commit alone. Runners of the ecosystems come first; `make test` is taken where none is known,
for it is nearly always the same tests again. Linters count where configured, and decide only where the base is clean.
"""

import re
from collections.abc import Mapping, Sequence

from honk.verifier import Command, Plan, honk_toml, paths
from honk.verifier.ecosystems import Setting as Setting
from honk.verifier.ecosystems import table
from honk.verifier.ecosystems.python import pytest_config as pytest_config

_TEST_TARGET = re.compile(r"^test\s*:(?!=)", re.MULTILINE)
_FOREIGN = (
    ("pom.xml", "Java with Maven"),
    ("build.gradle", "Java with Gradle"),
    ("build.gradle.kts", "Java with Gradle"),
)


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
    if not tests and (make := _make_test(contents)) is not None:
        commands.append(make)
    commands += [_own_command(command) for command in own.commands]
    if not tests and not own.commands and all(command.name != "make test" for command in commands):
        missing += [f"the toolchain of {name} ({path})" for path, name in _FOREIGN if path in files]
    return Plan(
        commands=tuple(commands),
        missing=tuple(missing),
        base_sha=setting.base_sha,
        environment_key=setting.environment_key,
    )


def _make_test(contents: Mapping[str, bytes]) -> Command | None:
    for name in paths.MAKEFILES:
        if name in contents and _TEST_TARGET.search(contents[name].decode("utf-8", "replace")):
            return Command(name="make test", argv=("make", "test"), chosen_by=name, is_required=True)
    return None


def _own_command(command: honk_toml.OwnCommand) -> Command:
    return Command(
        name=command.name,
        argv=command.argv,
        chosen_by=honk_toml.PATH,
        is_required=command.is_required,
        timeout_seconds=command.timeout_seconds,
    )
