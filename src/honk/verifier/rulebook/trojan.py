"""Code that reads otherwise than it runs: direction marks, invisible characters, look-alike names. Pure."""

import io
import re
import tokenize
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from honk.domain.change import Edit
from honk.domain.evidence import Finding
from honk.verifier.guard import Changed
from honk.verifier.rulebook.asked import Asked
from honk.verifier.rulebook.lines import added, text_of
from honk.verifier.rulebook.said import person, veto
from honk.verifier.rulebook.text_code import blanked, language_of

_MARKS = frozenset("\u200e\u200f\u061c")
"""Direction marks: ordinary in Hebrew and Arabic prose."""
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad\u180e\u115f\u1160\u3164\uffa0\u2061\u2062\u2063\u2064")
_UNSPACED = "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]"
_WORD_BREAK = re.compile(f"(?<={_UNSPACED})\u200b(?={_UNSPACED})")
"""Thai, Lao, Tibetan, Burmese and Khmer are written without spaces; this tells where a line may break."""
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_CODE_SUFFIXES = {".py", ".pyi", ".js", ".ts", ".tsx", ".jsx", ".go", ".rs", ".java", ".kt", ".c", ".h", ".cpp", ".rb",
                  ".sh", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".sql", ".cs", ".swift", ".php"}  # fmt: skip
_LOOKALIKES = frozenset("асеорхуіјѕһԁԛԝАВЕКМНОРСТУХІЈЅαοενρτυικγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Cyrillic and Greek letters that look like Latin ones."""
_WORD = re.compile(r"[^\W\d]\w*")


def trojan_source(changed: Sequence[Changed], asked: Asked) -> Iterator[Finding]:
    """In code a veto; in prose, overrides wait for a person and direction marks are ordinary."""
    for entry in changed:
        if entry.file.edit is Edit.DELETED or entry.after is None or entry.after.isascii():
            continue
        path = entry.file.path
        is_code = PurePosixPath(path).suffix in _CODE_SUFFIXES
        names = _names(path, entry.after) if is_code else {}
        for number, line in added(entry):
            if line.isascii():
                continue
            text = _WORD_BREAK.sub("", line.removeprefix("\ufeff") if number == 1 else line)
            yield from _of_line(path, number, text, is_code, names.get(number, ()))


def _of_line(path: str, number: int, text: str, is_code: bool, names: Sequence[str]) -> Iterator[Finding]:
    letters = set(text)
    hides = letters & (_OVERRIDES | (_MARKS | _INVISIBLE if is_code else frozenset())) or _TAGS.search(text)
    if hides and _is_emoji_flag(text) and not letters & _OVERRIDES:
        return
    if hides and is_code and not (letters & _MARKS and _is_right_to_left(text) and not letters & _OVERRIDES):
        yield veto("trojan source", f"{path}:{number} adds characters that hide what the code does", path, number)
    elif hides:
        yield person(
            "trojan source", f"{path}:{number} adds characters that turn the text round or hide it", path, number
        )
    elif is_code and (word := _lookalike(text) or _disguised(names)) is not None:
        shown = word.encode("unicode_escape").decode()
        message = f"{path}:{number} mixes alphabets inside one name, or imitates one: {shown}"
        yield veto("trojan source", message, path, number)


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text if letter not in _MARKS)


def _is_emoji_flag(text: str) -> bool:
    """Flags of regions are spelt with tag characters behind a black flag."""
    return "\U0001f3f4" in text and _TAGS.search(text.replace("\U0001f3f4", "", 1)) is not None


def _lookalike(line: str) -> str | None:
    """A word of Latin letters and of others, anywhere on the line."""
    for match in _WORD.finditer(line):
        word = match.group()
        scripts = {unicodedata.name(letter, "?").split(" ")[0] for letter in word if letter.isalpha()}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"} and not _is_unit(word):
            return word
    return None


def _is_unit(word: str) -> bool:
    """Greek letters are units and formula signs: µs, Δx, σ2, Ωm."""
    names = [unicodedata.name(letter, "?") for letter in word if not letter.isascii()]
    return len(names) == 1 and names[0].startswith("GREEK") and word[0] not in "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"


def _disguised(names: Sequence[str]) -> str | None:
    """A name all of look-alikes, or one of styled letters that the language reads as plain ones."""
    for name in names:
        if name.isascii():
            continue
        plain = unicodedata.normalize("NFKC", name)
        if (len(name) > 1 and set(name) <= _LOOKALIKES) or (plain != name and plain.isascii()):
            return name
    return None


def _names(path: str, source: bytes) -> dict[int, list[str]]:
    """The names of the code by line, without comments and literals; Python's own words for Python."""
    text = text_of(source)
    found: dict[int, list[str]] = {}
    language = language_of(path)
    if language is not None:
        for number, line in enumerate(blanked(text, language).splitlines(), 1):
            found[number] = _WORD.findall(line)
    elif path.endswith((".py", ".pyi")):
        try:
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.NAME:
                    found.setdefault(token.start[0], []).append(token.string)
        except (tokenize.TokenError, SyntaxError, IndentationError):
            return found
    return found
