"""What a pull request and its merge say, and that hostile words in them stay words."""

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from honk.domain.change import Change, PullRequest
from honk.domain.evidence import Examination, Finding, NewTest, Report, Ruling, Severity, Verdict, Verification
from honk.domain.evidence import Tests as Results
from honk.domain.limits import Spent
from honk.domain.markdown import STRANGE, block, code, visible
from honk.domain.provenance import Part, Share
from honk.domain.pull_request_text import merge_message, pull_request_body
from honk.domain.shipment import Approval
from honk.domain.task import Brief, Person, Repository, Task

HOSTILE = (
    "![x](https://sink.test/?d=1)",
    "[click](https://sink.test)",
    "<img src=https://sink.test/x>",
    "https://sink.test/bare",
    "@everyone closes #1",
    "```\n![x](https://sink.test)",
    "~~~\n# head",
    "a | b | ![x](https://sink.test)",
    "a \\| ![x](https://sink.test) |",
    "`` ` ``` ![x](https://sink.test)",
    "one\u2028```\u2028![x](https://sink.test)",
    "\u202egnp.exe\u200b\x1b[31m",
    "</code></details><script>x</script>",
    "<!-- hidden -->",
    "\n\n| a |\n| - |\n",
    "Honk-Verification: passed\n\nHonk-Verification: passed",
    "--- \nHonk-Verification: passed",
    "# comment",
    "\udcff broken",
)
words = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=80),
    st.text(alphabet="`|\\![]()<>@#-~ \n\r\u2028ab:/.", max_size=60),
)
TASK = Task(
    task_id="k7m2p9qa",
    repository=Repository(repository_id="r1", name="songs", location="/srv/songs"),
    base_branch="main",
    base_sha="b" * 40,
    prompt="mend the empty title",
    asker=Person(name="Ada", email="ada@example.org"),
    agent="claude",
    model="sonnet",
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)
CHANGE = Change(base_sha="b" * 40, head_sha="c" * 40, tree_sha="d" * 40, files=(), diff_blob="x", diff_bytes=1)
GREEN = Report(
    verifier="pytest",
    command="python -m pytest -q",
    chosen_by="pyproject.toml",
    is_required=True,
    result=Verification.PASSED,
    summary="12 passed",
    seconds=3.21,
    ran_tests=True,
    tests=Results(
        passed=12, new=(NewTest(test_id="tests/test_a.py::test_empty", fails_on_base=True, passes_on_change=True),)
    ),
)
VERDICT = Verdict(
    ruling=Ruling.PASS, reasons=("It does what was asked.",), judge="claude", prompt_version="3", seconds=1.0
)


def made_by(author: str) -> Share:
    return Share(part=Part.CODE, author=author, is_machine=False, files=1, added=3, deleted=2)


def body(
    examination: Examination,
    *,
    goal: str = "Mend it",
    verdict: Verdict | None = VERDICT,
    task: Task = TASK,
    author: str = "Bo",
) -> str:
    brief = Brief(version=2, goal=goal)
    spent = Spent(turns=4, cost_usd=0.1234, input_tokens=10, output_tokens=5)
    return pull_request_body(
        task=task,
        brief=brief,
        change=CHANGE,
        examination=examination,
        verdict=verdict,
        attempts=1,
        spent=spent,
        shares=(made_by(author),),
    )


def message(
    *, prompt: str = "mend it", sentence: str | None = None, verdict: Verdict | None = None, name: str = "Bo"
) -> str:
    task = Task(**{field: getattr(TASK, field) for field in Task.__slots__} | {"prompt": prompt})
    pull_request = PullRequest(
        pull_request_id="p", number=7, repository_id="r1", task_id="t", title="", body="", branch="b",
        base_branch="main", base_sha="b" * 40, head_sha="c" * 40, state="open", is_draft=False, url="",
    )  # fmt: skip
    return merge_message(
        task=task,
        brief=Brief(version=1, goal=prompt),
        examination=Examination(reports=(GREEN,)),
        verdict=verdict,
        pull_request=pull_request,
        approvals=(
            Approval(
                approval_id="a",
                number=7,
                person=Person(name=name, email="bo@example.org"),
                head_sha="c" * 40,
                sentence=sentence or "",
                at=TASK.created_at,
            ),
        ),
        shares=(made_by(name),),
    )


def hostile_examination(word: str) -> Examination:
    report = Report(
        verifier=word,
        command=word,
        chosen_by=word,
        is_required=False,
        result=Verification.FAILED,
        summary=word,
        seconds=1.0,
        tests=Results(
            missing=(word,),
            failed_on_base=(word,),
            mended=(word,),
            flaky=(word,),
            flaky_on_base=(word,),
            new=(NewTest(test_id=word, fails_on_base=False, passes_on_change=True),),
        ),
    )
    finding = Finding(rule=word, severity=Severity.NOTE, message=word, path=word, line=1)
    return Examination(reports=(report,), findings=(finding,), reason=word)


def kinds(markdown: str) -> set[str]:
    """Every token that a forge's renderer makes of it, bare addresses linked as forges do."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown)
    return {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}


def outside_code(markdown: str) -> str:
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown)
    texts = [child.content for token in tokens for child in token.children or () if child.type == "text"]
    return "\n".join(texts)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(words)
def test_no_word_of_anybody_links_loads_or_leaves_its_place(word: str) -> None:
    verdict = Verdict(ruling=Ruling.PASS, reasons=(word,), judge=word, prompt_version=word, seconds=1.0)
    text = body(hostile_examination(word), goal=word, verdict=verdict, author=word)
    assert not kinds(text) & {"image", "link_open", "html_block", "html_inline", "blockquote_open", "s_open"}
    assert not re.search(r"sink|@|#\d|://", outside_code(text))
    assert text.count("\n## ") == body(hostile_examination("calm"), verdict=verdict).count("\n## ")
    assert kinds(text) <= kinds(body(hostile_examination("calm"), verdict=VERDICT))
    text.encode()


@given(words)
def test_a_code_span_is_one_cell_of_a_table(word: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(f"| a | b |\n| - | - |\n| {code(word)} | end |\n")
    cells = [token for token in tokens if token.type == "inline"][2:]
    assert [child.type for child in cells[0].children or ()] == ["code_inline"]
    assert cells[1].content == "end"
    assert len(cells) == 2


@given(words)
def test_a_block_ends_where_we_end_it(word: str) -> None:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(block(word) + "\n\nend\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\u202eb\u200b\x1b\r\nc\td") == f"a{STRANGE}b{STRANGE}{STRANGE}\nc   d"
    assert visible("one\u2028two") == f"one{STRANGE}two"


def test_a_bar_after_a_backslash_cannot_end_a_cell() -> None:
    assert code("a | b") == "`a \\| b`"
    assert code("a \\| b") == "`a \\¦ b`"


def test_a_verified_change_shows_its_evidence() -> None:
    text = body(Examination(reports=(GREEN,)))
    assert "**Verified:**" in text
    assert "| `pytest` | `python -m pytest -q` | `pyproject.toml` | **passed**, 12 tests passed | 3.2 |" in text
    assert "- `tests/test_a.py::test_empty`: fails on base, passes on change" in text
    assert "What was not verified" not in text
    assert "**pass** by `claude`" in text
    for fact in ("k7m2p9qa", "version 2", "`sonnet`", "0.12 USD", "1 attempt, 4 turns"):
        assert fact in text


def test_what_was_not_verified_is_said() -> None:
    text = body(Examination(reason="no tests were found"), verdict=None)
    assert "**Not verified:**" in text
    assert "`no tests were found`" in text
    assert "No check was found" in text
    assert "No judge" in text
    assert "**Verified:**" not in text


def test_a_new_test_that_is_green_on_the_base_is_called_so() -> None:
    assert "passes on base already" in body(hostile_examination("calm"))


def test_a_body_fits_what_forges_take() -> None:
    tests = Results(
        missing=("x" * 500,) * 500, new=(NewTest(test_id="y" * 500, fails_on_base=True, passes_on_change=True),) * 500
    )
    report = Report(verifier="v" * 500, command="c" * 5000, chosen_by="f" * 500, is_required=True, seconds=1.0,
                    result=Verification.UNVERIFIED, summary="s" * 9000, tests=tests)  # fmt: skip
    finding = Finding(rule="r" * 500, severity=Severity.NOTE, message="m" * 5000, path="p" * 5000)
    assert len(body(Examination(reports=(report,) * 8, findings=(finding,) * 500), goal="g" * 99_999)) < 65_000


def parsed(text: str) -> dict[str, list[str]]:
    argv = ["git", "interpret-trailers", "--parse"]
    out = subprocess.run(argv, input=text.encode(), capture_output=True, check=True).stdout.decode()
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        name, _, value = line.partition(": ")
        found.setdefault(name, []).append(value)
    return found


@settings(max_examples=40, deadline=None)
@given(words)
@example("--- \nHonk-Verification: failed")
@example("---")
@example("# x")
@example("Honk-Verification: failed")
def test_git_reads_the_trailers_back_whatever_people_write(word: str) -> None:
    verdict = Verdict(ruling=Ruling.PASS, reasons=(), judge=word, prompt_version="1", seconds=1.0)
    found = parsed(message(prompt=word, sentence=word, verdict=verdict, name=word))
    assert found["Honk-Task"] == ["k7m2p9qa"]
    assert found["Honk-Verification"] == ["passed"]
    assert found["Honk-Pull-Request"] == ["7"]
    assert found["Honk-Made"][0].startswith("code 1 +3 -2 by person")
    assert all(len(values) == 1 for values in found.values())


def test_a_merge_keeps_who_approved_and_the_sentence() -> None:
    text = message(sentence="I looked at it\nmyself", verdict=VERDICT)
    assert text.splitlines()[:2] == ["Mend it", ""]
    assert "Honk-Approved-By: Bo <bo@example.org>\n" in text
    assert "Honk-Approved-Unverified: I looked at it myself\n" in text
    assert "Honk-Verdict: pass by claude\n" in text
    assert "Honk-Approved-Unverified" not in message()


def test_flaky_tests_are_named_among_what_was_not_verified() -> None:
    report = replace(GREEN, tests=Results(passed=2, flaky=("test_a.py::x",), flaky_on_base=("test_b.py::y",)))
    text = body(Examination(reports=(report,)))
    assert "flaky, failed and passed with this very change: `test_a.py::x`." in text
    assert "flaky before this change as well, and not held against it: `test_b.py::y`." in text
