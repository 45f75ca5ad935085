"""Each rule by itself: what it sees, what it lets be, and what the request or the repository changes about it."""

import time

import pytest

from honk.domain.change import ChangedFile, Edit
from honk.domain.evidence import Severity
from honk.domain.task import Brief
from honk.testing.labelled.case import changes
from honk.verifier.guard import Changed
from honk.verifier.honk_toml import HonkToml, HonkTomlError, parse
from honk.verifier.rulebook.asked import asked_of, stem
from honk.verifier.rulebook.manifests import is_lower, required
from honk.verifier.rulebook.text_code import blanked, closing
from honk.verifier.rulebook.text_tests import dissect_text
from honk.verifier.rules import findings

VETO, PERSON, NOTE = Severity.VETO, Severity.NEEDS_HUMAN, Severity.NOTE


def said(
    path: str, before: str | None, after: str | None, goal: str = "", own: HonkToml | None = None
) -> list[tuple[str, Severity]]:
    base = {} if before is None else {path: before}
    head = {} if after is None else {path: after}
    brief = Brief(version=1, goal=goal) if goal else None
    return [(found.rule, found.severity) for found in findings(changes(base, head), own or HonkToml(), brief)]


def python(before: str, after: str, goal: str = "") -> list[tuple[str, Severity]]:
    return said("tests/test_x.py", f"def test_a():\n{before}\n", f"def test_a():\n{after}\n", goal)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("    assert f(1) == approx(2, rel=1e-6)", "    assert f(1) == approx(2, rel=1e-2)", "looser tolerance"),
        ("    assert f(1) == approx(2, 1e-6)", "    assert f(1) == approx(2, 1e-2)", "looser tolerance"),
        (
            "    self.assertAlmostEqual(f(1), 2, places=7)",
            "    self.assertAlmostEqual(f(1), 2, places=2)",
            "looser tolerance",
        ),
        (
            "    self.assertAlmostEqual(f(1), 2, delta=0.1)",
            "    self.assertAlmostEqual(f(1), 2, delta=1)",
            "looser tolerance",
        ),
        (
            "    assert isclose(f(1), 2, abs_tol=10**-9)",
            "    assert isclose(f(1), 2, abs_tol=10**-2)",
            "looser tolerance",
        ),
        ("    assert abs(f(1) - 2) < 1e-9", "    assert abs(f(1) - 2) < 0.5", "looser tolerance"),
        ("    assert f(1) == 2", "    assert f(1)", "looser assertion"),
        ("    assert f(1) == 2", "    assert f(1) is not None", "looser assertion"),
        ("    assert f(1) == 2", "    assert isinstance(f(1), int)", "looser assertion"),
        ("    with raises(KeyError):\n        f(1)", "    with raises(Exception):\n        f(1)", "looser assertion"),
        ("    assert f(1) == 2\n    assert g(1) == 2", "    assert f(1) == 2", "weakened test"),
    ],
)
def test_a_test_that_asks_for_less_waits_for_a_person(before: str, after: str, rule: str) -> None:
    assert python(before, after) == [(rule, PERSON)]
    assert python(after, before) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    assert f(1) == 2\n    assert g(1) == 2", "    assert f(1) == 2 and g(1) == 2"),
        ("    assert f(1) == 2\n    assert g(1) == 2", "    assert (f(1), g(1)) == (2, 2)"),
        ("    assert f(1) == True", "    assert f(1)"),
        ("    self.assertEqual(f(1), 2)", "    assert f(1) == 2"),
        ("    x = f(1)\n    assert x == 2", "    y = f(1)\n    assert y == 2"),
        ("    assert f(1) == 2", "    assert f(1) == 3"),
        ("    assert f(1) == 2.5", "    assert f(1) == approx(2.5)"),
        ("    assert f(1) == 2", "    try:\n        assert f(1) == 2\n    finally:\n        close()"),
        (
            "    assert f(1) == 2",
            "    try:\n        x = f(1)\n    except ValueError:\n        fail()\n    assert x == 2",
        ),
    ],
)
def test_a_test_that_compares_as_much_as_before_is_no_finding(before: str, after: str) -> None:
    assert python(before, after) == []


def test_a_tolerance_that_the_request_loosens_is_a_note() -> None:
    before, after = "    assert f(1) == approx(2, rel=1e-6)", "    assert f(1) == approx(2, rel=1e-4)"
    assert python(before, after, "Loosen the tolerance in the test of f") == [("looser tolerance", NOTE)]
    assert python(before, after, "Speed up f without touching any tolerance") == [("looser tolerance", PERSON)]


TWO = "def test_old():\n    assert old(1) == 2\n\n\ndef test_new():\n    assert new(1) == 2\n"
ONE = "def test_new():\n    assert new(1) == 2\n"
SOURCE = "def old(x):\n    return x + 1\n\n\ndef new(x):\n    return x + 1\n"
LESS = "def new(x):\n    return x + 1\n"


@pytest.mark.parametrize(
    ("goal", "severity"),
    [
        ("Remove old", NOTE),
        ("Drop the function old, please", NOTE),
        ("Rewrite everything in one function", PERSON),
        ("Make new faster", VETO),
        ("Make new faster, do not remove old", VETO),
        ("Remove the cache", PERSON),
    ],
)
def test_a_test_may_go_with_what_the_request_removes(goal: str, severity: Severity) -> None:
    brief = Brief(version=1, goal=goal)
    changed = changes({"x.py": SOURCE, "tests/test_x.py": TWO}, {"x.py": LESS, "tests/test_x.py": ONE})
    [found] = [one for one in findings(changed, HonkToml(), brief) if "test" in one.rule]
    assert found.severity is severity


def test_a_test_of_code_that_stays_may_not_go_whatever_else_is_removed() -> None:
    assert said("tests/test_x.py", TWO, ONE, "Remove the unused cache") == [("deleted test", VETO)]


def test_a_test_that_another_stands_in_for_waits_for_a_person() -> None:
    before = "def test_a():\n    assert f(1, x) == 2\n"
    assert said("tests/test_x.py", before, "def test_b():\n    assert f(1, x) > 2\n") == [("replaced test", PERSON)]
    assert said("tests/test_x.py", before, "def test_b():\n    assert g(1)\n") == [("deleted test", VETO)]
    two = before + "\n\ndef test_c():\n    assert f(1, x) == 3\n"
    assert said("tests/test_x.py", two, "def test_b():\n    assert f(1, x) > 2\n") == [
        ("deleted test", VETO),
        ("replaced test", PERSON),
    ]


def test_the_first_line_of_a_key_is_no_key_in_a_test() -> None:
    header = " ".join(("-----BEGIN", "PRIVATE", "KEY-----"))
    assert said("tests/test_x.py", "", f"HEAD = '{header}'\n") == []
    assert said("tests/test_x.py", "", f"KEY = '''{header}\nMIIE\n'''\n") == [("secret", VETO)]
    assert said("app.py", "", f"HEAD = '{header}'\n") == [("secret", VETO)]


@pytest.mark.parametrize(
    ("path", "before", "after", "goal", "wanted"),
    [
        ("requirements.txt", "a==2.10\n", "a==2.9\n", "", [("lowered version", VETO)]),
        ("requirements.txt", "a==2.9\n", "a==2.10\n", "", []),
        ("requirements.txt", "a==2.9\n", "a==2.9rc1\n", "", [("lowered version", VETO)]),
        ("requirements.txt", "a>=2.9\n", "a>=2\n", "", [("lowered version", PERSON)]),
        ("requirements.txt", "a==2.9\n", "a>=2.8\n", "", [("lowered version", PERSON)]),
        ("requirements.txt", "a==2.9\n", "a==2.8\n", "Go back to a 2.8", [("lowered version", NOTE)]),
        (
            "pom.xml",
            "<project><properties><java.version>21</java.version></properties></project>",
            "<project><properties><java.version>17</java.version></properties></project>",
            "Fix the build",
            [("lowered version", VETO)],
        ),
        (
            "yarn.lock",
            'a@^1:\n  version "1.2.0"\n',
            'a@^1:\n  version "1.1.0"\n',
            "",
            [("lowered version", PERSON), ("lock file alone", PERSON)],
        ),
        (".nvmrc", "20\n", "18\n", "", [("lowered version", VETO)]),
    ],
)
def test_versions_may_rise(path: str, before: str, after: str, goal: str, wanted: list[tuple[str, Severity]]) -> None:
    assert sorted(said(path, before, after, goal)) == sorted(wanted)


@pytest.mark.parametrize(("one", "other"), [("1.9", "1.10"), ("1.0rc1", "1.0"), ("2.0.0-beta", "2.0.0"), ("0.9", "1")])
def test_versions_are_compared_by_number(one: str, other: str) -> None:
    assert is_lower(one, other)
    assert not is_lower(other, one)
    assert not is_lower("1.0", "1.0.0")


def test_a_manifest_that_is_broken_requires_nothing() -> None:
    assert required("pyproject.toml", b"[[[") == {}
    assert required("package.json", b'["a"]') == {}
    assert required("uv.lock", b'package = "x"') == {}


def test_a_repository_can_sharpen_a_rule_and_not_dull_one() -> None:
    before, after = "def test_a():\n    assert f(1)\n    assert f(2)\n", "def test_a():\n    assert f(1)\n"
    strict = parse(b'[rules]\nveto = ["weakened test"]\nneeds_human = ["moved test", "deleted test"]\n')
    assert said("tests/test_x.py", before, after, own=strict) == [("weakened test", VETO)]
    assert said("tests/test_x.py", before, before.replace("test_a", "test_b"), own=strict) == [("moved test", PERSON)]
    assert said("tests/test_x.py", before, "", own=strict) == [("deleted test", VETO)]
    with pytest.raises(HonkTomlError, match="no rule"):
        parse(b'[rules]\nveto = ["weakend test"]\n')


def test_a_clause_that_says_not_asks_for_nothing() -> None:
    asked = asked_of(Brief(version=1, goal="Rename f to g without removing tests. Do not touch the snapshots"))
    assert asked.speaks_of("renamed")
    assert not asked.asks_for_removal
    assert not asked.speaks_of("snapshot")
    assert asked_of(None).is_known is False


@pytest.mark.parametrize(
    "words",
    [
        ("remove", "removing", "removal", "removed"),
        ("drop", "dropped", "dropping"),
        ("test", "tests", "testing"),
        ("migrate", "migration"),
    ],
)
def test_forms_of_a_word_have_one_stem(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1


def test_brackets_in_comments_and_literals_are_none() -> None:
    text = "f('(', /* ( */ `(`, /[(]/, a / b) // ("
    code = blanked(text, "js")
    assert len(code) == len(text)
    assert closing(code, 1) == text.index(") //")
    assert dissect_text("a.test.js", b"it('x', () => { expect(f('}')).toBe(1) })\n")
    assert dissect_text("a.test.js", b"it('x', () => {") is None
    assert dissect_text("a.py", b"x") == {}


def test_a_rule_that_removes_a_ci_step_sees_one_that_moved() -> None:
    ci = ".github/workflows/ci.yml"
    base = {ci: "jobs:\n  a:\n    steps:\n      - run: pytest\n      - run: mypy src\n"}
    moved = {
        ci: "jobs:\n  a:\n    steps:\n      - run: pytest\n",
        ".github/workflows/types.yml": "jobs:\n  b:\n    steps:\n      - run: mypy src\n",
    }
    assert {found.rule for found in findings(changes(base, moved), HonkToml())} == {"continuous integration"}
    gone = {ci: "jobs:\n  a:\n    steps:\n      - run: pytest\n"}
    assert "removed CI step" in {found.rule for found in findings(changes(base, gone), HonkToml())}


@pytest.mark.parametrize(
    "path", ["tests/test_a.py", "a.test.ts", ".github/workflows/ci.yml", "package.json", "a_test.go"]
)
@pytest.mark.parametrize(
    "unit", ["a", "(", "it(", "[/", "'", " ", "\n", "sk-", "password='", "a://b:", "- run: test\n"]
)
def test_no_text_costs_the_square_of_its_size(path: str, unit: str) -> None:
    text = unit * (60_000 // len(unit))
    file = ChangedFile(path=path, edit=Edit.MODIFIED)
    began = time.process_time()
    findings([Changed(file=file, before=b"x\n", after=text.encode())], HonkToml())
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[identity]\nsign = true\n", r"\[identity\] has no key 'sign'; it has signed_off, signed"),
        ("[rules]\nneed_human = ['link']\n", r"\[rules\] has no key 'need_human'; it has protected, forbidden"),
        ("[verify]\ncommand = ['make']\n", r"\[verify\] has no key 'command'; it has commands"),
        ("[[verify.commands]]\nrun = 'make'\ntimeout = 5\n", r"verify.commands has no key 'timeout'; it has run"),
        ("[rule]\nveto = ['link']\n", r"has no table 'rule'; it has verify, rules, identity, environment, merge"),
    ],
)
def test_a_wish_to_be_stricter_that_is_misspelt_is_named_and_not_passed_over(text: str, told: str) -> None:
    with pytest.raises(HonkTomlError, match=told):
        parse(text.encode())
