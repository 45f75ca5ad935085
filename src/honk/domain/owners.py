"""Who owns which path: CODEOWNERS in the syntax that GitHub documents. Pure.

The last rule that matches a path decides; one without owners leaves the path to nobody. Patterns are those of a
`.gitignore` with three differences: no negation (`!`), no ranges (`[a-z]` stands for itself), and `docs/*` means the
files right in `docs`. Lines that are no rule are passed over.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where the file is looked for; the first that is there counts alone."""
MAX_RULES = 5000
MAX_PATTERN = 300
"""Characters; a longer line is passed over."""
MAX_MATCHES = 200_000
"""Rules times paths that are looked at: whoever owns only what lies beyond is not asked."""
MAX_OWNERS = 100
_OWNER = re.compile(r"@[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?|[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_WORD = re.compile(r"(?:\\.|[^\\\s])+")
_ANY_DEPTH = "**"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line: a pattern by its segments, and the owners of what it matches."""

    segments: tuple[str, ...]
    """`**` stands for any number of directories."""
    owners: tuple[str, ...]
    is_prefix: bool
    """Whether all below a match is matched as well."""

    def matches(self, path: str) -> bool:
        """Whether the file at the path is one of the rule's."""
        return _matches(self.segments, path.split("/"), is_prefix=self.is_prefix)


def parse(text: str) -> tuple[Rule, ...]:
    """The rules in their order; at most the last `MAX_RULES`, which decide."""
    return tuple(rule for rule in map(_rule, text.split("\n")[-MAX_RULES:]) if rule is not None)


def owners_of(rules: Sequence[Rule], paths: Iterable[str]) -> tuple[str, ...]:
    """The owners of the paths, each once, in the order of the paths."""
    found: dict[str, None] = {}
    for path in sorted(set(paths))[: MAX_MATCHES // max(1, len(rules))]:
        deciding = next((rule for rule in reversed(rules) if rule.matches(path)), None)
        found |= dict.fromkeys(deciding.owners if deciding else ())
    return tuple(found)[:MAX_OWNERS]


def _rule(line: str) -> Rule | None:
    words = list(_words(line))
    if (
        not words
        or words[0].startswith("!")
        or len(words[0]) > MAX_PATTERN
        or not all(_OWNER.fullmatch(owner) for owner in words[1:])
    ):
        return None
    pattern = re.sub(r"\\(.)", r"\1", words[0])
    is_anchored = "/" in pattern.rstrip("/")
    is_directory = pattern.endswith("/")
    segments = [segment for segment in pattern.split("/") if segment]
    if not segments:
        return None
    if not is_anchored:
        segments.insert(0, _ANY_DEPTH)
    if is_directory or segments[-1] == _ANY_DEPTH:
        segments += ["*"] if segments[-1] == _ANY_DEPTH else [_ANY_DEPTH, "*"]
    return Rule(
        segments=_squeezed(segments), owners=tuple(words[1:]), is_prefix=not (is_anchored and segments[-1] == "*")
    )


def _words(line: str) -> Iterator[str]:
    """The words before a comment; an escaped blank belongs to its word."""
    for word in _WORD.findall(line):
        if word.startswith("#"):
            return
        yield word


def _squeezed(segments: Sequence[str]) -> tuple[str, ...]:
    """Without a `**` right behind another one."""
    return tuple(
        one for place, one in enumerate(segments) if one != _ANY_DEPTH or segments[place - 1 : place] != [_ANY_DEPTH]
    )


def _matches(pattern: Sequence[str], path: Sequence[str], *, is_prefix: bool) -> bool:
    """Which beginnings of the path the pattern's beginning matches, segment by segment."""
    reached = {0}
    for segment in pattern:
        if segment == _ANY_DEPTH:
            reached = set(range(min(reached), len(path) + 1))
        else:
            reached = {place + 1 for place in reached if place < len(path) and _fits(segment, path[place])}
        if not reached:
            return False
    return len(path) in reached or is_prefix


def _fits(pattern: str, name: str) -> bool:
    """`*` and `?` within one name, by going back to the last star only: hostile patterns cost no more than others."""
    at = here = 0
    star: int | None = None
    after_star = 0
    while here < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, after_star = at, here
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[here]):
            at, here = at + 1, here + 1
        elif star is not None:
            after_star += 1
            at, here = star + 1, after_star
        else:
            return False
    return not pattern[at:].strip("*")
