"""Code of a language that has no parser here: its comments and literals told from the rest. Pure.

Everything keeps its length, so a place in one text is the same place in the other.
"""

import re
from functools import lru_cache
from pathlib import PurePosixPath

LANGUAGES = {
    ".js": "js", ".jsx": "js", ".mjs": "js", ".cjs": "js", ".ts": "js", ".tsx": "js", ".mts": "js", ".cts": "js",
    ".go": "go", ".java": "java", ".kt": "java", ".rs": "rust",
}  # fmt: skip
MAX_CHARACTERS = 1_000_000
_REGEX_BEFORE = re.compile(r"(?:[(,=:\[!&|?{};\n]|\breturn|\btypeof)\s*$")
_TOKENS = {
    "js": r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|`(?:\\.|[^`\\])*`?"
          r"|/(?:\\.|\[(?:\\.|[^\]\\\n]){0,100}\]|[^/\\\n*\[]){1,300}/[a-z]*",
    "go": r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"?|`[^`]*`?|'(?:\\.|[^'\\\n])+'",
    "java": r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"\"\".*?(?:\"\"\"|\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])+'",
    "rust": r"//[^\n]*|/\*.*?(?:\*/|\Z)|r(?P<h>\#*)\".*?\"(?P=h)|\"(?:\\.|[^\"\\])*\"?|'(?:\\[^\n]{1,9}?|[^'\\\n])'",
}  # fmt: skip
_PATTERNS = {language: re.compile(pattern, re.DOTALL) for language, pattern in _TOKENS.items()}
_OPEN = "([{"
_BRACKET = re.compile(r"[()\[\]{}]")


def language_of(path: str) -> str | None:
    """ "js", "go", "java" or "rust"; None for any other."""
    return LANGUAGES.get(PurePosixPath(path).suffix)


def blanked(text: str, language: str) -> str:
    """The text with every comment and the inside of every literal as blanks; quotes and line ends stay."""

    def blank(match: re.Match[str]) -> str:
        found = match.group()
        if language == "js" and found[0] == "/" and found[1:2] not in ("/", "*"):
            line = text[max(0, match.start() - 40) : match.start()]
            if not _REGEX_BEFORE.search("\n" + line if match.start() < 40 else line):
                return found  # a division
        return _blank(found)

    return _PATTERNS[language].sub(blank, text[:MAX_CHARACTERS])


def _blank(found: str) -> str:
    if found.startswith(("//", "/*")):
        return re.sub(r"[^\n]", " ", found)
    return found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + (found[-1] if len(found) > 1 else "")


def closing(code: str, start: int) -> int | None:
    """Where the bracket at `start` is closed; None if it is not."""
    return _pairs(code).get(start)


@lru_cache(maxsize=256)
def _pairs(code: str) -> dict[int, int]:
    """All brackets and where they close, in one pass: a file of openings only must not cost the square of its size."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACKET.finditer(code):
        if match.group() in _OPEN:
            opened.append(match.start())
        elif opened:
            found[opened.pop()] = match.start()
    return found


def line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
