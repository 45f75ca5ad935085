"""All labelled changes."""

from honk.testing.labelled import bad, good_asked, good_looks, good_moves, hidden, weakened
from honk.testing.labelled.case import Case

CASES: tuple[Case, ...] = (
    *good_moves.CASES,
    *good_asked.CASES,
    *good_looks.CASES,
    *bad.OUT_OF_SCOPE,
    *weakened.CASES,
    *bad.DOWNGRADED,
    *bad.HALF_DONE,
    *hidden.INJECTED,
    *hidden.BAIT,
    *hidden.GIANT,
    *hidden.BINARY,
    *hidden.SMUGGLED,
)
