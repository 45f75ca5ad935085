"""Which repository is meant: by its name, its components' names, and what was asked there before. Pure.

The guess is shown and can be changed at once, so it may be wrong; it must not be wrong and sure.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SURE_SCORE = 3.0
SURE_LEAD = 2.0
"""The best is sure only where it has so many times what the next one has."""
_NAMED = 6.0
_PART = 2.0
_PAST = 3.0
"""The most that past requests can weigh together."""
LONGEST = 2000
"""Characters of any request that are looked at: where it belongs is said before them, and a guess is made again and
again while somebody types."""
_WORD = re.compile(r"[^\W_]{2,}")
_COMMON = frozenset(  # what says nothing of a place
    """the and for with that this from when into onto not but are was has have had its our your you they them then than
    all any can could should would please make let add fix change update remove use new old page file test tests code
    bug error crash crashes empty wrong right more less does done will in on of to is it be by an as at or so if we do
    no up out off only also there here what which who how why where""".split()  # noqa: SIM905 - a list of words is read as words
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A repository that can be asked for."""

    repository_id: str
    name: str
    components: tuple[str, ...] = ()
    """By the names that its catalog gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A candidate with its weight, and why, for the person."""

    candidate: Candidate
    score: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The best first. There is always an order, and not always an answer."""

    ranked: tuple[Scored, ...]
    is_sure: bool

    @property
    def best(self) -> Scored | None:
        """None where there is nothing to choose from."""
        return self.ranked[0] if self.ranked else None


def guess(words: str, candidates: Sequence[Candidate], past: Iterable[tuple[str, str]] = ()) -> Guess:
    """`past`: repository ids with the words of requests there. Of one alone there is nothing to guess."""
    if len(candidates) == 1:
        return Guess(ranked=(Scored(candidate=candidates[0], score=0.0, why="the only one"),), is_sure=True)
    told = _words(words)
    known = _past_scores(told, past, {one.repository_id for one in candidates})
    ranked = sorted(
        (_scored(words.lower(), told, one, known.get(one.repository_id, 0.0)) for one in candidates),
        key=lambda one: (-one.score, one.candidate.name, one.candidate.repository_id),
    )
    is_sure = bool(ranked) and ranked[0].score >= SURE_SCORE and ranked[0].score >= SURE_LEAD * ranked[1].score
    return Guess(ranked=tuple(ranked), is_sure=is_sure)


def _scored(text: str, told: Counter[str], candidate: Candidate, past: float) -> Scored:
    """The strongest reason is the one that is told."""
    reasons = [(past, "much like what was asked there before")]
    for name, kind in ((candidate.name, "named"), *((one, "has the component") for one in candidate.components)):
        if _is_named(text, name):
            reasons.append((_NAMED, f"{kind}: {name}"))
        elif parts := [part for part in _words(name) if part in told]:
            reasons.append((_PART * len(parts) / len(_words(name)), f"{kind} {name}"))
    weight, why = max(reasons)
    return Scored(candidate=candidate, score=weight + (past if weight is not past else 0.0), why=why if weight else "")


def _is_named(text: str, name: str) -> bool:
    """The whole name, standing by itself."""
    name = name.lower().strip()
    if len(name) < 2 or name in _COMMON:
        return False
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _past_scores(told: Mapping[str, int], past: Iterable[tuple[str, str]], among: set[str]) -> dict[str, float]:
    """Words that were used in one repository and in few others weigh most."""
    used: dict[str, Counter[str]] = defaultdict(Counter)
    for repository_id, words in past:
        if repository_id in among:
            used[repository_id].update(set(_words(words)))
    scores = {}
    for repository_id, counts in used.items():
        weight = 0.0
        for word in told:
            others = sum(word in there for there in used.values())
            if word in counts:
                weight += math.log1p(counts[word]) * math.log((1 + len(among)) / others)
        scores[repository_id] = _PAST * weight / (weight + 2.0)
    return scores


def _words(text: str) -> Counter[str]:
    """Those that tell something."""
    return Counter(word for word in _WORD.findall(text[:LONGEST].lower()) if word not in _COMMON)
