"""What Maven and Gradle share: the Java of this machine, and how its machines fit into a sandbox. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from honk.workspace.ecosystems import ROUTE, STORE, Tool

PROGRAMS = {"java": ("-version",), "javac": ()}
ENV = {
    # A sandbox bounds addresses: of four gigabytes a Java machine would reserve two for its heap and 1.4 beside it.
    "JAVA_TOOL_OPTIONS": "-Xmx1536m -XX:CompressedClassSpaceSize=256m -XX:ReservedCodeCacheSize=160m",
    # Else every thread may reserve 64 MB of its own, up to eight times for each core.
    "MALLOC_ARENA_MAX": "2",
}
SETUP_ENV = {**ENV, "HONK_STORE": STORE, "HONK_ROUTE": ROUTE}
"""Read by the scripts that lay settings: where those stand, and where packages come from."""
_TESTS = re.compile(r"(?:^|/)src/test/.+\.(?:java|kt|groovy|scala)$")
_OLD = re.compile(r"1\.(\d+)")


def has_tests(files: Sequence[str]) -> bool:
    """Whether there is something to run, where Maven and Gradle look by default."""
    return any(_TESTS.search(path) for path in files)


def lacking(manifest: str, programs: Mapping[str, str], tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """A problem for each program that is not there; `programs`: what each of them is called in words."""
    return tuple(
        f"{manifest}: the tests need {words} ({name}), and this machine has none that can be shown inside."
        for name, words in {"java": "Java", "javac": "a JDK", **programs}.items()
        if name not in tools
    )


def newer_java(manifest: str, wanted: Iterable[str], java: Tool) -> tuple[str, ...]:
    """A problem where code is written for a later Java than there is; `wanted` as a build says it, `17` or `1.8`."""
    asked = max((release(one) for one in wanted), default=0)
    if asked <= release(java.version):
        return ()
    return (f"{manifest}: this repository asks for Java {asked}; this machine has {java.version}.",)


def release(version: str) -> int:
    """8 for `1.8.0` and `8`; 0 for what is no version."""
    if old := _OLD.match(version):
        return int(old[1])
    number = re.match(r"\d{1,4}", version)
    return int(number.group()) if number else 0
