"""Rust: `cargo test` by libtest's own lists and log files, doctests by rustdoc's; clippy and rustfmt. Pure.

Each test binary says which tests it holds and in which file each stands (`--list --format json`), and writes how each
ended into a file (`--logfile`), apart from what tests print. A binary that leaves before each test in its list has an
end has not ended. A target with a harness of its own tells nothing that can be trusted: it is named as missing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from honk.verifier import Command, cargo_keys
from honk.verifier.ecosystems import Asked, Ecosystem, Found, Runner, Setting, Start
from honk.verifier.results import TestOutcome, TestResult, Told
from honk.verifier.runners import SHELL, source
from honk.workspace.ecosystems.cargo import MANIFEST, is_manifest, serves_another, whole_workspace

LINTER_TIMEOUT_SECONDS = 600.0
_CHECK_FILE = re.compile(
    r"(?:^|/)(?:\.cargo/config(?:\.toml)?|rust-toolchain(?:\.toml)?|\.?clippy\.toml|\.?rustfmt\.toml|\.config/nextest\.toml)$"
)
_CI = re.compile(r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.travis\.yml|\.circleci/config\.yml|ci/[^/]+\.sh")
_TEST_FILE = re.compile(r"(?:^|/)tests?/.*\.rs$|(?:^|/)(?:\w+_)?tests?\.rs$")
_IGNORED = re.compile(r"(?:^|/)(?:vendor|target|testdata|fixtures|node_modules)/")
_OUTCOMES = {"ok": TestOutcome.PASSED, "failed": TestOutcome.FAILED, "ignored": TestOutcome.SKIPPED}
# "ok NAME"; "failed NAME"; "ignored: why NAME", "failed: why NAME", of which the why may hold anything.
_RESULT = re.compile(r"(?P<outcome>ok|failed|ignored)(?P<why>: .*)? (?P<name>\S.*)")
_DOCTEST = re.compile(r"(?P<path>\S.*\.\w+) - (?P<item>.*?) ?\(line (?P<line>\d+)\)")
_SECTION = re.compile(r"---- (?P<name>.+) stdout ----")
_PANIC = re.compile(r"panicked at (?:'(?P<old>.*)', )?(?P<place>[^\s:][^:\n]*:\d+)(?::\d+)?:?$")
_STRICT = re.compile(r"-D\s*(?:warnings|clippy::all)")
_MAX_LOG_BYTES = 4 << 20
DOCTESTS = "doctests"


def needed(files: Sequence[str]) -> tuple[str, ...]:
    """The manifests, and what says which linters count."""
    if MANIFEST not in files:
        return ()
    return tuple(path for path in files if is_manifest(path) or _CI.fullmatch(path))


def detect(files: Sequence[str], contents: Mapping[str, bytes], setting: Setting) -> Found:
    """`cargo test` over the whole workspace, offline and as the lock file has it."""
    manifests = {path: content for path, content in contents.items() if is_manifest(path)}
    texts = {path: content.decode("utf-8", "replace") for path, content in manifests.items()}
    if MANIFEST not in files or serves_another(files, texts.values()):
        return Found()
    cargo = setting.tools.get("cargo")
    if cargo is None:
        return Found(missing=() if setting.problems else (f"the toolchain of Rust ({MANIFEST})",))
    words = ("--offline", "--locked", *whole_workspace(texts.get(MANIFEST, "")))
    test = Command(
        name="cargo test",
        argv=(cargo, "test", *words),
        chosen_by=MANIFEST,
        is_required=True,
        runner="cargo test",
    )
    missing = tuple(
        f"results of {name} ({path}: harness = false, so its tests are run by a program of their own)"
        for path, content in manifests.items()
        for name in cargo_keys.own_harnesses(content)
    )
    return Found(tests=(test,), linters=_linters(cargo, words, files, contents, setting), missing=missing)


def is_test_file(path: str) -> bool:
    """A file that holds nothing but tests: those beside the code they test are told by its text."""
    return _TEST_FILE.search(path) is not None and _IGNORED.search(path) is None


def start(command: Command, asked: Asked) -> Start:
    """The base's runner, with the nonce through standard input. Asked for files that hold tests alone, no doctests."""
    argv = (*SHELL, "/bin/sh", "-c", source("cargo_runner.sh"), "sh", command.argv[0], *command.argv[2:])
    env = {"HONK_DOCTESTS": "no" if asked.only and all(map(is_test_file, asked.only)) else "yes", "NO_COLOR": "1"}
    return Start(argv=argv, stdin=asked.nonce.encode() + b"\n", env=env)


@dataclass(slots=True, kw_only=True)
class _Binary:
    """What is told of one test binary, or of all doctests."""

    name: str
    listed: dict[str, str] = field(default_factory=dict)
    """The file of each test."""
    results: list[tuple[str, TestOutcome, str]] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    left: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether each test that is in it has an end."""
        ended = {name for name, _, _ in self.results}
        return self.left and (self.name == DOCTESTS or set(self.listed) <= ended)


def read(channel: bytes, nonce: str) -> Told:
    """The tests as `file::module::test`, doctests as `file::doc[item]`, and files that did not compile."""
    binaries: list[_Binary] = []
    built: list[dict[str, object]] = []
    end: int | None = None
    for line in channel.decode("utf-8", "replace").splitlines():
        if not line.startswith(nonce + " "):
            continue
        kind, _, rest = line[len(nonce) + 1 :].partition(" ")
        if kind == "binary":
            binaries.append(_Binary(name=rest))
        elif kind == "built":
            built += [record] if (record := _json(rest)) else []
        elif kind == "end":
            end = int(rest) if rest.isdigit() else None
        elif binaries:
            _note(binaries[-1], kind, rest)
    tests = {test.test_id: test for test in _unbuilt(built)}
    for binary in binaries:
        for test in _results(binary):
            if test.test_id not in tests or tests[test.test_id].outcome is not TestOutcome.FAILED:
                tests[test.test_id] = test
    is_whole = all(binary.has_ended for binary in binaries if binary.listed or binary.name == DOCTESTS)
    return Told(tests=tuple(tests.values()), end=end if is_whole else None, log=_log(built, binaries))


def _note(binary: _Binary, kind: str, line: str) -> None:
    if kind == "listed":
        event = _json(line)
        if event.get("event") == "discovered" and event.get("type") == "test":
            binary.listed[str(event.get("name"))] = str(event.get("source_path") or "")
    elif kind == "result" and (found := _RESULT.fullmatch(line)):
        name = _own_name(binary, found["name"])
        binary.results.append((name, _OUTCOMES[found["outcome"]], (found["why"] or "")[2:]))
    elif kind == "out":
        binary.out.append(line)
    elif kind == "left":
        binary.left = True


def _own_name(binary: _Binary, text: str) -> str:
    """The test's name at the end of a line that may give a reason before it."""
    if text in binary.listed or binary.name == DOCTESTS:
        return text
    return next((name for name in binary.listed if text.endswith(f" {name}")), text)


def _results(binary: _Binary) -> list[TestResult]:
    said = _sections(binary.out)
    found = []
    ids = _doctest_ids(binary) if binary.name == DOCTESTS else {}
    for name, outcome, why in binary.results:
        path = binary.listed.get(name)
        test_id = ids.get(name) if path is None else f"{path}::{name}"
        if test_id is None:
            continue  # in no list, so of nobody
        where, message = _failure(said.get(name, ())) if outcome is TestOutcome.FAILED else ("", "")
        message = message or (why if outcome is TestOutcome.FAILED else "")
        found.append(TestResult(test_id=test_id, outcome=outcome, where=where[:300], message=message[:300]))
    return found


def _doctest_ids(binary: _Binary) -> dict[str, str]:
    """By name. Lines move with every edit, so examples are numbered within their file, item by item."""
    told = [(found, name) for name, _, _ in binary.results if (found := _DOCTEST.match(name))]
    ids: dict[str, str] = {}
    counts: dict[tuple[str, str], int] = {}
    for found, name in sorted(told, key=lambda one: (one[0]["path"], int(one[0]["line"]))):
        key = (found["path"], found["item"])
        counts[key] = counts.get(key, 0) + 1
        ids.setdefault(name, f"{key[0]}::doc[{key[1]} {counts[key]}]")
    return ids


def _sections(lines: Sequence[str]) -> dict[str, list[str]]:
    """What libtest shows of each failed test."""
    found: dict[str, list[str]] = {}
    inside: list[str] = []
    for line in lines:
        if section := _SECTION.fullmatch(line):
            inside = found.setdefault(section["name"], [])
        elif line == "failures:":
            inside = []
        else:
            inside.append(line)
    return found


def _failure(said: Sequence[str]) -> tuple[str, str]:
    """file:line, and what is said of it."""
    for number, line in enumerate(said):
        if panic := _PANIC.search(line):
            rest = " ".join(part.strip() for part in said[number + 1 : number + 4] if not part.startswith("note:"))
            return panic["place"], panic["old"] or rest
    return "", next((line.strip() for line in said if line.strip()), "")


def _unbuilt(built: Sequence[Mapping[str, object]]) -> list[TestResult]:
    """Files with errors of the compiler."""
    found: dict[str, TestResult] = {}
    for message in _errors(built):
        spans = [span for span in _list(message.get("spans")) if span.get("is_primary")]
        path = str(spans[0].get("file_name")) if spans else MANIFEST
        where = f"{path}:{spans[0].get('line_start')}" if spans else ""
        result = TestResult(
            test_id=path,
            outcome=TestOutcome.FAILED,
            where=where[:300],
            message=str(message.get("message"))[:300],
            is_collection=True,
        )
        found.setdefault(path, result)
    return list(found.values())


def _errors(built: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    messages = [record.get("message") for record in built if record.get("reason") == "compiler-message"]
    return [one for one in messages if isinstance(one, dict) and one.get("level") == "error"]


def _log(built: Sequence[Mapping[str, object]], binaries: Sequence[_Binary]) -> bytes:
    """What the compiler said of errors. What failed tests printed is in the room's own log."""
    text = "".join(str(message.get("rendered") or "") for message in _errors(built))
    return text.encode("utf-8", "replace")[:_MAX_LOG_BYTES]


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _linters(
    cargo: str, words: tuple[str, ...], files: Sequence[str], contents: Mapping[str, bytes], setting: Setting
) -> tuple[Command, ...]:
    """Where a file of theirs or CI names them, and the component is installed."""
    ci = {path: content.decode("utf-8", "replace") for path, content in contents.items() if _CI.fullmatch(path)}
    strict = ("--", "-D", "warnings") if any(_STRICT.search(text) for text in ci.values()) else ()
    wanted = (
        ("clippy", ("clippy.toml", ".clippy.toml"), ("clippy", *words, *strict)),
        ("fmt", ("rustfmt.toml", ".rustfmt.toml"), ("fmt", "--all", "--check")),
    )
    found = []
    for name, own, argv in wanted:
        chosen = next((path for path in own if path in files), None)
        chosen = chosen or next((path for path, text in ci.items() if re.search(rf"\bcargo\b.*\b{name}\b", text)), None)
        if chosen is not None and f"cargo-{name}" in setting.tools:
            found.append(
                Command(
                    name=f"cargo {name}",
                    argv=(cargo, *argv),
                    chosen_by=chosen,
                    is_required=True,
                    timeout_seconds=LINTER_TIMEOUT_SECONDS,
                )
            )
    return tuple(found)


ECOSYSTEM = Ecosystem(
    name="Rust",
    needed=needed,
    detect=detect,
    is_test_file=is_test_file,
    is_check_file=lambda path: _CHECK_FILE.search(path) is not None,
    is_shared_check_file=is_manifest,
    mend=lambda path, before, after: cargo_keys.with_base_keys(before, after),
    runners={"cargo test": Runner(start=start, read=read, has_flock=False)},
    linters=frozenset({"cargo clippy", "cargo fmt"}),
)
