"""The tests of JavaScript, TypeScript, Go, Java, Kotlin and Rust, by careful text patterns. Pure.

A file whose brackets do not match tells nothing: better no finding than a false one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from honk.verifier.anatomy import TestFunction
from honk.verifier.rulebook.text_code import blanked, closing, language_of, line_of

MAX_TESTS = 3000
"""Of one file; more is nothing that anybody wrote."""
_TEST_PATHS = {
    "js": re.compile(r"(^|/)(__tests__|tests?|spec|e2e)/|[.-](test|spec|e2e)\.\w+$|(^|/)test\.\w+$"),
    "go": re.compile(r"_test\.go$"),
    "java": re.compile(r"(^|/)src/(test|integrationTest|androidTest)/|(Test|Tests|IT|Spec)\.(java|kt)$"),
    "rust": re.compile(r"\.rs$"),
}
_STARTS = {
    "js": re.compile(r"(?<![\w.$])(?:(?:it|test|fit|xit|xtest|specify)\b(?:\.\w+)*)\s*(?=\()"),
    "go": re.compile(r"^func\s+(?P<name>(?:Test|Fuzz|Example)\w*)\s*\(", re.MULTILINE),
    "java": re.compile(r"@(?:Test|ParameterizedTest|RepeatedTest|Property|TestFactory)\b"),
    "rust": re.compile(r"#\[(?:\w+::)*(?:test|rstest|test_case)\b[^\]]*\]"),
}
_ASSERTS = {
    "js": re.compile(r"(?<![\w$])(?:expect\w*|assert(?:\.\w+)*|t\.(?!(?:test|skip|todo|plan|end|context|mock)\b)"
                     r"\w+|sinon\.assert\.\w+|should(?:\.\w+)+)\s*(?=\()|\.should\b"),
    "go": re.compile(r"\b(?:t|b|f|tb|s\.T\(\))\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*(?=\()"
                     r"|\b(?:assert|require|is|must|qt|suite|s|r|a)\.[A-Z]\w*\s*(?=\()|//\s*Output:"),
    "java": re.compile(r"(?<![\w.])(?:Assert(?:ions)?\.|Mockito\.)?(?:assert\w*|verify\w*|expect\w*|fail|check\w*|then)"
                       r"\s*(?=\()|@Test\s*(?=\(\s*expected)|\.should\w*\s*(?=\()|\bshouldBe\b"),
    "rust": re.compile(r"\b(?:debug_)?(?:assert\w*|prop_assert\w*|panic|unreachable)!\s*(?=[(\[{])|#\[should_panic"),
}  # fmt: skip
_EXACT = re.compile(
    r"\.(?:toBe|toEqual|toStrictEqual|toHaveBeenCalledWith|toHaveBeenCalledTimes|toHaveLength|toMatchInlineSnapshot|"
    r"toHaveTextContent|isEqualTo|isSameAs|containsExactly)\s*\(|"
    r"(?:^|[.])(?:equal|strictEqual|deepEqual|deepStrictEqual|Equal|EqualValues|JSONEq|Same|"
    r"assertEquals|assertSame|assertArrayEquals|assertIterableEquals|assertThat)\(|assert_eq!"
)
_LOOSE_MATCHER = re.compile(r"\.(?:toBe|toEqual)\((?:true|false|null|undefined)\)")
_SKIPS = {
    "js": re.compile(r"^x(?:it|test)|\.(?:skip|todo|fails|failing)\b"),
    "go": re.compile(r"\bt\.(?:Skip|Skipf|SkipNow)\s*\("),
    "java": re.compile(r"@(?:Disabled|Ignore)\b(?!If)"),
    "rust": re.compile(r"#\[(?:cfg_attr\([^\]]*)?ignore\b"),
}
_SOFT = {
    "js": re.compile(r"\.(?:skipIf|runIf)\b"),
    "go": re.compile(r"\bif\s+[^\n{]*(?:testing\.Short\(\)|runtime\.GOOS|os\.Getenv|Windows)[^\n{]*\{[^}]*\bt\.Skip"),
    "java": re.compile(r"@(?:Disabled|Enabled)(?:If|On|For)\w*|\bassume\w*\("),
    "rust": re.compile(r"#\[cfg_attr\([^\]]*ignore\b"),
}
_ONLY = re.compile(r"(?<![\w.$])(?:(?:it|test|describe|context|suite)(?:\.\w+)*\.only\b|fit\b|fdescribe\b)\s*(?=\()")
_GROUPS = re.compile(r"(?<![\w.$])(?P<x>x?)(?:describe|context|suite)(?P<mods>(?:\.\w+)*)\s*(?=\()")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS = frozenset(["true", "false", "null", "undefined", "nil", "None", "new", "Some", "Ok"])
_CALL = re.compile(r"([A-Za-z_$][\w$]*)\s*\(")
_NUMBER = r"(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)[fFdD]?"
_TOLERANCES: tuple[tuple[str, re.Pattern[str], float], ...] = (
    ("toBeCloseTo", re.compile(r"\.toBeCloseTo\(.*?,\s*" + _NUMBER + r"\s*\)$", re.DOTALL), -1),
    ("delta", re.compile(r"\b(?:InDelta|InEpsilon)\w*\(.*?,\s*" + _NUMBER + r"\s*\)$", re.DOTALL), 1),
    ("delta", re.compile(r"^(?:\w+\.)?assertEquals\((?:[^,]+),(?:[^,]+),\s*" + _NUMBER + r"\s*(?:,[^)]*)?\)$"), 1),
    ("within", re.compile(r"\b(?:within|offset|byLessThan|withPrecision|withinPercentage)\(\s*" + _NUMBER), 1),
    ("epsilon", re.compile(r"\b(?:epsilon|max_relative|delta)\s*[=:]\s*" + _NUMBER), 1),
    ("distance", re.compile(r"\babs\(.*?<=?\s*" + _NUMBER, re.DOTALL), 1),
)  # fmt: skip


def is_test_path(path: str) -> bool:
    """Whether tests of these languages may stand in the file; Rust keeps them beside the code."""
    language = language_of(path)
    return language is not None and "node_modules/" not in path and _TEST_PATHS[language].search(path) is not None


def dissect_text(path: str, source: bytes | None) -> Mapping[str, TestFunction] | None:
    """By name; None for a file that cannot be told apart, empty for no file or another language."""
    language = language_of(path)
    if source is None or language is None:
        return {}
    text = source.decode("utf-8", "replace")
    code = blanked(text, language)
    found: dict[str, TestFunction] = {}
    if len(_STARTS[language].findall(code)) > MAX_TESTS:
        return None
    spans = _js_spans if language == "js" else _function_spans
    for name, start, end, extra in spans(text, code, language):
        test = _test(name, text, code, start, end, language, extra)
        if test.name in found:
            test = replace(test, name=f"{test.name} #{len(found)}")
        found[test.name] = test
    if language == "js" and _ONLY.search(code):
        found = {name: _unless_only(test, code) for name, test in found.items()}
    return found if found or _balanced(code) else None


def _balanced(code: str) -> bool:
    return all(code.count(opening) == code.count(closed) for opening, closed in ("()", "{}"))


Span = tuple[str, int, int, int]
"""Name, start, end, and skips of what stands around it."""


def _js_spans(text: str, code: str, language: str) -> Iterator[Span]:
    groups = [
        (match.start(), end, bool(match["x"]) or ".skip" in match["mods"], _title(text, code, match.end()))
        for match in _GROUPS.finditer(code)
        if (end := _last_close(code, match.end())) is not None
    ]
    for match in _STARTS[language].finditer(code):
        end = _last_close(code, match.end())
        if end is None:
            continue
        around = [group for group in groups if group[0] < match.start() < group[1]]
        name = " > ".join((*(group[3] for group in around), _title(text, code, match.end(), end)))
        yield name, match.start(), end + 1, sum(group[2] for group in around)


def _last_close(code: str, place: int) -> int | None:
    """The end of `f(...)`, or of `f.each(...)(...)`."""
    end = closing(code, place)
    if end is not None and code[end + 1 : end + 2] == "(":
        return closing(code, end + 1)
    return end


def _title(text: str, code: str, place: int, end: int | None = None) -> str:
    first = closing(code, place)
    if first is not None and code[first + 1 : first + 2] == "(":
        place = first + 1
    match = re.compile(r"\(\s*([\"'`])").match(code, place)
    if match is None:
        return text[place + 1 : place + 60].split(",")[0].strip()
    close = code.find(match[1], match.end())
    return text[match.end() : close if close > 0 else match.end() + 60]


def _function_spans(text: str, code: str, language: str) -> Iterator[Span]:
    whole = 0
    if language == "java":
        head = re.search(r"\b(?:class|interface)\s+\w+", code)
        whole = len(_SKIPS["java"].findall(code[: head.start()])) if head else 0
    for match in _STARTS[language].finditer(code):
        start = match.start() if language == "go" else _attributes_before(code, match.start())
        named = re.compile(r"\bfn\s+(\w+)" if language == "rust" else r"(\w+)\s*\([^(){};@]*\)\s*[^{};()]*\{")
        name = match["name"] if language == "go" else None
        if name is None:
            header = named.search(code, match.end())
            name = header[1] if header else None
        body = code.find(
            "{", match.end() if language != "java" else (header.end() - 1 if name and header else len(code))
        )
        end = closing(code, body) if body >= 0 else None
        if name is not None and end is not None:
            yield name, start, end + 1, whole


def _attributes_before(code: str, place: int) -> int:
    """Back to the end of whatever stands before the attributes of a function."""
    return max(code.rfind(mark, 0, place) for mark in "};{") + 1


def _test(name: str, text: str, code: str, start: int, end: int, language: str, outer_skips: int) -> TestFunction:
    block = code[start:end]
    literal = text[start:end]
    found = [assertion for assertion in _assertions(block, language) if not _is_constant(assertion)]
    hard, soft = len(_SKIPS[language].findall(block)), len(_SOFT[language].findall(block))
    if language in ("go", "rust"):
        hard = max(0, hard - soft)
    shapes = tuple(_shape(assertion) for assertion in found)
    body = block[block.find("{") :] if "{" in block else block
    return TestFunction(
        name=name,
        line=line_of(code, start + len(block) - len(block.lstrip())),
        assertions=len(found),
        skips=outer_skips + hard + soft,
        soft_skips=soft,
        is_empty=not re.search(r"[\w]", body.replace("pass", "")),
        body=re.sub(r"\s+", " ", _inner(literal)),
        shapes=shapes,
        exact=sum(bool(_EXACT.search(shape)) and not _LOOSE_MATCHER.search(shape) for shape in shapes),
        cases=_rows(block, language),
        calls=frozenset(_CALL.findall(block)),
        names=frozenset(_IDENTIFIER.findall(block)),
        tolerances=tuple(_tolerances(found)),
    )


def _inner(block: str) -> str:
    """What stands after the header: equal for a test that was only renamed."""
    place = block.find("{")
    return block[place:] if place >= 0 else block


def _assertions(block: str, language: str) -> Iterator[str]:
    """Each assertion's text, with the chain of calls behind it."""
    past = 0
    for match in _ASSERTS[language].finditer(block):
        if match.start() < past:
            continue  # inside the one before
        end = match.end()
        while (opening := re.compile(r"\s*(?:\.\s*[\w$]+|\?\.)*\s*(?=[(\[{])").match(block, end)) is not None:
            if block[opening.end()] == "{" and language != "rust":
                break
            close = closing(block, opening.end())
            if close is None:
                break
            end = close + 1
            if not re.compile(r"\s*\.").match(block, end):
                break
        past = end
        yield block[match.start() : end]


def _is_constant(assertion: str) -> bool:
    """`expect(true).toBe(true)`, `assert!(true)`: no name in the first brackets. Failing on purpose counts."""
    place = assertion.find("(")
    end = closing(assertion, place) if place >= 0 else None
    if end is None or re.match(r"(?:\w+\.)?(?:fail|Fail|panic|unreachable|t\.Fatal|t\.Error)", assertion):
        return False
    if re.match(r"(?:t|b|f|tb)\.(?:Error|Fatal)", assertion):
        return False
    inside = assertion[place + 1 : end]
    return bool(inside.strip()) and not (set(_IDENTIFIER.findall(inside)) - _WORDS)


def _shape(assertion: str) -> str:
    """Without literals and white space."""
    return re.sub(r"\b\d[\w.]*", "_", re.sub(r"\s+", "", re.sub(r"([\"'`])[^\"'`]*\1", "_", assertion)))


def _rows(block: str, language: str) -> int:
    """Rows of the table that it runs over, where one is written out in its own lines."""
    if language == "go":
        return max(1, len(re.findall(r"^[ \t]*(?:\"[^\"\n]*\":[ \t]*)?\{.*\},?[ \t]*$", block, re.MULTILINE)))
    if language == "js" and (table := re.match(r"[\w.]+\.each\s*\(\s*\[", block)) is not None:
        return max(1, _elements(block, table.end() - 1))
    if language == "java" and (table := re.search(r"@(?:CsvSource|ValueSource)\([^{]*\{", block)) is not None:
        return max(1, _elements(block, table.end() - 1))
    return max(1, len(re.findall(r"#\[(?:test_case|case)\b", block))) if language == "rust" else 1


def _elements(code: str, opening: int) -> int:
    """Elements of a bracketed list."""
    end = closing(code, opening)
    if end is None:
        return 1
    depth, commas, inside = 0, 0, code[opening + 1 : end].rstrip().rstrip(",")
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        commas += letter == "," and depth == 0
    return commas + bool(inside.strip())


def _tolerances(assertions: Sequence[str]) -> Iterator[tuple[str, float]]:
    for assertion in assertions:
        for kind, pattern, sign in _TOLERANCES:
            if (match := pattern.search(assertion)) is not None:
                yield kind, sign * float(match[1])
                break


def _unless_only(test: TestFunction, code: str) -> TestFunction:
    """In a file with `.only`, every other test is skipped."""
    for match in _ONLY.finditer(code):
        end = _last_close(code, match.end())
        if end is not None and line_of(code, match.start()) <= test.line <= line_of(code, end):
            return test
    return replace(test, skips=test.skips + 1)
