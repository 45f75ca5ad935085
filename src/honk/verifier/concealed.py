"""Rules on what a diff does not show as it runs: unread files, other lines, ways into the runner. Pure."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding, Severity
from honk.verifier.guard import Changed

_CODE_SUFFIXES = {".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".go", ".rs", ".java",
                  ".kt", ".groovy", ".scala", ".c", ".h", ".cpp", ".rb",
                  ".sh", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".cs", ".swift", ".php"}  # fmt: skip
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIXTURE_TYPES = r"from _pytest\.(capture|logging|monkeypatch|pytester|recwarn|tmpdir|legacypath) import"
"""What typed tests import; nothing there decides how a test ends."""
Reaches = tuple[tuple[re.Pattern[str], str], ...]
"""Patterns, and what each reaches for. How far one looks has an end: a line may be made to be read for hours."""
_REACHES: Reaches = (
    (re.compile(rf"^(?!\s*{_FIXTURE_TYPES}).*\b_pytest\b"), "the inside of pytest"),
    (re.compile(r"\bpytest_plugins\b|\bpluginmanager\b|\bpytest11\b"), "pytest's plug-ins"),
    (re.compile(r"\bpytest_(runtest|pyfunc|sessionfinish|collection|report|make)_?\w*\b"), "pytest's hooks"),
    (re.compile(r"\b(unittest|pytest)(\.\w+){0,5}\.[A-Z]\w*\.\w+\s*=(?!=)"), "the classes that run tests"),
    (re.compile(r"\bhonk_(channel|runner)\b"), "Honk's own runner"),
    (re.compile(r"\bgc\.get_(objects|referrers|referents)\b"), "all objects of its process"),
    (re.compile(r"\b(sys\._getframe|sys\._current_frames|inspect\.(stack|currentframe|getouterframes))\b"
                r"|\.[ft]b?_(back|globals|locals|frame)\b"), "its callers' variables"),
    (re.compile(r"(?<![\w.])(exec|eval|__import__)\(|\bgetattr\((sys|gc|inspect|unittest|pytest)\b"),
     "what no rule can see"),
    (re.compile(r"/proc/(self|\{|%|\d)|/dev/fd\b"), "its own process from outside"),
)  # fmt: skip


_REACHES_IN_NODE = (
    (re.compile(r"\breallyExit\b|\bprocess\._eval\b|\bprocess\.(?:binding|dlopen)\b"), "the inside of node"),
    (re.compile(r"\bModule\._|[\"'](?:node:)?inspector[\"']"), "modules and memory of its own process"),
    (re.compile(r"\bNODE_TEST_CONTEXT\b|[\"']test:(?:pass|fail|start)[\"']"), "what node:test tells of its files"),
    (re.compile(r"\bmocha/lib\b|\bMocha\.\w+\.prototype\b|\bRunner\.prototype\b|\bRunnable\b"),
     "the classes that run tests"),
    (re.compile(r"\bJEST_STATE\b|\bjest-circus\b|\bvitest/(?:node|runners)\b"), "the inside of its runner"),
    (re.compile(r"/proc/(?:self|\$|\d)|/dev/fd\b"), "its own process from outside"),
)  # fmt: skip
_REACHES_IN_GO = (
    (re.compile(r"---\s(?:PASS|FAIL|SKIP)|\\x16|\\u0016|\"=== (?:RUN|NAME|PAUSE)"),
     "the marks by which go tells results"),
    (re.compile(r"\"testing/internal|//go:linkname\b"), "the inside of testing"),
    (re.compile(r"/proc/(?:self|%|\d)|/dev/fd\b"), "its own process from outside"),
)  # fmt: skip
_REACHES_IN_RUST = (
    (re.compile(r"--logfile\b|\bRUST_TEST_\w+|\bRUSTC_BOOTSTRAP\b"), "the options of the test harness"),
    (re.compile(r"\bcustom_test_frameworks\b|\btest_runner\s*\(|\breexport_test_harness_main\b|\btest::test_main"
                r"|#!\[no_main\]|#!\[feature\(.{0,200}\btest\b"), "the harness that runs tests"),
    (re.compile(r"\bmacro_rules!\s*(?:r#)?(?:debug_)?(?:assert\w*|panic|unreachable|test)\b"
                r"|\buse\s[^;]{0,400}\bas\s+(?:(?:debug_)?assert\w*|panic|test)\b|\buse\s+[\w:]{1,200}::test;"),
     "the names by which tests fail"),
    (re.compile(r"\.init_array|\blink_section\b|#\[(?:\w+::)*ctor\b|\bno_mangle\b.{0,200}\bmain\b"),
     "what runs before main"),
    (re.compile(r"#\[path\s*="), "another file in a module's place"),
    (re.compile(r"\bfrom_raw_fd\b|\blibc::(?:_exit|dup\d?|write|kill|fork|ptrace)\b|\basm!\s*\("),
     "the kernel's own calls"),
    (re.compile(r"/proc/(?:self|\{|%|\d)|/dev/fd\b"), "its own process from outside"),
)  # fmt: skip
_REACHES_IN_LIBRARIES = (
    (
        re.compile(r"\benv::(?:args(?:_os)?\b|\*|\{[^;]{0,200}\bargs(?:_os)?\b)|\benv\s+as\b"),
        "the options of the test harness",
    ),
)
"""Of Rust: where no program is, nobody reads the words of one but the harness."""
_REACHES_IN_JAVA = (
    (re.compile(r"surefire|\btest-results\b|TEST-[^\s\"]{0,200}\.xml|\"TEST-"),
     "the reports by which results are told"),
    (re.compile(r"\borg\.(?:gradle|apache\.maven)\b|\borg\.junit\.platform\.(?:launcher|engine)\b"),
     "the inside of its runner"),
    (re.compile(r"\bRuntime\b.{0,200}\bhalt\s*\(|\bUnsafe\b|\bVirtualMachine\.attach\b|\bFileDescriptor\.(?:in|out)\b"),
     "the machine that runs it"),
    (re.compile(r"\bpackage\s+(?:org\.(?:junit|testng|hamcrest|assertj|mockito|spockframework|opentest4j)|junit"
                r"|kotlin\.test|io\.kotest|com\.google\.common\.truth)\b"), "the packages of its test framework"),
    (re.compile(r"/proc/(?:self|\"|%|\d)|/dev/fd\b"), "its own process from outside"),
)  # fmt: skip
_JVM = (".java", ".kt", ".groovy", ".scala")
_BLANK_IS_BLANK = frozenset({".rs", *_JVM})
"""Where the end of a line is a blank like any other."""
_REACHES_BY_SUFFIX = {
    **dict.fromkeys((".py", ".pyi", ".toml", ".cfg"), _REACHES),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"), _REACHES_IN_NODE),
    ".go": _REACHES_IN_GO,
    ".rs": _REACHES_IN_RUST,
    **dict.fromkeys(_JVM, _REACHES_IN_JAVA),
}


def unread_files(changed: Sequence[Changed], own: object) -> Iterator[Finding]:
    """Code too large to be read by any rule, or with zero bytes, which a diff shows as binary."""
    for entry in _code(changed):
        is_file = entry.file.new_mode not in ("120000", "160000")
        if entry.after is None and is_file:
            yield _person("unread file", f"{entry.file.path} is too large for the rules to read", entry)
        elif b"\0" in (entry.after or b"") and b"\0" not in (entry.before or b""):
            yield _person("unread file", f"{entry.file.path} holds zero bytes, so no diff shows what is in it", entry)


def other_lines(changed: Sequence[Changed], own: object) -> Iterator[Finding]:
    """Code whose lines are not those that people see: a return alone ends one, an encoding turns it into another."""
    for entry in _code(changed):
        after, before = entry.after or b"", entry.before or b""
        if _LONE_RETURN.search(after) and not _LONE_RETURN.search(before):
            yield _veto("trojan source", f"{entry.file.path} ends lines where a diff does not show it", entry)
        if entry.file.path.endswith((".py", ".pyi")) and _reads_otherwise(after) and not _reads_otherwise(before):
            yield _veto("trojan source", f"{entry.file.path} declares an encoding that hides what the code does", entry)


def reaches_for_the_runner(changed: Sequence[Changed], own: object) -> Iterator[Finding]:
    """Code that looks into the process in which its own tests run, and could tell their results itself."""
    for entry in _code(changed):
        reaches = _reaches_of(PurePosixPath(entry.file.path))
        known = set(_lines(entry.before))
        told = {}
        for number, line in enumerate(_lines(entry.after), 1):
            what = next((what for pattern, what in reaches if line not in known and pattern.search(line)), None)
            if what is not None:
                told[number] = what
        for number, what in {**dict(_over_lines(entry, reaches)), **told}.items():
            message = f"{entry.file.path}:{number} reaches for {what}: results of tests could be its own"
            yield _person("reaches for the runner", message, entry, number)


def _over_lines(entry: Changed, reaches: Reaches) -> Iterator[tuple[int, str]]:
    """What stands over several lines, and so in none of them: the line in which it ends."""
    if PurePosixPath(entry.file.path).suffix not in _BLANK_IS_BLANK:
        return
    before, after = ((text or b"").decode("utf-8", "replace") for text in (entry.before, entry.after))
    for pattern, what in reaches:
        known = {found[0] for found in pattern.finditer(before)}
        for found in pattern.finditer(after):
            if "\n" in found[0] and found[0] not in known:
                yield after.count("\n", 0, found.end()) + 1, what


def _reaches_of(path: PurePosixPath) -> Reaches:
    found = _REACHES_BY_SUFFIX.get(path.suffix, ())
    is_library = path.suffix == ".rs" and path.name != "main.rs" and not {"bin", "examples"} & set(path.parts)
    return (*found, *_REACHES_IN_LIBRARIES) if is_library else found


def _code(changed: Sequence[Changed]) -> Iterator[Changed]:
    for entry in changed:
        if entry.file.edit is not Edit.DELETED and PurePosixPath(entry.file.path).suffix in _CODE_SUFFIXES:
            yield entry


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").splitlines()


def _reads_otherwise(source: bytes) -> bool:
    """Whether a line of plain ASCII means something else in the encoding that the file declares."""
    lines = _LINE_END.split(source)
    declared = next((match for line in lines[:2] if (match := _COOKIE.match(line))), None)
    if declared is None:
        return False
    try:
        return any(line.decode(declared[1].decode()) != line.decode() for line in lines if line.isascii())
    except LookupError:  # Python does not know it either, or it is none of text
        return False
    except ValueError:
        return True


def _veto(rule: str, message: str, entry: Changed) -> Finding:
    return Finding(rule=rule, severity=Severity.VETO, message=message, path=entry.file.path)


def _person(rule: str, message: str, entry: Changed, line: int | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.NEEDS_HUMAN, message=message, path=entry.file.path, line=line)
