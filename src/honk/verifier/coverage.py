"""Coverage, where a repository's own run of its tests measures it: the total on the base and on the change. Pure."""

import re

from honk.domain.evidence import Finding, Severity
from honk.verifier.results import Run

MOST_POINTS_LOST = 5.0
_TOTALS = (
    re.compile(r"^TOTAL[ \t][^\n]{0,200}?(\d{1,3}(?:\.\d{1,9})?)%[ \t]*$", re.MULTILINE),
    re.compile(r"^All files *\| *(\d{1,3}(?:\.\d{1,9})?) *\|", re.MULTILINE),
)
_GO = re.compile(r"\bcoverage: (\d{1,3}(?:\.\d{1,9})?)% of statements")


def total_of(log: str) -> float | None:
    """Percent, as coverage.py, Istanbul or Go print it; None where nothing is measured. Go's packages are averaged."""
    for pattern in _TOTALS:
        if found := pattern.findall(log):
            return float(found[-1])
    packages = [float(percent) for percent in _GO.findall(log)]
    return sum(packages) / len(packages) if packages else None


def drop(base: Run, now: Run, path: str) -> tuple[Finding, ...]:
    """A person looks, where the change costs more than five points or ends the measuring."""
    if base.coverage is None or not now.has_ended:
        return ()
    if now.coverage is None:
        message = f"the tests measured coverage on the base ({base.coverage:g} %) and measure none with the change"
    elif base.coverage - now.coverage > MOST_POINTS_LOST:
        message = f"coverage falls from {base.coverage:g} % to {now.coverage:g} %"
    else:
        return ()
    return (Finding(rule="coverage drop", severity=Severity.NEEDS_HUMAN, message=message, path=path),)
