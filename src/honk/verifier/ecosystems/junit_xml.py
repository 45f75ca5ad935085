"""What Maven and Gradle run, by the XML reports that both write for each class of tests. Pure.

The build's words and, behind the nonce, the reports reach us on one channel. The nonce comes by standard input into a
shell that nobody else can read; the reports are files that the tests' own process could write: such lines have a rule.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.parsers import expat

from honk.verifier.ecosystems import Asked, Start
from honk.verifier.results import TestOutcome, TestResult, Told

# Reports that are there before count for nothing, nor do those that a build copies from sources. A file that is
# growing still has another size than was told, so that nothing behind it is read.
_SCRIPT = """\
read -r nonce
pattern=$1; shift
find . -type f -path "$pattern" -name 'TEST-*.xml' -not -path './.git/*' -not -path '*/src/*' -exec rm -f {} +
find . -type f -path '*/src/*' \\( -name '*.java' -o -name '*.kt' -o -name '*.groovy' -o -name '*.scala' \\) -exec \
grep -HoE '^[a-z ]*(class|interface|enum|record|object) +[A-Za-z0-9_]+' {} + | sed "s|^|$nonce class |"
"$@" < /dev/null 2>&1
code=$?
echo
find . -type f -path "$pattern" -name 'TEST-*.xml' -not -path '*/classes/*' -not -path '*/test-classes/*' \
-not -path '*/resources/*' -not -path '*/src/*' | while IFS= read -r file; do
    printf '%s report %s %s\\n' "$nonce" "$(wc -c < "$file")" "$file" && cat < "$file" && echo
done
echo "$nonce end $code"
exit $code
"""
_RECORD = re.compile(rb"(class|report|end) ([^\n]*)")
_DECLARED = re.compile(r"\./(?P<path>.+\.\w+):[^:]*\b(?P<name>\w+)$")
_FRAME = re.compile(r"\((\w+\.(?:java|kt|groovy|scala)):(\d+)\)")
_SOURCE_ROOT = re.compile(r"(?:^|.*/)src/\w+/(?:java|kotlin|groovy|scala)/")
_NOT_COMPILED = re.compile(
    r"^(?:\[ERROR\] |e: (?:file://)?)?/?\S*?workspace/(?P<path>[^\s:]+\.(?:java|kt|groovy|scala)):"
    r"\[?(?P<line>\d+)[^\s]*(?:\s+error:)?\s*(?P<message>.*)",
    re.MULTILINE,
)
_WHY = re.compile(r"^(?:\[ERROR\] |> )(?P<message>\S.*)", re.MULTILINE)
_TESTS = re.compile(r"(?:^|/)src/test/.+\.(?:java|kt|groovy|scala)$")
_SERVICES = re.compile(
    r"(?:^|/)META-INF/services/(?:org\.junit\.|org\.testng\.|javax\.annotation\.processing\.)[\w.]+$"
)
_CONFIG = re.compile(r"(?:^|/)(?:junit-platform\.properties|testng[\w.-]*\.xml)$")
_KINDS = {"failure": TestOutcome.FAILED, "error": TestOutcome.FAILED, "skipped": TestOutcome.SKIPPED}
_MAX_LOG_BYTES = 4 << 20
_MAX_NOT_COMPILED = 50


@dataclass(slots=True, kw_only=True)
class _Case:
    """One `testcase` of a report."""

    name: str
    in_class: str
    outcome: TestOutcome = TestOutcome.PASSED
    message: str = ""
    trace: list[str] = field(default_factory=list)


def is_test_file(path: str) -> bool:
    """A source that the tests are compiled from, where Maven and Gradle look by default."""
    return _TESTS.search(path) is not None


def is_check_file(path: str) -> bool:
    """Settings of test frameworks, and what they, or the compiler, load because a file names it."""
    return _CONFIG.search(path) is not None or _SERVICES.search(path) is not None


def classes_in(paths: Sequence[str]) -> list[str]:
    """The classes that these test files are named after; no name that would say more than itself."""
    names = {PurePosixPath(path).stem for path in paths if is_test_file(path)}
    return sorted(name for name in names if name.isidentifier())


def start(argv: Sequence[str], pattern: str, asked: Asked) -> Start:
    """`pattern`: where reports lie, as `find -path` has it."""
    return Start(argv=("/bin/sh", "-c", _SCRIPT, "sh", pattern, *argv), stdin=f"{asked.nonce}\n".encode())


def read(channel: bytes, nonce: str, manifest: str) -> Told:
    """The tests as `file::Nested.method[parameters]`. A build that failed beside its tests is one more that failed."""
    places = _Places()
    tests: dict[str, TestResult] = {}
    end: int | None = None
    console = bytearray()
    for kind, rest, content in _records(channel, nonce.encode() + b" "):
        if kind == b"class":
            places.add(rest)
        elif kind == b"report":
            for case in _cases(content):
                _add(tests, _result(case, places.of(case.in_class, rest)))
        elif kind == b"end":
            end = int(rest) if rest.isdigit() else None
        else:
            console += content
    text = console.decode("utf-8", "replace")
    if end:
        for failure in _not_built(text, manifest, has_failed=any(_is_red(test) for test in tests.values())):
            tests[failure.test_id] = failure
    return Told(tests=tuple(tests.values()), end=end, log=bytes(console[-_MAX_LOG_BYTES:]))


def _records(channel: bytes, mark: bytes) -> Iterator[tuple[bytes, str, bytes]]:
    """Kind, rest of the line and content of each record in order; of kind "" is what stands between them."""
    place = 0
    while place < len(channel):
        stop = channel.find(b"\n", place) + 1 or len(channel)
        line = channel[place:stop]
        record = _RECORD.fullmatch(line[len(mark) :].rstrip(b"\n")) if line.startswith(mark) else None
        place = stop
        if record is None:
            yield b"", "", line
            continue
        kind, rest, content = record[1], record[2].decode("utf-8", "replace"), b""
        if kind == b"report":
            size, _, rest = rest.partition(" ")
            content = channel[place : place + int(size)] if size.isdigit() and len(size) < 12 else b""
            place += len(content) + 1
        yield kind, rest, content


class _Places:
    """Which file a class of tests stands in."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, str], list[str]] = {}

    def add(self, declared: str) -> None:
        if found := _DECLARED.match(declared):
            folder = _SOURCE_ROOT.sub("", str(PurePosixPath(found["path"]).parent) + "/").rstrip("/")
            self._files.setdefault((folder, found["name"]), []).append(found["path"])

    def of(self, in_class: str, report: str) -> str:
        """The file and what comes before a test's own name: `a/FooTest.java::`, `a/FooTest.java::Nested.`."""
        package, _, names = in_class.rpartition(".")
        outer, *nested = names.split("$")
        folder = package.replace(".", "/")
        found = self._files.get((folder, outer), [])
        file = max(found, key=lambda path: _shared(f"./{path}", report), default=f"{folder}/{outer}".lstrip("/"))
        own = () if PurePosixPath(file).stem == outer else (outer,)
        return file + "::" + "".join(f"{name}." for name in (*own, *nested))


def _shared(one: str, other: str) -> int:
    """How many letters two paths begin with in common: a report lies in the module of its sources."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _cases(report: bytes) -> Sequence[_Case]:
    """The tests of one report; none of one that is no sound XML, or declares a type of document."""
    found: list[_Case] = []
    inside: list[str] = []

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        inside.append(name)
        if name == "testcase":
            found.append(_Case(name=attributes.get("name", ""), in_class=attributes.get("classname", "")))
        elif name in _KINDS and inside[-2:-1] == ["testcase"]:
            case = found[-1]
            case.outcome = _KINDS[name]
            case.message = attributes.get("message") or attributes.get("type") or ""

    def words(text: str) -> None:
        if inside[-2:-1] == ["testcase"] and inside[-1] in ("failure", "error"):
            found[-1].trace.append(text)

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = begin, words
    parser.EndElementHandler = lambda name: inside.pop()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(report, True)
    except (expat.ExpatError, ValueError):
        return ()
    return found


def _result(case: _Case, place: str) -> TestResult:
    file = place.partition("::")[0]
    trace, where, message = "".join(case.trace), "", ""
    if case.outcome is TestOutcome.FAILED:
        lines = [line for name, line in _FRAME.findall(trace) if name == PurePosixPath(file).name]
        where = f"{file}:{lines[0]}" if lines else ""
        message = " ".join((case.message or trace.strip()).split())
    return TestResult(
        test_id=place + (" ".join(case.name.split()) or "(class)"),
        outcome=case.outcome,
        where=where[:300],
        message=message[:300],
    )


def _add(tests: dict[str, TestResult], test: TestResult) -> None:
    """Runs of one method are told apart by number where their names are the same."""
    number, test_id = 1, test.test_id
    while test_id in tests:
        number += 1
        test_id = f"{test.test_id}[{number}]"
    tests[test_id] = TestResult(
        test_id=test_id, outcome=test.outcome, where=test.where, message=test.message, is_collection=test.is_collection
    )


def _is_red(test: TestResult) -> bool:
    return test.outcome is TestOutcome.FAILED


def _not_built(console: str, manifest: str, *, has_failed: bool) -> Iterable[TestResult]:
    """Files that do not compile; and, where nothing else says why the build failed, the build itself."""
    found: dict[str, TestResult] = {}
    for match in _NOT_COMPILED.finditer(console):
        if len(found) < _MAX_NOT_COMPILED:
            where = f"{match['path']}:{match['line']}"
            found.setdefault(match["path"], _not_run(match["path"], where, match["message"]))
    if not found and not has_failed:
        why = _WHY.search(console)
        found[manifest] = _not_run(manifest, "", why["message"] if why else "the build failed and no test did")
    return found.values()


def _not_run(test_id: str, where: str, message: str) -> TestResult:
    return TestResult(
        test_id=test_id, outcome=TestOutcome.FAILED, where=where[:300], message=message[:300], is_collection=True
    )
