"""What the asker's own words ask for, as far as words can tell. Pure.

Used to take a remark back, so it reads narrowly: a clause that says "not" or "without" asks for nothing, and only
the asker's own words count, never what lies in the repository.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from honk.domain.task import Brief

_CLAUSE = re.compile(r"[;\n!?]|\.(?=\s|$)|, |\bbut\b|\bthen\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not|never|without|don't|doesn't|won't|except|unlike|instead of|rather than|no longer than|keep|leave)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}(?![a-z])|[a-z]+|\d+(?:\.\d+)*")
_PATH = re.compile(r"[\w.-]{0,80}/[\w./*-]{1,200}|[\w-]{1,80}\.[a-z]{1,5}\b")
_ENDINGS = ("ations", "ation", "ating", "ated", "ates", "ate", "ings", "ing", "ied", "ies", "ers", "er", "ed", "es",
            "al", "s", "e", "y")  # fmt: skip
REMOVAL = frozenset({"remov", "delet", "drop", "retir", "rid", "prun", "strip", "discontinu", "stop", "kill",
                     "unship", "purg"})  # fmt: skip
REPLACEMENT = frozenset({"replac", "merg", "migr", "mov", "inlin", "renam", "consolid", "rewrit", "switch", "split",
                         "convert", "port", "refactor", "extract", "simplif", "collaps", "unif"})  # fmt: skip
_COMMON = frozenset(
    _WORD.findall(
        "a an and any are as at be by can could do for from get has have if in into is it its make must of on "
        "one only or our out please should so than that the their them there these they this to up use us was "
        "we when where which will with would you your all also each every other some test tests testing spec "
        "specs file files code function method class module src lib py js ts go rs java index main init new "
        "add change update fix"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A brief as sets of word stems."""

    clauses: tuple[frozenset[str], ...] = ()
    """Of each clause that asks for something."""
    text: str = ""
    """The asking clauses, in lower case."""
    out_of_bounds: tuple[str, ...] = ()
    """Paths that the brief names as out of bounds."""
    paths: tuple[str, ...] = ()
    """Paths that the brief names otherwise."""

    @property
    def is_known(self) -> bool:
        return bool(self.clauses)

    @property
    def words(self) -> frozenset[str]:
        return frozenset().union(*self.clauses)

    def speaks_of(self, *topics: str) -> bool:
        """Whether an asking clause holds one of the words, in any form."""
        wanted = {stem(topic) for topic in topics}
        return any(wanted & clause for clause in self.clauses)

    def names(self, name: str) -> bool:
        """Whether it says the name itself, or all of its telling words in one clause."""
        if name and re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", self.text):
            return True
        wanted = telling(name)
        return bool(wanted) and any(wanted <= clause for clause in self.clauses)

    def touches(self, names: Iterable[str]) -> bool:
        """Whether it shares a telling word with any of the names."""
        words = self.words
        return any(telling(name) & words for name in names)

    def removes(self, names: Iterable[str]) -> bool:
        """Whether a clause that asks for a removal shares a telling word with any of the names."""
        wanted = frozenset().union(*(telling(name) for name in names)) - REMOVAL
        return any(clause & REMOVAL and clause & wanted for clause in self.clauses)

    @property
    def asks_for_removal(self) -> bool:
        return any(clause & REMOVAL for clause in self.clauses)

    @property
    def asks_for_replacement(self) -> bool:
        return any(clause & REPLACEMENT for clause in self.clauses)


def asked_of(brief: Brief | None) -> Asked:
    """The brief's goal, ends, and what people said since; nothing for no brief."""
    if brief is None:
        return Asked()
    clauses = [_asking(part) for text in (*brief.asked, *brief.done_when) for part in _CLAUSE.split(text)]
    bounds = "\n".join(brief.out_of_bounds)
    return Asked(
        clauses=tuple(found for clause in clauses if (found := frozenset(stem(word) for word in words_of(clause)))),
        text="\n".join(clauses).lower(),
        out_of_bounds=tuple(dict.fromkeys(path.strip("`'\"").rstrip(".") for path in _PATH.findall(bounds))),
        paths=tuple(dict.fromkeys(_PATH.findall("\n".join(brief.asked)))),
    )


def _asking(clause: str) -> str:
    """The part of a clause before its negation."""
    found = _NEGATION.search(clause)
    return clause[: found.start()] if found else clause


def words_of(text: str) -> tuple[str, ...]:
    """The words of prose, of an identifier or of a path, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(text.replace("_", " ")))


def telling(name: str) -> frozenset[str]:
    """The stems of a name that say what it is about."""
    return frozenset(stem(word) for word in words_of(name) if word not in _COMMON and len(word) > 1)


def stem(word: str) -> str:
    """A word without the commonest English endings; both sides of a comparison go through here."""
    word = word.lower()
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word
