"""The way back of a merged change, as the rules see it."""

from honk.domain.evidence import Examination, Finding, Severity
from honk.domain.reversal import excused, goal_of


def finding(rule: str, path: str) -> Finding:
    return Finding(rule=rule, severity=Severity.VETO, message="gone", path=path)


def test_what_stands_again_as_it_stood_is_no_objection() -> None:
    found = (finding("deleted test", "test_a.py"), finding("deleted test", "test_b.py"), finding("secret", "test_a.py"))
    looked = excused(Examination(findings=found), 7, {"test_a.py"})
    assert [one.severity for one in looked.findings] == [Severity.NOTE, Severity.VETO, Severity.VETO]
    assert "before pull request 7" in looked.findings[0].message


def test_the_request_names_what_is_undone() -> None:
    goal = goal_of(7, "a" * 40, "Empty titles")
    assert goal.splitlines()[0] == 'Undo pull request 7: "Empty titles"'
    assert "a" * 40 in goal
