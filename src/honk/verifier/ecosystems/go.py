"""Go: `go test` by its own JSON events, and `go vet`. Pure.

An event names a package and a test; the file that a test function stands in is told by a search of the tree before.
What tests print reaches us inside of events only. A test binary that writes `go`'s own marks could tell results of its
own: that is visible in the diff, and has a rule.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from honk.verifier import Command
from honk.verifier.ecosystems import Asked, Ecosystem, Found, Runner, Setting, Start
from honk.verifier.paths import name_of
from honk.verifier.results import TestOutcome, TestResult, Told

MANIFEST = "go.mod"
LINTER_TIMEOUT_SECONDS = 600.0
WARM = (
    'if [ -n "$GOCACHE" ] && [ ! -e "$GOCACHE/00" ] && [ -d /opt/env/go/build/00 ]; then '
    'mkdir -p "$GOCACHE" && cp -a --reflink=auto /opt/env/go/build/. "$GOCACHE"/; fi'
)
"""The set-up's build cache is read-only, and `go` wants to write into its own."""
_OUTCOMES = {"pass": TestOutcome.PASSED, "fail": TestOutcome.FAILED, "skip": TestOutcome.SKIPPED}
_CHECK_FILES = (".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json", "staticcheck.conf")
# Where every package lies and every test function stands, each line behind the nonce; then the tests.
_SCRIPT = """\
nonce=$1; shift
go list -e -f "$nonce package {{.ImportPath}} {{.Dir}}" ./... 2>/dev/null
echo "$nonce root $PWD"
find . -name '*_test.go' -exec grep -HoE '^func (Test|Fuzz|Example)[A-Za-z0-9_]*' {} + | sed "s|^|$nonce function |"
exec "$@"
"""
_FUNCTION = re.compile(r"\./(?P<path>.+\.go):func (?P<name>\w+)$")
_PLACE = re.compile(r"^\s+(?P<file>[\w.-]+\.go):(?P<line>\d+): (?P<message>.*)")
_MAX_LOG_BYTES = 4 << 20


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """The module's manifest."""
    return (MANIFEST,) if MANIFEST in files else ()


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """`go test ./...` where the root is a module that has tests, and `go vet` apart: red there, tests still tell."""
    go = setting.tools.get("go")
    if MANIFEST not in files or not any(is_test_file(path) for path in files):
        return Found()
    if go is None:
        return Found(missing=() if setting.problems else (f"the toolchain of Go ({MANIFEST})",))
    test = Command(
        name="go test",
        argv=(go, "test", "-json", "-count=1", "-vet=off", "./..."),
        chosen_by=MANIFEST,
        is_required=True,
        runner="go test",
        prepare=(WARM,),
    )
    vet = Command(
        name="go vet",
        argv=(go, "vet", "./..."),
        chosen_by=MANIFEST,
        is_required=True,
        timeout_seconds=LINTER_TIMEOUT_SECONDS,
        prepare=(WARM,),
    )
    return Found(tests=(test,), linters=(vet,))


def is_test_file(path: str) -> bool:
    """A file that `go test` compiles."""
    ignored = any(part in ("vendor", "testdata") or part[0] in "._" for part in PurePosixPath(path).parts[:-1])
    return path.endswith("_test.go") and name_of(path)[0] not in "._" and not ignored


def start(command: Command, asked: Asked) -> Start:
    """The tree is searched first, then the tests run; `only` narrows the run to the packages of the files."""
    folders = dict.fromkeys("./" + str(PurePosixPath(path).parent) for path in asked.only)
    argv = command.argv if not folders else (*command.argv[:-1], *folders)
    return Start(argv=("/bin/sh", "-c", _SCRIPT, "sh", asked.nonce, *argv))


def read(channel: bytes, nonce: str) -> Told:
    """The tests as `file::Test/subtest`, and packages that failed beside their tests as files that did not load."""
    lines = channel.decode("utf-8", "replace").splitlines()
    places = _places(line[len(nonce) + 1 :] for line in lines if line.startswith(nonce + " "))
    events = [event for event in map(_event, lines) if event]
    output: dict[tuple[str, str], list[str]] = {}
    tests: dict[str, TestResult] = {}
    ended: dict[str, str] = {}
    failing: set[str] = set()
    for event in events:
        package, test, action = event.get("Package", ""), event.get("Test", ""), event.get("Action", "")
        if action in ("output", "build-output"):
            output.setdefault((package or event.get("ImportPath", "").split(" ")[0], test), []).append(event["Output"])
        elif action in _OUTCOMES and test:
            said = output.get((package, test), [])
            result = _result(places.of(package, test), _OUTCOMES[action], said, places.folder(package))
            _add(tests, result)
            failing |= {package} if action == "fail" else set()
        elif action in _OUTCOMES and package:
            ended[package] = action
    for package, action in ended.items():
        if action == "fail" and package not in failing:
            said = output.get((package, ""), [])
            _add(tests, _result(places.folder(package), TestOutcome.FAILED, said, "", is_collection=True))
    end = None if not ended else int("fail" in ended.values())
    return Told(tests=tuple(tests.values()), end=end, log=_log(output, events))


class _Places:
    """Where packages and test functions stand."""

    def __init__(self) -> None:
        self.root = ""
        self.folders: dict[str, str] = {}
        self.files: dict[tuple[str, str], str] = {}

    def folder(self, package: str) -> str:
        folder = self.folders.get(package, package)
        return folder.removeprefix(self.root).strip("/") or "."

    def of(self, package: str, test: str) -> str:
        folder = self.folder(package)
        file = self.files.get((folder, test.split("/", 1)[0]), f"{folder}/_test.go")
        return f"{file}::{test}"


def _places(records: Iterator[str]) -> _Places:
    places = _Places()
    for record in records:
        kind, _, rest = record.partition(" ")
        if kind == "root":
            places.root = rest
        elif kind == "package":
            name, _, folder = rest.partition(" ")
            places.folders[name] = folder
        elif found := _FUNCTION.match(rest):
            places.files.setdefault((str(PurePosixPath(found["path"]).parent), found["name"]), found["path"])
    return places


def _event(line: str) -> dict[str, str]:
    if not line.startswith("{"):
        return {}
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(event, dict):
        return {}
    return {key: value for key, value in event.items() if isinstance(value, str)}


def _result(
    test_id: str, outcome: TestOutcome, said: Sequence[str], folder: str, *, is_collection: bool = False
) -> TestResult:
    where = message = ""
    if outcome is TestOutcome.FAILED:
        places = [place for line in said if (place := _PLACE.match(line))]
        if places:
            where = str(PurePosixPath(folder, places[0]["file"])) + ":" + places[0]["line"]
            message = places[0]["message"]
        else:
            told = [line.strip() for line in said if line.strip() and not line.lstrip().startswith(("---", "==="))]
            message = told[0] if told else ""
    return TestResult(
        test_id=test_id, outcome=outcome, where=where[:300], message=message[:300], is_collection=is_collection
    )


def _add(tests: dict[str, TestResult], test: TestResult) -> None:
    """A test told twice keeps its failure."""
    before = tests.get(test.test_id)
    if before is None or before.outcome is not TestOutcome.FAILED:
        tests[test.test_id] = test


def _log(output: Mapping[tuple[str, str], Sequence[str]], events: Sequence[Mapping[str, str]]) -> bytes:
    """What failed tests and packages printed."""
    failed = {(event.get("Package", ""), event.get("Test", "")) for event in events if event.get("Action") == "fail"}
    failed |= {
        (event.get("ImportPath", "").split(" ")[0], "") for event in events if event.get("Action") == "build-fail"
    }
    text = "".join("".join(lines) for key, lines in output.items() if key in failed)
    return text.encode("utf-8", "replace")[:_MAX_LOG_BYTES]


ECOSYSTEM = Ecosystem(
    name="Go",
    needed=needed,
    detect=detect,
    is_test_file=is_test_file,
    is_check_file=lambda path: name_of(path) in _CHECK_FILES,
    is_shared_check_file=lambda path: False,
    mend=lambda path, before, after: after,
    runners={"go test": Runner(start=start, read=read, has_flock=False)},
    linters=frozenset({"go vet"}),
)
