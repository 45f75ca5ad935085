"""What the documents say exists, exists."""

import json
import re
import tomllib
import unittest.mock
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from honk.app import RunResult
from honk.cli import exit_codes
from honk.config import Settings
from honk.domain.change import PullRequest
from honk.domain.evidence import Finding, Report, Verdict
from honk.domain.money import ModelCall
from honk.domain.task import Brief, OutcomeName, Task
from honk.insight.recoveries import Recoveries
from honk.insight.side_by_side import ComparedFile, Comparison, Figures
from honk.insight.tally import Tally
from honk.store import Approval, Attempt, Run, TaskEvent

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changes/README.md")])


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def words_in_code(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_example_of_settings_can_be_read(page: Path) -> None:
    for example in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL):
        tomllib.loads(example)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_is_named_exists(page: Path) -> None:
    rooted = re.compile(r"(?:src|tests|tools|docs|requirements|changes)/[\w./-]*\w/?")
    for word in words_in_code(page.read_text()):
        if rooted.fullmatch(word) and word != "tests/root/":
            assert (ROOT / word).exists(), word


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_that_is_named_is_there(page: Path) -> None:
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text()):
        assert f"def {test}(" in (ROOT / path).read_text(), test


def test_the_map_is_short_and_is_the_one_that_agents_are_given() -> None:
    assert (ROOT / "AGENTS.md").read_text().count("\n") <= 120
    assert (ROOT / "README.md").read_text().count("\n") <= 120
    assert (ROOT / "CLAUDE.md").read_text() == "@AGENTS.md\n"


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"(?:`|^|\$ )make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets, page


def test_every_command_that_is_named_is_there() -> None:
    verbs = {path.stem for path in (ROOT / "src" / "honk" / "cli").glob("*.py")}
    for page in PAGES:
        named = re.findall(r"(?:`|\$ |; )honk ([a-z]+)", page.read_text())
        assert set(named) <= verbs, page


def test_the_exit_codes_are_those_of_the_code() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text()
    told = {name: int(code) for code, name in re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", text, re.MULTILINE)}
    held = {name: value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    held.pop("UNVERIFIED_ALONE")
    assert told == held
    readme = (ROOT / "README.md").read_text()
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", readme, re.MULTILINE)} == set(held.values()) - {
        exit_codes.READER_GONE
    }


def test_the_json_page_names_every_field() -> None:
    words = words_in_code((ROOT / "docs/reference/json-output.md").read_text())
    for record in (
        RunResult,
        Report,
        Finding,
        Verdict,
        TaskEvent,
        Comparison,
        Figures,
        ComparedFile,
        Tally,
        Recoveries,
        Task,
        Brief,
        Run,
        Attempt,
        ModelCall,
        PullRequest,
        Approval,
    ):
        assert {field.name for field in fields(record)} <= words, record
    assert {str(outcome) for outcome in OutcomeName} <= words


def test_the_json_page_names_every_event() -> None:
    words = words_in_code((ROOT / "docs/reference/json-output.md").read_text())
    told = re.compile(r"(?:\bFact|_fact|_tell)\(\s*\"(\w+)\"")
    kinds = {kind for path in (ROOT / "src/honk/workflows").glob("*.py") for kind in told.findall(path.read_text())}
    assert len(kinds) >= 30
    assert kinds - words == set()


def test_no_file_names_a_package_index() -> None:
    """The host is taken from the standard library, so that not even this test writes it down."""
    mock = Path(unittest.mock.__file__).read_text()
    host = re.findall(r"https://([\w.-]+)/project/mock", mock)[0]
    folders = (".ci", "changes", "docs", "requirements", "src", "tests", "tools")
    files = [*ROOT.glob("*"), *(path for folder in folders for path in (ROOT / folder).rglob("*"))]
    for path in files:
        if path.is_file() and path.suffix in {"", ".md", ".py", ".toml", ".txt"}:
            assert host not in path.read_text(errors="replace"), path


def test_the_page_of_settings_has_each_with_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONK_HOME", str(tmp_path))
    rows = re.findall(r"^\| `([\w.*]+)` \| (.*?) \|", (ROOT / "docs/reference/settings.md").read_text(), re.MULTILINE)
    told = {name: default for name, default in rows if not name.endswith(".*")}
    elsewhere = {name.removesuffix(".*") for name, _ in rows if name.endswith(".*")}
    held: dict[str, object] = {}
    for name, value in Settings(home=tmp_path):
        if isinstance(value, BaseModel):
            held |= {} if name in elsewhere else {f"{name}.{key}": default for key, default in value}
        else:
            held[name] = value
    assert told.keys() == held.keys()
    for name, default in held.items():
        if isinstance(default, int | float):
            assert told[name] == json.dumps(default).removesuffix(".0"), name
