"""Off a terminal a task reads as plain lines, one per fact."""

from collections.abc import Callable

import pytest

from honk.cli.facts import Tone, facts, lines
from honk.store import TaskEvent


def test_a_run_reads_as_a_story(event: Callable[..., TaskEvent]) -> None:
    run = [
        event(
            "accepted",
            task_id="abc234",
            repository="tonearm",
            base_branch="main",
            base_sha="a" * 40,
            notes=["Uncommitted work is left out (1): x.py"],
            sandbox="bubblewrap",
            agent="claude",
            model="sonnet",
        ),
        event("stage", stage="agent", state="started", attempt=1),
        event("attempt", number=1, of=3),
        event("said", text="I start\nwhere the covers are made."),
        event("tool", tool="Edit", call_id="1", summary="/workspace/tonearm/covers.py", is_denied=False),
        event("tool", tool="mcp__honk__verify", call_id="2", summary="", is_denied=False),
        event("tool_result", call_id="2", is_error=True, excerpt="3 tests failed"),
        event("retrying", attempt=2, status=529, delay_seconds=1.5),
        event("stage", stage="agent", state="finished", attempt=1, seconds=4.21),
        event("change", files=2, added=14, deleted=6),
        event("decision", next="publish", feedback=""),
        event("pull_request", number=7, title="Stop the crash", branch="honk/x", url="", is_draft=False),
        event("outcome", outcome="opened", reason="", verification="passed"),
    ]
    assert [line for one in run for line in lines(one)] == [
        "task abc234: tonearm main at aaaaaaaaaa (claude, sonnet)",
        "note: Uncommitted work is left out (1): x.py",
        "agent started",
        "attempt 1 of 3",
        "  “I start where the covers are made.”",
        "  Edit tonearm/covers.py",
        "  verify",
        "  ✗ error: 3 tests failed",
        "  the model's service failed (status 529); try 2 in 1.5 s",
        "agent finished in 4.2 s",
        "change: 2 files, +14 −6 lines",
        "pull request #7: Stop the crash [honk/x]",
        "ended: opened, verification passed",
    ]


def test_a_conversation_reads_as_one(event: Callable[..., TaskEvent]) -> None:
    told = [
        event("message", person="Ada", text="in blue", message_id="m1"),
        event("asked", text="Which blue?", choices=["dark", "light"], recommended="dark", question_id="q1"),
        event("answered_by", person="Bob", text="light", question_id="q1"),
        event("parked", limit="turns", words="The turns limit was reached."),
        event("extended", person="Ada", limit="turns"),
        event("followed_by", task_id="t2"),
    ]
    assert [line for one in told for line in lines(one)] == [
        "Ada says: in blue",
        "the agent asks: Which blue?",
        "    1  dark  (recommended)",
        "    2  light",
        "Bob answers: light",
        "waits: The turns limit was reached.",
        "Ada grants as much again of the turns limit",
        "task t2 goes on with this one",
    ]


def test_a_green_report_is_one_line_and_names_what_new_tests_prove(event: Callable[..., TaskEvent]) -> None:
    green = event(
        "report",
        verifier="unittest",
        chosen_by="tests/",
        result="passed",
        is_required=True,
        summary="15 tests passed",
        seconds=0.42,
        new_tests=[
            {"test_id": "tests.T.test_new", "fails_on_base": True, "passes_on_change": True},
            {"test_id": "tests.T.test_idle", "fails_on_base": False, "passes_on_change": True},
        ],
        failed_on_base=1,
    )
    assert lines(green) == [
        "✓ passed: unittest (tests/) in 0.4 s: 15 tests passed",
        "    ✓ new test tests.T.test_new: fails on base, passes on change",
        "    ? new test tests.T.test_idle: passes on base as well, passes on change",
        "    1 test failed before the change as well",
    ]


def test_a_red_report_shows_the_failure_and_stays_short(event: Callable[..., TaskEvent]) -> None:
    summary = "\n".join(f"line {number}" for number in range(40))
    red = event("report", verifier="pytest", chosen_by="x", result="failed", is_required=True, summary=summary)
    told = lines(red)
    assert told[0].startswith("✗ failed: pytest")
    assert len(told) == 13
    assert told[-1].endswith("… 29 more lines")


@pytest.mark.parametrize(("result", "word"), [("passed", "passed"), ("failed", "failed"), ("unverified", "unverified")])
def test_a_result_is_told_in_words_beside_the_sign(event: Callable[..., TaskEvent], result: str, word: str) -> None:
    assert word in lines(event("report", verifier="v", result=result, summary=""))[0]


def test_an_unknown_result_is_never_shown_as_green(event: Callable[..., TaskEvent]) -> None:
    assert facts(event("report", verifier="v", result="splendid", summary=""))[0].tone is Tone.UNSURE
    assert facts(event("verdict", ruling="splendid", reasons=[]))[0].tone is Tone.UNSURE


def test_no_sandbox_is_shouted(event: Callable[..., TaskEvent]) -> None:
    shouted = [line for line in facts(event("accepted", sandbox="none")) if line.tone is Tone.LOUD]
    assert "NO SANDBOX" in shouted[0].text


def test_words_of_the_agent_cannot_steer_the_terminal(event: Callable[..., TaskEvent]) -> None:
    hostile = "\x1b[2J\x1b]0;x\x07all green\u202e\r\n✓ passed: unittest"
    told = [
        *lines(event("said", text=hostile)),
        *lines(event("tool", tool=hostile, summary=hostile, call_id="1", is_denied=True)),
        *lines(event("tool_result", call_id="1", is_error=True, excerpt=hostile)),
        *lines(event("finding", rule="r", severity="veto", message=hostile, path=hostile, line=3)),
        *lines(event("report", verifier=hostile, chosen_by=hostile, result="failed", summary=hostile)),
        *lines(event("verdict", ruling="veto", judge=hostile, reasons=[hostile])),
        *lines(event("pull_request", number=1, title=hostile, branch=hostile)),
    ]
    assert all(line.isprintable() for line in told)
    assert not any(line.startswith("✓") for line in told), "a line of its own would look like ours"


def test_an_event_of_the_future_says_nothing_and_breaks_nothing(event: Callable[..., TaskEvent]) -> None:
    assert lines(event("deployed", where="moon")) == []


@pytest.mark.parametrize("kind", ["accepted", "stage", "report", "finding", "verdict", "merged", "change", "outcome"])
def test_an_event_with_an_empty_body_breaks_nothing(event: Callable[..., TaskEvent], kind: str) -> None:
    assert all(line.isprintable() for line in lines(event(kind)))
