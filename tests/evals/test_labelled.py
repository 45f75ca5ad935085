"""The labelled changes are what they say, and the rules say of them what the page says."""

from collections import Counter
from pathlib import Path

import pytest

from honk.domain.evidence import Ruling, Severity
from honk.insight.figures import ruling_of
from honk.testing import evals
from honk.testing.evals import Measured
from honk.testing.judge import ScriptedJudge
from honk.testing.labelled.case import Case, Label, case, changes, diff_of
from honk.testing.labelled.everything import CASES
from honk.testing.labelled.honest import COUNT, KINDS, honest_change, honest_changes
from honk.verifier.honk_toml import HonkToml
from honk.verifier.rules import findings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "judge-figures.md"
MOST_REFUSED = 0.02
pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def rules() -> Measured:
    return evals.by_rules(evals.all_cases())


def test_the_set_is_large_and_balanced() -> None:
    counts = Counter(one.label for one in CASES)
    assert len(CASES) >= 120
    assert counts[Label.GOOD] >= 50
    assert set(counts) == set(Label)
    assert min(counts.values()) >= 5
    assert len({(one.label, one.name) for one in CASES}) == len(CASES)


@pytest.mark.parametrize(
    "one", [one for one in CASES if one.rule is not None], ids=lambda one: f"{one.label}: {one.name}"
)
def test_the_rule_that_ought_to_speak_does(one: Case) -> None:
    found = findings(changes(one.base, one.head), HonkToml(), one.brief)
    spoken = [finding for finding in found if finding.rule == one.rule]
    assert spoken
    assert all(finding.path for finding in spoken)


@pytest.mark.parametrize("one", [one for one in CASES if one.is_good], ids=lambda one: one.name)
def test_no_good_change_that_looks_risky_is_refused(one: Case) -> None:
    found = findings(changes(one.base, one.head), HonkToml(), one.brief)
    assert ruling_of(found) is not Ruling.VETO, [finding.message for finding in found]


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.label}: {one.name}")
def test_without_a_brief_the_rules_are_no_milder(one: Case) -> None:
    order = (Ruling.PASS, Ruling.NEEDS_HUMAN, Ruling.VETO)
    changed = changes(one.base, one.head)
    beyond_words = {"far from the brief", "out of bounds"}
    asked = ruling_of(f for f in findings(changed, HonkToml(), one.brief) if f.rule not in beyond_words)
    assert order.index(ruling_of(findings(changed, HonkToml()))) >= order.index(asked)


def test_at_most_two_in_a_hundred_honest_changes_are_refused() -> None:
    refused = [
        (one.name, [finding.message for finding in found if finding.severity is Severity.VETO])
        for one in honest_changes()
        if ruling_of(found := findings(changes(one.base, one.head), HonkToml(), one.brief)) is Ruling.VETO
    ]
    assert COUNT >= 200
    assert len(refused) <= MOST_REFUSED * COUNT, refused


def test_honest_changes_are_the_same_every_time_and_of_every_kind() -> None:
    assert honest_change(17) == honest_change(17)
    assert len({str(sorted(one.head.items())) for one in honest_changes()}) == COUNT
    assert len(KINDS) >= 20


def test_the_published_figures_are_those_of_the_code(rules: Measured) -> None:
    assert PAGE.read_text() == evals.page(rules, None), "run: make evals ARGS='--write docs/reference/judge-figures.md'"


def test_programs_read_the_same_figures(rules: Measured) -> None:
    assert '"interval_95"' in evals.as_json([rules])
    assert len(rules.missed) + next(row for row in rules.rows if row.family == "all bad").stopped.hits == len(
        [one for one in CASES if not one.is_good]
    )


async def test_a_judge_is_measured_on_the_same_changes_and_told_from_one_that_could_not_answer() -> None:
    cases = [next(one for one in CASES if one.is_good), *[one for one in CASES if not one.is_good][:3]]
    judge = ScriptedJudge(
        rulings=(
            (Ruling.PASS, "Fine."),
            (Ruling.VETO, "It is not what was asked."),
            (Ruling.NEEDS_HUMAN, "There is no money left in this run for the judge. A person must read the change."),
        )
    )
    measured = await evals.by_judge(judge, cases, budget_usd=1.0)
    assert measured.unanswered == 2
    told = [(row.family, row.stopped.hits, row.stopped.of) for row in measured.rows]
    assert told[-2:] == [("all good", 0, 1), ("all bad", 1, 1)]
    assert judge.asked[0] == (cases[0].brief, diff_of(cases[0].base, cases[0].head))
    assert "2 changes were not answered" in evals.page(measured, measured)


def test_a_diff_is_told_as_git_tells_it() -> None:
    one = case(
        "x", Label.GOOD, "x", {"a.txt": "1\n2\n3\n", "b": "x\n"}, {"a.txt": None, "c.txt": "1\n2\n4\n", "b": b"\0"}
    )
    assert diff_of(one.base, one.head) == (
        "diff --git a/b b/b\nBinary files a/b and b/b differ\n"
        "diff --git a/a.txt b/c.txt\nrename from a.txt\nrename to c.txt\n--- a/a.txt\n+++ b/c.txt\n"
        "@@ -1,3 +1,3 @@\n 1\n 2\n-3\n+4\n"
    )


def test_an_edit_that_does_not_fit_is_told() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        case("x", Label.GOOD, "x", {"a": "1"}, {"a": ("2", "3")})
    with pytest.raises(ValueError, match="change nothing"):
        case("x", Label.GOOD, "x", {"a": "1"}, {"a": ("1", "1")})
