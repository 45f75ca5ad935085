"""The same facts live, plain and as JSON."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from honk.app import RunResult
from honk.base.clock import now
from honk.cli.machine_lines import record_line
from honk.cli.moment import after, begin, rows
from honk.cli.progress import JsonView, LiveView, PlainView
from honk.cli.story import Story
from honk.domain.change import PullRequest
from honk.store import TaskEvent


def test_plain_lines_hold_no_control_characters(
    event: Callable[..., TaskEvent], result: Callable[..., RunResult]
) -> None:
    out = io.StringIO()
    with PlainView(out) as view:
        view.show(event("said", text="\x1b[31mred"))
        view.finish(result())
    assert all(line.isprintable() for line in out.getvalue().split("\n"))
    assert out.getvalue().startswith("  “red”\n")


def test_json_ends_with_the_result_that_is_documented(
    event: Callable[..., TaskEvent], result: Callable[..., RunResult]
) -> None:
    out = io.StringIO()
    with JsonView(out) as view:
        view.show(event("said", text="a\nb\u2028\x1b[0m"))
        view.finish(result(verdict=None))
    first, last = out.getvalue().splitlines()
    assert json.loads(first) == {
        "task_id": "abc234",
        "sequence": 1,
        "kind": "said",
        "body": {"text": "a\nb\u2028\x1b[0m"},
        "at": "2026-03-02T09:14:00+00:00",
    }
    final = json.loads(last)
    documented = "task_id run_id outcome reason verification branch base_sha head_sha attempts turns cost_usd seconds"
    assert list(final)[:12] == documented.split()
    assert final["verdict"] is None
    assert final["outcome"] == "opened"
    assert final["pull_request"]["number"] == 7
    assert final["reports"][0]["tests"]["new"][0]["fails_on_base"] is True
    assert out.getvalue().isascii()


def test_any_record_becomes_one_json_line(pull_request: PullRequest) -> None:
    assert json.loads(record_line(pull_request))["branch"] == pull_request.branch


@given(st.text(), st.integers(20, 200), st.floats(0, 1e6))
def test_the_live_part_is_two_lines_that_fit(summary: str, width: int, at: float) -> None:
    call = {"tool": "Bash", "call_id": "1", "summary": summary}
    moment = after(begin(0.0), TaskEvent(task_id="t", sequence=1, kind="tool", body=call, at=now()), 0.0)
    assert len(rows(moment, at, width)) == 2
    for line in rows(moment, at, width):
        assert len(line) <= width
        assert "\n" not in line


def test_the_live_part_shows_the_stage_and_the_current_tool_call(event: Callable[..., TaskEvent]) -> None:
    moment = begin(0.0)
    for one in (
        event("stage", stage="agent", state="started"),
        event("attempt", number=1, of=3),
        event("tool", tool="Bash", call_id="1", summary="python -m unittest"),
    ):
        moment = after(moment, one, 2.0)
    first, second = rows(moment, 14.0, 80)
    assert first[1:] == " agent 12 s · attempt 1 of 3 · total 14 s"
    assert second == "  Bash python -m unittest"
    moment = after(moment, event("tool_result", call_id="1", is_error=False, excerpt=""), 3.0)
    assert rows(moment, 14.0, 80)[1].strip() == ""


def test_a_live_display_leaves_facts_behind_and_not_the_moment(
    event: Callable[..., TaskEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=60, highlight=False, markup=False)
    with LiveView(console) as view:
        view.show(event("tool", tool="Edit", call_id="1", summary="[red]x.py[/red]"))
        view.show(event("stage", stage="agent", state="started"))
        view.show(event("attempt", number=1, of=3))
    assert "attempt 1 of 3" in out.getvalue()
    assert "agent started" not in out.getvalue(), "the moment is shown in place"
    assert "[31m" not in out.getvalue(), "NO_COLOR"
    assert out.getvalue().rstrip().endswith("\x1b[2K") or "\x1b[?25h" in out.getvalue(), "the cursor is back"


def test_the_agents_own_check_is_told_red_and_green(event: Callable[..., TaskEvent]) -> None:
    story = Story()
    told = [
        line.text
        for one in (
            event("tool", tool="mcp__honk__verify", call_id="1", summary=""),
            event("tool_result", call_id="1", is_error=True, excerpt="3 failed"),
            event("tool", tool="mcp__honk__verify", call_id="2", summary=""),
            event("tool_result", call_id="2", is_error=False, excerpt="15 passed"),
            event("tool_result", call_id="3", is_error=False, excerpt="whatever"),
        )
        for line in story.facts(one)
    ]
    assert told == [
        "  verify",
        "  ✗ red, in the agent's own check: 3 failed",
        "  verify",
        "  ✓ green, in the agent's own check: 15 passed",
    ]


class ClosedPipe(io.StringIO):
    """Nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_goes_away_stops_the_lines_and_not_the_task(
    event: Callable[..., TaskEvent], result: Callable[..., RunResult]
) -> None:
    for view in (PlainView(ClosedPipe()), JsonView(ClosedPipe())):
        view.show(event("attempt", number=1, of=3))
        view.finish(result())
