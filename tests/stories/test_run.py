"""`honk run`, from request to pull request and merge. The numbers are rows of product.md."""

import os
from pathlib import Path

import pytest
from desk import CALC, OLD, RIGHT, Told, git, make_repository, open_desk

import honk.testing.acp
from honk.agent import AgentMissing
from honk.base.errors import UsageError
from honk.base.lock import HomeBusy
from honk.cli.summary import summary
from honk.config import AcpSettings
from honk.domain.evidence import Verification
from honk.domain.task import OutcomeName
from honk.insight.kept import Kept
from honk.insight.trace import spans_of
from honk.testing import scripts
from honk.testing.replies import say, use
from honk.workflows.claim import Claim

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.claude]

PROGRAMS = Path(honk.testing.acp.__file__).parent
CALC_PY = "/workspace/calc.py"
NEW_TEST = "\n    def test_add(self) -> None:\n        self.assertEqual(calc.add(2, 2), 4)\n"
FIX = [
    *scripts.edit(CALC_PY, OLD, RIGHT),
    use("Bash", command=f"printf {NEW_TEST!r} >> test_calc.py", description="add a test"),
    say("add() adds."),
]


async def test_a_request_becomes_a_verified_pull_request_and_leaves_the_checkout_alone(home: Path, calc: Path) -> None:
    (calc / "draft.txt").write_text("mine")
    (calc / "calc.py").write_text(CALC["calc.py"] + "# mine too\n")
    index = (calc / ".git" / "index").stat().st_mtime_ns
    async with open_desk(home, {"default": FIX}) as desk:
        told = await desk.run(calc)
        result = told.result
        assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.PASSED), result.reason
        assert result.branch is not None
        assert git(calc, "rev-parse", result.branch) == result.head_sha
        assert git(calc, "log", "--format=%an %ae", "-1", result.branch) == "Ada ada@example.org"
        assert git(calc, "rev-list", "--count", f"main..{result.branch}") == "1"
        [new] = [test for report in result.reports if report.tests for test in report.tests.new]
        assert (new.fails_on_base, new.passes_on_change) == (True, True)
        assert any("draft.txt" in note for note in result.notes)
        assert (calc / "calc.py").read_text().endswith("# mine too\n")
        assert (calc / ".git" / "index").stat().st_mtime_ns == index
        assert git(calc, "branch", "--show-current") == "main"


async def test_a_merge_moves_the_base_branch_only_where_no_checkout_would_change(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": FIX}) as desk:
        result = (await desk.run(calc)).result
        assert result.pull_request is not None
        before = git(calc, "rev-parse", "main")
        first = await desk.app.merge(result.pull_request.number)
        assert not first.advance.has_moved
        assert "git" in first.advance.advice
        assert git(calc, "rev-parse", "main") == before
        git(calc, "switch", "-q", "--detach")
        again = await desk.app.merge(result.pull_request.number)
        assert again.advance.has_moved
        assert again.pull_request.merged_sha == first.pull_request.merged_sha == git(calc, "rev-parse", "main")
        assert git(calc, "rev-parse", "main^{tree}") == git(calc, "rev-parse", f"{result.head_sha}^{{tree}}")


async def test_row_4_another_agent_by_one_word_gives_the_same_change(home: Path, calc: Path) -> None:
    edit = f"sed -i 's/{OLD}/{RIGHT}/' calc.py"
    command = f'command:sh -c "cat >/dev/null; {edit}"'
    protocol = f"acp:python3 {PROGRAMS / 'player.py'}"
    script = {"default": [*scripts.edit(CALC_PY, OLD, RIGHT), say("Done.")]}
    async with open_desk(home, script, acp=AcpSettings(folders=(PROGRAMS,))) as desk:
        by_claude = (await desk.run(calc)).result
        by_command = (await desk.run(calc, agent=command)).result
        told = await desk.run(calc, f"Make add() add\n{edit}", agent=protocol)
        assert by_claude.outcome is by_command.outcome is told.result.outcome is OutcomeName.OPENED
        assert [body["summary"] for body in told.of("tool")] == [edit]
        diffs = [one.diff_blob and await desk.app.diff(one.diff_blob) for one in (by_claude, by_command, told.result)]
        assert diffs[0] == diffs[1] == diffs[2] is not None


async def test_row_10_a_program_of_the_protocol_is_sent_back_in_its_session_and_then_the_run_fails(
    home: Path, calc: Path
) -> None:
    protocol = f"acp:python3 {PROGRAMS / 'player.py'}"
    async with open_desk(home, {}, acp=AcpSettings(folders=(PROGRAMS,))) as desk:
        told = await desk.run(calc, "Break it\nsed -i 's/a \\* 2/a * 3/' calc.py", agent=protocol, attempts=1)
    assert (told.result.outcome, told.result.pull_request) == (OutcomeName.FAILED, None)
    assert "test_double" in told.result.reason
    assert len(told.of("tool")) == 4, "once asked, three times sent back"


async def test_an_agent_whose_program_is_not_there_is_refused_before_anything_is_begun(home: Path, calc: Path) -> None:
    async with open_desk(home, {}) as desk:
        with pytest.raises(AgentMissing, match="no-such-program is not installed"):
            await desk.run(calc, agent="acp:no-such-program")
        assert "acp:no-such-program" not in [task.agent for task in await desk.app.tasks()]


async def test_row_5_a_hijacked_agent_finds_no_secret_and_no_host_file(home: Path, calc: Path) -> None:
    canary = "canary-9d1f7c"
    os.environ["HONK_TEST_CANARY"] = canary
    (calc.parent / "secret.txt").write_text(canary)
    looking = (
        f"env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; cat {calc.parent}/secret.txt; ls -la / /home "
        f"{home}; cat /etc/shadow; getent hosts example.org; grep -rs 'canary-[0-9]' /home /tmp /etc /opt"
    )
    model_key = "key-of-the-real-service"
    async with open_desk(home, {"default": scripts.shell(looking)}, key=model_key) as desk:
        await desk.run(calc)
        heard = str(desk.model.generations[-1])
        assert "ANTHROPIC_BASE_URL" in heard, "the look around did run"
        assert canary not in heard
        assert model_key not in heard
        assert "root:" not in heard.replace("root:x:0", "")
        assert all(got.headers.get("x-api-key") == model_key for got in desk.model.requests)
    del os.environ["HONK_TEST_CANARY"]


async def test_row_6_outward_commands_cannot_work_and_are_logged(home: Path, calc: Path) -> None:
    tries = (
        "git push origin main", "git remote set-url origin https://example.org/x", "curl https://example.org",
        "gh pr create", "python3 -c 'import urllib.request as u; u.urlopen(\"http://example.org\", timeout=3)'",
    )  # fmt: skip
    async with open_desk(home, {"default": scripts.shell(*tries)}) as desk:
        told = await desk.run(calc)
        denied = [str(body["summary"]) for body in told.of("tool") if body["is_denied"]]
        for word in ("git push", "set-url", "curl", "gh pr"):
            assert any(word in summary for summary in denied), (word, denied)
        failed = [body for body in told.of("tool_result") if body["is_error"]]
        assert len(failed) >= len(tries)
        assert told.result.outcome is OutcomeName.NO_CHANGE


async def test_row_10_an_agent_that_ends_red_is_sent_back_and_then_the_run_fails(home: Path, calc: Path) -> None:
    broken = [*scripts.edit(CALC_PY, "return a * 2", "return a * 3"), *([say("Done.")] * 20)]
    async with open_desk(home, {"default": broken}) as desk:
        told = await desk.run(calc, attempts=2)
        assert told.result.outcome is OutcomeName.FAILED
        assert told.result.attempts == 2
        assert "attempts limit" in told.result.reason
        assert "test_double" in told.result.reason
        assert told.result.pull_request is None
        assert len(desk.model.generations) < 20


async def test_row_11_a_red_run_pushes_nothing_and_says_why_once(home: Path, calc: Path) -> None:
    broken = [*scripts.edit(CALC_PY, "return a * 2", "return a * 3"), *([say("Done.")] * 20)]
    async with open_desk(home, {"default": broken}) as desk:
        told = await desk.run(calc, attempts=1)
        assert [body["outcome"] for body in told.of("outcome")] == ["failed"]
        assert told.of("pull_request") == []
        assert git(calc, "branch", "--list", "honk/*") == ""
        assert not list(home.glob(f"forge/*/refs/heads/honk/{told.result.task_id}*"))
        assert told.result.diff_blob is not None
        assert b"a * 3" in await desk.app.diff(told.result.diff_blob), "the refused diff is kept"


async def test_rows_11_and_13_unverified_opens_as_a_draft_and_merges_only_by_a_sentence(
    home: Path, tmp_path: Path
) -> None:
    bare = make_repository(tmp_path / "bare", {"calc.py": CALC["calc.py"], "README.md": "# no tests\n"})
    async with open_desk(home, {"default": scripts.straight(CALC_PY, old=OLD, new=RIGHT)}) as desk:
        result = (await desk.run(bare)).result
        assert (result.outcome, result.verification) == (OutcomeName.OPENED, Verification.UNVERIFIED)
        assert result.pull_request is not None
        assert result.pull_request.is_draft
        assert "**Not verified:**" in result.pull_request.body
        with pytest.raises(UsageError, match="not verified"):
            await desk.app.merge(result.pull_request.number)
        merged = await desk.app.merge(result.pull_request.number, sentence="I ran it by hand.")
        assert merged.pull_request.state == "merged"


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("exit at import", scripts.exit_at_import(CALC_PY)),
        ("deleted test", scripts.delete_test("test_calc.py")),
        ("emptied tests", scripts.empty_tests("test_calc.py")),
    ],
)
async def test_row_12_a_tampering_agent_is_refused_whatever_it_saw_inside(
    home: Path, calc: Path, name: str, script: list[object]
) -> None:
    async with open_desk(home, {"default": script}) as desk:  # type: ignore[dict-item]
        result = (await desk.run(calc, attempts=1)).result
        assert result.outcome in (OutcomeName.VETOED, OutcomeName.FAILED), (name, result.reason)
        assert result.pull_request is None


async def test_an_agent_that_gives_up_says_why(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": scripts.give_up("not_applicable", "It is no web page.")}) as desk:
        result = (await desk.run(calc)).result
        assert (result.outcome, result.reason) == (OutcomeName.NOT_APPLICABLE, "It is no web page.")


async def test_a_veto_of_the_judge_goes_back_and_the_next_attempt_may_pass(home: Path, calc: Path) -> None:
    verdicts = scripts.judge_in_turn(scripts.judge("veto", "It also changes double().")[0], scripts.judge()[0])
    async with open_desk(home, {"default": [*FIX[:2], say("Done.")], "judge": verdicts}) as desk:
        told = await desk.run(calc)
        assert told.result.outcome is OutcomeName.OPENED
        assert told.result.attempts == 2
        assert "It also changes double()." in str(desk.model.generations)
        _is_all_exported(told, await desk.app.kept(told.result.task_id[:5]))


def _is_all_exported(told: Told, kept: Kept) -> None:
    """Row 32: every word, tool, call, report and verdict of the run is in its trace, where it belongs."""
    spans = {span.key: span for span in spans_of(kept)}
    calls = [span for span in spans.values() if span.is_call]
    assert sum(float(str(one.facts["honk.cost_usd"])) for one in calls) == pytest.approx(told.result.cost_usd)
    assert told.result.cost_usd > 0
    assert {one.parent for one in calls} == {
        f"stage/{name}/{number}" for name in ("agent", "judge") for number in (1, 2)
    }
    tools = [span for span in spans.values() if span.key.startswith("tool/")]
    assert len(tools) == len(told.of("tool")) > 0
    assert {one.parent for one in tools} == {"stage/agent/1", "stage/agent/2"}
    assert all("honk.excerpt" in one.facts for one in tools), "each was answered"
    verdicts = [(span.parent, span.error) for span in spans.values() if span.key.startswith("verdict/")]
    assert verdicts == [("stage/judge/1", "It also changes double()."), ("stage/judge/2", None)]
    reports = [span.parent for span in spans.values() if span.key.startswith("report/")]
    assert set(reports) == {"stage/verify/1", "stage/verify/2"}
    assert len(reports) == len(told.of("report"))
    said = [one.facts["honk.text"] for span in spans.values() for one in span.moments if one.name == "said"]
    assert said == [body["text"] for body in told.of("said")]
    assert (spans["task"].error, spans["attempt/1"].facts["honk.decision"]) == (None, "retry")
    assert [attempt.verdict and str(attempt.verdict.ruling) for attempt in kept.attempts] == ["veto", "pass"]
    assert told.result.diff_blob in kept.blobs
    assert kept.pull_requests == (told.result.pull_request,)


async def test_the_agent_mends_what_verify_shows_it(home: Path, calc: Path) -> None:
    script = scripts.wrong_then_right(CALC_PY, old="return a * 2", wrong="return a * 3", right="return a + a")
    async with open_desk(home, {"default": script}) as desk:
        told = await desk.run(calc)
        assert told.result.outcome is OutcomeName.OPENED
        red = [body for body in told.of("tool_result") if "test_double" in str(body["excerpt"])]
        assert red, "verify showed the failing test by name"


async def test_the_repository_s_advice_is_read_from_the_base_and_its_agent_settings_are_ignored(
    home: Path, tmp_path: Path
) -> None:
    hook = '{"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "touch /workspace/hooked"}]}]}}'
    files = {**CALC, "AGENTS.md": "Prefer small diffs, says the house.", "CLAUDE.md": "@AGENTS.md\n"}
    repo = make_repository(tmp_path / "advised", {**files, ".claude/settings.json": hook})
    (repo / "AGENTS.md").write_text("Uncommitted advice.")
    async with open_desk(home, {"default": scripts.shell("ls -a /workspace")}) as desk:
        told = await desk.run(repo)
        first = str(desk.model.generations[0])
        assert "Prefer small diffs, says the house." in first
        assert "Uncommitted advice." not in first
        assert "hooked" not in str(told.of("tool_result"))
        assert told.result.outcome is OutcomeName.NO_CHANGE


async def test_a_second_honk_may_look_but_not_work_in_a_state_folder_that_is_in_use(home: Path, calc: Path) -> None:
    async with open_desk(home, {"default": FIX}) as desk:
        result = (await desk.run(calc)).result
        async with open_desk(home, {}, claim=Claim.LOOK) as other:
            assert (await other.app.result(result.task_id)).outcome is OutcomeName.OPENED
            assert [one.task_id for one in await other.app.pull_requests()][:1] == [result.task_id]
        with pytest.raises(HomeBusy, match="in use"):
            async with open_desk(home, {}):
                pass


async def test_a_new_test_that_passes_only_now_and_then_is_told_by_name_and_is_never_green(
    home: Path, calc: Path
) -> None:
    """What decides its outcome here is who ran before it: the same whenever all run, and another when it runs alone."""
    lucky = (
        "import sys\nimport unittest\n\n\nclass More(unittest.TestCase):\n    def test_more(self) -> None:\n"
        "        self.assertIn('test_calc', sys.modules)\n"
    )
    script = [*scripts.edit(CALC_PY, OLD, RIGHT), *scripts.write("/workspace/test_more.py", lucky)]
    async with open_desk(home, {"default": script}) as desk:
        told = await desk.run(calc, attempts=1)
        [report] = told.of("report")
        assert report["flaky"] == ["test_more.py::More::test_more"]
        assert (told.result.outcome, told.result.pull_request) == (OutcomeName.FAILED, None)
        assert "1 test is flaky with this change" in told.result.reason
        assert "FLAKY test_more.py::More::test_more at test_more.py:7" in told.result.reason
        shown = "\n".join(line.text for line in summary(told.result))
        assert "~ flaky with this change: test_more.py::More::test_more" in shown
        [kept] = (await desk.app.result(told.result.task_id)).reports
        assert kept.tests is not None, "the record"
        assert kept.tests.flaky == ("test_more.py::More::test_more",)
