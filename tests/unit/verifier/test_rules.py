"""What a diff may not do, whatever its tests say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honk.domain.change import ChangedFile, Edit
from honk.domain.evidence import Finding, Severity
from honk.verifier.guard import Changed
from honk.verifier.honk_toml import RULES, HonkToml
from honk.verifier.rulebook.names import case_clashes
from honk.verifier.rules import findings

TEST = """import pytest


def test_a():
    assert f(1) == 1


def test_b():
    x = f(2)
    assert x == 2
    assert x
"""


def changed(
    path: str, before: str | None, after: str | None, *, mode: str = "100644", old: str | None = None
) -> Changed:
    edit = Edit.ADDED if before is None else Edit.DELETED if after is None else Edit.RENAMED if old else Edit.MODIFIED
    return Changed(
        file=ChangedFile(path=path, edit=edit, old_path=old, new_mode=mode),
        before=None if before is None else before.encode(),
        after=None if after is None else after.encode(),
    )


def said(*entries: Changed, own: HonkToml | None = None) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in findings(entries, own or HonkToml())]


def edited(after: str | None) -> list[tuple[str, Severity]]:
    return said(changed("tests/test_x.py", TEST, after))


def test_a_deleted_test_is_a_veto() -> None:
    assert edited(TEST.split("def test_b")[0]) == [("deleted test", Severity.VETO)]
    assert edited(None) == [("deleted test", Severity.VETO)] * 2
    assert edited("def test_a(:") == [("deleted test", Severity.VETO)]


@pytest.mark.parametrize(
    "after",
    [
        TEST.replace("def test_b", "@pytest.mark.skip\ndef test_b"),
        TEST.replace("def test_b", "@pytest.mark.xfail(strict=False)\ndef test_b"),
        TEST.replace("    x = f(2)", "    pytest.skip('later')\n    x = f(2)"),
    ],
)
def test_a_skipped_test_is_a_veto(after: str) -> None:
    assert edited(after) == [("skipped test", Severity.VETO)]


def test_a_file_that_skips_itself_is_a_veto_for_each_of_its_tests() -> None:
    assert (
        edited(TEST.replace("\n\n\ndef test_a", "\npytestmark = pytest.mark.skip\n\n\ndef test_a"))
        == [("skipped test", Severity.VETO)] * 2
    )


@pytest.mark.parametrize(
    "after",
    [
        TEST.replace("assert f(1) == 1", "pass"),
        TEST.replace("assert f(1) == 1", "assert True"),
        TEST.replace("assert f(1) == 1", "assert 1 == 1"),
        TEST.replace("assert f(1) == 1", "return\n    assert f(1) == 1"),
        TEST.replace("assert f(1) == 1", "f(1)"),
    ],
)
def test_an_emptied_test_is_a_veto(after: str) -> None:
    assert edited(after) == [("emptied test", Severity.VETO)]


def test_fewer_assertions_wait_for_a_person() -> None:
    assert edited(TEST.replace("    assert x\n", "")) == [("weakened test", Severity.NEEDS_HUMAN)]


def test_an_edited_or_added_test_is_no_finding() -> None:
    assert edited(TEST.replace("f(1) == 1", "f(1) == 3") + "\n\ndef test_c():\n    assert f(3)\n") == []
    assert said(changed("tests/test_new.py", None, TEST)) == []


def test_a_test_may_move_with_its_body_untouched() -> None:
    assert edited(TEST.replace("test_b", "test_better")) == [("moved test", Severity.NOTE)]
    assert said(changed("tests/test_y.py", TEST, TEST, old="tests/test_x.py")) == []


@pytest.mark.parametrize(
    "path",
    [
        "sitecustomize.py", "src/usercustomize.py", "pytest.py", "src/_pytest/__init__.py", "tests/unittest.py",
        "unittest/__init__.py", "evil.pth", "lib/python3.11/site-packages/x.py", "node_modules/a/index.js",
        "x-1.0.dist-info/entry_points.txt", "src/x.egg-info/entry_points.txt", "pkg/__pycache__/a.pyc", ".venv/bin/x",
    ],
)  # fmt: skip
def test_a_file_in_the_runner_s_place_is_a_veto(path: str) -> None:
    assert ("shadowed runner", Severity.VETO) in said(changed(path, None, "x = 1"))


def test_a_program_named_like_a_tool_is_a_veto_and_a_module_inside_a_package_is_not() -> None:
    assert said(changed("bin/pytest", None, "#!/bin/sh\nexit 0\n", mode="100755")) == [
        ("shadowed runner", Severity.VETO)
    ]
    assert said(changed("src/app/pytest.py", None, "x = 1")) == []
    assert said(changed("src/app/plugins/site.py", None, "x = 1")) == []
    assert said(changed("src/app/venv/__init__.py", None, "x = 1")) == []


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".github/workflows/ci.yml", "continuous integration"),
        (".gitlab-ci.yml", "continuous integration"),
        (".circleci/config.yml", "continuous integration"),
        ("Jenkinsfile", "continuous integration"),
        (".husky/pre-commit", "hooks"),
        (".pre-commit-config.yaml", "hooks"),
        (".github/CODEOWNERS", "ownership"),
        (".honk.toml", "Honk's own configuration"),
        ("setup.py", "build scripts"),
        ("Makefile", "build scripts"),
        ("pytest.ini", "check configuration"),
        (".claude/settings.json", "agent settings"),
    ],
)
def test_what_runs_on_push_or_guards_waits_for_a_person(path: str, rule: str) -> None:
    assert said(changed(path, "a", "b")) == [(rule, Severity.NEEDS_HUMAN)]


def test_shared_files_are_judged_by_key() -> None:
    before = '[project]\nname = "x"\nversion = "1"\n[tool.pytest.ini_options]\naddopts = "-q"\n'
    assert said(changed("pyproject.toml", before, before.replace('"1"', '"2"'))) == []
    assert said(changed("pyproject.toml", before, before.replace("-q", "-k nothing"))) == [
        ("check configuration", Severity.NEEDS_HUMAN)
    ]
    assert said(changed("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "jest -i"}}')) == [
        ("build scripts", Severity.NEEDS_HUMAN)
    ]


def test_a_lock_file_alone_waits_for_a_person() -> None:
    assert said(changed("uv.lock", "a", "b")) == [("lock file alone", Severity.NEEDS_HUMAN)]
    assert said(changed("uv.lock", "a", "b"), changed("pyproject.toml", "", "[project]\n")) == []


@pytest.mark.parametrize(
    "token", ["ghp_" + "a1B2" * 10, "AKIA" + "ABCDEFGH12345678", "-----BEGIN RSA PRIVATE KEY-----"]
)
def test_an_added_secret_is_a_veto_that_does_not_repeat_it(token: str) -> None:
    found = findings([changed("app.py", "a = 1\n", f"a = 1\nkey = '{token}'\n")], HonkToml())
    assert [(f.rule, f.severity, f.line) for f in found] == [("secret", Severity.VETO, 2)]
    assert token not in found[0].message


def test_a_secret_that_was_there_before_is_not_held_against_the_change() -> None:
    line = "key = 'AKIA" + "ABCDEFGH12345678'\n"
    assert said(changed("app.py", line, line + "b = 2\n")) == []


def test_code_that_hides_what_it_does_is_a_veto() -> None:
    assert said(changed("a.py", "", "access = 'user\u202e'\n")) == [("trojan source", Severity.VETO)]
    assert said(changed("a.py", "", "is_\u0430dmin = 1\n")) == [("trojan source", Severity.VETO)]
    assert said(changed("a.py", "", "x\u200b = 1\n")) == [("trojan source", Severity.VETO)]
    assert said(changed("a.py", "", "day = 'u\u200bser'\n")) == [("trojan source", Severity.VETO)]
    assert said(changed("a.py", "", "day = '\u0ea7\u0eb1\u0e99\u200b\u0eaa\u0eb8\u0e81'\n")) == []
    assert said(changed("a.py", "", "größe = 'Привет'  # 5 µs, Δx\n")) == []


def test_the_base_s_own_rules_are_added() -> None:
    own = HonkToml(protected=("migrations/**",), forbidden=("*.lic",))
    assert said(changed("migrations/1.sql", "a", "b"), own=own) == [("protected path", Severity.NEEDS_HUMAN)]
    assert said(changed("vendor/x.lic", "a", "b"), own=own) == [("forbidden path", Severity.VETO)]


def test_a_new_symbolic_link_waits_for_a_person() -> None:
    assert said(changed("sample", None, "target", mode="120000")) == [("link", Severity.NEEDS_HUMAN)]


@given(
    st.text(max_size=400), st.text(max_size=400), st.sampled_from(["a.py", "tests/test_a.py", "pyproject.toml", "x.md"])
)
def test_rules_never_raise_and_an_untouched_file_has_no_finding(before: str, after: str, path: str) -> None:
    assert all(isinstance(f, Finding) for f in findings([changed(path, before, after)], HonkToml()))
    assert said(changed(path, before, before)) == []


def clashes(path: str, *, beside: str, before: str | None = None) -> list[Finding]:
    return list(case_clashes([changed(path, before, "x")], [path, beside]))


def test_a_new_name_that_differs_by_case_alone_waits_for_a_person() -> None:
    [finding] = clashes("src/Readme.md", beside="src/README.md")
    assert (finding.rule, finding.severity, finding.path) == ("case clash", Severity.NEEDS_HUMAN, "src/Readme.md")
    assert "src/README.md" in finding.message
    assert clashes("caf\u00e9", beside="cafe\u0301"), "and by how an accent is written"
    assert clashes("src/Readme.md", beside="docs/README.md") == []
    assert clashes("src/Readme.md", beside="src/README.md", before="y") == [], "what was so before is nobody's fault"
    assert "case clash" in RULES
