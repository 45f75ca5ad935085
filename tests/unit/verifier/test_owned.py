"""Which paths only an owner lets pass, however they are written, moved, or named by a command."""

import pytest

from honk.domain.change import ChangedFile, Edit
from honk.domain.evidence import Finding, Severity
from honk.verifier.owned import DEPLOY, commanded_paths, guarded_of

TOML = b"""
[deploy]
command = "./deploy/run.sh prod --file=infra/prod.env && sh -c 'python tools/ship.py'"
rollback = "bash Back.sh; python -m shop.release; ./one.sh&&`two.sh`; X=$(sh three.sh)"
secrets = ["DEPLOY_TOKEN"]
[preview]
command = "python -m shop.serve"
seed = "scripts/"
[verify]
commands = ["make lint"]
"""


def rule_of(path: str, *, old: str | None = None, toml: bytes | None = TOML, globs: tuple[str, ...] = ()) -> str | None:
    """Of a change of this one file."""
    edit = Edit.RENAMED if old else Edit.MODIFIED
    found = guarded_of([ChangedFile(path=path, old_path=old, edit=edit)], (), toml, globs)
    return found[0].rule if found else None


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".github/workflows/ci.yml", "continuous integration"),
        (".GitHub/Workflows/ci.yml", "continuous integration"),
        ("CODEOWNERS", "ownership"),
        ("docs/CODEOWNERS", "ownership"),
        (".honk.toml", "Honk's own configuration"),
        (".HONK.TOML", "Honk's own configuration"),
        ("CLAUDE.md", "agent settings"),
        ("lib/deep/claude.md", "agent settings"),
        ("AGENTS.md", "agent settings"),
        (".claude/settings.json", "agent settings"),
        (".pre-commit-config.yaml", "hooks"),
        ("Makefile", "build scripts"),
        ("deploy/anything", DEPLOY),
        ("deploy.sh", DEPLOY),
        ("infra/prod.env", DEPLOY),
        ("tools/ship.py", DEPLOY),
        ("back.sh", DEPLOY),
        ("one.sh", DEPLOY),
        ("two.sh", DEPLOY),
        ("three.sh", DEPLOY),
        ("shop/release.py", DEPLOY),
        ("shop/release/__main__.py", DEPLOY),
    ],
)
def test_it_is_guarded_however_it_is_written(path: str, rule: str) -> None:
    assert rule_of(path) == rule


@pytest.mark.parametrize(
    "path",
    [
        "src/app.py",
        "README.md",
        "tests/test_app.py",
        "make",
        "tools/other.py",
        "shop/serve.py",
        "scripts/seed.sql",
        "shop/a.py",
    ],
)
def test_what_no_rule_and_no_command_names_is_not(path: str) -> None:
    assert rule_of(path) is None


def test_moving_a_guarded_file_away_or_onto_its_name_counts() -> None:
    assert rule_of("old.yml", old=".github/workflows/ci.yml") == "continuous integration"
    assert rule_of("CLAUDE.md", old="notes.md") == "agent settings"


def test_a_repository_guards_more_and_what_the_gate_found_inside_a_file_counts() -> None:
    assert rule_of("lib/payments/pay.py", globs=("lib/payments/*",)) == "guarded by this repository"
    scripts = Finding(rule="build scripts", severity=Severity.NEEDS_HUMAN, message="m", path="package.json")
    other = Finding(rule="giant change", severity=Severity.NEEDS_HUMAN, message="m", path="big.txt")
    assert [one.path for one in guarded_of([], (scripts, other), None, ())] == ["package.json"]


def test_a_file_that_is_no_toml_names_nothing_and_a_strange_command_is_read_word_by_word() -> None:
    assert commanded_paths(b"[deploy") == commanded_paths(None) == frozenset()
    assert "ship.sh" in commanded_paths(b'[deploy]\ncommand = "sh ship.sh \'unclosed"\n')
    assert not {"", ".", ".."} & commanded_paths(b"[deploy]\ncommand = 'ls . .. ./'\n")
