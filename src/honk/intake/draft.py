"""From talk to a brief: what the words themselves say of conditions, bounds and the end. Pure.

The goal stays as it was said: only what a sentence plainly is, is told again beside it, and the person sees and mends
it before anything begins.
"""

import re
from dataclasses import dataclass

from honk.domain.task import BriefTerms

FEWEST_WORDS = 4
"""Fewer say what it is about, and not what is to be done."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_ONLY_IF = re.compile(r"^(?:only (?:if|when|where)|provided that|given that|as long as|unless)\b", re.IGNORECASE)
_NOT_THERE = re.compile(
    r"\b(?:(?:do not|don[’']t|never|must not) (?:touch|change|edit|modify|rename|remove|delete|break|move)|"
    r"leave \S.* (?:alone|as (?:it|they) (?:is|are))|without (?:touching|changing|breaking|editing)|"
    r"out of (?:bounds|scope))\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"^(?:(?:it is |it[’']s )?done (?:when|if|once)|acceptance(?: criteria)?:|afterwards\b|in the end\b|"
    r"make sure\b|ensure\b|it (?:should|must)\b|there (?:should|must) be\b|expected:)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a request says, sorted; and what it does not say."""

    terms: BriefTerms
    is_vague: bool
    """Whether one must ask what shall be different when it is done."""


def draft_of(words: str) -> Draft:
    """Sentence by sentence; what is none of these belongs to the goal alone."""
    sentences = [_ITEM.sub("", one).strip() for one in _SENTENCE.split(words)]
    found: dict[str, list[str]] = {"preconditions": [], "out_of_bounds": [], "done_when": []}
    for sentence in sentences:
        if (kind := _kind(sentence)) is not None and sentence not in found[kind]:
            found[kind].append(sentence)
    terms = BriefTerms(**{kind: tuple(told) for kind, told in found.items()})
    return Draft(terms=terms, is_vague=len(re.findall(r"\w+", words)) < FEWEST_WORDS)


def _kind(sentence: str) -> str | None:
    if _ONLY_IF.search(sentence):
        return "preconditions"
    if _NOT_THERE.search(sentence):
        return "out_of_bounds"
    return "done_when" if _DONE.search(sentence) else None
