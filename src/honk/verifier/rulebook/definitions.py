"""Which names of a change's sources are gone, and which are new. Pure."""

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from honk.verifier.guard import Changed
from honk.verifier.rulebook.text_code import blanked, language_of

_TEXT = re.compile(
    r"\b(?:func(?:\s*\([^)]*\))?|function\*?|class|interface|enum|struct|trait|fn|type|const|let|var|record|def|static|mod)\s+"
    r"(?:mut\s+)?([A-Za-z_$][\w$]*)|^[ \t]+(?:(?:public|private|protected|static|final|async|get|set|export)\s+)*"
    r"(?:[\w<>\[\],.?]+\s+)?([a-z_$][\w$]*)\s*\([^;{}()]*\)[^;{}()]*\{",
    re.MULTILINE,
)
_KEYWORDS = frozenset(
    ["if", "for", "while", "switch", "catch", "return", "function", "else", "do", "try", "new", "match"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Functions, classes, methods and modules that the change takes away or brings."""

    removed: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()

    def neutral(self, shape: str) -> str:
        """A shape in which an old name and its successor read the same."""
        swapped = self.removed | self.added
        return re.sub(r"[A-Za-z_$][\w$]*", lambda match: "§" if match.group() in swapped else match.group(), shape)


def definitions_of(changed: Sequence[Changed], is_test: Callable[[str], bool]) -> Definitions:
    """Over all sources of the change that hold no tests, so that a move removes nothing."""
    before: set[str] = set()
    after: set[str] = set()
    for entry in changed:
        if not is_test(entry.old_path):
            before |= defined_in(entry.old_path, entry.before)
        if not is_test(entry.file.path):
            after |= defined_in(entry.file.path, entry.after)
    return Definitions(removed=frozenset(before - after), added=frozenset(after - before))


def defined_in(path: str, source: bytes | None) -> frozenset[str]:
    """What the file defines, and the module that it is."""
    if source is None:
        return frozenset()
    own = PurePosixPath(path).stem
    language = language_of(path)
    if language is not None:
        code = blanked(source.decode("utf-8", "replace"), language)
        names = {match[1] or match[2] for match in _TEXT.finditer(code)} - _KEYWORDS
        return frozenset(names | {own})
    if not path.endswith((".py", ".pyi")):
        return frozenset()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found = {own}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(found)
