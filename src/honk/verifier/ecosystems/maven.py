"""Maven: `mvn test` without a network, by surefire's reports. Pure.

`mvn` is the environment's own, which knows where the packages are; a wrapper would fetch another. What an earlier build
left is cleaned away, for a class whose source is gone would still be there.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from honk.verifier import Command
from honk.verifier.ecosystems import Asked, Ecosystem, Found, Runner, Setting, Start, junit_xml
from honk.verifier.ecosystems.pom import with_base_checks
from honk.verifier.results import Told

MANIFEST = "pom.xml"
_MAVEN = "/opt/env/bin/mvn"
_REPORTS = "*/surefire-reports/*"
_ANY = ("-DfailIfNoTests=false", "-Dsurefire.failIfNoSpecifiedTests=false")


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """Nothing: that there is a pom.xml says it all."""
    return ()


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """`mvn test` of the whole repository where the root is a project and there are tests."""
    if MANIFEST not in files or not any(map(junit_xml.is_test_file, files)):
        return Found()
    if "mvn" not in setting.tools:
        return Found(missing=() if setting.problems else (f"the toolchain of Maven ({MANIFEST})",))
    test = Command(
        name="mvn test",
        argv=(_MAVEN, "-B", "-o", "-fae", "clean", "test"),
        chosen_by=MANIFEST,
        is_required=True,
        runner="maven",
    )
    return Found(tests=(test,))


def is_check_file(path: str) -> bool:
    """What Maven reads beside pom.xml: words of its command line, its machine's, and extensions."""
    return PurePosixPath(path).parts[0] == ".mvn" or junit_xml.is_check_file(path)


def is_shared_check_file(path: str) -> bool:
    """Every pom.xml but those that are a sample of some test."""
    parts = PurePosixPath(path).parts
    return parts[-1] == MANIFEST and "src" not in parts[:-1]


def start(command: Command, asked: Asked) -> Start:
    """`only` narrows the run to the classes that the files are named after."""
    classes = junit_xml.classes_in(asked.only)
    chosen = (f"-Dtest={','.join(classes)}", *_ANY) if classes else ()
    return junit_xml.start((*command.argv, *chosen), _REPORTS, asked)


def read(channel: bytes, nonce: str) -> Told:
    """As `junit_xml` has it."""
    return junit_xml.read(channel, nonce, MANIFEST)


ECOSYSTEM = Ecosystem(
    name="Maven",
    needed=needed,
    detect=detect,
    is_test_file=junit_xml.is_test_file,
    is_check_file=is_check_file,
    is_shared_check_file=is_shared_check_file,
    mend=lambda path, before, after: with_base_checks(before, after),
    runners={"maven": Runner(start=start, read=read, has_flock=False)},
)
