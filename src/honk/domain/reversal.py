"""A change that takes a merged one back: what it is told as, and which remarks of the rules do not hold of it. Pure."""

from collections.abc import Collection
from dataclasses import replace

from honk.domain.evidence import Examination, Finding, Severity

_OF_TESTS = frozenset(
    {
        "deleted test", "removed test", "emptied test", "skipped test", "weakened test", "looser assertion",
        "looser tolerance", "edited test", "moved test", "replaced test", "golden file", "coverage threshold",
        "lowered version", "removed CI step", "check configuration",
    }
)  # fmt: skip
"""Rules that compare with what was there before: they object to the way back of whatever went forth."""


def goal_of(number: int, merged_sha: str, subject: str) -> str:
    """What the task that makes the reverse change is asked, and what its commit and pull request are called."""
    return (
        f'Undo pull request {number}: "{subject}"\n\nTake back commit {merged_sha}: remove what it added, its tests '
        "too, and restore what it changed, so that every file stands again as it stood before. Change nothing else."
    )


def excused(examination: Examination, number: int, restored: Collection[str]) -> Examination:
    """The examination, where remarks on files that stand again exactly as they stood before are no objection."""
    why = f"it stands again as it stood before pull request {number}, whose undo a person asked for"

    def look(finding: Finding) -> Finding:
        if finding.severity is Severity.NOTE or finding.rule not in _OF_TESTS or finding.path not in restored:
            return finding
        return replace(finding, severity=Severity.NOTE, message=f"{finding.message} ({why})")

    return replace(examination, findings=tuple(map(look, examination.findings)))
