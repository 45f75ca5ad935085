"""Gradle: `gradle test` without a network, by its XML reports. Pure.

A build script is a program and no table, so scripts are put back whole: a change that needs its own is unverified.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from honk.verifier import Command
from honk.verifier.ecosystems import Asked, Ecosystem, Found, Runner, Setting, Start, junit_xml
from honk.verifier.results import Told

SCRIPTS = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_GRADLE = "/opt/env/bin/gradle"
_REPORTS = "*/test-results/*"


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """Nothing: that there is a build script says it all."""
    return ()


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """`gradle test` of the whole repository, unless Maven builds it too."""
    chosen = next((path for path in SCRIPTS if path in files), None)
    if chosen is None or "pom.xml" in files or not any(map(junit_xml.is_test_file, files)):
        return Found()
    if "gradle" not in setting.tools:
        return Found(missing=() if setting.problems else (f"the toolchain of Gradle ({chosen})",))
    test = Command(
        name="gradle test",
        argv=(_GRADLE, "--console=plain", "--no-build-cache", "--continue", "clean", "test"),
        chosen_by=chosen,
        is_required=True,
        runner="gradle",
    )
    return Found(tests=(test,))


def is_check_file(path: str) -> bool:
    """Build scripts, wherever one may be applied from, and what Gradle reads beside them."""
    parts = PurePosixPath(path).parts
    is_script = parts[-1].endswith((".gradle", ".gradle.kts")) or parts[-1] in ("gradle.properties", "gradle.lockfile")
    return (is_script and "src" not in parts[:-1]) or parts[0] in ("gradle", "buildSrc", "build-logic")


def start(command: Command, asked: Asked) -> Start:
    """`only` narrows the run to the classes that the files are named after."""
    chosen = [word for name in junit_xml.classes_in(asked.only) for word in ("--tests", f"*{name}")]
    return junit_xml.start((*command.argv, *chosen), _REPORTS, asked)


def read(channel: bytes, nonce: str) -> Told:
    """As `junit_xml` has it."""
    return junit_xml.read(channel, nonce, "build.gradle")


ECOSYSTEM = Ecosystem(
    name="Gradle",
    needed=needed,
    detect=detect,
    is_test_file=junit_xml.is_test_file,
    is_check_file=lambda path: is_check_file(path) or junit_xml.is_check_file(path),
    is_shared_check_file=lambda path: False,
    mend=lambda path, before, after: after,
    runners={"gradle": Runner(start=start, read=read, has_flock=False)},
)
