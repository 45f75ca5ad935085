"""Talking to a task: before the agent begins, while it works, while it is looked at, and when it asks."""

from pathlib import Path

import pytest
from desk import OLD, RIGHT, git
from talking import ADA, ASK, BOB, GUEST, circle, when

from honk.base.errors import UsageError
from honk.domain.conversation import ParkKind
from honk.domain.limits import LimitName
from honk.domain.task import OutcomeName, Status
from honk.team import Refused
from honk.testing import scripts
from honk.testing.replies import say, use

pytestmark = [pytest.mark.slow, pytest.mark.claude, pytest.mark.anyio]
CALC_PY = "/workspace/calc.py"
QUESTION = use(ASK, text="Round the sum?", choices=["yes", "no"], recommended="no")
FIX = scripts.straight(CALC_PY, old=OLD, new=RIGHT)
DOCUMENT = use("Write", file_path="/workspace/NOTES.md", content="add() adds\n")


async def test_a_question_is_answered_by_a_tap_and_the_same_session_goes_on(home: Path, calc: Path) -> None:
    known = [*scripts.edit(CALC_PY, OLD, RIGHT), QUESTION, say("I have asked."), say("As you say.")]
    async with circle(home, {"default": known}, calc) as team:
        task = await team.ask()
        parked = await team.parked(task)
        assert parked.kind is ParkKind.QUESTION
        assert parked.question is not None
        assert parked.until is not None
        assert (parked.question.text, parked.question.recommended) == ("Round the sum?", "no")
        assert await team.status(task) is Status.WAITING
        answered = await team.team.answer(BOB, task.task_id, parked.question.question_id, "no", "tap-1")
        late = await team.team.answer(ADA, task.task_id, parked.question.question_id, "yes", "tap-2")
        again = await team.team.answer(BOB, task.task_id, parked.question.question_id, "no", "tap-1")
        assert (answered.is_first, late.is_first, again.is_first) == (True, False, True)
        assert late.words == "Bob answered first: no"
        with pytest.raises(Refused):
            await team.team.answer(GUEST, task.task_id, parked.question.question_id, "no", "tap-3")
        result = await team.ended(task)
        last = team.prompts()[-1]
    assert result.outcome is OutcomeName.OPENED
    assert result.attempts == 1
    assert "Bob answers 'Round the sum?': no" in last
    assert "I have asked." in last, "the same session"
    assert git(calc, "show", f"{result.branch}:calc.py").count(RIGHT) == 1


async def test_row_17_a_reply_after_the_end_is_a_new_commit_on_the_same_pull_request(home: Path, calc: Path) -> None:
    renamed = scripts.straight(CALC_PY, old="def double", new="def twice", verify=False)
    tests = scripts.straight("/workspace/test_calc.py", old="calc.double", new="calc.twice", done="Renamed.")
    known = {"default": FIX, "rename": [*renamed[:-1], *tests]}
    async with circle(home, known, calc) as team:
        task = await team.ask()
        first = await team.ended(task)
        with pytest.raises(Refused):
            await team.team.say(GUEST, task.task_id, "[[script:rename]] Rename it", "reply-0")
        said = await team.team.say(BOB, task.task_id, "[[script:rename]] Rename double to twice", "reply-1")
        again = await team.team.say(BOB, task.task_id, "[[script:rename]] Rename double to twice", "reply-1")
        assert said == again
        assert said.has_begun
        linked = await team.team.task(ADA, said.task_id)
        second = await team.ended(linked)
        asked = team.prompts()[-1]
        shown = await team.team.result(ADA, task.task_id)
        judged = str(team.model.generations[-1]["messages"])
    assert (first.outcome, second.outcome) == (OutcomeName.OPENED, OutcomeName.OPENED), second.reason
    assert linked.follows == task.task_id
    assert first.pull_request is not None
    assert second.pull_request is not None
    assert shown.pull_request is not None
    assert {first.pull_request.number} == {second.pull_request.number, shown.pull_request.number}
    assert "Ada says: Make add() add" in asked
    assert "Ada says: Make add() add" in judged
    branch = str(second.branch)
    assert branch == first.branch
    assert git(calc, "rev-parse", branch, f"{branch}^") == f"{second.head_sha}\n{first.head_sha}"
    assert RIGHT in git(calc, "show", f"{branch}:calc.py")
    assert "def twice" in git(calc, "show", f"{branch}:calc.py")
    assert second.pull_request.head_sha == second.head_sha
    assert "Rename double to twice" in second.pull_request.body


async def test_row_34_words_of_two_people_are_heard_in_each_phase_once_and_in_order(home: Path, calc: Path) -> None:
    slow = use("Bash", command="sleep 2", description="x")
    known = [slow, *FIX[:-1], when("note it down", DOCUMENT, say("Done.")), say("Done.")]
    again = [when("and say why", use("Write", file_path="/workspace/WHY.md", content="so\n"), say("?")), say("Noted.")]
    async with circle(home, {"default": known, "again": again}, calc, limits={"attempts": 1}) as team:
        task = await team.ask()
        await team.team.say(ADA, task.task_id, "Be careful.", "m1")
        await team.until(task, lambda event: event.kind == "tool")
        await team.team.say(BOB, task.task_id, "Please note it down.", "m2")
        await team.team.say(BOB, task.task_id, "Please note it down.", "m2")
        verifying = {"stage": "verify", "state": "started"}
        await team.until(task, lambda event: event.kind == "stage" and verifying.items() <= event.body.items())
        await team.team.say(ADA, task.task_id, "[[script:again]] and say why", "m3")
        result = await team.ended(task)
        messages = await team.team.conversation(ADA, task.task_id)
        first, last = team.prompts()[0], team.prompts()[-1]
    assert result.outcome is OutcomeName.OPENED, result.reason
    assert result.attempts == 2, "a round of their own, though only one attempt may fail"
    assert "Ada says: Be careful." in first
    assert last.count("Bob says: Please note it down.") == 1
    assert last.index("Be careful.") < last.index("note it down") < last.index("and say why")
    assert [(one.message_id, one.used_at is not None) for one in messages] == [("m1", True), ("m2", True), ("m3", True)]
    assert {"calc.py", "NOTES.md", "WHY.md"} == set(git(calc, "diff", "--name-only", f"main...{result.branch}").split())


@pytest.mark.acceptance
async def test_row_15_a_reached_limit_is_named_waits_and_is_granted_once(home: Path, calc: Path) -> None:
    async with circle(home, {"default": scripts.loop()}, calc, limits={"turns": 3}) as team:
        task = await team.ask()
        parked = await team.parked(task)
        assert (parked.kind, parked.limit) == (ParkKind.LIMIT, LimitName.TURNS)
        assert (await team.team.extend(BOB, task.task_id, "tap")).is_first
        assert (await team.team.extend(BOB, task.task_id, "tap")).is_first
        result = await team.ended(task)
    assert result.outcome is OutcomeName.FAILED
    assert "The turns limit of this run was reached" in result.reason
    assert result.turns == 6


@pytest.mark.acceptance
async def test_stopping_what_waits_ends_it_at_once(home: Path, calc: Path) -> None:
    known = [*scripts.edit(CALC_PY, OLD, RIGHT), QUESTION, say("I have asked.")]
    async with circle(home, {"default": known}, calc) as team:
        task = await team.ask()
        parked = await team.parked(task)
        assert parked.question is not None
        await team.team.stop(ADA, task.task_id)
        result = await team.ended(task)
        assert await team.team.parked(ADA, task.task_id) is None
        late = team.team.answer(ADA, task.task_id, parked.question.question_id, "no", "tap")
        with pytest.raises(UsageError):
            await late
    assert result.outcome is OutcomeName.CANCELLED
    assert "kept as commit" in result.reason


async def test_row_27_an_answer_and_not_applicable_are_ends_without_a_change(home: Path, calc: Path) -> None:
    reason = "add() subtracts (calc.py:2), see also gone.py:7."
    known = {"default": scripts.give_up("answered", reason), "none": scripts.give_up()}
    async with circle(home, known, calc) as team:
        result = await team.ended(await team.ask("Why is add() wrong?"))
        missed = await team.ended(await team.ask("[[script:none]] Mend the page"))
    assert (missed.outcome, missed.branch, missed.diff_blob) == (OutcomeName.NOT_APPLICABLE, None, None)
    assert missed.reason == "There is no such page in this repository."
    assert (result.outcome, result.branch) == (OutcomeName.ANSWERED, None)
    assert result.reason == "add() subtracts (calc.py:2), see also gone.py:7 (there is no such file)."


async def test_an_agent_that_cannot_listen_goes_on_with_the_words_when_its_turn_ends(home: Path, calc: Path) -> None:
    """No model here: the agent is a program that writes down what it is told."""
    agent = "command:sh -c 'cat >> told.txt; echo ready; sleep 2'"
    async with circle(home, {}, calc, agent=agent) as team:
        task = await team.ask("Write it down")
        await team.until(task, lambda event: event.kind == "said")
        await team.team.say(BOB, task.task_id, "and in blue", "blue")
        result = await team.ended(task)
        (message,) = await team.team.conversation(ADA, task.task_id)
    assert result.attempts == 1
    assert message.used_at is not None
    told = git(calc, "show", f"{result.branch}:told.txt")
    assert told.count("Write it down") == 2, "from the beginning: it has no session to go on with"
    assert told.count("Bob says: and in blue") == 1


@pytest.mark.acceptance
async def test_a_branch_that_somebody_moved_is_left_alone(home: Path, calc: Path) -> None:
    noted = {"default": FIX, "note": [DOCUMENT, say("Noted.")]}
    async with circle(home, noted, calc) as team:
        task = await team.ask()
        first = await team.ended(task)
        forge = home / "forge" / f"{task.repository.repository_id}.git"
        own = git(forge, "commit-tree", f"{first.head_sha}^{{tree}}", "-p", str(first.head_sha), "-m", "My own")
        git(forge, "update-ref", f"refs/heads/{first.branch}", own)
        said = await team.team.say(ADA, task.task_id, "[[script:note]] note it", "r1")
        second = await team.ended(await team.team.task(ADA, said.task_id))
    assert second.outcome is OutcomeName.NEEDS_HUMAN
    assert "somebody moved it" in second.reason
    assert git(forge, "rev-parse", str(first.branch)) == own
    assert git(calc, "rev-parse", str(first.branch)) == first.head_sha


@pytest.mark.acceptance
async def test_after_the_merge_a_reply_begins_from_the_newest_base(home: Path, calc: Path) -> None:
    known = {"default": FIX, "note": [when("add() adds", DOCUMENT, DOCUMENT), say("Noted.")]}
    async with circle(home, known, calc) as team:
        task = await team.ask()
        first = await team.ended(task)
        assert first.pull_request is not None
        git(calc, "switch", "-q", "--detach")
        await team.team.app.merge(first.pull_request.number)
        said = await team.team.say(ADA, task.task_id, "[[script:note]] note it", "r2")
        second = await team.ended(await team.team.task(ADA, said.task_id))
        assert second.pull_request is not None, second.reason
        number = second.pull_request.number
        merged = await team.team.task(ADA, task.task_id)
        await team.team.app.merge(number)
    assert merged.outcome is not None
    assert merged.outcome.name is OutcomeName.MERGED
    assert number != first.pull_request.number
    assert second.base_sha != first.base_sha
    assert git(calc, "diff", "--name-only", second.base_sha, str(second.head_sha)) == "NOTES.md"


@pytest.mark.acceptance
async def test_what_failed_is_tried_again_as_a_linked_task(home: Path, calc: Path) -> None:
    async with circle(home, {"default": [say("No idea.")], "judge": scripts.judge()}, calc) as team:
        task = await team.ask("Make add() add")
        assert (await team.ended(task)).outcome is OutcomeName.NO_CHANGE
        with pytest.raises(UsageError, match="nothing to try again"):
            await team.team.retry(ADA, task.task_id)
        task = await team.ask("Make add() add")
        await team.until(task, lambda event: event.kind == "attempt")
        await team.team.stop(ADA, task.task_id)
        linked = await team.team.retry(ADA, task.task_id)
        assert (linked.follows, linked.prompt) == (task.task_id, "Make add() add")
        await team.ended(linked)
